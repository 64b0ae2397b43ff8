/** The monitor: logs the answers of a predictor, joins labels that arrive later, and watches performance and drift. */
import { type Clock, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { createEmitter, type Emitter, type ListenOptions } from '../core/emitter'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { newId } from '../core/ids'
import type { Label, Metric, MetricName } from '../metrics'
import { classesOf } from '../metrics/label'
import type { AlertMessage } from '../ports/alert-sink'
import type { PredictionRecord } from '../ports/model'
import { coerceCell } from '../schema/coerce'
import type { ColumnType } from '../schema/column'
import { isTensorSide, type ModelSignature } from '../schema/signature'
import type { Table } from '../schema/table'
import { type AlertDelivery, createAlertDelivery } from './alert-delivery'
import { type AlertState, inactiveAlert, nextAlertState } from './alert-state'
import { displayedAlert, displayedCheck, type MonitorFacts, monitorMarkdown, monitorText } from './display'
import type { DriftReading, DriftSource } from './drift-source'
import { evaluateRule, type Reading } from './evaluate'
import { createLogStorage, type LogStorage } from './log-storage'
import { type LogTableOptions, logTable } from './log-table'
import {
  assertRecord,
  checkMonitorOptions,
  checkQuery,
  checkSelection,
  detectorRule,
  type MonitorOptions,
  tableRules,
} from './monitor-options'
import { type Performance, type PerformancePoint, performanceOf, performanceSeries, type VersionClasses } from './performance'
import {
  type Actual,
  createPredictionLog,
  type LogCounts,
  type LoggedPrediction,
  type LogOutcome,
  type PredictionLog,
  type RowSelection,
} from './prediction-log'
import type { AlertRule } from './rule'
import { assertPeriod, type Period } from './window'

/** What a monitor can watch: a `Predictor`, for example. */
export interface PredictionSource {
  on(type: 'prediction', listener: (record: PredictionRecord) => void, options?: ListenOptions): () => void
  readonly signature?: ModelSignature | undefined
  /** The model that answers now, and the classes of a classifier: they determine the positive class when a window lacks one of the two. */
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly classes?: readonly Label[] | undefined
}

/** The status of a rule at a check. */
export interface RuleStatus extends Reading {
  readonly rule: string
  readonly kind: AlertRule['kind']
  readonly state: AlertState['state']
  /** When that state began, epoch milliseconds. */
  readonly since: number
}

/** The result of a check for every rule. */
export interface CheckReport {
  readonly at: number
  readonly rules: readonly RuleStatus[]
}

/** Events of a monitor. */
export interface MonitorEvents {
  /** A rule began to fire. */
  'alert-firing': AlertMessage
  /** A rule stopped firing. */
  'alert-resolved': AlertMessage
  /** A check has evaluated every rule. */
  'check-end': CheckReport
  /** A failed delivery to a sink, a failed write in the background, a rule that could not be evaluated, an error thrown by a listener. */
  error: unknown
}

/** Counts of a monitor. */
export interface MonitorStats extends LogCounts {
  /** Rows in the log now. */
  readonly rows: number
  /** Lines not yet on the storage, and lines dropped because it did not accept them. */
  readonly unsaved: number
  readonly lost: number
}

/** The metric to compute, and the rows to compute it on. */
export interface PerformanceQuery extends Omit<RowSelection, 'labelled'> {
  readonly metric: MetricName | Metric
}

interface RuleMemory {
  readonly rule: AlertRule
  state: AlertState
  messageId: string
}

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
  readonly #options: MonitorOptions
  readonly #clock: Clock
  readonly #log: PredictionLog
  readonly #storage: LogStorage | undefined
  readonly #delivery: AlertDelivery
  readonly #emitter: Emitter<MonitorEvents> = createEmitter<MonitorEvents>()
  readonly #rules: RuleMemory[]
  readonly #stops = new Set<() => void>()
  readonly #sources = new Set<PredictionSource>()
  #types: Readonly<Record<string, ColumnType>>
  readonly #classes: VersionClasses = (model, version) => this.#classesOf(model, version)
  #flushing = false
  #closed = false

  /** @throws InvalidArgument for invalid options */
  constructor(options: MonitorOptions = {}) {
    checkMonitorOptions(options)
    const { name = 'monitor', clock = systemClock(), storage, rules = [], sinks = [], checkEveryMs } = options
    this.name = name
    this.detector = options.detector
    this.#options = options
    this.#clock = clock
    this.#types = options.types ?? {}
    this.#log = createPredictionLog({
      maxRows: options.maxRows ?? 100_000,
      maxWaitingLabels: options.maxWaitingLabels ?? 10_000,
      onUnfit: (error) => this.#emitter.emit('error', error),
    })
    this.#storage = storage && createLogStorage(this.#storageOptions(storage))
    this.#delivery = createAlertDelivery({
      sinks,
      clock,
      attempts: 3,
      retryMs: 500,
      onError: (error) => this.#emitter.emit('error', error),
    })
    this.#rules = rules.map((rule) => ({ rule, state: inactiveAlert(clock.now()), messageId: '' }))
    if (checkEveryMs !== undefined) this.#checkEvery(checkEveryMs)
    attachDisplay(this, { text: () => monitorText(this.#facts()), markdown: () => monitorMarkdown(this.#facts()) })
  }

  /** Opens a monitor with the log that its storage holds. @throws Corrupt when the storage holds something else */
  static async open(options: MonitorOptions & { readonly storage: NonNullable<MonitorOptions['storage']> }): Promise<Monitor> {
    if (options?.storage === undefined) throw invalidArgument('Monitor.open needs `storage`, the object store that holds the log')
    const monitor = new Monitor(options)
    for await (const line of monitor.#storage?.lines() ?? []) {
      if (line.kind === 'prediction') monitor.#log.add(line.record, line.at)
      else monitor.#restoreLabel(line.id, line.actual, line.at)
    }
    return monitor
  }

  /** Subscribes; the returned function unsubscribes. */
  on<K extends keyof MonitorEvents & string>(type: K, listener: (event: MonitorEvents[K]) => void, options?: ListenOptions): () => void {
    return this.#emitter.on(type, listener, options)
  }

  /** Records every prediction of a predictor from now on; the returned function stops it. */
  watch(source: PredictionSource): () => void {
    if (typeof source?.on !== 'function') throw invalidArgument(`watch of ${this.name} needs a predictor, got ${show(source)}`)
    const inputs = source.signature?.inputs ?? []
    if (!isTensorSide(inputs)) this.#types = { ...Object.fromEntries(inputs.map(({ name, type }) => [name, type])), ...this.#types }
    const off = source.on('prediction', (record) => void this.record(record))
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
    const at = this.#eventTime(record)
    const outcome = this.#log.add(record, at)
    if (outcome === 'added') this.#save({ kind: 'prediction', record, at })
    return outcome
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
    const { window, version } = query
    const labelled = window !== undefined && 'lastRows' in window
    return performanceOf(this.#log.rows({ window, version, labelled }, this.#clock.now()), metric, this.#classes)
  }

  /** The same metric for each period, oldest first. */
  performanceBy(period: Period, query: PerformanceQuery): PerformancePoint[] {
    const subject = `performanceBy of ${this.name}`
    assertPeriod(period, subject)
    const metric = checkQuery(subject, query)
    const { window, version } = query
    return performanceSeries(this.#log.rows({ window, version }, this.#clock.now()), metric, period, this.#classes)
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
    const rules = this.#rules.map((memory) => this.#checkRule(memory, at)).filter((status) => status !== undefined)
    const report = displayedCheck({ at, rules })
    this.#emitter.emit('check-end', report)
    return report
  }

  /** Writes the buffered lines to the storage and waits for the sinks. @throws what the storage throws; the lines then stay buffered */
  async flush(): Promise<void> {
    await this.#storage?.flush()
    await this.#delivery.settled()
  }

  /** Stops watching and checking, and flushes. Idempotent. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#stops.clear()
    this.#closed = true
    await this.flush()
  }

  /** Counts since the monitor was created. */
  get stats(): MonitorStats {
    return { ...this.#log.counts(), rows: this.#log.size, unsaved: this.#storage?.buffered ?? 0, lost: this.#storage?.lost ?? 0 }
  }

  /** `Monitor bikes: 1200 rows, 980 labels` */
  toString(): string {
    return `Monitor ${this.name}: ${this.#log.size} rows, ${this.#log.counts().labelled} labels`
  }

  #facts(): MonitorFacts {
    const rules = this.#rules.map(({ rule, state }) => ({ name: rule.name, kind: rule.kind, state: state.state, since: state.since }))
    const [from, to] = this.#log.span()
    return { name: this.name, rows: this.#log.size, labelled: this.#log.counts().labelled, from, to, rules }
  }

  #tableOf({ types, predictionColumn, actualColumn, ...selection }: RowSelection & LogTableOptions): Table {
    const rows = this.#log.rows(selection, this.#clock.now())
    return logTable(rows, { predictionColumn, actualColumn, types: { ...this.#types, ...types } })
  }

  #checkRule(memory: RuleMemory, at: number): RuleStatus | undefined {
    const { rule } = memory
    let reading: Reading
    try {
      reading = this.#read(memory, at)
    } catch (error) {
      this.#emitter.emit('error', error)
      return undefined
    }
    const active = reading.active ?? { keep: undefined, ok: false, alert: true }[rule.noData ?? 'keep']
    if (active !== undefined) {
      const before = memory.state
      memory.state = nextAlertState(before, active, at, rule)
      if (memory.state.state === 'firing' && before.state !== 'firing') {
        memory.messageId = newId()
        this.#tell('alert-firing', messageOf(this.name, memory, reading, at))
      }
      if (memory.state.state === 'resolved') this.#tell('alert-resolved', messageOf(this.name, memory, reading, at))
    }
    return { ...reading, rule: rule.name, kind: rule.kind, state: memory.state.state, since: memory.state.since }
  }

  #read({ rule, state }: RuleMemory, at: number): Reading {
    const window = 'from' in rule.window ? rule.window : { endAt: at, ...rule.window }
    const selection = { window, version: rule.version, labelled: rule.kind === 'performance' && 'lastRows' in window }
    const rows = this.#log.rows(selection, at)
    const table = (): Table => logTable(rows, { types: this.#types, actualColumn: null })
    const firing = state.state === 'firing'
    return evaluateRule(rule, { rows, table, detector: this.detector, inputs: this.#inputs(), classes: this.#classes, firing })
  }

  /** The columns that the watched predictors' models need. */
  #inputs(): readonly string[] {
    return [...this.#sources].flatMap(({ signature }) =>
      signature === undefined || isTensorSide(signature.inputs) ? [] : signature.inputs.map(({ name }) => name),
    )
  }

  #tell(type: 'alert-firing' | 'alert-resolved', message: AlertMessage): void {
    this.#emitter.emit(type, message)
    this.#delivery.send(message)
  }

  #save(line: Parameters<LogStorage['add']>[0]): void {
    const storage = this.#storage
    if (storage === undefined) return
    storage.add(line)
    if (this.#flushing || storage.buffered < (this.#options.flushRows ?? 1000)) return
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

  /** Joins a label from the stored log. A label that does not fit its row is left out and reported, so that the others can be read. */
  #restoreLabel(id: string, actual: Actual, at: number): void {
    try {
      this.#log.label(id, actual, at)
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

  #eventTime(record: PredictionRecord): number {
    const { eventTime } = this.#options
    if (eventTime === undefined) return record.at
    const value = typeof eventTime === 'function' ? eventTime(record) : record.input[eventTime]
    const at = coerceCell(value, 'timestamp')
    return typeof at === 'number' ? at : record.at
  }

  #checkEvery(everyMs: number): void {
    let cancel = (): void => {}
    const next = (): void => {
      cancel = this.#clock.schedule(() => {
        if (this.#closed) return
        this.check()
        next()
      }, everyMs)
    }
    next()
    this.#stops.add(() => cancel())
  }

  #storageOptions(storage: NonNullable<MonitorOptions['storage']>): Parameters<typeof createLogStorage>[0] {
    const { maxRows = 100_000, maxChunks = 1000 } = this.#options
    return { storage, prefix: `monitor/${this.name}/`, maxBuffered: maxRows, maxChunks, now: () => this.#clock.now() }
  }

  #open(operation: string): void {
    if (this.#closed) throw new MillwrightError('InvalidState', `${operation} of ${this.name}: the monitor is closed`)
  }
}

function messageOf(monitor: string, { rule, state, messageId }: RuleMemory, reading: Reading, at: number): AlertMessage {
  const resolved = state.state === 'resolved'
  return displayedAlert({
    id: messageId,
    rule: rule.name,
    state: resolved ? 'resolved' : 'firing',
    severity: rule.severity ?? (rule.kind === 'performance' ? 'critical' : 'warning'),
    labels: { monitor, kind: rule.kind },
    summary: `${rule.name}${resolved ? ' resolved' : ''}: ${reading.summary}`,
    value: reading.value,
    threshold: reading.threshold,
    startsAt: state.firedAt ?? at,
    ...(resolved ? { endsAt: at } : {}),
    details: reading.details,
  })
}
