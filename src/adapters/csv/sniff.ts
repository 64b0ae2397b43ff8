/** Finds the delimiter of a CSV file by trying. */
import { show } from '../../core/errors'
import { textAt } from './cells'
import { dateReader } from './date-spelling'
import { corrupt } from './errors'
import { notationReader } from './number-notation'
import type { CsvPlan } from './options'
import { createScan, scanRecord } from './scan'

const candidates = [',', ';', '\t', '|']

/** How a candidate divides the first records. */
interface Trial {
  readonly delimiter: string
  /** Fields of the first record. */
  readonly fields: number
  /** The share of records with as many. */
  readonly evenness: number
  /** Cells behind the first record. */
  readonly cells: readonly string[]
}

/**
 * The candidate that gives the most of the first 50 records (in 256 kB) as many fields as the first one, which must be more than one. Of
 * equally even ones, as with `name, unit;price` above `mm, cm;1,5`, the one that leaves the largest share of numbers, dates and empty cells; then
 * the one with more fields. A comma when none divides anything.
 *
 * @throws Corrupt when two are equal in all of that
 */
export function sniffDelimiter(bytes: Uint8Array, plan: CsvPlan): number {
  const sample = bytes.subarray(0, 262_144)
  const trials = candidates
    .filter((candidate) => !(candidate === ',' && plan.syntax.decimal === ',') && candidate.charCodeAt(0) !== plan.quote)
    .map((candidate) => trial(sample, candidate, { plan, isCut: sample.length < bytes.length }))
    .filter(({ fields }) => fields >= 2)
  const evenness = Math.max(0, ...trials.map((one) => one.evenness))
  const even = trials.filter((one) => one.evenness === evenness)
  if (even.length <= 1) return (even[0]?.delimiter ?? ',').charCodeAt(0)
  const ranked = even.map((one) => ({ ...one, typed: typedShare(one) })).sort((a, b) => b.typed - a.typed || b.fields - a.fields)
  const [best, second] = ranked as [(typeof ranked)[0], (typeof ranked)[0]]
  if (best.typed === second.typed && best.fields === second.fields) {
    throw corrupt(plan, bytes, {
      at: 0,
      what: `can be divided by ${show(best.delimiter)} and by ${show(second.delimiter)}, and so can the records below it`,
      hint: `say which: { delimiter: ${show(best.delimiter)} }`,
    })
  }
  return best.delimiter.charCodeAt(0)
}

function trial(sample: Uint8Array, candidate: string, { plan, isCut }: { readonly plan: CsvPlan; readonly isCut: boolean }): Trial {
  const delimiter = candidate.charCodeAt(0)
  const scan = createScan(sample, { delimiter, quote: plan.quote, maxCellLength: plan.maxCellLength, cells: 0 })
  const cells: string[] = []
  let fields = 0
  let even = 0
  let records = 0
  for (; records < 50; records++) {
    const record = scanRecord(scan, plan.maxColumns)
    // A sample's last record may be cut, and a malformed one says nothing about the delimiter.
    if (record === undefined || scan.problem !== undefined || (isCut && records > 0 && scan.position >= sample.length)) break
    if (records === 0) fields = record.starts.length
    else if (cells.length < 2000) cells.push(...record.starts.map((start, i) => textAt(scan, start, record.ends[i] as number)))
    if (record.starts.length === fields) even++
  }
  return { delimiter: candidate, fields, evenness: records === 0 ? 0 : even / records, cells }
}

/** The share of cells that are empty, numbers, dates or booleans; a number may have a decimal comma where the comma does not divide. */
function typedShare({ delimiter, cells }: Trial): number {
  const readDate = dateReader()
  const marks =
    delimiter === ','
      ? [{ decimal: '.', thousands: '' } as const]
      : ([
          { decimal: '.', thousands: ',' },
          { decimal: ',', thousands: '.' },
        ] as const)
  const readers = marks.map(notationReader)
  const isTyped = (cell: string): boolean =>
    cell === '' || /^(?:true|false|NA)$/i.test(cell) || readers.some((read) => read(cell) !== undefined) || readDate(cell) !== undefined
  return cells.length === 0 ? 0 : cells.filter(isTyped).length / cells.length
}
