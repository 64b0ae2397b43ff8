/** CSV bytes into a dataset, some thousand records at a time. */
import { MillwrightError, show } from '../../core/errors'
import { Dataset } from '../../dataset/dataset'
import type { Column } from '../../schema/column'
import { type ColumnBuilder, createBuilder, finishBuilder } from './columns'
import { dateReader } from './date-spelling'
import { invalidUtf8, invalidUtf8At, nulError } from './errors'
import { buildersFor, type KnownFile, readHead } from './head'
import type { CsvPlan } from './options'
import { findReadings, pointDoubt, type Reading, type Readings, readColumn, tellReadings } from './readings'
import { type Reader, readRows, restartedAsText, rowScan } from './rows'
import { type Scan, setColumns } from './scan'

/** A part of a file: what is known from the parts before it, and what becomes known for those behind it. */
export interface Block {
  readonly isLast: boolean
  /** Undefined before the first block. */
  known: KnownFile | undefined
  /** Bytes of complete records. */
  consumed: number
}

/** Yields the number of bytes done now and then; returns the dataset. */
export function* parseSteps(bytes: Uint8Array, plan: CsvPlan, block?: Block): Generator<number, Dataset> {
  const known = block?.known
  const { delimiter, names, position } = readHead(bytes, plan, known)
  const scan = rowScan(bytes, { ...plan, delimiter, fields: names.length })
  scan.position = position
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
  const again: Again = { plan, scan, rows, columns: names.length, position, fields: scan.columns }
  yield* readAgain(again, restartedAsText(builders))
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
export interface Again {
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
export function* withReadings(
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
