/** Where a file can be cut into slices that begin where a record begins. */
import type { CsvPlan } from './options'
import { createScan, scanRows, setColumns } from './scan'

/** Records that must look right behind a cut. */
const trialRows = 32
/** Bytes looked at behind a cut, and how far a line to cut at is searched. */
const trialBytes = 65_536
const searchBytes = 1 << 20

/** How the file is written. */
export type CutSettings = Pick<CsvPlan, 'quote' | 'maxCellLength'> & {
  readonly delimiter: number
  /** Fields of a record. */
  readonly fields: number
}

/**
 * Positions from `start` to the end of `bytes`, about `sliceBytes` apart, each at the start of a line behind which records have the right number of fields.
 * A line inside quotes can look so too. Such a cut shows when the slices are read: the one before it ends inside quotes.
 */
export function cutsOf(
  bytes: Uint8Array,
  settings: CutSettings,
  { start, sliceBytes }: { readonly start: number; readonly sliceBytes: number },
): number[] {
  const cuts = [start]
  for (let at = start + sliceBytes; at + sliceBytes / 2 < bytes.length; at += sliceBytes) {
    const cut = cutNear(bytes, at, settings)
    if (cut !== undefined && cut > (cuts.at(-1) as number) && cut < bytes.length) cuts.push(cut)
  }
  return [...cuts, bytes.length]
}

/** The first such line behind `at`, within a megabyte. */
export function cutNear(bytes: Uint8Array, at: number, settings: CutSettings): number | undefined {
  const end = Math.min(bytes.length, at + searchBytes)
  for (let p = lineStart(bytes, at, end); p < end; p = lineStart(bytes, p, end)) if (looksRight(bytes, p, settings)) return p
  return undefined
}

/** The start of the next line behind `at`; `end` when there is none. */
function lineStart(bytes: Uint8Array, at: number, end: number): number {
  for (let p = at; p < end; p++) {
    if (bytes[p] === 10) return p + 1
    // The first half of CRLF ends no line.
    if (bytes[p] === 13 && bytes[p + 1] !== 10) return p + 1
  }
  return end
}

function looksRight(bytes: Uint8Array, at: number, settings: CutSettings): boolean {
  const sample = bytes.subarray(at, at + trialBytes)
  const scan = createScan(sample, { ...settings, cells: settings.fields * trialRows })
  setColumns(scan, settings.fields)
  const rows = scanRows(scan, trialRows)
  if (scan.problem === undefined) return true
  // The last record of a sample may be cut.
  return rows > 0 && at + sample.length < bytes.length && (scan.problem === 'ragged' || scan.problem === 'unclosed-quote')
}
