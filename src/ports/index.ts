/** `millwright/ports`: what is implemented outside of the package, and the helpers an implementer needs. See `docs/extend/`. */
export type { Awaitable } from '../core/awaitable'
export { isMillwrightError, MillwrightError } from '../core/errors'
export { assertSafeKey } from '../core/ids'
export { checkOptions, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
export { throwIfAborted } from '../core/signal'
export { rowsOf } from '../schema/table'
export type { Detector, DetectorCapabilities, DetectorSignal } from './detector'
export type {
  LoadedModel,
  ModelPackage,
  ModelRuntime,
  ModelRuntimeCapabilities,
  ModelSource,
  ModelTask,
  PackableModel,
  PredictionBatch,
  PredictionRecord,
} from './model'
export type {
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectListing,
  ObjectStore,
  ObjectStoreCapabilities,
  PutOptions,
} from './object-store'
export type { RegistryBackend } from './registry-backend'
export type { Table } from './table'
export type { RunBatch, RunChange, RunInit, RunRecord, TrackerBackend } from './tracker-backend'
