/** `millwright/pipeline`: typed steps, step cache, retry, fallback, resume, schedule. */

export type { Executor, StepJob } from '../ports/executor'
export { type Codec, valueCodec } from './codec'
export type { PipelineEvents, RunEvent, StepEvent } from './events'
export { type GraphEdge, type GraphNode, type PipelineGraph, toMermaid } from './graph'
export { inProcessExecutor } from './in-process-executor'
export { Pipeline, type PipelineOptions, type ResumeOptions, type RunOptions, type StepDefinition, type WithStep } from './pipeline'
export { outputOf, type PipelineStatus, type RunResult, type StepError, type StepResult, type StepStatus } from './result'
export type { RunState, StepState } from './run-state'
export { type Schedule, type ScheduleOptions, schedule } from './schedule'
export { type FallbackContext, isWorthRetrying, type RetryOptions, type StepCacheOptions, type StepContext, type StepOptions } from './step'
export { tableCodec } from './table-codec'
