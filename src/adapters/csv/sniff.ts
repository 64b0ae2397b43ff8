/** Finds the delimiter of a CSV file by trying. */
import type { CsvPlan } from './options'
import { createScan, scanRecord } from './scan'

const candidates = [',', ';', '\t', '|']

/**
 * The candidate with which most of the first 50 records (within 256 kB) have as many fields as the first one, which must have more than one;
 * among equals the one with more fields, then the earlier of `,` `;` tab `|`. A comma when no candidate occurs.
 */
export function sniffDelimiter(bytes: Uint8Array, plan: CsvPlan): number {
  const sample = bytes.subarray(0, 262_144)
  let best = ','.charCodeAt(0)
  let bestEvenness = 0
  let bestFields = 1
  for (const candidate of candidates) {
    if (candidate === ',' && plan.syntax.decimal === ',') continue
    const delimiter = candidate.charCodeAt(0)
    if (delimiter === plan.quote) continue
    const { fields, evenness } = trial(sample, delimiter, plan)
    if (fields < 2 || evenness < bestEvenness || (evenness === bestEvenness && fields <= bestFields)) continue
    best = delimiter
    bestEvenness = evenness
    bestFields = fields
  }
  return best
}

function trial(sample: Uint8Array, delimiter: number, plan: CsvPlan): { readonly fields: number; readonly evenness: number } {
  const scan = createScan(sample, { delimiter, quote: plan.quote, maxCellLength: plan.maxCellLength, cells: 0 })
  let fields = 0
  let even = 0
  let records = 0
  for (; records < 50; records++) {
    const record = scanRecord(scan, plan.maxColumns)
    // The last record of the sample may be incomplete, and a malformed record does not depend on the delimiter.
    if (record === undefined || scan.problem !== undefined || (records > 0 && scan.position >= sample.length)) break
    if (records === 0) fields = record.starts.length
    if (record.starts.length === fields) even++
  }
  return { fields, evenness: records === 0 ? 0 : even / records }
}
