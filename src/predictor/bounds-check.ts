/** Checks that the inputs of a model can represent the numbers, so that none overflows or is truncated. */
import type { LoadedModel } from '../ports/model'
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
  columns.forEach(({ name }, j) => {
    if (!Object.hasOwn(bounds, name)) return
    const { min, max, type } = bounds[name] as NonNullable<(typeof bounds)[string]>
    const check = (value: unknown, row: number): void => {
      if (typeof value !== 'number' || (value >= min && value <= max)) return
      log.add([row, name], 'out-of-range', `row ${row}, column ${JSON.stringify(name)}: must lie between ${min} and ${max} (${type})`)
    }
    if (isRows(input)) for (let row = 0; row < input.length; row++) check((input[row] as Cells)[j], row)
    else if (input.columnNames.includes(name)) {
      const column = input.column(name)
      if (column.type === 'string') return
      for (let row = 0; row < column.length; row++) if (!isMissingAt(column, row)) check(column.storage[row], row)
    }
  })
}

function isRows(input: readonly Cells[] | Table): input is readonly Cells[] {
  return Array.isArray(input)
}
