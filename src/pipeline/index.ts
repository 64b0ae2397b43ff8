/** `millwright/pipeline`: typed steps, maps, parameters, step cache, retry, fallback, compensation, resume, schedule. */

export type { Executor, StepJob, StepJobRef } from '../ports/executor'
export { type Codec, valueCodec } from './codec'
export type { EngineStepResult, StepRequest } from './engine-step'
export type { PipelineEvents, RunEvent, StepEvent } from './events'
export { type GraphEdge, type GraphNode, type PipelineGraph, toMermaid } from './graph'
export { inProcessExecutor } from './in-process-executor'
export { modelCodec } from './model-codec'
export type { ParamsSchema } from './params-schema'
export { Pipeline } from './pipeline'
export type {
  ItemOf,
  ListSteps,
  MapDefinition,
  NeededOutputs,
  PipelineOptions,
  PlanOptions,
  ResumeOptions,
  RunOptions,
  StepDefinition,
  SubPipelineOptions,
  WithStep,
  WorkerOptions,
} from './pipeline-options'
export type { PipelinePlan, PlannedAction, PlannedStep } from './plan'
export { type ItemResult, outputOf, type PipelineStatus, type RunResult, type StepError, type StepResult, type StepStatus } from './result'
export type { RunnablePipeline } from './run-or-resume'
export type { ItemState, RunState, StepState } from './run-state'
export { type FireOptions, type Schedule, type ScheduledRunOptions, type ScheduleEvents, type ScheduleOptions, schedule } from './schedule'
export type { SecretSource } from './secrets'
export {
  type CompensationContext,
  type FallbackContext,
  isWorthRetrying,
  type MapItem,
  type RetryOptions,
  type StepArguments,
  type StepCacheOptions,
  type StepContext,
  type StepOptions,
  type TriggerRule,
} from './step'
export { tableCodec } from './table-codec'
export type { RunTracker } from './track-run'
export { type AlertTriggerOptions, alertTrigger } from './triggers/alert-trigger'
export { type CronTriggerOptions, cronTrigger } from './triggers/cron-trigger'
export { type DataVersionTriggerOptions, dataVersionTrigger, type ObservedVersion } from './triggers/data-version-trigger'
export { type HttpTriggerOptions, httpTrigger, type ManualTriggerOptions, manualTrigger } from './triggers/event-triggers'
export { type IntervalTriggerOptions, intervalTrigger } from './triggers/interval-trigger'
export type { EndedRun, PendingRun, ScheduleState } from './triggers/schedule-record'
export type { TimedOptions } from './triggers/timed'
export type { CatchUpPolicy, FiringReceipt, OverlapPolicy, Trigger, TriggerContext, TriggerFiring } from './triggers/trigger'
