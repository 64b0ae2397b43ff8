/** The predictor: the room behind `millwright/predictor`. */
export type { HistogramSnapshot } from './histogram'
export type { InputPolicy } from './input-check'
export type { UnknownColumns } from './name-check'
export type {
  BatchOptions,
  CacheOptions,
  FollowOptions,
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
