/** The predictor: load, check, batch, cache, limits, prediction events. */
export { batchBounds, createHistogram, durationBounds, type Histogram, type HistogramSnapshot, quantileOf } from './histogram'
export type { InputPolicy } from './input-check'
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
