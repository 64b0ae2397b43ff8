/** The weights of training rows. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { toFloat64 } from '../schema/column'
import { columnNotFound, type Table, tableOf } from '../schema/table'
import type { Learner } from './learner'

/** The weights that `fit` was given, and the table without the column that holds them. @throws InvalidArgument, NotFound, Unsupported */
export function weightsOf(
  learner: Learner,
  table: Table,
  { sampleWeight, target }: { readonly sampleWeight?: string | ArrayLike<number> | undefined; readonly target: string },
): { readonly table: Table; readonly weights: Float64Array | undefined } {
  if (sampleWeight === undefined) return { table, weights: undefined }
  if (learner.takesWeights !== true) {
    throw new MillwrightError('Unsupported', `${learner.kind} takes no \`sampleWeight\``, {
      hint: 'gradientBoostingClassifier and gradientBoostingRegressor do',
    })
  }
  if (typeof sampleWeight === 'string') {
    if (!table.columnNames.includes(sampleWeight)) throw columnNotFound(sampleWeight, table.columnNames)
    if (sampleWeight === target) throw invalidArgument(`\`sampleWeight\` of fit is ${show(target)}, which is the target`)
    const column = table.column(sampleWeight)
    if (column.type === 'string')
      throw invalidArgument(`\`sampleWeight\` of fit must be a column of numbers, ${show(sampleWeight)} is text`)
    const others = table.columnNames.filter((name) => name !== sampleWeight).map((name) => table.column(name))
    return { table: tableOf(others), weights: checkedWeights(toFloat64(column), table.numRows) }
  }
  if (typeof sampleWeight !== 'object' || sampleWeight === null || typeof sampleWeight.length !== 'number') {
    throw invalidArgument(`\`sampleWeight\` of fit must be the name of a column or one number per row, got ${show(sampleWeight)}`)
  }
  return { table, weights: checkedWeights(sampleWeight, table.numRows) }
}

function checkedWeights(given: ArrayLike<number>, numRows: number): Float64Array {
  if (given.length !== numRows)
    throw invalidArgument(`\`sampleWeight\` of fit must have one number per row (${numRows}), got ${given.length}`)
  let sum = 0
  for (let row = 0; row < numRows; row++) {
    const weight: unknown = given[row]
    if (typeof weight !== 'number' || !Number.isFinite(weight) || weight < 0) {
      throw invalidArgument(`\`sampleWeight\` of fit must hold finite numbers ≥ 0, row ${row} is ${show(weight)}`)
    }
    sum += weight
  }
  if (sum === 0) throw invalidArgument('`sampleWeight` of fit is 0 in every row')
  return Float64Array.from(given)
}
