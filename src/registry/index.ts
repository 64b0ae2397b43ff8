/** `millwright/registry`: models under names, in immutable versions. */

export type { BetterThanOptions, Gate, GateContext, MetricReference } from './gates'
export { betterThan, metricAtLeast, metricAtMost } from './gates'
export type { Lineage } from './manifest'
export type { ModelVersion } from './model-version'
export { objectStoreBackend } from './object-store-backend'
export type { ModelReference } from './reference'
export { parseReference } from './reference'
export type { Registration } from './registration'
export type { ModelRegistryOptions, PromoteOptions, RegistryEvents, RollbackOptions, VersionReference } from './registry'
export { ModelRegistry } from './registry'
