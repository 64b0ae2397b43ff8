/** `millwright/pipeline`: typed steps, maps, parameters, step cache, retry, fallback, compensation, resume, schedule. */

export type { Executor, StepJob, StepJobRef } from '../ports/executor'
export { type Codec, valueCodec } from './codec'
export type { EngineStepResult, StepRequest } from './engine-step'
export type { PipelineEvents, RunEvent, StepEvent } from './events'
export { type GraphEdge, type GraphNode, type PipelineGraph, toMermaid } from './graph'
export { inProcessExecutor } from './in-process-executor'
export type { ParamsSchema } from './params'
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
export type { ItemState, RunState, StepState } from './run-state'
export { type Schedule, type ScheduleOptions, schedule } from './schedule'
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
