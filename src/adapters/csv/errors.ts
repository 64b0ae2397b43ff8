/** Errors about a place in a CSV file, with its line number. */
import { type ErrorCode, invalidArgument, MillwrightError } from '../../core/errors'
import type { CsvPlan } from './options'
import { lineOf, type Scan, type ScanProblem } from './scan'

/** What is wrong at a byte of the file. */
export interface CsvFault {
  readonly at: number
  /** Reads on after "line 3 ", or after "line 3: " when the code is not `Corrupt`. */
  readonly what: string
  readonly hint?: string
  readonly code?: ErrorCode
  readonly details?: Readonly<Record<string, unknown>>
}

/** An error that names the line. */
export function corrupt(plan: CsvPlan, bytes: Uint8Array, fault: CsvFault): MillwrightError {
  const line = lineOf(bytes, fault.at) + plan.linesBefore
  const { code = 'Corrupt', what, hint, details } = fault
  return new MillwrightError(code, `${plan.operation}: line ${line}${code === 'Corrupt' ? ' ' : ': '}${what}`, {
    details: { line, ...details },
    hint,
  })
}

/** The error for what a scan stopped at. */
export function scanError(plan: CsvPlan, scan: Scan): MillwrightError {
  const what: Readonly<Record<ScanProblem, string>> = {
    'unclosed-quote': 'opens a quote that is never closed',
    'text-after-quote': 'has text after a closing quote (a quote inside quotes must be doubled)',
    'long-cell': `has a cell of more than ${plan.maxCellLength} bytes (\`maxCellLength\`); is a quote left open?`,
    ragged: 'has a wrong number of fields',
  }
  return corrupt(plan, scan.bytes, { at: scan.problemAt, what: what[scan.problem ?? 'ragged'] })
}

/** The error for a record with too many or too few fields. */
export function ragged(plan: CsvPlan, scan: Scan, record: { readonly at: number; readonly fields: number }): MillwrightError {
  const { columns: expected } = scan
  const actual = record.fields
  return corrupt(plan, scan.bytes, {
    at: record.at,
    what: `has ${actual} ${actual === 1 ? 'field' : 'fields'}, expected ${expected}`,
    hint: "{ ragged: 'pad' } fills short records with missing cells and adds columns for long ones",
    details: { expected, actual },
  })
}

/** The line start of the first malformed sequence: decoding line by line finds it. */
export function invalidUtf8At(bytes: Uint8Array): number | undefined {
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

/** The error for a NUL byte. */
export function nulError(plan: CsvPlan, bytes: Uint8Array, at: number): MillwrightError {
  return corrupt(plan, bytes, { at, what: 'holds a NUL byte', hint: 'is this a binary file, or another encoding?' })
}

/** The error for bytes that are not UTF-8. */
export function invalidUtf8(plan: CsvPlan, bytes: Uint8Array, at: number): MillwrightError {
  return corrupt(plan, bytes, {
    at,
    what: 'is not valid UTF-8',
    hint: "name the file's encoding: { encoding: 'windows-1252' }, for example",
  })
}

/** The error for too many columns. */
export function tooManyColumns(plan: CsvPlan): MillwrightError {
  return invalidArgument(`${plan.operation} found more columns than \`maxColumns\` ${plan.maxColumns}`)
}
