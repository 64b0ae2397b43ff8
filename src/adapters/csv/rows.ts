/** Records into columns, some thousand at a time. */
import { invalidArgument } from '../../core/errors'
import { type ColumnType, missingMark, newValues } from '../../schema/column'
import { textAt } from './cells'
import { badCellMessage, type ColumnBuilder, createBuilder, fillBuilder } from './columns'
import { corrupt, ragged, scanError, tooManyColumns } from './errors'
import { dedupeNames } from './names'
import type { CsvPlan } from './options'
import { createScan, type Scan, scanRecord, scanRows, setColumns } from './scan'

/** Cells scanned at a time: their positions and their text fit in the cache of a core. */
const cellsAtATime = 32_768

/** A scan of records of `fields` fields. */
export function rowScan(
  bytes: Uint8Array,
  settings: Pick<CsvPlan, 'delimiter' | 'quote' | 'maxCellLength'> & { readonly fields: number },
): Scan {
  const { fields } = settings
  const scan = createScan(bytes, { ...settings, cells: Math.max(cellsAtATime, fields) })
  if (fields > 0) setColumns(scan, fields)
  return scan
}

/** The columns that turned out to be text, begun anew, so that their cells can be read again. */
export function restartedAsText(builders: readonly ColumnBuilder[]): ColumnBuilder[] {
  const texts = builders.filter((builder) => builder.again)
  for (const builder of texts) Object.assign(builder, createBuilder(builder.name, builder.field, 'string'), { forced: false })
  return texts
}

/** A file being read. */
export interface Reader {
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

/** Reads records to the end of the bytes, or `rowLimit` of them; yields the number of bytes done. */
export function* readRows(reader: Reader, rowLimit: number): Generator<number, void> {
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

/** A column of times in a spelling to be found is read as text first. */
export function builderFor(plan: CsvPlan, name: string, field: number): ColumnBuilder {
  const type = typeFor(plan, name)
  const isSpelt = type === 'timestamp' && plan.dates !== 'iso'
  return Object.assign(createBuilder(name, field, isSpelt ? 'string' : type), isSpelt ? { wanted: 'timestamp' as const } : {})
}

/** The type that the caller asked for. */
export function typeFor(plan: CsvPlan, name: string): ColumnType | undefined {
  if (Object.hasOwn(plan.types, name)) return plan.types[name]
  return plan.texts.has(name) ? 'string' : undefined
}
