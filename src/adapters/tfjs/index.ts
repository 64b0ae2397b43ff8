/** `millwright/runtime/tfjs`: models of TensorFlow.js. */
export { type ReadTfjsModelOptions, readTfjsModel, type TfjsFileModel, type TfjsSource } from './read-tfjs-model'
export type { TfjsGraphModel, TfjsLayersModel, TfjsLib, TfjsSymbol, TfjsTensor } from './tfjs-lib'
export { type TfjsRuntimeOptions, tfjsRuntime } from './tfjs-runtime'
