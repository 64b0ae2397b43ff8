/** Options of pipelines and runs, and the types that flow from step to step. */
import type { Clock } from '../core/clock'
import type { Logger } from '../core/logger'
import type { OnProgress } from '../core/progress'
import type { Executor } from '../ports/executor'
import type { ObjectStore } from '../ports/object-store'
import type { ParamsSchema } from './params-schema'
import type { SecretSource } from './secrets'
import type { MapItem, StepArguments, StepContext, StepOptions, TriggerRule } from './step'
import type { RunTracker } from './track-run'

/** Options of {@link Pipeline}. */
export interface PipelineOptions<Input = unknown, Params = object, Secret extends string = never> {
  /** Stores outputs and records of runs under `pipelines/<name>/`. Without it nothing is kept after a run. */
  readonly storage?: ObjectStore | undefined
  /** Checks the input of a run and returns it with its type; throws for invalid input. */
  readonly input?: ((value: unknown) => Input) | undefined
  /**
   * A schema of the parameters, by zod or another validator of the Standard Schema convention: an object by name. A step reads those that
   * it lists, and is run again only when one of them changed.
   */
  readonly params?: ParamsSchema<Params> | undefined
  /** Names of the secrets that steps read. The values are given to each run; they are never stored. */
  readonly secrets?: readonly Secret[] | undefined
  /** Most steps, and items of map steps, that run at the same time. @default 4 */
  readonly concurrency?: number | undefined
  /** Whether a failure stops everything (`stop`) or only what depends on it (`continue`). @default 'stop' */
  readonly onFailure?: 'stop' | 'continue' | undefined
  /** Where steps run. @default this process */
  readonly executor?: Executor | undefined
  /** Records each run and, as child runs, its steps: parameters, times, digests of inputs and outputs. Failures of the tracker are events. */
  readonly tracker?: RunTracker | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
  /** Receives what steps log, and warnings. @default silent */
  readonly logger?: Logger | undefined
  /** How long the lease of a run is valid unless it is renewed, in milliseconds. @default 30000 */
  readonly leaseMs?: number | undefined
}

/** Options of {@link Pipeline.run}; they take precedence over those of the pipeline. */
export interface RunOptions<Input = unknown, Params = object> {
  /** The `input` of the steps. */
  readonly input?: Input | undefined
  /** The parameters; checked by the schema, which also gives the defaults. */
  readonly params?: Partial<Params> | undefined
  /** The values of the secrets: an object, or a function of the name. */
  readonly secrets?: SecretSource | undefined
  readonly storage?: ObjectStore | undefined
  /** @default 32 random hexadecimal digits */
  readonly runId?: string | undefined
  /** Cancels: no further step starts, running ones see their signal abort. Finished steps stay recorded; the run can be resumed. */
  readonly signal?: AbortSignal | undefined
  /** Phase `pipeline` counts steps; reports of a step have its name, or `name: phase`, as phase. */
  readonly onProgress?: OnProgress | undefined
  readonly clock?: Clock | undefined
  /** The seeds of the steps are derived from it. Part of every cache key. @default 0 */
  readonly seed?: number | undefined
  /** Ignore stored outputs: of all steps, or of the named ones. @default false */
  readonly force?: boolean | readonly string[] | undefined
  readonly concurrency?: number | undefined
  readonly executor?: Executor | undefined
  readonly tracker?: RunTracker | undefined
  /** Whether a failed or cancelled run rejects. Without it, look at `status`. @default true */
  readonly throwOnFailure?: boolean | undefined
}

/** Options of {@link Pipeline.resume}. */
export interface ResumeOptions<Input = unknown, Params = object> extends Omit<RunOptions<Input, Params>, 'runId' | 'seed'> {
  /** Take over the run although the lease of another process has not ended. Only safe if that process no longer runs. @default false */
  readonly takeOver?: boolean | undefined
}

/** Options of {@link Pipeline.plan}. */
export type PlanOptions<Input = unknown, Params = object> = Pick<
  RunOptions<Input, Params>,
  'input' | 'params' | 'seed' | 'force' | 'storage'
>

/** Options of {@link Pipeline.runJob} and {@link Pipeline.runStep}. */
export interface WorkerOptions {
  /** The storage of the run. @default that of the pipeline */
  readonly storage?: ObjectStore | undefined
  readonly secrets?: SecretSource | undefined
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
  /** Receives what the step logs, and warnings. */
  readonly onLog?: ((message: string) => void) | undefined
  readonly onProgress?: OnProgress | undefined
  /** Whether {@link Pipeline.runStep} uses the step cache. @default true */
  readonly cache?: boolean | undefined
}

/** Outputs of needed steps, as a step with a trigger rule is given them: only `all-success` promises that each is there. */
export type NeededOutputs<Steps, Need extends keyof Steps, Rule extends TriggerRule> = Rule extends 'all-success'
  ? Pick<Steps, Need>
  : Partial<Pick<Steps, Need>>

/** A step as one object: its options, the steps it needs and its function. */
export interface StepDefinition<
  Input,
  Inputs,
  Need extends string,
  Output,
  Params = object,
  Param extends string = never,
  Used extends string = never,
  Rule extends TriggerRule = 'all-success',
> extends StepOptions<Input, Inputs, Output, Params, Used> {
  /** Steps whose outputs it gets. @default none */
  readonly needs?: readonly Need[] | undefined
  /** Parameters that it reads. @default none */
  readonly params?: readonly Param[] | undefined
  /** Secrets that it reads. @default none */
  readonly secrets?: readonly Used[] | undefined
  /** When it runs, by how the needed steps have ended. With any other rule than the default, an output may be missing. @default 'all-success' */
  readonly trigger?: Rule | undefined
  readonly run: (context: StepContext<Input, Inputs, Params, Used>) => Output | PromiseLike<Output>
}

/** A map step as one object. Its function is called for each item of a list, and its output is the list of the results. */
export interface MapDefinition<
  Input,
  Inputs,
  Need extends string,
  Output,
  Over extends string,
  Item,
  Params = object,
  Param extends string = never,
  Used extends string = never,
> extends StepOptions<Input, Inputs, Output, Params, Used, MapItem<Item>> {
  /** The step that gives the list. */
  readonly over: Over
  /** Other steps whose outputs it gets. @default none */
  readonly needs?: readonly Need[] | undefined
  readonly params?: readonly Param[] | undefined
  readonly secrets?: readonly Used[] | undefined
  /** Most items that run at the same time. @default as many as the pipeline allows */
  readonly concurrency?: number | undefined
  readonly run: (context: StepContext<Input, Inputs, Params, Used> & MapItem<Item>) => Output | PromiseLike<Output>
}

/** Names of the steps whose output is a list. */
export type ListSteps<Steps> = {
  [K in keyof Steps]: Steps[K] extends string ? never : Steps[K] extends ArrayLike<unknown> ? K : never
}[keyof Steps] &
  string

/** The type of a list's items. */
export type ItemOf<List> = List extends ArrayLike<infer Item> ? Item : never

/** How a pipeline is included in another one. */
export interface SubPipelineOptions<Input, Inputs, Need extends string, Params, Param extends string, SubInput, SubParams, Output> {
  /** Steps whose outputs `input` and `subParams` get. @default none */
  readonly needs?: readonly Need[] | undefined
  /** Parameters that `input` and `subParams` get. @default none */
  readonly params?: readonly Param[] | undefined
  /** Makes the input of the included pipeline. @default no input */
  readonly input?: ((context: StepArguments<Input, Inputs, Params>) => SubInput) | undefined
  /** Makes the parameters of the included pipeline. @default the defaults of its schema */
  readonly subParams?: ((context: StepArguments<Input, Inputs, Params>) => Partial<SubParams>) | undefined
  /** When this returns false, all its steps are skipped. */
  readonly when?: ((context: StepArguments<Input, Inputs, Params>) => boolean | Promise<boolean>) | undefined
  /** The step whose output is that of the whole. @default the outputs of all steps by name */
  readonly output?: Output | undefined
}

/** Steps and one more. */
export type WithStep<Steps, Name extends string, Output> = { readonly [K in keyof Steps | Name]: K extends keyof Steps ? Steps[K] : Output }
