/** Experiments and runs: the room behind `millwright/run`. */

export { type TfjsArtifacts, tfjsLoader } from '../modelfiles/tfjs-artifacts'
export type { EndStatus } from '../ports/tracker-backend'
export type { ArtifactContent, ArtifactFiles } from './artifact-content'
export {
  type AutologEstimator,
  type AutologModel,
  type AutologOptions,
  type AutologTarget,
  type AutologTracker,
  autolog,
} from './autolog'
export type { TfjsTrainable } from './autolog-tfjs'
export type { ComparedRun, ComparedValue, RunComparison } from './compare'
export type { DatasetDescription, LogInputOptions } from './dataset-input'
export type { MetricEvent, RunEndEvent, RunStartEvent, TrackerEvents } from './events'
export type { LogModelOptions } from './log-model'
export type { ExperimentUpdate, RunUpdate } from './manage'
export type { Drawing, ImageContent, LogImageOptions } from './media'
export type { HtmlOutput } from './notebook-progress'
export { type ProgressBarOptions, type ProgressStream, progressBar } from './progress-bar'
export type { ReproduceOptions, Reproduction, ReproductionRow } from './reproduction'
export { Run } from './run'
export type { LogArtifactsOptions, LogMetricOptions } from './run-context'
export type { ChildRunOptions, StartRunOptions, TraceContext } from './run-options'
export { type TfjsCallbacks, type TfjsCallbacksOptions, type TfjsLogs, tfjsCallbacks } from './tfjs-callbacks'
export { type TfjsModelLike, type TfjsModelOptions, type TfjsTensorLike, tfjsModel } from './tfjs-model'
export { type TrackedStep, type TrackOptions, track, trackAsync } from './track'
export { createBareTracker, Tracker } from './tracker'
export type { BareTrackerOptions, SearchRunsOptions, SystemMetricsOptions } from './tracker-options'
