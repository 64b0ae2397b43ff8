/** `millwright/layers`: wrappers of object stores. */

export type { WithCacheOptions } from './with-cache'
export { withCache } from './with-cache'
export { withPrefix } from './with-prefix'
export { withReadOnly } from './with-read-only'
export type { RetryEvent, WithRetryOptions } from './with-retry'
export { withRetry } from './with-retry'
export type { StoreCall, WithTraceOptions } from './with-trace'
export { withTrace } from './with-trace'
export { wrapStore } from './wrap-store'
