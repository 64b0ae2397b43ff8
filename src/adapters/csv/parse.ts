/** CSV bytes into a dataset, some thousand records at a time. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { Dataset } from '../../dataset/dataset'
import { type Column, type ColumnType, missingMark, newValues } from '../../schema/column'
import { columnNotFound } from '../../schema/table'
import { textAt } from './cells'
import { badCellMessage, type ColumnBuilder, createBuilder, fillBuilder, finishBuilder } from './columns'
import { dateReader } from './date-spelling'
import { corrupt, ragged, scanError } from './errors'
import { dedupeNames } from './names'
import type { CsvPlan } from './options'
import { findReadings, pointDoubt, type Reading, type Readings, readColumn, tellReadings } from './readings'
import { createScan, type Scan, scanRecord, scanRows, setColumns } from './scan'
import { sniffDelimiter } from './sniff'

/** Cells scanned at a time: their positions and their text fit in the cache of a core. */
const cellsAtATime = 32_768

/** A part of a file: what is known from the parts before it, and what becomes known for those behind it. */
export interface Block {
  readonly isLast: boolean
  /** Undefined before the first block. */
  known: KnownFile | undefined
  /** Bytes of complete records. */
  consumed: number
}

/** What the first block of a file decides for all others. */
export interface KnownFile {
  readonly delimiter: number
  readonly names: readonly string[]
  readonly types: ReadonlyMap<string, ColumnType>
  readonly readings: ReadonlyMap<string, Reading>
}

/** Yields the number of bytes done now and then; returns the dataset. */
export function* parseSteps(bytes: Uint8Array, plan: CsvPlan, block?: Block): Generator<number, Dataset> {
  const known = block?.known
  const delimiter = known?.delimiter ?? (plan.delimiter >= 0 ? plan.delimiter : sniffDelimiter(bytes, plan))
  const settings = { delimiter, quote: plan.quote, maxCellLength: plan.maxCellLength }
  const first = createScan(bytes, { ...settings, cells: 0 })
  first.position = known === undefined ? bomLength(bytes) : 0
  const head = known === undefined ? readHead(first, plan) : { names: known.names, position: 0 }
  const names = head.names
  const scan = createScan(bytes, { ...settings, cells: Math.max(cellsAtATime, names.length) })
  if (names.length > 0) setColumns(scan, names.length)
  scan.position = head.position
  const reader: Reader = {
    plan,
    scan,
    builders: buildersFor(names, plan, known),
    rows: 0,
    ...(block?.isLast === false ? { mayBeCut: true } : {}),
  }
  if (names.length > 0) yield* readRows(reader, Number.POSITIVE_INFINITY)
  if (block !== undefined) block.consumed = scan.position
  const { rows, builders } = reader
  const again: Again = { plan, scan, rows, columns: names.length, position: head.position, fields: scan.columns }
  const textBuilders = builders.filter((builder) => builder.again)
  for (const builder of textBuilders) Object.assign(builder, createBuilder(builder.name, builder.field, 'string'), { forced: false })
  yield* readAgain(again, textBuilders)
  if (known !== undefined) return asKnown(finish(builders, rows, { plan, bytes }), known, plan)
  const { dataset, readings } = yield* withReadings(again, builders)
  if (block !== undefined)
    block.known = { delimiter, names, types: new Map(dataset.columns().map(({ name, type }) => [name, type])), readings }
  return dataset
}

/** Columns of a later block, in the spelling of the first one. */
function asKnown(columns: readonly Column[], { readings, types }: KnownFile, { operation }: CsvPlan): Dataset {
  return new Dataset(
    columns.map((column) => {
      const reading = readings.get(column.name)
      if (reading === undefined) return column
      const type = types.get(column.name)
      return readColumn(column, type === 'int32' || type === 'float64' ? ({ ...reading, type } as Reading) : reading, operation)
    }),
  )
}

/** What is needed to read some columns of a file once more. */
interface Again {
  readonly plan: CsvPlan
  readonly scan: Scan
  readonly rows: number
  /** Fields of the header, and of a record at the end. */
  readonly columns: number
  readonly fields: number
  /** Where the rows begin. */
  readonly position: number
}

function* readAgain({ plan, scan, rows, columns, position, fields }: Again, builders: ColumnBuilder[]): Generator<number, void> {
  if (builders.length === 0) return
  setColumns(scan, columns)
  scan.position = position
  yield* readRows({ plan, scan, builders, rows: 0, known: fields }, rows)
}

/** The columns, those in a spelling of their own read in it. */
function* withReadings(
  again: Again,
  builders: readonly ColumnBuilder[],
): Generator<number, { readonly dataset: Dataset; readonly readings: Readings['byName'] }> {
  const { plan, scan, rows } = again
  const columns = finish(builders, rows, { plan, bytes: scan.bytes })
  const open = new Set(builders.filter(({ forced, wanted }) => !forced || wanted !== undefined).map(({ name }) => name))
  const { byName, doubts } = findReadings(columns, (name) => open.has(name), plan)
  const replaced = new Map<string, Column>()
  if (plan.numbers.decimal === undefined && [...byName.values()].some((reading) => decimalOf(reading) === ',')) {
    const points = builders.filter((builder, i) => !builder.forced && mayHaveGroups(columns[i] as Column))
    const texts = points.map(({ name, field }) => createBuilder(name, field, 'string'))
    yield* readAgain(again, texts)
    for (const column of finish(texts, rows, { plan, bytes: scan.bytes })) {
      const doubt = pointDoubt(column)
      if (doubt === undefined) continue
      doubts.set(column.name, doubt)
      replaced.set(column.name, column)
    }
  }
  for (const { name, wanted } of builders) {
    if (wanted !== undefined && byName.get(name)?.kind !== 'dates') refuseDates(plan, name, columns, doubts.get(name))
  }
  tellReadings({ byName, doubts }, plan)
  const dataset = new Dataset(
    columns.map((column) => {
      const reading = byName.get(column.name)
      return reading === undefined ? (replaced.get(column.name) ?? column) : readColumn(column, reading, plan.operation)
    }),
  )
  return { dataset, readings: byName }
}

function decimalOf(reading: Reading): string | undefined {
  return reading.kind === 'numbers' ? reading.notation.decimal : undefined
}

/** Whether numbers read with decimal points may have been whole ones, in groups of three digits. */
function mayHaveGroups({ type, storage }: Column): boolean {
  if (type !== 'float64') return false
  let hasFraction = false
  for (const value of storage) {
    if (value !== value) continue
    if (Math.abs(value) >= 1000 || Math.abs(value * 1000 - Math.round(value * 1000)) > 1e-6) return false
    hasFraction ||= !Number.isInteger(value)
  }
  return hasFraction
}

/** A column that must be times is text. @throws SchemaMismatch, unless it has no cell at all */
function refuseDates(plan: CsvPlan, name: string, columns: readonly Column[], doubt: string | undefined): void {
  const { dictionary = [] } = columns.find((column) => column.name === name) as Column
  const read = dateReader()
  const wrong = dictionary.find((text) => read(text) === undefined)
  const why = wrong === undefined ? (doubt ?? 'it has no date') : `got ${show(wrong)}`
  throw new MillwrightError('SchemaMismatch', `${plan.operation}: column ${show(name)} must be timestamp, ${why}`, {
    details: { column: name },
  })
}

/** A file being read. */
interface Reader {
  readonly plan: CsvPlan
  readonly scan: Scan
  readonly builders: ColumnBuilder[]
  /** Rows read. */
  rows: number
  /** On the second reading: how many fields a record had at the end of the first one. */
  readonly known?: number
  /** The bytes may end inside a record. */
  readonly mayBeCut?: true
}

function* readRows(reader: Reader, rowLimit: number): Generator<number, void> {
  const { plan, scan } = reader
  if (reader.known !== undefined && reader.known > scan.columns) widenScan(reader, reader.known)
  const limit = Math.min(rowLimit, plan.limit)
  const start = scan.position
  while (scan.position < scan.bytes.length && reader.rows < limit) {
    const count = scanRows(scan, Math.min(limit - reader.rows, plan.maxRows - reader.rows + 1))
    addRows(reader, count, start)
    if (reader.rows > plan.maxRows) throw invalidArgument(`${plan.operation} found more rows than \`maxRows\` ${plan.maxRows}`)
    if (scan.problem === 'unclosed-quote' && reader.mayBeCut && scan.bytes.length - scan.problemAt <= plan.maxCellLength) return
    if (scan.problem !== undefined) addOddRecord(reader, start)
    yield scan.position
  }
}

/** Adds the cells of a scan to the builders. */
function addRows(reader: Reader, count: number, start: number): void {
  if (count === 0) return
  const { plan, scan, rows: base } = reader
  const done = base + count
  const left = scan.bytes.length - scan.position
  // Estimates the number of rows from the length of those read so far; exact enough that columns seldom grow twice.
  const capacity = done + Math.ceil((left / Math.max(1, scan.position - start)) * done * 1.02) + 16
  for (const builder of reader.builders) {
    const bad = fillBuilder(builder, plan, { scan, count, base, capacity: Math.min(capacity, plan.limit) })
    if (bad !== undefined) {
      const at = scan.starts[bad.cell] as number
      const message = badCellMessage(builder, textAt(scan, at, scan.ends[bad.cell] as number))
      const hint = builder.fixed
        ? `the first rows of the file decide the types of all batches; say another: { types: { ${JSON.stringify(builder.name)}: 'float64' } }, or 'string'`
        : undefined
      throw corrupt(plan, scan.bytes, {
        at,
        what: message,
        code: 'SchemaMismatch',
        details: { column: builder.name },
        ...(hint === undefined ? {} : { hint }),
      })
    }
  }
  reader.rows = done
}

/** A record of another length than the header: padded, or an error. */
function addOddRecord(reader: Reader, start: number): void {
  const { plan, scan } = reader
  if (scan.problem !== 'ragged') throw scanError(plan, scan)
  const at = scan.position
  const record = scanRecord(scan, plan.maxColumns)
  if (record === undefined || scan.problem !== undefined) throw scanError(plan, scan)
  const fields = record.starts.length
  if (!plan.pad) throw ragged(plan, scan, { at, fields })
  if (fields > plan.maxColumns) throw tooManyColumns(plan)
  if (fields > scan.columns) widenScan(reader, fields)
  // Padding can turn a few bytes into thousands of cells, so the number of cells is limited in proportion to the size of the file.
  if ((reader.rows + 1) * scan.columns > scan.bytes.length * 16 + 1_000_000) {
    throw invalidArgument(
      `${plan.operation} would pad ${reader.rows + 1} short records to ${scan.columns} columns: far more cells than the file holds`,
    )
  }
  for (let field = 0; field < scan.columns; field++) {
    scan.starts[field * scan.capacity] = record.starts[field] ?? 0
    scan.ends[field * scan.capacity] = record.ends[field] ?? 0
  }
  scan.problem = undefined
  addRows(reader, 1, start)
}

/** Adds columns for the fields beyond the header. */
function widenScan(reader: Reader, fields: number): void {
  const { plan, scan, builders } = reader
  if (reader.known === undefined && plan.columns === undefined) {
    const names = builders.map(({ name }) => name)
    const all = dedupeNames([...names, ...new Array<string>(fields - scan.columns).fill('')])
    for (let field = scan.columns; field < fields; field++) {
      const builder = builderFor(plan, all[field] as string, field)
      if (builder.type !== undefined) builder.values = newValues(builder.type, reader.rows).fill(missingMark(builder.type))
      builders.push(builder)
    }
  }
  setColumns(scan, fields)
}

/** The names, and where the first row begins. */
function readHead(scan: Scan, plan: CsvPlan): { readonly names: readonly string[]; readonly position: number } {
  const start = scan.position
  const record = scanRecord(scan, plan.maxColumns)
  if (scan.problem !== undefined) throw scanError(plan, scan)
  if (record === undefined && !plan.allowEmpty && !Array.isArray(plan.header)) throw emptyError(plan)
  const fields = record?.starts.length ?? 0
  if (fields > plan.maxColumns) throw tooManyColumns(plan)
  if (Array.isArray(plan.header)) {
    if (record !== undefined && fields !== plan.header.length) {
      throw invalidArgument(`${plan.operation}: \`header\` names ${plan.header.length} columns, the first record has ${fields} fields`)
    }
    return { names: dedupeNames(plan.header as readonly string[]), position: start }
  }
  if (plan.header === false) return { names: dedupeNames(new Array<string>(fields).fill('')), position: start }
  const texts = record?.starts.map((from, i) => textAt(scan, from, record.ends[i] as number)) ?? []
  if (texts.some((text) => text.includes('\0'))) throw nulError(plan, scan.bytes, scan.bytes.indexOf(0))
  if (texts.some((text) => text.includes('\ufffd')) && invalidUtf8At(scan.bytes.subarray(0, scan.position)) !== undefined) {
    throw invalidUtf8(plan, scan.bytes, start)
  }
  return { names: dedupeNames(texts), position: scan.position }
}

function buildersFor(names: readonly string[], plan: CsvPlan, known?: KnownFile): ColumnBuilder[] {
  for (const name of [...(plan.columns ?? []), ...Object.keys(plan.types)]) {
    if (!names.includes(name) && !(plan.pad && plan.columns === undefined)) throw columnNotFound(name, names)
  }
  const wanted = plan.columns ?? names
  return wanted.map((name) => {
    if (known === undefined) return builderFor(plan, name, names.indexOf(name))
    const type = known.readings.has(name) ? 'string' : known.types.get(name)
    return Object.assign(createBuilder(name, names.indexOf(name), type), typeFor(plan, name) === undefined ? { fixed: true as const } : {})
  })
}

/** A column of times in a spelling to be found is read as text first. */
function builderFor(plan: CsvPlan, name: string, field: number): ColumnBuilder {
  const type = typeFor(plan, name)
  const isSpelt = type === 'timestamp' && plan.dates !== 'iso'
  return Object.assign(createBuilder(name, field, isSpelt ? 'string' : type), isSpelt ? { wanted: 'timestamp' as const } : {})
}

function typeFor(plan: CsvPlan, name: string): ColumnType | undefined {
  if (Object.hasOwn(plan.types, name)) return plan.types[name]
  return plan.texts.has(name) ? 'string' : undefined
}

function finish(builders: readonly ColumnBuilder[], rows: number, { plan, bytes }: { plan: CsvPlan; bytes: Uint8Array }): Column[] {
  return builders.map((builder) => {
    try {
      return finishBuilder(builder, rows, plan.missing.length)
    } catch (cause) {
      const nul = bytes.indexOf(0)
      if (nul >= 0) throw nulError(plan, bytes, nul)
      const at = invalidUtf8At(bytes)
      if (at === undefined)
        throw new MillwrightError('Internal', `${plan.operation} could not decode column ${show(builder.name)}`, { cause })
      throw invalidUtf8(plan, bytes, at)
    }
  })
}

/** The line start of the first malformed sequence: decoding line by line finds it. */
function invalidUtf8At(bytes: Uint8Array): number | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let start = 0; start < bytes.length; ) {
    const next = bytes.indexOf(10, start)
    const end = next < 0 ? bytes.length : next + 1
    try {
      decoder.decode(bytes.subarray(start, end))
    } catch {
      return start
    }
    start = end
  }
  return undefined
}

function nulError(plan: CsvPlan, bytes: Uint8Array, at: number): MillwrightError {
  return corrupt(plan, bytes, { at, what: 'holds a NUL byte', hint: 'is this a binary file, or another encoding?' })
}

function invalidUtf8(plan: CsvPlan, bytes: Uint8Array, at: number): MillwrightError {
  return corrupt(plan, bytes, {
    at,
    what: 'is not valid UTF-8',
    hint: "name the file's encoding: { encoding: 'windows-1252' }, for example",
  })
}

function emptyError({ operation }: CsvPlan): MillwrightError {
  return new MillwrightError('Corrupt', `${operation} found no record at all, not even a header`, {
    hint: '{ allowEmpty: true } gives a dataset without columns',
  })
}

function tooManyColumns(plan: CsvPlan): MillwrightError {
  return invalidArgument(`${plan.operation} found more columns than \`maxColumns\` ${plan.maxColumns}`)
}

function bomLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}
