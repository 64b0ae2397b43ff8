/** `millwright/run`: experiments and runs. */
export type { ComparedRun, ComparedValue, RunComparison } from './compare'
export type { DatasetDescription, LogInputOptions } from './dataset-input'
export type { MetricEvent, RunEndEvent, RunStartEvent, TrackerEvents } from './events'
export type { LogModelOptions } from './log-model'
export { type EndStatus, type LogMetricOptions, Run } from './run'
export type { ChildRunOptions, StartRunOptions } from './run-options'
export { createTracker, Tracker } from './tracker'
export type { SearchRunsOptions, TrackerOptions } from './tracker-options'
