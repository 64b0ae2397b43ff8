/** The pipeline: typed steps, each of which gets the outputs of the steps it needs. */
import { systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import { silentLogger } from '../core/logger'
import { arrayOf, checkOptions, finiteNumber, nonEmptyString, ofType, oneOf } from '../core/options'
import type { StepJobRef } from '../ports/executor'
import type { ObjectStore } from '../ports/object-store'
import { type Declared, makeStep } from './check-step'
import type { EngineStepResult, StepRequest } from './engine-step'
import type { PipelineEvents } from './events'
import { graphOf, type PipelineGraph, toMermaid } from './graph'
import { inProcessExecutor } from './in-process-executor'
import { isParamsSchema, type ParamsSchema, paramNames } from './params-schema'
import type {
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
import type { PipelinePlan } from './plan'
import type { RunResult } from './result'
import { planRules, resumeRules, runRules, sharedRules, subPipelineRules, workerRules } from './rules'
import type { RunPlan } from './run-pipeline'
import type { RunState } from './run-state'
import type { StepContext, StepSpec, TriggerRule } from './step'
import type { Worker } from './step-job'
import { includeSteps } from './sub-pipeline'

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
export class Pipeline<Input = unknown, Steps = Record<never, never>, Params = object, Secret extends string = never> {
  readonly name: string
  readonly #options: PipelineOptions<Input, Params, Secret>
  readonly #steps = new Map<string, StepSpec>()
  readonly #emitter = createEmitter<PipelineEvents>()
  readonly #previous = new Map<string, unknown>()

  /** @param name names the pipeline in storage and messages; must be usable as a file name @throws InvalidArgument */
  constructor(name: string, options: PipelineOptions<Input, Params, Secret> = {}) {
    assertSafeSegment(name, 'the name of a pipeline')
    checkOptions('Pipeline', options, {
      ...sharedRules(),
      input: ofType('function'),
      params: { allowed: 'a schema of zod, or another Standard Schema', test: isParamsSchema },
      secrets: arrayOf(nonEmptyString()),
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
  step<
    Name extends string,
    Output,
    Need extends keyof Steps & string = never,
    Param extends keyof Params & string = never,
    Used extends Secret = never,
    Rule extends TriggerRule = 'all-success',
  >(
    name: Name,
    run: (context: StepContext<Input, NeededOutputs<Steps, Need, Rule>, Pick<Params, Param>, Used>) => Output | PromiseLike<Output>,
    options?: Omit<
      StepDefinition<Input, NeededOutputs<Steps, Need, Rule>, Need, NoInfer<Output>, Pick<Params, Param>, Param, Used, Rule>,
      'run'
    >,
  ): Pipeline<Input, WithStep<Steps, Name, Output>, Params, Secret>
  step<
    Name extends string,
    Output,
    Need extends keyof Steps & string = never,
    Param extends keyof Params & string = never,
    Used extends Secret = never,
    Rule extends TriggerRule = 'all-success',
  >(
    name: Name,
    definition: StepDefinition<Input, NeededOutputs<Steps, Need, Rule>, Need, Output, Pick<Params, Param>, Param, Used, Rule>,
  ): Pipeline<Input, WithStep<Steps, Name, Output>, Params, Secret>
  step(name: string, second: unknown, options: object = {}): unknown {
    const definition = typeof second === 'function' ? { ...options, run: second } : { ...(second as object) }
    this.#steps.set(name, makeStep(name, definition, this.#declared()))
    return this
  }

  /**
   * Adds a map step: its function is called for each item of the list that the step `over` gives, with attempts, cache entry and fallback of
   * its own. The output is the list of the results.
   *
   * @throws InvalidArgument as {@link step}
   */
  map<
    Name extends string,
    Output,
    Over extends ListSteps<Steps>,
    Need extends keyof Steps & string = never,
    Param extends keyof Params & string = never,
    Used extends Secret = never,
  >(
    name: Name,
    definition: MapDefinition<Input, Pick<Steps, Need>, Need, Output, Over, ItemOf<Steps[Over]>, Pick<Params, Param>, Param, Used>,
  ): Pipeline<Input, WithStep<Steps, Name, readonly Output[]>, Params, Secret>
  map(name: string, definition: object): unknown {
    const { over, ...options } = definition as Readonly<Record<string, unknown>>
    if (typeof over !== 'string') throw invalidArgument(`\`over\` of map step ${show(name)} must be the name of a step, got ${show(over)}`)
    this.#steps.set(name, makeStep(name, options, this.#declared(), over))
    return this
  }

  /**
   * Adds the steps of another pipeline, as `name.<step>`, and a step `name` with its output. Options of the other pipeline (storage,
   * executor, …) do not count; its secrets must be declared by this one.
   *
   * @throws InvalidArgument on a name that is taken, an `output` that is no step
   */
  subPipeline<
    Name extends string,
    SubInput,
    SubSteps,
    SubParams,
    SubSecret extends Secret,
    Need extends keyof Steps & string = never,
    Param extends keyof Params & string = never,
    Out extends keyof SubSteps & string = never,
  >(
    name: Name,
    pipeline: Pipeline<SubInput, SubSteps, SubParams, SubSecret>,
    options?: SubPipelineOptions<Input, Pick<Steps, Need>, Need, Pick<Params, Param>, Param, SubInput, SubParams, Out>,
  ): Pipeline<Input, WithStep<Steps, Name, [Out] extends [never] ? SubSteps : SubSteps[Out]>, Params, Secret>
  subPipeline(name: string, pipeline: unknown, options: object = {}): unknown {
    if (!(pipeline instanceof Pipeline)) throw invalidArgument(`sub-pipeline ${show(name)} must be a Pipeline, got ${show(pipeline)}`)
    checkOptions(`sub-pipeline ${show(name)}`, options, subPipelineRules())
    const {
      needs = [],
      params = [],
      input,
      subParams,
      when,
      output,
    } = options as unknown as SubPipelineOptions<unknown, never, string, never, string, unknown, object, string>
    const sub = { name: pipeline.name, specs: pipeline.#steps, params: pipeline.#options.params, input: pipeline.#options.input }
    const inclusion = { needs, params, input, subParams, when, output } as Parameters<typeof includeSteps>[2]
    // A step of the same shape checks the name, needs and params of the inclusion.
    makeStep(name, { needs, params, run: () => {} }, this.#declared())
    for (const spec of includeSteps(name, sub, inclusion, this.#declared())) {
      if (this.#steps.has(spec.name)) throw invalidArgument(`step ${show(spec.name)} of pipeline ${show(this.name)} is defined twice`)
      this.#steps.set(spec.name, spec)
    }
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
   * Says for each step whether a run would execute it, and why, without running a step. Conditions and cache keys whose inputs are stored are
   * called. The plan is plain data; printed it is a table.
   *
   * @throws SchemaMismatch for parameters that do not fit; what the storage throws
   */
  async plan(options: PlanOptions<Input, Params> = {}): Promise<PipelinePlan> {
    checkOptions('Pipeline.plan', options, planRules())
    const [{ planRun }, { planEnvironment }] = [await import('./plan'), await import('./run-pipeline')]
    const environment = await planEnvironment(this.#plan(options), this.#input(options.input), options.params, options.seed ?? 0)
    return planRun(environment, this.#steps)
  }

  /**
   * Runs all steps.
   *
   * @throws the failed step's error as a `MillwrightError` of the same code (`Internal` for foreign errors, kept as `cause`) with
   *   `details.step` and `details.result`; the signal's reason when cancelled; AlreadyExists when there is a run of that id;
   *   SchemaMismatch for parameters that do not fit; what the storage throws. A failed run does not throw without `throwOnFailure`
   */
  async run(options: RunOptions<Input, Params> = {}): Promise<RunResult<Steps>> {
    checkOptions('Pipeline.run', options, runRules())
    const input = this.#input(options.input)
    const { startRun } = await import('./run-pipeline')
    const { params, secrets, seed = 0, runId } = options
    return (await startRun(this.#plan(options), { input, params, secrets }, seed, runId)) as RunResult<Steps>
  }

  /**
   * Continues a run that failed, was cancelled or whose process crashed. The outputs of steps that succeeded are read from the storage unless their
   * code or parameters changed, their output could not be stored, they were compensated, or a step that they need ran again; the other steps run.
   *
   * @throws NotFound; InvalidState for a finished run; Conflict while another process runs it; and as {@link run}
   */
  async resume(runId: string, options: ResumeOptions<Input, Params> = {}): Promise<RunResult<Steps>> {
    checkOptions('Pipeline.resume', options, resumeRules())
    const given = options.input === undefined ? {} : { input: this.#input(options.input) }
    const { resumeRun } = await import('./run-pipeline')
    const { params, secrets, takeOver = false } = options
    return (await resumeRun(this.#plan(options), runId, { given, params, secrets, takeOver })) as RunResult<Steps>
  }

  /**
   * Runs one attempt of a step, or of one item of a map step, in this process for a run that another process owns: what a worker does with
   * the `ref()` of an executor's job. Inputs are read from the storage, the output is stored.
   *
   * @returns the digest of the output, for `job.stored(digest)`
   * @throws what the step throws; NotFound for an unknown step, and for an input that is gone
   */
  async runJob(ref: StepJobRef, options: WorkerOptions = {}): Promise<{ readonly digest: string }> {
    checkOptions('Pipeline.runJob', options, workerRules())
    if (ref?.pipeline !== this.name)
      throw invalidArgument(`runJob of pipeline ${show(this.name)} was given a job of pipeline ${show(ref?.pipeline)}`)
    const { runJob } = await import('./step-job')
    return runJob(await this.#worker(ref.step, options), ref)
  }

  /**
   * Runs one step under an engine that owns the graph, such as Airflow: condition, cache, attempts and fallback. The results of the steps
   * that it needs are read from the folder of the run in the storage, and its own is recorded there, where `inspectRun` finds it.
   *
   * @returns the result, also of a step that failed or was skipped
   * @throws InvalidState when a step that it needs has no result; the step's error when the engine is to make another attempt
   */
  async runStep(request: StepRequest, options: WorkerOptions = {}): Promise<EngineStepResult> {
    checkOptions('Pipeline.runStep', options, workerRules())
    const [{ runEngineStep }, { stepResults }, { checkParams }] = [
      await import('./engine-step'),
      await import('./step-results'),
      await import('./params'),
    ]
    const params = await checkParams(this.name, this.#options.params, request.params)
    const results = stepResults(this.#storage(options), this.name, request.runId)
    return runEngineStep(await this.#worker(request.step, options), results, request, { input: this.#input(request.input), params })
  }

  /** The record of a run, also while it runs, and also of a run under an engine. @throws NotFound; Corrupt naming the file and what is wrong in it */
  async inspectRun(runId: string, options: { readonly storage?: ObjectStore | undefined } = {}): Promise<RunState> {
    const storage = this.#storage(options)
    const { readRun } = await import('./step-results')
    const { displayPipelineRun } = await import('./display-runs')
    return displayPipelineRun(await readRun(storage, this.name, runId))
  }

  /**
   * The result of a run that has ended, with its outputs read from the storage; outputs that could not be stored are missing.
   *
   * @throws NotFound; InvalidState while it runs; Corrupt when an output is damaged
   */
  async resultOf(runId: string, options: { readonly storage?: ObjectStore | undefined } = {}): Promise<RunResult<Steps>> {
    const state = await this.inspectRun(runId, options)
    if (state.status === 'running') {
      throw new MillwrightError('InvalidState', `run ${show(runId)} of pipeline ${show(this.name)} has not ended`, {
        hint: 'If its process died, continue it with resume().',
      })
    }
    const [{ storedResult }, { stepStore }] = [await import('./stored-result'), await import('./step-store')]
    return (await storedResult(this.#steps, stepStore(this.#storage(options), this.name), state)) as RunResult<Steps>
  }

  /** The records of all runs, latest start first. A damaged record is left out and reported through the event `error`. */
  async listRuns(options: { readonly storage?: ObjectStore | undefined } = {}): Promise<RunState[]> {
    const storage = this.#storage(options)
    const { displayPipelineRun } = await import('./display-runs')
    const [{ runIds }, { readRun }] = [await import('./run-state'), await import('./step-results')]
    const runs: RunState[] = []
    for (const id of await runIds(storage, this.name)) {
      try {
        runs.push(displayPipelineRun(await readRun(storage, this.name, id)))
      } catch (error) {
        if (!isMillwrightError(error, 'Corrupt')) throw error
        if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error)
        else console.warn(`millwright pipeline: ${error.message}`)
      }
    }
    return runs.sort((a, b) => b.startedAt - a.startedAt)
  }

  toString(): string {
    const names = [...this.#steps.keys()]
    const more = names.length > 50 ? `, … and ${names.length - 50} more` : ''
    return `Pipeline ${this.name}: ${names.slice(0, 50).join(', ') || 'no steps'}${more}`
  }

  #declared(): Declared {
    const { secrets = [], params } = this.#options
    return { pipeline: this.name, steps: this.#steps, secrets, params: paramNames(params as ParamsSchema<unknown> | undefined) }
  }

  #input(value: unknown): Input {
    return this.#options.input === undefined ? (value as Input) : this.#options.input(value)
  }

  async #secrets(specs: Iterable<StepSpec>, { secrets }: Pick<RunOptions, 'secrets'>): Promise<Worker['secrets']> {
    const { resolveSecrets } = await import('./secrets')
    return resolveSecrets(this.name, specs, secrets)
  }

  async #worker(step: string, options: WorkerOptions): Promise<Worker> {
    const [{ specOf }, { stepStore }] = [await import('./step-job'), await import('./step-store')]
    const specs = options.cache === false ? new Map([...this.#steps].map(([name, each]) => [name, { ...each, cache: false }])) : this.#steps
    const spec = specOf({ pipeline: this.name, specs }, step)
    return {
      pipeline: this.name,
      specs,
      store: stepStore(this.#storage(options), this.name),
      secrets: await this.#secrets([spec], options),
      clock: options.clock ?? this.#options.clock ?? systemClock(),
      signal: options.signal ?? new AbortController().signal,
      onLog: options.onLog,
      onProgress: options.onProgress,
    }
  }

  #storage(options: { readonly storage?: ObjectStore | undefined }): ObjectStore {
    const storage = options.storage ?? this.#options.storage
    if (storage === undefined) throw invalidArgument(`looking at runs of pipeline '${this.name}' needs the storage that holds them`)
    return storage
  }

  #plan(options: Omit<ResumeOptions<Input, Params>, 'input'>): RunPlan {
    const own = this.#options
    const force = options.force ?? false
    for (const step of typeof force === 'boolean' ? [] : force) {
      if (!this.#steps.has(step)) throw invalidArgument(`\`force\` names '${step}', which is no step of pipeline '${this.name}'`)
    }
    return {
      pipeline: this.name,
      specs: new Map(this.#steps),
      schema: own.params as ParamsSchema<unknown> | undefined,
      emitter: this.#emitter,
      previous: this.#previous,
      executor: options.executor ?? own.executor ?? inProcessExecutor(),
      tracker: options.tracker ?? own.tracker,
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
