/** `millwright/run`: experiments and runs. */
export {
  type AutologEstimator,
  type AutologModel,
  type AutologOptions,
  autolog,
  type TfjsCallbacks,
  type TfjsCallbacksOptions,
  tfjsCallbacks,
} from './autolog'
export type { ComparedRun, ComparedValue, RunComparison } from './compare'
export type { DatasetDescription, LogInputOptions } from './dataset-input'
export type { MetricEvent, RunEndEvent, RunStartEvent, TrackerEvents } from './events'
export type { LogModelOptions } from './log-model'
export type { LogImageOptions } from './media'
export { type ProgressBarOptions, type ProgressStream, progressBar } from './progress-bar'
export type { ReproduceOptions, Reproduction, ReproductionRow } from './reproduction'
export { type EndStatus, type LogMetricOptions, Run } from './run'
export type { ChildRunOptions, StartRunOptions, TraceContext } from './run-options'
export { type TrackedStep, type TrackOptions, track, trackAsync } from './track'
export { createTracker, Tracker } from './tracker'
export type { SearchRunsOptions, SystemMetricsOptions, TrackerOptions } from './tracker-options'
