/** The monitor: logs the answers of a predictor, joins labels that arrive later, and watches performance and drift. */
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type Emitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { nonEmptyString } from '../core/options'
import type { Label } from '../metrics'
import { classesOf } from '../metrics/label'
import type { PredictionRecord, RefusedInput } from '../ports/model'
import type { ColumnType } from '../schema/column'
import { isTensorSide } from '../schema/signature'
import type { Table } from '../schema/table'
import { type AlertEngine, createAlertEngine } from './alert-engine'
import { type Alerts, createAlerts } from './alerts-view'
import { displayedCheck, type MonitorFacts, monitorMarkdown, monitorText } from './display'
import type { DriftReading, DriftSource } from './drift-source'
import type { PerformanceEstimate, PerformanceEstimator } from './estimate/estimator'
import { evaluateRule } from './evaluate'
import { createLogPolicy, guarded, type LogPolicy } from './log-policy'
import { createLogStorage, type LogLine, type LogStorage } from './log-storage'
import { type LogTableOptions, logTable } from './log-table'
import type { Actual, LoggedPrediction } from './logged-prediction'
import {
  assertRecord,
  assertRefused,
  checkMonitorOptions,
  checkQuery,
  checkSelection,
  detectorRule,
  type MonitorOptions,
  tableRules,
} from './monitor-options'
import type { CheckReport, EstimateQuery, MonitorEvents, MonitorStats, PerformanceQuery, PredictionSource } from './monitor-queries'
import {
  type Performance,
  type PerformancePoint,
  type PerformanceSlice,
  performanceOf,
  performanceSeries,
  performanceSlices,
  type VersionClasses,
} from './performance'
import { createPredictionLog, type LogOutcome, type PredictionLog, type RowSelection } from './prediction-log'
import type { Reading } from './reading'
import { createRedactionCheck, type RedactionCheck } from './redaction-check'
import { createRefusedLog, type RefusedLog, type RefusedSummary } from './refused-log'
import type { AlertRule } from './rule'
import { assertGrouping, estimatorRule } from './rule-check'
import { unlabelled } from './unlabelled'
import { assertPeriod, type Period, type Window } from './window'

/**
 * Watches a model at work.
 *
 * Rows are kept in memory in order of event time, up to `maxRows`; with `storage` they are also written as JSON lines and read back by
 * {@link Monitor.open}. Labels may arrive at any time, also before their prediction. Failures of the monitor do not affect the predictor.
 *
 * @example
 * const monitor = new Monitor({
 *   rules: [{ name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.83, window: { lastMs: 7 * 86_400_000 } }],
 * })
 * monitor.watch(predictor)
 * monitor.label(answer.id, 'yes')
 * monitor.on('alert-firing', ({ summary }) => console.warn(summary))
 * await monitor.check()
 */
export class Monitor {
  readonly name: string
  /** The detector that drift rules and {@link Monitor.drift} use. Replace it when a retrained model has a new reference. */
  detector: DriftSource | undefined
  /** The estimator that rules on estimated performance and {@link Monitor.estimate} use. Replace it together with the model. */
  estimator: PerformanceEstimator | undefined
  /** The alerts, their history, and the silences. */
  readonly alerts: Alerts
  readonly #options: MonitorOptions
  readonly #clock: Clock
  readonly #log: PredictionLog
  readonly #refused: RefusedLog = createRefusedLog()
  readonly #policy: LogPolicy
  readonly #redaction: RedactionCheck
  readonly #storage: LogStorage | undefined
  readonly #engine: AlertEngine
  readonly #emitter: Emitter<MonitorEvents> = createEmitter<MonitorEvents>()
  readonly #rules: readonly AlertRule[]
  readonly #stops = new Set<() => void>()
  readonly #sources = new Set<PredictionSource>()
  #types: Readonly<Record<string, ColumnType>>
  readonly #classes: VersionClasses = (model, version) => this.#classesOf(model, version)
  #flushing = false
  #closed = false

  /** @throws InvalidArgument for invalid options */
  constructor(options: MonitorOptions = {}) {
    checkMonitorOptions(options)
    const { name = 'monitor', clock = systemClock(), storage, rules = [], sinks = [], checkEveryMs, repeatMs, groupBy = [] } = options
    const { groupWaitMs = 0, groupIntervalMs = 0 } = options
    this.name = name
    this.detector = options.detector
    this.estimator = options.estimator
    this.#policy = createLogPolicy(options)
    this.#redaction = createRedactionCheck(name, options.redact)
    this.#rules = rules
    this.#options = options
    this.#clock = clock
    this.#types = options.types ?? {}
    this.#log = createPredictionLog({
      maxRows: options.maxRows ?? 100_000,
      maxWaitingLabels: options.maxWaitingLabels ?? 10_000,
      onUnfit: (error) => this.#emitter.emit('error', error),
    })
    this.#storage = storage && createLogStorage(this.#storageOptions(storage))
    this.#engine = createAlertEngine({
      ...{ name, rules, sinks, clock, storage, repeatMs, groupBy, groupWaitMs, groupIntervalMs },
      onEvent: (type, message) => this.#emitter.emit(type, message),
      onError: (error) => this.#emitter.emit('error', error),
    })
    this.alerts = createAlerts(this.#engine, clock)
    if (checkEveryMs !== undefined) this.#checkEvery(checkEveryMs, checkEveryMs)
    attachDisplay(this, { text: () => monitorText(this.#facts()), markdown: () => monitorMarkdown(this.#facts()) })
  }

  /**
   * Opens a monitor with the log, the alerts, the silences and the undelivered messages that its storage holds. With `checkEveryMs` the next check
   * is made when it would have been due.
   *
   * @throws Corrupt when the storage holds something else
   */
  static async open(options: MonitorOptions & { readonly storage: NonNullable<MonitorOptions['storage']> }): Promise<Monitor> {
    if (options?.storage === undefined) throw invalidArgument('Monitor.open needs `storage`, the object store that holds the log')
    const { checkEveryMs, ...rest } = options
    const monitor = new Monitor(rest)
    for await (const line of monitor.#storage?.lines() ?? []) monitor.#restoreLine(line)
    await monitor.#engine.restore()
    if (checkEveryMs !== undefined) {
      const { lastCheckAt } = monitor.#engine
      const passed = lastCheckAt === undefined ? 0 : Math.max(0, monitor.#clock.now() - lastCheckAt)
      monitor.#checkEvery(checkEveryMs, Math.max(0, checkEveryMs - passed))
    }
    return monitor
  }

  /** Subscribes; the returned function unsubscribes. */
  on<K extends keyof MonitorEvents & string>(type: K, listener: (event: MonitorEvents[K]) => void, options?: ListenOptions): () => void {
    return this.#emitter.on(type, listener, options)
  }

  /** Records every prediction of a predictor, and the input that it refuses, from now on; the returned function stops it. */
  watch(source: PredictionSource): () => void {
    if (typeof source?.on !== 'function') throw invalidArgument(`watch of ${this.name} needs a predictor, got ${show(source)}`)
    const inputs = source.signature?.inputs ?? []
    this.#redaction.assertColumns(isTensorSide(inputs) ? [] : inputs.map((column) => column.name))
    if (!isTensorSide(inputs)) this.#types = { ...Object.fromEntries(inputs.map(({ name, type }) => [name, type])), ...this.#types }
    // What cannot be logged, such as a row for which `redact` throws, is the monitor's error, not the predictor's.
    const onError = (error: unknown): void => this.#emitter.emit('error', error)
    const offs = [
      source.on(
        'prediction',
        guarded((record) => this.record(record), onError),
      ),
      source.on(
        'input-refused',
        guarded((refused) => this.recordRefused(refused), onError),
      ),
    ]
    const off = (): void => {
      for (const stop of offs) stop()
    }
    this.#stops.add(off)
    this.#sources.add(source)
    return () => {
      this.#stops.delete(off)
      this.#sources.delete(source)
      off()
    }
  }

  /** Logs one answered row. A second row with the same id is refused (`duplicate`). @throws InvalidState when closed */
  record(record: PredictionRecord): LogOutcome {
    this.#open('record')
    assertRecord(record, `record of ${this.name}`)
    if (!this.#policy.includes(record.id)) return 'not-sampled'
    const unknown = this.#redaction.unknownIn(record.input)
    if (unknown !== undefined) this.#emitter.emit('error', unknown)
    const at = this.#policy.eventTime(record)
    const logged = this.#policy.redacted(record)
    const outcome = this.#log.add(logged, at)
    if (outcome === 'added') this.#save({ kind: 'prediction', record: logged, at })
    this.#forgetOld()
    return outcome
  }

  /** Counts a call whose input was refused. `watch` does it for a predictor. @throws InvalidState when closed */
  recordRefused(refused: RefusedInput): void {
    this.#open('recordRefused')
    assertRefused(refused, `recordRefused of ${this.name}`)
    this.#refused.add(refused)
    this.#save({ kind: 'refused', refused })
  }

  /**
   * Adds the true value of a prediction. A label with an unknown id is kept until its prediction arrives (`waiting`); a label older than
   * the present one is ignored (`stale`), a newer one replaces it. Blank text is no label (`empty`).
   *
   * The label is converted to the type of the prediction: `1`, `"1.0"`, `"True"` and `true` are the same label for a model that predicts `true`.
   *
   * @param at when the label arrived, epoch milliseconds; now when left out
   * @throws InvalidArgument for an invalid label, and for one that cannot be converted to the type of the prediction; when a waiting label
   * cannot be converted, the error is emitted as `error`
   */
  label(id: string, actual: Actual | bigint, at: number = this.#clock.now()): LogOutcome {
    this.#open('label')
    if (typeof id !== 'string' || id === '') throw invalidArgument(`label of ${this.name} needs the id of a prediction, got ${show(id)}`)
    const value = typeof actual === 'bigint' ? Number(actual) : actual
    if (!['string', 'number', 'boolean'].includes(typeof value) || (typeof value === 'number' && !Number.isFinite(value))) {
      throw invalidArgument(`label of ${this.name} needs a string, number or boolean as true value, got ${show(actual)}`)
    }
    if (!Number.isFinite(at)) throw invalidArgument(`label of ${this.name} needs the time in epoch milliseconds, got ${show(at)}`)
    if (!this.#policy.includes(id)) return 'not-sampled'
    const outcome = this.#log.label(id, value, at)
    if (outcome !== 'stale' && outcome !== 'empty') this.#save({ kind: 'label', id, actual: value, at })
    return outcome
  }

  /** Logged rows, oldest first. Windows without an end extend to now. */
  rows(selection: RowSelection = {}): LoggedPrediction[] {
    checkSelection(`rows of ${this.name}`, selection)
    return this.#log.rows(selection, this.#clock.now())
  }

  /** Logged rows as a table: the inputs, `prediction` and `actual`. */
  table(selection: RowSelection & LogTableOptions = {}): Table {
    checkSelection(`table of ${this.name}`, selection, tableRules)
    return this.#tableOf(selection)
  }

  /** A metric over the labelled rows of a window. @throws InvalidArgument for an unknown metric */
  performance(query: PerformanceQuery): Performance {
    const metric = checkQuery(`performance of ${this.name}`, query)
    const { window, version, where } = query
    const labelled = window !== undefined && 'lastRows' in window
    return performanceOf(this.#log.rows({ window, version, where, labelled }, this.#clock.now()), metric, this.#classes)
  }

  /** The same metric for each period, oldest first. */
  performanceBy(period: Period, query: PerformanceQuery): PerformancePoint[] {
    const subject = `performanceBy of ${this.name}`
    assertPeriod(period, subject)
    const metric = checkQuery(subject, query)
    const { metric: _, ...selection } = query
    return performanceSeries(this.#log.rows(selection, this.#clock.now()), metric, period, this.#classes)
  }

  /** The same metric for each model version, or for each value of an input column; the largest slice first. */
  performanceBySlice(by: 'version' | { readonly column: string }, query: PerformanceQuery): PerformanceSlice[] {
    const subject = `performanceBySlice of ${this.name}`
    assertGrouping(by, subject)
    const metric = checkQuery(subject, query)
    const { metric: _, ...selection } = query
    return performanceSlices(this.#log.rows(selection, this.#clock.now()), metric, by, this.#classes)
  }

  /** A metric over all rows of a window, estimated without their labels. @throws InvalidState without an estimator; InvalidArgument for a metric it does not have */
  estimate(query: EstimateQuery): PerformanceEstimate {
    const subject = `estimate of ${this.name}`
    checkSelection(subject, query, { metric: nonEmptyString(), estimator: estimatorRule })
    const { metric, estimator = this.estimator, ...selection } = query
    if (estimator === undefined) throw new MillwrightError('InvalidState', `${subject} needs an estimator, and it has none`)
    const rows = this.#log.rows(selection, this.#clock.now()).filter(({ prediction }) => prediction !== null)
    return estimator.estimate(unlabelled({ rows, tableOf: (some) => this.#tableOfRows(some), classes: this.#classes }), metric)
  }

  /** Input that was refused in a window, by column. Kept by the minute, for a week of minutes with refusals. */
  refused(selection: { readonly window?: Window | undefined; readonly version?: string | undefined } = {}): RefusedSummary {
    checkSelection(`refused of ${this.name}`, selection, {}, ['labelled', 'where'])
    return this.#refused.sum(selection.window, this.#clock.now(), selection.version)
  }

  /** Compares a window of inputs and predictions with the detector's reference. @throws InvalidState without a detector */
  drift(selection: RowSelection & { readonly detector?: DriftSource | undefined } = {}): DriftReading {
    checkSelection(`drift of ${this.name}`, selection, { detector: detectorRule })
    const { detector = this.detector, ...rows } = selection
    if (detector === undefined) throw new MillwrightError('InvalidState', `drift of ${this.name} needs a detector, and it has none`)
    return detector.detect(this.#tableOf({ ...rows, actualColumn: null }))
  }

  /**
   * Evaluates every rule at `at` (default: now), updates the alerts, and notifies the listeners of `alert-firing` and `alert-resolved` and the sinks. It does
   * not wait for the sinks. When a rule cannot be evaluated, the error is emitted as `error` and its alert is not changed.
   */
  check(at: number = this.#clock.now()): CheckReport {
    this.#open('check')
    if (!Number.isFinite(at)) throw invalidArgument(`check of ${this.name} needs the time in epoch milliseconds, got ${show(at)}`)
    this.#forgetOld()
    const report = displayedCheck({ at, rules: this.#engine.check(at, (rule) => this.#read(rule, at)) })
    this.#emitter.emit('check-end', report)
    return report
  }

  /** Writes the buffered lines and the alerts to the storage, and waits for the sinks. @throws what the storage throws; the lines then stay buffered */
  async flush(): Promise<void> {
    await this.#storage?.flush()
    await this.#engine.save()
    await this.#engine.settled()
  }

  /** Stops watching and checking, sends what waits for its group, and flushes. Idempotent. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#stops.clear()
    this.#closed = true
    this.#engine.sendWaiting()
    await this.flush()
  }

  /** Counts since the monitor was created. */
  get stats(): MonitorStats {
    const { calls: refusedCalls, refusedRows, columns } = this.#refused.totals()
    const refusedProblems = Object.fromEntries(
      Object.entries(columns).map(([column, codes]) => [column, Object.values(codes).reduce((sum, n) => sum + n, 0)]),
    )
    const { buffered: unsaved = 0, lost = 0 } = this.#storage ?? {}
    return { ...this.#log.counts(), rows: this.#log.size, unsaved, lost, refusedCalls, refusedRows, refusedProblems }
  }

  /** `Monitor bikes: 1200 rows, 980 labels` */
  toString(): string {
    return `Monitor ${this.name}: ${this.#log.size} rows, ${this.#log.counts().labelled} labels`
  }

  #facts(): MonitorFacts {
    const active = this.alerts.active
    const rules = this.#rules.map(({ name, kind }) => {
      const own = active.filter(({ rule }) => rule === name).map(({ state }) => state)
      const worst = ['firing', 'pending', 'resolved']
        .map((state) => own.find((one) => one.state === state))
        .find((one) => one !== undefined)
      return { name, kind, state: worst?.state ?? 'inactive', since: worst?.since ?? 0 }
    })
    const [from, to] = this.#log.span()
    return { name: this.name, rows: this.#log.size, labelled: this.#log.counts().labelled, from, to, rules }
  }

  #tableOf({ types, predictionColumn, actualColumn, ...selection }: RowSelection & LogTableOptions): Table {
    const rows = this.#log.rows(selection, this.#clock.now())
    return logTable(rows, { predictionColumn, actualColumn, types: { ...this.#types, ...types } })
  }

  #tableOfRows(rows: readonly LoggedPrediction[]): Table {
    return logTable(rows, { types: this.#types, actualColumn: null })
  }

  #read(rule: AlertRule, at: number): readonly Reading[] {
    const window = 'from' in rule.window ? rule.window : { endAt: at, ...rule.window }
    const { version } = rule
    return evaluateRule(rule, {
      rows: this.#log.rows({ window, version, where: rule.where, labelled: rule.kind === 'performance' && 'lastRows' in window }, at),
      tableOf: (rows) => this.#tableOfRows(rows),
      detector: this.detector,
      estimator: this.estimator,
      inputs: this.#inputs(),
      classes: this.#classes,
      refused: (ofVersion) => this.#refused.sum(window, at, ofVersion),
      activeGroups: this.alerts.active.filter(({ rule: name }) => name === rule.name).map(({ group }) => group),
      isFiring: (group) => this.#engine.book.find(rule.name, group)?.state.state === 'firing',
    })
  }

  #forgetOld(): void {
    const { retentionMs } = this.#options
    if (retentionMs !== undefined) this.#log.dropBefore(this.#clock.now() - retentionMs)
  }

  /** The columns that the watched predictors' models need. */
  #inputs(): readonly string[] {
    return [...this.#sources].flatMap(({ signature }) =>
      signature === undefined || isTensorSide(signature.inputs) ? [] : signature.inputs.map(({ name }) => name),
    )
  }

  #save(line: LogLine): void {
    const storage = this.#storage
    if (storage === undefined) return
    storage.add(line)
    if (storage.buffered >= (this.#options.flushRows ?? 1000)) this.#flushSoon()
  }

  #flushSoon(): void {
    const storage = this.#storage
    if (storage === undefined || this.#flushing) return
    this.#flushing = true
    storage.flush().then(
      () => {
        this.#flushing = false
      },
      (error) => {
        this.#flushing = false
        this.#emitter.emit('error', error)
      },
    )
  }

  /** Takes over a line of the stored log. A label that does not fit its row is left out and reported, so that the others can be read. */
  #restoreLine(line: LogLine): void {
    try {
      if (line.kind === 'prediction') this.#log.add(line.record, line.at)
      else if (line.kind === 'label') this.#log.label(line.id, line.actual, line.at)
      else this.#refused.add(line.refused)
    } catch (error) {
      this.#emitter.emit('error', error)
    }
  }

  /** The classes of a version: those of the watched predictor, else those of its logged answers. */
  #classesOf(model: string, version: string): readonly Label[] {
    for (const source of this.#sources) {
      const said = source.name === model && source.version === version ? source.classes : undefined
      if (said !== undefined && said.length > 0) return said
    }
    return classesOf([...this.#log.seenLabels(model, version)])
  }

  #checkEvery(everyMs: number, firstMs: number): void {
    let cancel = (): void => {}
    const next = (delayMs: number): void => {
      cancel = this.#clock.schedule(() => {
        if (this.#closed) return
        this.check()
        // What was logged since the last check survives a restart, however little it is.
        this.#flushSoon()
        next(everyMs)
      }, delayMs)
    }
    next(firstMs)
    this.#stops.add(() => cancel())
  }

  #storageOptions(storage: NonNullable<MonitorOptions['storage']>): Parameters<typeof createLogStorage>[0] {
    const { maxRows = 100_000, maxChunks = 1000, retentionMs } = this.#options
    return { storage, prefix: `monitor/${this.name}/`, maxBuffered: maxRows, maxChunks, retentionMs, now: () => this.#clock.now() }
  }

  #open(operation: string): void {
    if (this.#closed) throw new MillwrightError('InvalidState', `${operation} of ${this.name}: the monitor is closed`)
  }
}
