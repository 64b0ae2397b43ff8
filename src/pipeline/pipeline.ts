/** The pipeline: typed steps, each of which gets the outputs of the steps it needs. */
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, isMillwrightError } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import { type Logger, silentLogger } from '../core/logger'
import { anything, arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
import type { OnProgress } from '../core/progress'
import type { Executor } from '../ports/executor'
import type { ObjectStore } from '../ports/object-store'
import type { PipelineEvents } from './events'
import { graphOf, type PipelineGraph, toMermaid } from './graph'
import { inProcessExecutor } from './in-process-executor'
import type { RunResult } from './result'
import type { RunPlan } from './run-pipeline'
import type { RunState } from './run-state'
import { checkStep, type StepContext, type StepOptions, type StepSpec } from './step'

/** Options of {@link Pipeline}. */
export interface PipelineOptions<Input = unknown> {
  /** Stores outputs and records of runs under `pipelines/<name>/`. Without it nothing is kept after a run. */
  readonly storage?: ObjectStore | undefined
  /** Checks the input of a run and returns it with its type; throws for invalid input. */
  readonly input?: ((value: unknown) => Input) | undefined
  /** Most steps that run at the same time. @default 4 */
  readonly concurrency?: number | undefined
  /** Whether a failure stops everything (`stop`) or only what depends on it (`continue`). @default 'stop' */
  readonly onFailure?: 'stop' | 'continue' | undefined
  /** Where steps run. @default this process */
  readonly executor?: Executor | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
  /** Receives what steps log. @default silent */
  readonly logger?: Logger | undefined
  /** How long the lease of a run is valid unless it is renewed, in milliseconds. @default 30000 */
  readonly leaseMs?: number | undefined
}

/** Options of {@link Pipeline.run}; they take precedence over those of the pipeline. */
export interface RunOptions<Input = unknown> {
  /** The `input` of the steps. */
  readonly input?: Input | undefined
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
  /** Whether a failed or cancelled run rejects. Without it, look at `status`. @default true */
  readonly throwOnFailure?: boolean | undefined
}

/** Options of {@link Pipeline.resume}. */
export interface ResumeOptions<Input = unknown> extends Omit<RunOptions<Input>, 'runId' | 'seed'> {
  /** Take over the run although the lease of another process has not ended. Only safe if that process no longer runs. @default false */
  readonly takeOver?: boolean | undefined
}

/** A step as one object: its options, the steps it needs and its function. */
export interface StepDefinition<Input, Inputs, Need extends string, Output> extends StepOptions<Input, Inputs, Output> {
  /** Steps whose outputs it gets. @default none */
  readonly needs?: readonly Need[] | undefined
  readonly run: (context: StepContext<Input, Inputs>) => Output | PromiseLike<Output>
}

/** Steps and one more. */
export type WithStep<Steps, Name extends string, Output> = { readonly [K in keyof Steps | Name]: K extends keyof Steps ? Steps[K] : Output }

/**
 * A directed graph of steps, which run when the outputs that they need are available.
 *
 * `step` adds a step to this pipeline and returns it with a more precise type, so that each step's `inputs` have the types of the outputs it
 * needs. With a storage, every finished step is recorded before the next one starts: a run that was interrupted can be resumed
 * by any process.
 *
 * @example
 * const pipeline = new Pipeline('retrain')
 *   .step('load', async () => [1, 2, 3])
 *   .step('mean', { needs: ['load'], run: ({ inputs }) => inputs.load.reduce((a, b) => a + b) / inputs.load.length })
 * const result = await pipeline.run()
 * result.outputs.mean // 2
 */
export class Pipeline<Input = unknown, Steps = Record<never, never>> {
  readonly name: string
  readonly #options: PipelineOptions<Input>
  readonly #steps = new Map<string, StepSpec>()
  readonly #emitter = createEmitter<PipelineEvents>()
  readonly #previous = new Map<string, unknown>()

  /** @param name names the pipeline in storage and messages; must be usable as a file name @throws InvalidArgument */
  constructor(name: string, options: PipelineOptions<Input> = {}) {
    assertSafeSegment(name, 'the name of a pipeline')
    checkOptions('Pipeline', options, {
      ...sharedRules(),
      input: ofType('function'),
      onFailure: oneOf('stop', 'continue'),
      logger: ofType('object'),
      leaseMs: finiteNumber(1),
    })
    this.name = name
    this.#options = options
    attachDisplay(this, { text: () => String(this), markdown: () => `\`\`\`mermaid\n${toMermaid(this.graph())}\`\`\`` })
  }

  /**
   * Adds a step. Give its function and then options, or everything in one object.
   *
   * @throws InvalidArgument on a repeated name, a need that is not defined before it, a bad option
   */
  step<Name extends string, Output, Need extends keyof Steps & string = never>(
    name: Name,
    run: (context: StepContext<Input, Pick<Steps, Need>>) => Output | PromiseLike<Output>,
    options?: Omit<StepDefinition<Input, Pick<Steps, Need>, Need, NoInfer<Output>>, 'run'>,
  ): Pipeline<Input, WithStep<Steps, Name, Output>>
  step<Name extends string, Output, Need extends keyof Steps & string = never>(
    name: Name,
    definition: StepDefinition<Input, Pick<Steps, Need>, Need, Output>,
  ): Pipeline<Input, WithStep<Steps, Name, Output>>
  step(name: string, second: unknown, options: object = {}): unknown {
    const definition = typeof second === 'function' ? { ...options, run: second } : { ...(second as object) }
    const spec = { needs: [], ...definition, name } as unknown as StepSpec
    checkStep(this.name, spec, this.#steps)
    this.#steps.set(name, { ...spec, needs: [...spec.needs] })
    return this
  }

  /** Subscribes to an event; the returned function unsubscribes. */
  on<K extends keyof PipelineEvents & string>(type: K, listener: (event: PipelineEvents[K]) => void, options?: ListenOptions): () => void {
    return this.#emitter.on(type, listener, options)
  }

  /** Steps and edges as plain data; see `toMermaid`. */
  graph(): PipelineGraph {
    return graphOf(this.name, this.#steps.values())
  }

  /**
   * Runs all steps.
   *
   * @throws the failed step's error as a `MillwrightError` of the same code (`Internal` for foreign errors, kept as `cause`) with
   *   `details.step` and `details.result`; the signal's reason when cancelled; AlreadyExists when there is a run of that id;
   *   Conflict when another process took the run over; what the storage throws. The last three also without `throwOnFailure`
   */
  async run(options: RunOptions<Input> = {}): Promise<RunResult<Steps>> {
    checkOptions('Pipeline.run', options, { ...runRules(), runId: nonEmptyString(), seed: finiteNumber() })
    const input = this.#input(options.input)
    const plan = this.#plan(options)
    const { startRun } = await import('./run-pipeline')
    return (await startRun(plan, input, options.seed ?? 0, options.runId)) as RunResult<Steps>
  }

  /**
   * Continues a run that failed, was cancelled or whose process crashed. The outputs of steps that succeeded are read from the storage unless their
   * code changed, their output could not be stored, or a step that they need ran again; the other steps run.
   *
   * @throws NotFound; InvalidState for a finished run; Conflict while another process runs it; and as {@link run}
   */
  async resume(runId: string, options: ResumeOptions<Input> = {}): Promise<RunResult<Steps>> {
    checkOptions('Pipeline.resume', options, { ...runRules(), takeOver: ofType('boolean') })
    const given = options.input === undefined ? {} : { input: this.#input(options.input) }
    const plan = this.#plan(options)
    const { resumeRun } = await import('./run-pipeline')
    return (await resumeRun(plan, runId, options.takeOver ?? false, given)) as RunResult<Steps>
  }

  /** The record of a run, also while it runs. @throws NotFound; Corrupt naming the file and what is wrong in it */
  async inspectRun(runId: string, options: { readonly storage?: ObjectStore | undefined } = {}): Promise<RunState> {
    const storage = this.#storage(options)
    const { readState } = await import('./run-state')
    const { displayPipelineRun } = await import('./display-runs')
    return displayPipelineRun(await readState(storage, this.name, runId))
  }

  /** The records of all runs, latest start first. A damaged record is left out and reported through the event `error`. */
  async listRuns(options: { readonly storage?: ObjectStore | undefined } = {}): Promise<RunState[]> {
    const storage = this.#storage(options)
    const { displayPipelineRun } = await import('./display-runs')
    const { readState, runIds } = await import('./run-state')
    const runs: RunState[] = []
    for (const id of await runIds(storage, this.name)) {
      try {
        runs.push(displayPipelineRun(await readState(storage, this.name, id)))
      } catch (error) {
        if (!isMillwrightError(error, 'Corrupt')) throw error
        if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error)
        else console.warn(`millwright pipeline: ${error.message}`)
      }
    }
    return runs.sort((a, b) => b.startedAt - a.startedAt)
  }

  toString(): string {
    return `Pipeline ${this.name}: ${[...this.#steps.keys()].join(', ') || 'no steps'}`
  }

  #input(value: unknown): Input {
    return this.#options.input === undefined ? (value as Input) : this.#options.input(value)
  }

  #storage(options: { readonly storage?: ObjectStore | undefined }): ObjectStore {
    const storage = options.storage ?? this.#options.storage
    if (storage === undefined) throw invalidArgument(`looking at runs of pipeline '${this.name}' needs the storage that holds them`)
    return storage
  }

  #plan(options: Omit<ResumeOptions<Input>, 'input'>): RunPlan {
    const own = this.#options
    const force = options.force ?? false
    for (const step of typeof force === 'boolean' ? [] : force) {
      if (!this.#steps.has(step)) throw invalidArgument(`\`force\` names '${step}', which is no step of pipeline '${this.name}'`)
    }
    return {
      pipeline: this.name,
      specs: new Map(this.#steps),
      emitter: this.#emitter,
      previous: this.#previous,
      executor: options.executor ?? own.executor ?? inProcessExecutor(),
      clock: options.clock ?? own.clock ?? systemClock(),
      storage: options.storage ?? own.storage,
      logger: own.logger ?? silentLogger(),
      concurrency: options.concurrency ?? own.concurrency ?? 4,
      stopOnFailure: (own.onFailure ?? 'stop') === 'stop',
      leaseMs: own.leaseMs ?? 30_000,
      throwOnFailure: options.throwOnFailure ?? true,
      signal: options.signal,
      onProgress: options.onProgress,
      force,
    }
  }
}

function sharedRules(): Parameters<typeof checkOptions>[2] {
  return { storage: ofType('object'), concurrency: wholeNumber(1), executor: ofType('object'), clock: ofType('object') }
}

function runRules(): Parameters<typeof checkOptions>[2] {
  return {
    ...sharedRules(),
    input: anything(),
    signal: ofType('object'),
    onProgress: ofType('function'),
    force: either(ofType('boolean'), arrayOf(nonEmptyString())),
    throwOnFailure: ofType('boolean'),
  }
}
