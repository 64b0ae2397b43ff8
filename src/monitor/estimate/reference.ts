/** Labelled rows on which an estimator is fitted, and its limits from their chunks. */
import { invalidArgument, show } from '../../core/errors'
import { checkOptions, either, nonEmptyString, ofType, requireOptions } from '../../core/options'
import type { FittedModel } from '../../learn'
import { classesOf, type Label } from '../../metrics/label'
import { takeColumn } from '../../schema/column'
import { readLabel } from '../../schema/label'
import { assertTable, type Table, tableOf } from '../../schema/table'
import { limitsOf } from '../threshold'
import type { UnlabelledRows } from './estimator'

/** Answered rows with their labels. */
export interface LabelledRows extends UnlabelledRows {
  /** One for each row, of the type of `predicted`. */
  readonly actual: readonly Label[]
}

/** Which columns of a table hold what. */
export interface TableRowsOptions {
  /** The column of predictions. */
  readonly prediction: string
  /** The column of true values. Rows without one are left out. */
  readonly target: string
  /** Of a classifier: the column of the probability of each class, or of two classes the one of the positive class (the last in order). */
  readonly probabilities?: string | Readonly<Record<string, string>> | undefined
}

/** Labelled rows from a table that holds predictions: a log that was exported, the output of another tool. @throws InvalidArgument for a column that is not there */
export function tableRows(table: Table, options: TableRowsOptions): LabelledRows {
  assertTable(table, 'tableRows')
  requireOptions('tableRows', options, ['prediction', 'target'])
  checkOptions('tableRows', options, {
    prediction: nonEmptyString(),
    target: nonEmptyString(),
    probabilities: either(nonEmptyString(), ofType('object')),
  })
  const { prediction, target, probabilities } = options
  const cells = (name: string): readonly unknown[] => {
    if (!table.columnNames.includes(name))
      throw invalidArgument(`tableRows: the table has no column ${show(name)}; it has ${table.columnNames.join(', ')}`)
    const column = table.column(name)
    return Array.from({ length: table.numRows }, (_, i) => column.at(i))
  }
  const raw = cells(target)
  const known = cells(prediction).map((cell) => readLabel(cell, []))
  const kept = raw.flatMap((cell, i) => (readLabel(cell, []) === null || known[i] === null || known[i] === undefined ? [] : [i]))
  const predicted = kept.map((i) => known[i] as Label)
  const base = classesOf(predicted)
  const actual = kept.map((i) => readLabel(raw[i], base) ?? (raw[i] as Label))
  const rows = { table: rowsAt(table, kept), predicted, actual }
  if (probabilities === undefined) return rows
  const classes = classesOf(predicted, actual)
  const columns = probabilityColumns(probabilities, classes)
  const values = new Float64Array(kept.length * classes.length)
  classes.forEach((label, c) => {
    const name = columns.get(label)
    const numbers = name === undefined ? undefined : cells(name)
    kept.forEach((i, row) => {
      values[row * classes.length + c] = numbers === undefined ? Number.NaN : Number(numbers[i])
    })
  })
  // With one column of two, the other class has the rest.
  if (columns.size === 1 && classes.length === 2)
    for (let row = 0; row < kept.length; row++) values[row * 2] = 1 - (values[row * 2 + 1] as number)
  return { ...rows, probabilities: { classes, values } }
}

function probabilityColumns(
  probabilities: string | Readonly<Record<string, string>>,
  classes: readonly Label[],
): ReadonlyMap<Label, string> {
  if (typeof probabilities === 'string') {
    if (classes.length === 2) return new Map([[classes[1] as Label, probabilities]])
    throw invalidArgument(
      `\`probabilities\` of tableRows must name a column for each of the ${classes.length} classes, got ${show(probabilities)}`,
    )
  }
  const columns = new Map(
    classes.flatMap((label) =>
      probabilities[String(label)] === undefined ? [] : [[label, probabilities[String(label)] as string] as const],
    ),
  )
  const missing = classes.find((label) => !columns.has(label))
  if (missing !== undefined)
    throw invalidArgument(
      `\`probabilities\` of tableRows must name the column of the class ${show(missing)}, got ${Object.keys(probabilities).join(', ')}`,
    )
  return columns
}

/** Labelled rows from a fitted model and rows that it was not fitted on: its test set. @throws as the model's `predict`; InvalidArgument without the target */
export function modelRows(model: FittedModel, table: Table): LabelledRows {
  assertTable(table, 'modelRows')
  if (typeof model?.predict !== 'function') throw invalidArgument(`modelRows needs a fitted model, got ${show(model)}`)
  const { target } = model
  if (!table.columnNames.includes(target))
    throw invalidArgument(`modelRows: the table has no column ${show(target)}, the target of the model`)
  const column = table.column(target)
  const isClassifier = model.task === 'classification'
  const base = isClassifier ? ((model as { classes?: readonly Label[] }).classes ?? []) : []
  const kept = Array.from({ length: table.numRows }, (_, i) => i).filter((i) => readLabel(column.at(i), base) !== null)
  const rows = rowsAt(table, kept)
  const actual = kept.map((i) => readLabel(column.at(i), base) as Label)
  const predicted = model.predict(rows) as readonly Label[]
  if (!isClassifier) return { table: rows, predicted, actual }
  return {
    table: rows,
    predicted,
    actual,
    probabilities: (model as unknown as { predictProba(data: Table): UnlabelledRows['probabilities'] }).predictProba(rows),
  }
}

/** The rows of a table at some places. */
export function rowsAt(table: Table, at: readonly number[]): Table {
  if (at.length === table.numRows) return table
  return tableOf(table.columnNames.map((name) => takeColumn(table.column(name), Int32Array.from(at))))
}

/** Which rows make up the chunks of a reference: of equal size, in order; a rest of less than half a chunk belongs to the last one. */
export function chunksOf(rows: number, size: number): readonly (readonly [from: number, to: number])[] {
  const count = Math.max(1, Math.round(rows / size))
  return Array.from({ length: count }, (_, i) => [i * size, i === count - 1 ? rows : (i + 1) * size] as const)
}

/** Limits of three standard deviations around the mean of a metric's chunks, inside the metric's range. */
export function chunkLimits(
  values: readonly number[],
  range: readonly [number, number],
): { readonly lower: number; readonly upper: number } {
  const known = values.filter((value) => !Number.isNaN(value))
  if (known.length === 0) return { lower: range[0], upper: range[1] }
  const { lower, upper } = limitsOf({ values: known, sd: 3 }, range)
  return { lower: lower as number, upper: upper as number }
}
