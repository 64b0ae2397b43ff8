/** The predictor: the room behind `millwright/predictor`. */
export type { HistogramSnapshot } from './histogram'
export type { InputPolicy } from './input-check'
export type { UnknownColumns } from './name-check'
export {
  type BatchPredictor,
  type PredictBatchesOptions,
  type PredictedBatch,
  predictBatches,
  type RowChunk,
  type RowSource,
} from './predict-batches'
export type {
  BatchOptions,
  CacheOptions,
  CallHooks,
  FollowOptions,
  HookOptions,
  LimitOptions,
  LoadOptions,
  OfOptions,
  Prediction,
  PredictOneOptions,
  PredictOptions,
  PredictorEvents,
  PredictorOptions,
  PredictorStats,
  ReloadEvent,
} from './prediction'
export { Predictor } from './predictor'
export type { LabelOf, PredictedLabel, ServableModel } from './servable'
