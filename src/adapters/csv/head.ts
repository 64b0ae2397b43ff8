/** The beginning of a file: delimiter, names, and what is known of the columns before any row is read. */
import { invalidArgument, MillwrightError } from '../../core/errors'
import type { ColumnType } from '../../schema/column'
import { columnNotFound } from '../../schema/table'
import { textAt } from './cells'
import { type ColumnBuilder, createBuilder } from './columns'
import { invalidUtf8, invalidUtf8At, nulError, scanError, tooManyColumns } from './errors'
import { dedupeNames } from './names'
import type { CsvPlan } from './options'
import type { Reading } from './readings'
import { builderFor, typeFor } from './rows'
import { createScan, type Scan, scanRecord } from './scan'
import { sniffDelimiter } from './sniff'

/** What the first block of a file decides for all others. */
export interface KnownFile {
  readonly delimiter: number
  readonly names: readonly string[]
  readonly types: ReadonlyMap<string, ColumnType>
  readonly readings: ReadonlyMap<string, Reading>
}

/** How a file begins. */
export interface Head {
  readonly delimiter: number
  readonly names: readonly string[]
  /** Where the first row begins. */
  readonly position: number
}

/** Finds the delimiter and reads the names; of a later block of a file, both are known. */
export function readHead(bytes: Uint8Array, plan: CsvPlan, known?: KnownFile): Head {
  if (known !== undefined) return { delimiter: known.delimiter, names: known.names, position: 0 }
  const delimiter = plan.delimiter >= 0 ? plan.delimiter : sniffDelimiter(bytes, plan)
  const scan = createScan(bytes, { delimiter, quote: plan.quote, maxCellLength: plan.maxCellLength, cells: 0 })
  scan.position = bomLength(bytes)
  return { delimiter, ...namesOf(scan, plan) }
}

/** The names, and where the first row begins. */
function namesOf(scan: Scan, plan: CsvPlan): { readonly names: readonly string[]; readonly position: number } {
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

/** Columns without rows, of the types that are known. */
export function buildersFor(names: readonly string[], plan: CsvPlan, known?: KnownFile): ColumnBuilder[] {
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

function emptyError({ operation }: CsvPlan): MillwrightError {
  return new MillwrightError('Corrupt', `${operation} found no record at all, not even a header`, {
    hint: '{ allowEmpty: true } gives a dataset without columns',
  })
}

function bomLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}
