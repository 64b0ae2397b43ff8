/** The predictor: a model behind a checked, bounded, observable call. */
import { attachDisplay } from '../core/display'
import { createEmitter, type Emitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import { checkOptions, nonEmptyString } from '../core/options'
import { throwIfAborted } from '../core/signal'
import type { ModelSource, ModelTask } from '../ports/model'
import type { ModelSignature } from '../schema/signature'
import type { Row, Table } from '../schema/table'
import { type Answer, answersOf } from './answers'
import { modelFailure, outcomeOf } from './failures'
import { startFollowing } from './follow'
import { type Cells, createIssueLog, type IssueLog } from './input-check'
import { createMicroBatcher, type MicroBatcher } from './micro-batch'
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
import { createResultCache, type ResultCache } from './result-cache'
import { type LabelOf, openServable, type PredictedLabel, type ServableModel } from './servable'
import { checkedRow, joinWork, readInput, splitWork, type Work } from './work'

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
  readonly #cache: ResultCache<Answer> | undefined
  readonly #origin: Origin | undefined
  readonly #prefix = newId().slice(0, 12)
  #handle: ModelHandle
  #answered = 0
  #inFlight = 0
  #closing: Promise<void> | undefined
  #refreshing: Promise<boolean> | undefined
  #stopFollowing: (() => void) | undefined

  private constructor(handle: ModelHandle, settings: Settings, origin?: Origin) {
    const { batch, cache, limits, clock, now } = settings
    this.#handle = handle
    this.#settings = settings
    this.#origin = origin
    this.#cache = cache && createResultCache({ ...cache, now })
    this.#batcher = createMicroBatcher({
      run: (work, signal) => this.#run(work, signal),
      split: splitWork,
      mayJoin: (a, b) => batch !== undefined && a.handle === b.handle && a.table === undefined && b.table === undefined,
      maxSize: batch?.maxSize ?? Number.POSITIVE_INFINITY,
      maxDelayMs: batch?.maxDelayMs ?? 0,
      maxQueue: batch?.maxQueue ?? 10_000,
      concurrency: limits.maxConcurrent,
      now,
      clock,
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
    const { runtimes, signal, ...rest } = options ?? {}
    const settings = resolveOptions('Predictor.load', rest)
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
    return new Predictor<LabelOf<M>>(createModelHandle(openServable(model, 'Predictor.of'), name, version), settings)
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

  /** A row of input that was registered with the model, where there is one. */
  get example(): Row | undefined {
    return this.#handle.example
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
  predict(input: readonly Row[] | Table, options: PredictOptions = {}): Promise<Prediction<Label>[]> {
    const start = this.#settings.now()
    this.#inFlight++
    const end = this.#handle.use()
    // There is no `await` before this, so that concurrent calls reach the batcher in one turn of the event loop.
    return (this.#answer(input, options, this.#handle, start) as Promise<Prediction<Label>[]>).finally(() => {
      this.#inFlight--
      end()
    })
  }

  /** Answers one row. @throws as {@link Predictor.predict} */
  async predictOne(row: Row, options: PredictOneOptions = {}): Promise<Prediction<Label>> {
    const { id, ...rest } = options
    const answers = await this.predict([row], id === undefined ? rest : { ...rest, ids: [id] })
    return answers[0] as Prediction<Label>
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
    this.#replace(createModelHandle(openServable(model, 'swap'), options.name ?? this.name, options.version))
  }

  /** Listens to an event; the returned function unsubscribes. A listener that throws is reported to `error` and changes nothing. */
  on<K extends keyof PredictorEvents>(type: K, listener: (event: PredictorEvents[K]) => void, options?: ListenOptions): () => void {
    return this.#emitter.on(type, listener, options)
  }

  /** Statistics of the model version in use, and the present state. Counts start at zero when the model changes. */
  stats(): PredictorStats {
    const { name, version, loadSeconds, usage } = this.#handle
    const queueLimit = this.#settings.batch?.maxQueue ?? 10_000
    return { name, version, loadSeconds, ...usage.snapshot(), queueRows: this.#batcher.queueRows, queueLimit, inFlight: this.#inFlight }
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

  async #answer(input: readonly Row[] | Table, options: PredictOptions, handle: ModelHandle, start: number): Promise<Prediction[]> {
    const subject = `${handle.name}@${handle.version}`
    try {
      this.#assertOpen('predict')
      throwIfAborted(options.signal)
      const numRows = assertCall(input, options, this.#settings, subject)
      const problems = createIssueLog()
      const work = readInput(input, handle, this.#settings.input, problems)
      if (problems.count > 0) {
        handle.usage.problems(problems.byCode)
        this.#tellRefused(handle, problems, numRows)
        throw problems.toError(subject, numRows)
      }
      const { answers, hits } = await this.#compute(work, numRows, options)
      const latencyMs = this.#settings.now() - start
      handle.usage.ended('answered', latencyMs, numRows)
      return this.#deliver(input, work, answers, hits, options.ids, latencyMs)
    } catch (error) {
      const outcome = outcomeOf(error, options.signal)
      handle.usage.ended(outcome, this.#settings.now() - start, 0)
      if (outcome === 'failed') this.#emitter.emit('error', error)
      throw error
    }
  }

  /** Answers from the cache, and from the model for the rest. */
  async #compute(work: Work, numRows: number, options: PredictOptions): Promise<{ answers: readonly Answer[]; hits?: Uint8Array }> {
    const deadlineMs = options.deadlineMs ?? this.#settings.limits.deadlineMs
    const call = { signal: options.signal, deadlineMs }
    if (numRows === 0) return { answers: [] }
    const cache = this.#cache
    if (cache === undefined || work.cells === undefined) return { answers: await this.#batcher.add(work, numRows, call) }
    const keys = work.cells.map((cells) => JSON.stringify(cells))
    const answers = keys.map((key) => cache.get(key))
    const hits = Uint8Array.from(answers, (answer) => (answer === undefined ? 0 : 1))
    const missing = [...keys.keys()].filter((row) => hits[row] === 0)
    work.handle.usage.looked(numRows - missing.length, missing.length)
    if (missing.length > 0) {
      const cells = work.cells
      const rest: Work = { ...work, cells: missing.map((row) => cells[row] as Cells) }
      const fresh = await this.#batcher.add(rest, missing.length, call)
      missing.forEach((row, i) => {
        answers[row] = fresh[i]
        // After a replacement the cache belongs to another model.
        if (work.handle === this.#handle) cache.set(keys[row] as string, fresh[i] as Answer)
      })
    }
    return { answers: answers as Answer[], hits }
  }

  /** Executes one batch. */
  async #run(work: readonly Work[], signal: AbortSignal | undefined): Promise<readonly Answer[]> {
    const { model, name, version, usage } = (work[0] as Work).handle
    const table = joinWork(work)
    const start = this.#settings.now()
    try {
      const answers = answersOf(await model.run(table, signal === undefined ? {} : { signal }), model, table.numRows)
      usage.executed(table.numRows, this.#settings.now() - start)
      return answers
    } catch (error) {
      throw modelFailure(error, `${name}@${version}`, table.numRows, signal)
    }
  }

  #deliver(
    input: readonly Row[] | Table,
    work: Work,
    answers: readonly Answer[],
    hits: Uint8Array | undefined,
    ids: readonly string[] | undefined,
    latencyMs: number,
  ): Prediction[] {
    const { name, version } = work.handle
    const predictions = answers.map(
      (answer, row): Prediction => ({ id: ids?.[row] ?? `${this.#prefix}-${(this.#answered + row).toString(36)}`, ...answer }),
    )
    this.#answered += answers.length
    if (this.#emitter.listenerCount('prediction') === 0) return predictions
    const at = this.#settings.clock.now()
    predictions.forEach(({ id, prediction, probabilities }, row) => {
      this.#emitter.emit('prediction', {
        id,
        model: name,
        version,
        at,
        input: checkedRow(input, work, row),
        prediction,
        ...(probabilities === undefined ? {} : { probabilities }),
        latencyMs,
        cached: hits?.[row] === 1,
      })
    })
    return predictions
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
    this.#cache?.clear()
    old.retire().catch((error: unknown) => this.#emitter.emit('error', error))
    const event: ReloadEvent = { name: next.name, from: old.version, to: next.version }
    this.#emitter.emit('model-reloaded', event)
  }

  #assertOpen(operation: string): void {
    if (this.closed)
      throw new MillwrightError('InvalidState', `cannot ${operation} with ${this.name}@${this.version}: the predictor is closed`)
  }
}
