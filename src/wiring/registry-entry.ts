/** `millwright/registry`: models under names, in immutable versions. */
export * from '../registry'
export { ModelRegistry } from './model-registry'
