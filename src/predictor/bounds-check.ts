/** Checks that the inputs of a model can represent the numbers, so that none overflows or is truncated. */
import type { ColumnBounds, LoadedModel } from '../ports/model'
import { isMissingAt } from '../schema/column'
import type { ColumnSpec } from '../schema/signature'
import type { Table } from '../schema/table'
import type { Cells, IssueLog } from './input-check'

/** Reports every number that its input cannot represent as `out-of-range`. */
export function checkBounds(
  input: readonly Cells[] | Table,
  columns: readonly ColumnSpec[],
  bounds: NonNullable<LoadedModel['bounds']>,
  log: IssueLog,
): void {
  for (let j = 0; j < columns.length; j++) {
    const { name } = columns[j] as ColumnSpec
    if (!Object.hasOwn(bounds, name)) continue
    const bound = bounds[name] as ColumnBounds
    const { min, max } = bound
    if (isRows(input)) {
      for (let row = 0; row < input.length; row++) {
        const value = (input[row] as Cells)[j]
        if (typeof value === 'number' && (value < min || value > max)) report(row, name, bound, log)
      }
    } else if (input.columnNames.includes(name)) {
      const column = input.column(name)
      if (column.type === 'string') continue
      for (let row = 0; row < column.length; row++) {
        const value = column.storage[row] as number
        if ((value < min || value > max) && !isMissingAt(column, row)) report(row, name, bound, log)
      }
    }
  }
}

function report(row: number, name: string, { min, max, type }: ColumnBounds, log: IssueLog): void {
  log.add([row, name], 'out-of-range', `row ${row}, column ${JSON.stringify(name)}: must lie between ${min} and ${max} (${type})`)
}

function isRows(input: readonly Cells[] | Table): input is readonly Cells[] {
  return Array.isArray(input)
}
