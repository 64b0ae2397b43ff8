/** The predictor: a model behind a checked, bounded, observable call. */
import { attachDisplay } from '../core/display'
import { createEmitter, type Emitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import { checkOptions, nonEmptyString, ofType } from '../core/options'
import { abortSignalOf, type CancelSignal, throwIfAborted } from '../core/signal'
import type { Explanation, ModelSource, ModelTask, ModelTensor, PredictionBatch } from '../ports/model'
import type { ModelSignature } from '../schema/signature'
import type { Row, Table } from '../schema/table'
import type { AnswerCache, CachedAnswers } from './answer-cache'
import type { Answer } from './answers'
import { explainGiven } from './explain-given'
import { modelFailure, outcomeOf } from './failures'
import { startFollowing } from './follow'
import { applyPostprocess, applyPreprocess, explainAnswers } from './hooks'
import { createIssueLog, type IssueLog } from './input-check'
import { type AddOptions, createMicroBatcher, type MicroBatcher } from './micro-batch'
import { createModelHandle, type ModelHandle } from './model-handle'
import type { Origin } from './open-model'
import { assertCall, assertSource, resolveOfOptions, resolveOptions, type Settings } from './options'
import type {
  FollowOptions,
  LoadOptions,
  OfOptions,
  Prediction,
  PredictOneOptions,
  PredictOptions,
  PredictorEvents,
  PredictorStats,
  ReloadEvent,
} from './prediction'
import { type LabelOf, openServable, type PredictedLabel, type ServableModel } from './servable'
import { checkedRow, joinCells, joinWork, readInput, splitWork, type Work } from './work'

/** One call of `predict`. */
interface Call {
  /** What the caller gave, then what `preprocess` made of it. */
  input: readonly Row[] | Table
  readonly options: PredictOptions
  /** The model that answers it. */
  readonly handle: ModelHandle
  readonly start: number
}

/** The answers of a call, for its events. */
interface Announcement {
  readonly work: Work
  readonly predictions: readonly Prediction[]
  readonly hits: Uint8Array | undefined
  readonly latencyMs: number
}

const noOptions: PredictOptions = {}

/**
 * Answers rows with a model: checks them against the signature, joins concurrent calls into batches, caches answers,
 * limits rows, queue and time, and emits an event for every answer.
 *
 * Made by {@link Predictor.load} from a registry or {@link Predictor.of} from a model in memory. A predictor is safe to
 * call concurrently. After {@link Predictor.close} every call fails with `InvalidState`. `Label` is the type of its predictions, if the type of the model says it.
 */
export class Predictor<Label extends PredictedLabel = PredictedLabel> {
  readonly #settings: Settings
  readonly #emitter: Emitter<PredictorEvents> = createEmitter<PredictorEvents>()
  readonly #batcher: MicroBatcher<Work, Answer>
  readonly #origin: Origin | undefined
  readonly #prefix = newId().slice(0, 12)
  #handle: ModelHandle
  #answered = 0
  #inFlight = 0
  #closing: Promise<void> | undefined
  #refreshing: Promise<boolean> | undefined
  #stopFollowing: (() => void) | undefined

  private constructor(handle: ModelHandle, settings: Settings, origin?: Origin) {
    const { batch, limits, clock, now } = settings
    this.#handle = handle
    this.#settings = settings
    this.#origin = origin
    this.#batcher = createMicroBatcher({
      run: (work, signal) => this.#run(work, signal),
      split: splitWork,
      mayJoin: (a, b) => batch !== undefined && a.handle === b.handle && a.table === undefined && b.table === undefined,
      joins: batch !== undefined,
      adaptive: batch?.adaptive,
      maxSize: batch?.maxSize ?? Number.POSITIVE_INFINITY,
      maxDelayMs: batch?.maxDelayMs ?? 0,
      maxQueue: batch?.maxQueue ?? 10_000,
      concurrency: limits.maxConcurrent,
      now,
      clock,
      schedule: this.#settings.schedule,
      defer: this.#settings.defer,
      onShed: ({ handle }, reason) => handle.usage.shed(reason),
      onStart: ({ handle }, waitedMs) => handle.usage.waited(waitedMs),
    })
    attachDisplay(this, { text: () => this.toString() })
  }

  /**
   * Opens the model that `reference` (`flights@champion`, `flights@3`) names now; {@link Predictor.refresh} follows a moved alias.
   *
   * @throws NotFound from the source; Unsupported when no runtime knows the model's flavor; MissingDependency; Corrupt
   */
  static async load(source: ModelSource, reference: string, options: LoadOptions): Promise<Predictor> {
    assertSource(source, reference)
    const { runtimes, signal, warmUp = false, ...rest } = options ?? {}
    checkOptions('Predictor.load', { warmUp }, { warmUp: ofType('boolean') })
    const resolved = resolveOptions('Predictor.load', rest)
    const settings = { ...resolved, warmUp: warmUp ? [1, resolved.batch?.maxSize ?? 1] : [] }
    if (!Array.isArray(runtimes) || runtimes.length === 0) {
      throw invalidArgument(`\`runtimes\` of Predictor.load must list at least one model runtime, got ${show(runtimes)}`)
    }
    const origin = { source, reference, runtimes }
    const { openModel } = await import('./open-model')
    return new Predictor((await openModel(origin, settings, undefined, signal)) as ModelHandle, settings, origin)
  }

  /**
   * A predictor over a model in memory: a fitted model or chain, a `functionModel`, what a runtime has loaded. Its input is checked against the
   * model's signature, which a fitted model has from its training data. It is disposed by `close`.
   *
   * @example
   * const predictor = Predictor.of(randomForestClassifier().fit(train, { target: 'late' }))
   * @throws InvalidArgument for what is no model (a promise, an estimator that is not fitted, …), and for invalid options
   */
  static of<M extends ServableModel>(model: M, options: OfOptions = {}): Predictor<LabelOf<M>> {
    const { name, version, settings } = resolveOfOptions(options)
    const opened = openServable(model, 'Predictor.of')
    return new Predictor<LabelOf<M>>(
      createModelHandle({ model: opened, name, version, policy: settings.input, cache: settings.cache }),
      settings,
    )
  }

  get name(): string {
    return this.#handle.name
  }

  get version(): string {
    return this.#handle.version
  }

  get signature(): ModelSignature {
    return this.#handle.model.signature
  }

  get task(): ModelTask {
    return this.#handle.model.task
  }

  get classes(): readonly (string | number | boolean)[] | undefined {
    return this.#handle.model.classes
  }

  /** A row of input that was registered with the model, or that a model in memory brings, where there is one. */
  get example(): Row | undefined {
    return this.#handle.example
  }

  /** The reference that it was loaded by, such as `flights@champion`; `undefined` for a model in memory. */
  get reference(): string | undefined {
    return this.#origin?.reference
  }

  /** Whether calls may ask for explanations. */
  get explains(): boolean {
    return (this.#settings.hooks.explain ?? this.#handle.model.explain) !== undefined
  }

  /** Whether `explain` takes answers that were given before: not with `postprocess`, which changes them. */
  get explainsAnswers(): boolean {
    return this.explains && this.#settings.hooks.postprocess === undefined
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closing !== undefined
  }

  /**
   * Answers every row of `input`, in order. Zero rows give zero answers. The input is not changed.
   *
   * A call uses the model that was in use when it was made, even if `refresh` replaces it meanwhile.
   *
   * @param input rows as objects, or a table (whose answers are not cached)
   * @throws SchemaMismatch with `issues` for all problems of every row; InvalidArgument for more rows than allowed;
   * Unavailable (retryable) when the queue is full or the deadline passes; Internal when the model fails; InvalidState after
   * `close`; the signal's reason
   */
  predict(input: readonly Row[] | Table, options: PredictOptions = noOptions): Promise<Prediction<Label>[]> {
    const call: Call = { input, options, handle: this.#handle, start: this.#settings.now() }
    this.#inFlight++
    call.handle.enter()
    // There is no `await` before the batcher, so that concurrent calls reach it in one turn of the event loop.
    return this.#answer(call) as Promise<Prediction<Label>[]>
  }

  /** Answers one row. @throws as {@link Predictor.predict} */
  async predictOne(row: Row, options: PredictOneOptions = {}): Promise<Prediction<Label>> {
    const { id, ...rest } = options
    const answers = await this.predict([row], id === undefined ? rest : { ...rest, ids: [id] })
    return answers[0] as Prediction<Label>
  }

  /**
   * Explains answers that `predict` gave to the rows of `input`, without predicting again: how much each column moved each prediction. Models that share
   * traffic need the `outputs` of the answers, which say who gave them. `predict` with `explain: true` does both.
   *
   * @throws Unsupported when neither the model nor the predictor can explain, and with `postprocess`, which has changed the answers; InvalidArgument for what
   * are no rows, too many rows, not one answer for each, or answers that the model cannot give; SchemaMismatch; InvalidState after `close`; Internal when the
   * explainer fails
   */
  async explain(
    input: readonly Row[] | Table,
    answers: readonly Pick<Prediction, 'prediction' | 'outputs'>[],
  ): Promise<readonly (Explanation | undefined)[]> {
    const handle = this.#handle
    this.#assertOpen('explain')
    handle.enter()
    try {
      return await explainGiven(input, answers, { handle, settings: this.#settings })
    } finally {
      handle.leave()
    }
  }

  /**
   * Runs a model of tensors (ONNX, TensorFlow.js) with named tensors as they are, without batching or cache.
   *
   * @throws Unsupported for a model that has no tensors; SchemaMismatch for tensors that do not fit; InvalidState after `close`; Internal when the model fails
   */
  async predictTensors(
    inputs: Readonly<Record<string, ModelTensor>>,
    options: { readonly outputs?: readonly string[] | undefined; readonly signal?: CancelSignal | undefined } = {},
  ): Promise<Readonly<Record<string, ModelTensor>>> {
    const handle = this.#handle
    this.#assertOpen('predictTensors')
    const subject = `${handle.name}@${handle.version}`
    const { outputs, signal } = options
    const start = this.#settings.now()
    this.#inFlight++
    handle.enter()
    try {
      if (handle.model.predictTensors === undefined) throw new MillwrightError('Unsupported', `${subject} takes rows, not tensors`)
      const call = { ...(outputs === undefined ? {} : { outputs }), ...(signal === undefined ? {} : { signal: abortSignalOf(signal) }) }
      const results = await handle.model.predictTensors(inputs, call)
      handle.usage.executed(1, this.#settings.now() - start)
      handle.usage.ended('answered', this.#settings.now() - start, 1)
      return results
    } catch (error) {
      const failure = modelFailure(error, subject, 1, signal)
      const outcome = outcomeOf(failure, signal)
      handle.usage.ended(outcome, this.#settings.now() - start, 0)
      if (outcome === 'failed') this.#emitter.emit('error', failure)
      throw failure
    } finally {
      this.#inFlight--
      handle.leave()
    }
  }

  /**
   * Looks up the reference again. When it leads to another version, that version is loaded and answers from then on. Calls under way
   * are answered by the old model, which is then disposed. Concurrent calls share one look-up. On failure the old model stays.
   *
   * @returns whether the model changed; `false` for a predictor made by `Predictor.of`
   */
  refresh(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    this.#refreshing ??= this.#refresh(options.signal).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /**
   * Looks up the reference at intervals, as {@link Predictor.refresh} does, until the returned function is called, the signal is aborted, or the
   * predictor is closed. A failed look-up is emitted as `error`; the model in use stays, and the next look-up is made as usual.
   * The timer does not keep the process alive.
   *
   * @example const stop = predictor.follow({ everyMs: 30_000 })
   * @throws InvalidState for a predictor that was not loaded from a registry, follows already, or is closed; InvalidArgument for invalid options
   */
  follow(options: FollowOptions): () => void {
    this.#assertOpen('follow')
    this.#stopFollowing = startFollowing(options, {
      clock: this.#settings.clock,
      reference: this.#origin?.reference,
      subject: () => `${this.name}@${this.version}`,
      isFollowing: this.#stopFollowing !== undefined,
      refresh: (signal) => this.refresh({ signal }),
      onError: (error) => this.#emitter.emit('error', error),
      onStop: () => {
        this.#stopFollowing = undefined
      },
    })
    return this.#stopFollowing
  }

  /** Replaces the present model, which is disposed when its calls have been answered. */
  swap(model: ServableModel, options: { readonly name?: string | undefined; readonly version: string }): void {
    this.#assertOpen('swap')
    checkOptions('swap', options, { name: nonEmptyString(), version: nonEmptyString() })
    const { name = this.name, version } = options
    const { input: policy, cache } = this.#settings
    this.#replace(createModelHandle({ model: openServable(model, 'swap'), name, version, policy, cache }))
  }

  /** Listens to an event; the returned function unsubscribes. A listener that throws is reported to `error` and changes nothing. */
  on<K extends keyof PredictorEvents>(type: K, listener: (event: PredictorEvents[K]) => void, options?: ListenOptions): () => void {
    return this.#emitter.on(type, listener, options)
  }

  /** Statistics of the model version in use, and the present state. Counts start at zero when the model changes. */
  stats(): PredictorStats {
    const { name, version, loadSeconds, usage } = this.#handle
    const queueLimit = this.#settings.batch?.maxQueue ?? 10_000
    return {
      name,
      version,
      loadSeconds,
      ...usage.snapshot(),
      queueRows: this.#batcher.queueRows,
      batchDelayMs: this.#batcher.delayMs,
      queueLimit,
      inFlight: this.#inFlight,
    }
  }

  /** Refuses further calls, waits for those under way, and disposes the model. Idempotent. */
  close(): Promise<void> {
    this.#stopFollowing?.()
    this.#closing ??= (async () => {
      await this.#batcher.drain()
      await this.#refreshing?.catch(() => {})
      await this.#handle.retire()
    })()
    return this.#closing
  }

  toString(): string {
    const { name, version, columns, model } = this.#handle
    const state = this.closed ? 'closed' : `${this.#answered} rows answered`
    return `Predictor: ${name}@${version} (${model.task}, ${columns?.length ?? 'any'} columns), ${state}`
  }

  async #answer(call: Call): Promise<Prediction[]> {
    const { options, handle, start } = call
    const { preprocess, postprocess } = this.#settings.hooks
    try {
      this.#assertOpen('predict')
      if (options.signal !== undefined) throwIfAborted(options.signal)
      const subject = `${handle.name}@${handle.version}`
      let numRows = assertCall(call.input, options, this.#settings, subject)
      if (preprocess !== undefined) {
        call.input = await applyPreprocess(preprocess, call.input, { numRows, handle, signal: options.signal })
        numRows = assertCall(call.input, options, this.#settings, subject)
      }
      const problems = createIssueLog()
      const work = readInput(call.input, handle, this.#settings.input, problems)
      if (problems.count > 0) {
        handle.usage.problems(problems.byCode)
        this.#tellRefused(handle, problems, numRows)
        throw problems.toError(subject, numRows)
      }
      const limits: AddOptions = { signal: options.signal, deadlineMs: options.deadlineMs ?? this.#settings.limits.deadlineMs }
      let answers: readonly Answer[] = []
      let hits: Uint8Array | undefined
      if (numRows > 0) {
        if (handle.cache === undefined || work.cells === undefined) answers = await this.#batcher.add(work, numRows, limits)
        else ({ answers, hits } = await this.#lookUp(work, limits))
      }
      if (options.explain === true) answers = await explainAnswers(answers, work, this.#settings.hooks.explain)
      const latencyMs = this.#settings.now() - start
      let predictions = this.#withIds(answers, options.ids)
      if (postprocess !== undefined)
        predictions = await applyPostprocess(postprocess, predictions, { numRows, handle, signal: options.signal })
      handle.usage.ended('answered', latencyMs, numRows)
      if (this.#emitter.listenerCount('prediction') > 0) this.#announce(call, { work, predictions, hits, latencyMs })
      return predictions
    } catch (error) {
      const outcome = outcomeOf(error, options.signal)
      handle.usage.ended(outcome, this.#settings.now() - start, 0)
      if (outcome === 'failed') this.#emitter.emit('error', error)
      throw error
    } finally {
      this.#inFlight--
      handle.leave()
    }
  }

  /** Answers from the cache, and from the model for the rest. */
  #lookUp(work: Work, limits: AddOptions): Promise<CachedAnswers> {
    const { handle, cells = [] } = work
    return (handle.cache as AnswerCache).answer(cells, {
      compute: (rows) => this.#batcher.add({ handle, cells: rows }, rows.length, limits),
      looked: (hits, misses) => handle.usage.looked(hits, misses),
      bound: (promise) => this.#batcher.bound(promise, work, limits),
    })
  }

  /** Executes one batch. */
  async #run(work: readonly Work[], signal: CancelSignal | undefined): Promise<readonly Answer[]> {
    const { model, name, version, usage, answers } = (work[0] as Work).handle
    const cells = joinCells(work)
    const start = this.#settings.now()
    let numRows = cells?.length ?? 0
    try {
      let batch: PredictionBatch
      if (cells !== undefined && model.runCells !== undefined) batch = await model.runCells(cells, { signal })
      else {
        const table = joinWork(work, cells)
        numRows = table.numRows
        batch = await model.run(table, signal === undefined ? {} : { signal: abortSignalOf(signal) })
      }
      const made = answers(batch, numRows)
      usage.executed(numRows, this.#settings.now() - start)
      return made
    } catch (error) {
      throw modelFailure(error, `${name}@${version}`, numRows, signal)
    }
  }

  #withIds(answers: readonly Answer[], ids: readonly string[] | undefined): Prediction[] {
    const predictions = new Array<Prediction>(answers.length)
    for (let row = 0; row < answers.length; row++) {
      const { prediction, probabilities, outputs, explanation } = answers[row] as Answer
      const whole: { -readonly [K in keyof Prediction]: Prediction[K] } = {
        id: ids?.[row] ?? `${this.#prefix}-${(this.#answered + row).toString(36)}`,
        prediction,
      }
      if (probabilities !== undefined) whole.probabilities = probabilities
      if (outputs !== undefined) whole.outputs = outputs
      if (explanation !== undefined) whole.explanation = explanation
      predictions[row] = whole
    }
    this.#answered += answers.length
    return predictions
  }

  /** Emits an event for every answer. */
  #announce({ input }: Call, { work, predictions, hits, latencyMs }: Announcement): void {
    const { name: model, version } = work.handle
    const at = this.#settings.clock.now()
    predictions.forEach(({ id, prediction, probabilities }, row) => {
      this.#emitter.emit('prediction', {
        id,
        model,
        version,
        at,
        input: checkedRow(input, work, row),
        prediction,
        ...(probabilities === undefined ? {} : { probabilities }),
        latencyMs,
        cached: hits?.[row] === 1,
      })
    })
  }

  #tellRefused({ name: model, version }: ModelHandle, { byColumn, rows: refused }: IssueLog, rows: number): void {
    if (this.#emitter.listenerCount('input-refused') === 0) return
    // A problem of the table as a whole, such as a column that is absent, refuses every row.
    const refusedRows = refused === 0 ? rows : refused
    const columns = Object.fromEntries(byColumn)
    this.#emitter.emit('input-refused', { model, version, at: this.#settings.clock.now(), rows, refusedRows, columns })
  }

  async #refresh(signal: AbortSignal | undefined): Promise<boolean> {
    this.#assertOpen('refresh')
    if (this.#origin === undefined) return false
    const { openModel } = await import('./open-model')
    const next = await openModel(this.#origin, this.#settings, this.#handle, signal)
    if (next === undefined) return false
    if (this.closed || signal?.aborted) {
      await next.retire()
      throwIfAborted(signal)
      return false
    }
    this.#replace(next)
    return true
  }

  #replace(next: ModelHandle): void {
    const old = this.#handle
    this.#handle = next
    old.retire().catch((error: unknown) => this.#emitter.emit('error', error))
    const event: ReloadEvent = { name: next.name, from: old.version, to: next.version }
    this.#emitter.emit('model-reloaded', event)
  }

  #assertOpen(operation: string): void {
    if (this.closed)
      throw new MillwrightError('InvalidState', `cannot ${operation} with ${this.name}@${this.version}: the predictor is closed`)
  }
}
