/** What all steps of a run share. */
import type { Clock } from '../core/clock'
import type { ProgressEvent } from '../core/progress'
import type { Executor } from '../ports/executor'
import type { Run } from '../run'
import type { PipelineEvents } from './events'
import type { RunParams } from './params'
import type { ItemResult, StepStatus } from './result'
import type { Secrets } from './secrets'
import type { StepStore } from './step-store'

/** What all steps of a run share. */
export interface RunEnvironment {
  readonly pipeline: string
  readonly runId: string
  readonly input: unknown
  /** Digest of the input; undefined when it cannot be stored. */
  readonly inputDigest: string | undefined
  readonly params: RunParams
  readonly secrets: Secrets
  readonly seed: number
  readonly clock: Clock
  readonly executor: Executor
  readonly store: StepStore | undefined
  /** Outputs of last successes in this process, for fallbacks without a storage. */
  readonly previous: Map<string, unknown>
  /** The tracker's run of a step, while it runs. */
  readonly trackedStep?: ((step: string) => Run | undefined) | undefined
  readonly ignoresCache: (step: string) => boolean
  readonly emit: <K extends keyof PipelineEvents & string>(type: K, event: PipelineEvents[K]) => void
  readonly progress: (event: ProgressEvent) => void
}

/** The output of a step, with its digest where it is known. */
export interface StepOutput {
  readonly value: unknown
  readonly digest?: string | undefined
  /** Of a map step: the digests of its items, where they are known. */
  readonly items?: readonly (string | undefined)[] | undefined
}

/** How a step ended; `output` for those that have one. */
export interface StepOutcome {
  readonly status: StepStatus
  readonly attempts: number
  readonly output?: StepOutput | undefined
  readonly error?: unknown
  readonly reason?: string | undefined
  /** Of a map step. */
  readonly items?: readonly ItemResult[] | undefined
  /** Of a map step: the outputs of its items, also when the step as a whole has none. */
  readonly itemOutputs?: readonly (StepOutput | undefined)[] | undefined
}
