/** Reads a `.wandb` file of W&B's own client or of `wandbOffline`. */
import { fromUtf8 } from '../../core/bytes'
import { MillwrightError } from '../../core/errors'
import { checkOptions, oneOf } from '../../core/options'
import { type ProtoField, protoFields } from '../../core/protobuf-read'
import { type FramedRecords, readFrames } from './framing'
import { recordFields } from './records'
import { parseWandbJson } from './wandb-json'

/** Values by key, nested where W&B nested them. */
export type WandbValues = Readonly<Record<string, unknown>>

/** One row of the history. */
export interface WandbRow {
  readonly step: number
  /** Epoch milliseconds. */
  readonly timestamp: number
  /** Without `_step`, `_timestamp`, `_runtime`. Media are objects with `_type`. */
  readonly values: WandbValues
}

/** System metrics at one time. */
export interface WandbStats {
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly values: Readonly<Record<string, number>>
}

/** The content of a `.wandb` file. */
export interface WandbRun {
  /** The writer of the file: W&B's version, or `millwright`. */
  readonly producer: string
  readonly runId: string
  readonly project: string
  readonly entity: string
  readonly name: string
  readonly notes: string
  readonly group: string
  readonly jobType: string
  readonly tags: readonly string[]
  readonly host: string
  readonly program: string
  readonly gitCommit: string
  readonly gitUrl: string
  /** Epoch milliseconds. */
  readonly startTime: number
  /** Without W&B's own `_wandb`. Whole numbers that a double would round are texts. */
  readonly config: WandbValues
  readonly summary: WandbValues
  readonly history: readonly WandbRow[]
  readonly stats: readonly WandbStats[]
  /** Metrics with an x axis or a summary of their own (`define_metric`). */
  readonly metrics: readonly { readonly name: string; readonly stepMetric: string; readonly summary: readonly string[] }[]
  /** Paths below `files/` that the run lists. */
  readonly files: readonly string[]
  readonly alerts: readonly { readonly title: string; readonly text: string; readonly level: string }[]
  /** The output of the process. */
  readonly output: string
  /** Missing when the file records no end: the process was killed or still runs. */
  readonly exitCode: number | undefined
  /** The duration in seconds as recorded at the end; `NaN` where it is not. */
  readonly runtimeSeconds: number
  /** The latest time that the file mentions, in epoch milliseconds. */
  readonly lastTime: number
  /** Where an incomplete last record begins, as a killed process leaves it. */
  readonly tornAt: number | undefined
  /** Where reading stopped at a damaged record (`onDamage: 'stop'`). */
  readonly damagedAt: number | undefined
}

/** Options of {@link readWandbRun}. */
export interface ReadWandbRunOptions {
  /** What to do at a record with a wrong checksum: throw, or stop reading there. @default 'throw' */
  readonly onDamage?: 'throw' | 'stop' | undefined
}

type Draft = { -readonly [key in keyof WandbRun]: WandbRun[key] }
interface Lists {
  readonly config: Record<string, unknown>
  readonly summary: Record<string, unknown>
  readonly history: WandbRow[]
  readonly stats: WandbStats[]
  readonly metrics: { name: string; stepMetric: string; summary: string[] }[]
  readonly files: string[]
  readonly alerts: { title: string; text: string; level: string }[]
  readonly output: string[]
}

/**
 * Reads the bytes of a `run-<id>.wandb` file. An incomplete last record is left out and reported in `tornAt`.
 *
 * The whole run is held in memory.
 *
 * @throws Corrupt (no `.wandb` file, no run in it, a damaged record), Unsupported (another version of the format)
 */
export function readWandbRun(bytes: Uint8Array, options: ReadWandbRunOptions = {}): WandbRun {
  checkOptions('readWandbRun', options, { onDamage: oneOf('throw', 'stop') })
  if (!(bytes instanceof Uint8Array)) throw new MillwrightError('InvalidArgument', 'readWandbRun takes the bytes of a .wandb file')
  const { records, tornAt, damagedAt }: FramedRecords = readFrames(bytes)
  if (damagedAt !== undefined && options.onDamage !== 'stop') {
    throw new MillwrightError('Corrupt', `the .wandb file is damaged at byte ${damagedAt}, after ${records.length} whole records`, {
      details: { damagedAt, records: records.length },
      hint: "readWandbRun(bytes, { onDamage: 'stop' }) gives what stands before the damage",
    })
  }
  const lists: Lists = { config: {}, summary: {}, history: [], stats: [], metrics: [], files: [], alerts: [], output: [] }
  const run = emptyRun()
  for (const record of records) readRecord(record, run, lists)
  if (run.runId === '') throw new MillwrightError('Corrupt', 'the .wandb file holds no run')
  delete lists.config._wandb
  const { output, ...rest } = lists
  return { ...run, ...rest, output: output.join(''), tornAt, damagedAt }
}

function emptyRun(): Draft {
  const texts = { producer: '', runId: '', project: '', entity: '', name: '', notes: '', group: '', jobType: '', host: '', program: '' }
  const lists = { tags: [], history: [], stats: [], metrics: [], files: [], alerts: [], output: '', config: {}, summary: {} }
  return {
    ...texts,
    ...lists,
    gitCommit: '',
    gitUrl: '',
    startTime: 0,
    lastTime: 0,
    exitCode: undefined,
    runtimeSeconds: Number.NaN,
    tornAt: undefined,
    damagedAt: undefined,
  }
}

function readRecord(record: Uint8Array, run: Draft, lists: Lists): void {
  for (const { number, bytes } of fieldsOf(record)) {
    if (number === recordFields.run) readRun(fieldsOf(bytes), run, lists)
    else if (number === recordFields.config) readItems(fieldsOf(bytes), lists.config, true)
    else if (number === recordFields.summary) readItems(fieldsOf(bytes), lists.summary)
    else if (number === recordFields.history) readHistory(fieldsOf(bytes), run, lists)
    else if (number === recordFields.stats) readStats(fieldsOf(bytes), run, lists)
    else if (number === recordFields.metric) readMetric(fieldsOf(bytes), lists)
    else if (number === recordFields.outputRaw) lists.output.push(text(fieldsOf(bytes), 3))
    else if (number === recordFields.environment) readEnvironment(fieldsOf(bytes), run)
    else if (number === recordFields.exit) {
      const fields = fieldsOf(bytes)
      run.exitCode = last(fields, 1)?.value ?? 0
      run.runtimeSeconds = last(fields, 2)?.value ?? Number.NaN
    } else if (number === recordFields.header) run.producer = text(fieldsOf(last(fieldsOf(bytes), 1)?.bytes ?? new Uint8Array(0)), 1)
    else if (number === recordFields.files) {
      for (const { bytes: item } of fieldsOf(bytes).filter((field) => field.number === 1)) lists.files.push(text(fieldsOf(item), 1))
    } else if (number === recordFields.alert) {
      const fields = fieldsOf(bytes)
      lists.alerts.push({ title: text(fields, 1), text: text(fields, 2), level: text(fields, 3) })
    }
  }
}

function last(fields: readonly ProtoField[], number: number): ProtoField | undefined {
  return fields.findLast((field) => field.number === number)
}

function text(fields: readonly ProtoField[], number: number): string {
  const found = last(fields, number)
  return found === undefined ? '' : fromUtf8(found.bytes)
}

/** `google.protobuf.Timestamp` in epoch milliseconds; 0 where there is none. */
function time(fields: readonly ProtoField[], number: number): number {
  const found = last(fields, number)
  if (found === undefined) return 0
  const parts = fieldsOf(found.bytes)
  return Math.round((last(parts, 1)?.value ?? 0) * 1000 + (last(parts, 2)?.value ?? 0) / 1e6)
}

function readRun(fields: readonly ProtoField[], run: Draft, lists: Lists): void {
  run.runId = text(fields, 1)
  run.entity = text(fields, 2)
  run.project = text(fields, 3)
  run.group = text(fields, 6)
  run.jobType = text(fields, 7)
  run.name = text(fields, 8)
  run.notes = text(fields, 9)
  run.tags = fields.filter(({ number }) => number === 10).map(({ bytes }) => fromUtf8(bytes))
  run.host = text(fields, 13) || run.host
  run.startTime = time(fields, 17) || run.startTime
  run.lastTime = Math.max(run.lastTime, run.startTime)
  readGit(fields, 21, run)
  const config = last(fields, 4)
  if (config !== undefined) readItems(fieldsOf(config.bytes), lists.config, true)
}

function readGit(fields: readonly ProtoField[], number: number, run: Draft): void {
  const found = last(fields, number)
  if (found === undefined) return
  const git = fieldsOf(found.bytes)
  run.gitUrl = text(git, 1) || run.gitUrl
  run.gitCommit = text(git, 2) || run.gitCommit
}

function readEnvironment(fields: readonly ProtoField[], run: Draft): void {
  run.program = text(fields, 6) || run.program
  run.host = text(fields, 12) || run.host
  readGit(fields, 9, run)
}

/** `update` (1) and `remove` (2) of configs and summaries. */
function readItems(fields: readonly ProtoField[], into: Record<string, unknown>, isExact = false): void {
  for (const { number, bytes } of fields) {
    if (number !== 1 && number !== 2) continue
    const item = fieldsOf(bytes)
    const path = pathOf(item)
    if (number === 2) remove(into, path)
    else put(into, path, jsonValue(item, path, isExact))
  }
}

function readHistory(fields: readonly ProtoField[], run: Draft, lists: Lists): void {
  const values: Record<string, unknown> = {}
  for (const { number, bytes } of fields) {
    if (number !== 1) continue
    const item = fieldsOf(bytes)
    const path = pathOf(item)
    put(values, path, jsonValue(item, path, false))
  }
  const { _step, _timestamp, _runtime, ...rest } = values
  const holder = last(fields, 2)
  const counted = holder === undefined ? undefined : (last(fieldsOf(holder.bytes), 1)?.value ?? 0)
  const before = lists.history.at(-1)
  const step = typeof _step === 'number' ? _step : (counted ?? (before === undefined ? 0 : before.step + 1))
  const seconds = typeof _runtime === 'number' ? run.startTime + _runtime * 1000 : (before?.timestamp ?? run.startTime)
  const timestamp = Math.round(typeof _timestamp === 'number' ? _timestamp * 1000 : seconds)
  run.lastTime = Math.max(run.lastTime, timestamp)
  lists.history.push({ step, timestamp, values: rest })
}

function readStats(fields: readonly ProtoField[], run: Draft, lists: Lists): void {
  const values: Record<string, number> = {}
  for (const { number, bytes } of fields) {
    if (number !== 3) continue
    const item = fieldsOf(bytes)
    const path = pathOf(item)
    const value = jsonValue(item, path, false)
    if (typeof value === 'number' && path[0] !== '__proto__') values[path[0] ?? ''] = value
  }
  const timestamp = time(fields, 2)
  run.lastTime = Math.max(run.lastTime, timestamp)
  lists.stats.push({ timestamp, values })
}

/** Names of `MetricSummary`, by field number. */
const summaries = ['', 'min', 'max', 'mean', 'best', 'last', 'none', 'copy', 'first'] as const

function readMetric(fields: readonly ProtoField[], lists: Lists): void {
  const kinds = last(fields, 7)
  const summary = kinds === undefined ? [] : fieldsOf(kinds.bytes).flatMap(({ number, value }) => (value && summaries[number]) || [])
  lists.metrics.push({ name: text(fields, 1) || text(fields, 2), stepMetric: text(fields, 4), summary })
}

function pathOf(item: readonly ProtoField[]): string[] {
  const nested = item.filter(({ number }) => number === 2).map(({ bytes }) => fromUtf8(bytes))
  return nested.length > 0 ? nested : [text(item, 1)]
}

/** A value as JSON (16), or as one of the plain kinds of `HistoryItem` (4 to 8). */
function jsonValue(item: readonly ProtoField[], path: readonly string[], isExact: boolean): unknown {
  const json = last(item, 16) ?? last(item, 8)
  if (json !== undefined) {
    const written = fromUtf8(json.bytes)
    if (isExact && /^-?\d{16,}$/.test(written) && !Number.isSafeInteger(Number(written))) return written
    return parseWandbJson(written, `the value of ${path.join('.')} in the .wandb file`)
  }
  const plain = item.find(({ number }) => number >= 4 && number <= 7)
  if (plain === undefined) return null
  if (plain.number === 7) return fromUtf8(plain.bytes)
  return plain.number === 4 ? plain.value !== 0 : plain.value
}

function put(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  if (path.includes('__proto__')) return
  let at = into
  for (const part of path.slice(0, -1)) {
    const inner = Object.hasOwn(at, part) ? at[part] : undefined
    const next = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Record<string, unknown>) : {}
    at[part] = next
    at = next
  }
  at[path.at(-1) as string] = value
}

function remove(from: Record<string, unknown>, path: readonly string[]): void {
  let at: unknown = from
  for (const part of path.slice(0, -1)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return
    at = (at as Record<string, unknown>)[part]
  }
  if (typeof at === 'object' && at !== null) delete (at as Record<string, unknown>)[path.at(-1) as string]
}

function fieldsOf(bytes: Uint8Array): ProtoField[] {
  return protoFields(bytes, { subject: 'the bytes of a record in the .wandb file' })
}
