/** Encodes the target column for the learner: class codes or numbers. */
import { invalidArgument, show } from '../core/errors'
import { compareLabels, type Label } from '../metrics/label'
import { type Column, toFloat64 } from '../schema/column'
import type { TargetVector } from './learner'

/** More classes than this are refused as a mistake. */
const MAX_CLASSES = 1000

/** A target column, encoded. */
export interface Target {
  readonly vector: TargetVector
  /** Classes in ascending order; empty for regression. */
  readonly classes: readonly Label[]
}

/**
 * Encodes the target column.
 *
 * @throws InvalidArgument when cells are missing (saying how many) or do not fit the task
 */
export function targetOf(column: Column, task: 'classification' | 'regression'): Target {
  assertComplete(column)
  if (task === 'regression') return { vector: numbersOf(column), classes: [] }
  const labels = labelsOfColumn(column)
  const classes = [...new Set(labels)].sort(compareLabels)
  if (classes.length > MAX_CLASSES) {
    throw invalidArgument(`the target ${show(column.name)} has ${classes.length} classes, at most ${MAX_CLASSES} are allowed`, {
      hint: 'to predict a number, use a regressor',
    })
  }
  const codes = new Map(classes.map((label, code) => [label, code] as const))
  const values = Int32Array.from(labels, (label) => codes.get(label) as number)
  return { vector: { task, values, numClasses: classes.length, classNames: classes.map(String) }, classes }
}

/** Checks that no cell of a target column is missing. @throws InvalidArgument saying how many are */
export function assertComplete(column: Column): void {
  if (column.nullCount === 0) return
  throw invalidArgument(`the target ${show(column.name)} is missing in ${column.nullCount} of ${column.length} rows`, {
    hint: 'leave those rows out: a row without a label cannot be learned from or scored',
  })
}

/** The labels of a column without missing cells. @throws InvalidArgument for numbers that are no class labels */
export function labelsOfColumn(column: Column): Label[] {
  if (column.type === 'timestamp') throw invalidArgument(`the target ${show(column.name)} is a timestamp, which is no class label`)
  if (column.type === 'float64') {
    const fraction = column.storage.find((value) => !Number.isInteger(value))
    if (fraction !== undefined) {
      throw invalidArgument(`the target ${show(column.name)} holds numbers such as ${fraction}, which are no class labels`, {
        hint: 'to predict a number, use a regressor',
      })
    }
  }
  return Array.from({ length: column.length }, (_, row) => column.at(row) as Label)
}

function numbersOf(column: Column): TargetVector {
  if (column.type === 'string') {
    throw invalidArgument(`the target ${show(column.name)} is text; a regressor predicts numbers`, {
      hint: 'to predict labels, use a classifier',
    })
  }
  const values = toFloat64(column)
  const infinite = values.findIndex((value) => !Number.isFinite(value))
  if (infinite >= 0) throw invalidArgument(`the target ${show(column.name)} must be finite, row ${infinite} is ${values[infinite]}`)
  return { task: 'regression', values, numClasses: 0, classNames: [] }
}
