/** `millwright/registry`: models under names, in immutable versions. */
export * from '../registry'
/** The class without an ONNX writer: `register` with `onnx` needs the option `onnxExporter`. */
export { ModelRegistry as BareModelRegistry } from '../registry'
export { ModelRegistry } from './model-registry'
