/** Takes the same rows from many columns: what the row numbers have in common is found once. */
import { type Column, columnInit, makeColumn, missingMark, newValues, takeColumn } from './column'

/** From this many rows on in a run, on the average, copying runs is quicker than copying cells. */
const MIN_RUN = 64

/** Rows to take. */
export interface RowPick {
  readonly rows: Int32Array
  /** They are all rows of the column, in their order. */
  readonly isAll: boolean
  /** Where runs of neighbouring rows begin in `rows`, with the length of `rows` behind the last; only where runs are long. */
  readonly runs?: Int32Array
}

/** Looks at row numbers, of which −1 gives a missing cell. @param numRows rows of the columns they are taken from */
export function pickRows(rows: Int32Array, numRows: number): RowPick {
  let numRuns = 0
  for (let i = 0; i < rows.length; i++) if (isRunStart(rows, i)) numRuns++
  if (numRuns === 1 && rows[0] === 0 && rows.length === numRows) return { rows, isAll: true }
  if (numRuns * MIN_RUN > rows.length) return { rows, isAll: false }
  const runs = new Int32Array(numRuns + 1)
  for (let i = 0, run = 0; i < rows.length; i++) if (isRunStart(rows, i)) runs[run++] = i
  runs[numRuns] = rows.length
  return { rows, isAll: false, runs }
}

/** Whether the row at `i` is not the one behind the row before it. Each missing row is a run of its own. */
function isRunStart(rows: Int32Array, i: number): boolean {
  return i === 0 || rows[i] !== (rows[i - 1] as number) + 1 || rows[i] === 0
}

/** The column with these rows; the same values, not copied, where they are all of it. */
export function pickColumn(column: Column, { rows, isAll, runs }: RowPick): Column {
  if (isAll) return column
  if (runs === undefined) return takeColumn(column, rows)
  const { storage, type } = column
  const taken = newValues(type, rows.length)
  const missing = missingMark(type)
  for (let run = 0; run + 1 < runs.length; run++) {
    const [at, end] = [runs[run] as number, runs[run + 1] as number]
    const from = rows[at] as number
    if (from < 0) taken[at] = missing
    else taken.set(storage.subarray(from, from + end - at), at)
  }
  return makeColumn(column.name, { ...columnInit(column), values: taken } as Parameters<typeof makeColumn>[1])
}
