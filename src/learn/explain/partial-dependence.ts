/** Partial dependence: the mean prediction as one feature changes. */
import { invalidArgument, show } from '../../core/errors'
import { anything, arrayOf, checkOptions, wholeNumber } from '../../core/options'
import type { Label } from '../../metrics/label'
import { type CellValue, columnFrom } from '../../schema/column'
import { assertTable, type Table } from '../../schema/table'
import type { FittedModel } from '../fitted-model'
import { withColumn } from './permutation-importance'

/** Options of {@link partialDependence}. */
export interface PartialDependenceOptions {
  /** The values to try. @default `points` numbers from the 5 % to the 95 % quantile; of text and booleans, and where there are fewer values, all that occur */
  readonly values?: readonly CellValue[] | undefined
  /** @default 20 */
  readonly points?: number | undefined
}

/** The mean predictions at some values of a feature. */
export interface PartialDependence {
  readonly feature: string
  readonly values: readonly CellValue[]
  /** Of classifiers: the labels, one curve each. */
  readonly classes?: readonly Label[]
  /** By class (a regressor has one): the mean probability or number at each value. */
  readonly curves: readonly (readonly number[])[]
}

/**
 * Partial dependence (Friedman 2001; scikit-learn's `partial_dependence` by brute force): every row of the table is given each value in turn, and
 * the predictions are averaged.
 *
 * @throws InvalidArgument for a feature that the model does not read, no rows, or a column without values
 */
export function partialDependence(
  model: FittedModel,
  table: Table,
  feature: string,
  options: PartialDependenceOptions = {},
): PartialDependence {
  checkOptions('partialDependence', options, { values: arrayOf(anything()), points: wholeNumber(2) })
  assertTable(table, 'partialDependence')
  if (!model.features.some(({ name }) => name === feature)) {
    throw invalidArgument(
      `partialDependence: the model reads no feature ${show(feature)}; it reads ${model.features
        .slice(0, 10)
        .map(({ name }) => show(name))
        .join(', ')}`,
    )
  }
  if (table.numRows === 0) throw invalidArgument('partialDependence needs at least one row, the table has none')
  const values = options.values ?? gridOf(table, feature, options.points ?? 20)
  const { classes } = model
  const curves: number[][] = Array.from({ length: classes?.length ?? 1 }, () => [])
  const { type } = table.column(feature)
  for (const value of values) {
    const whole = typeof value === 'number' && type === 'int32' && !Number.isInteger(value)
    const changed = withColumn(table, columnFrom(feature, whole ? 'float64' : type, new Array(table.numRows).fill(value)))
    const found = classes === undefined ? Float64Array.from(model.predict(changed) as number[]) : model.predictProba(changed).values
    curves.forEach((curve, c) => {
      let sum = 0
      for (let at = c; at < found.length; at += curves.length) sum += found[at] as number
      curve.push(sum / table.numRows)
    })
  }
  return { feature, values, ...(classes === undefined ? {} : { classes }), curves }
}

function gridOf(table: Table, feature: string, points: number): CellValue[] {
  const cells = table
    .column(feature)
    .toArray()
    .filter((cell) => cell !== null)
  if (cells.length === 0) throw invalidArgument(`partialDependence: the column ${show(feature)} has no values; hand in \`values\``)
  const distinct = [...new Set(cells)]
  if (typeof cells[0] !== 'number') return distinct.sort()
  const sorted = Float64Array.from(cells as number[]).sort()
  if (distinct.length <= points) return [...new Set(sorted)]
  const quantile = (share: number): number => {
    const place = share * (sorted.length - 1)
    const below = Math.floor(place)
    const low = sorted[below] as number
    return low + ((sorted[Math.min(sorted.length - 1, below + 1)] as number) - low) * (place - below)
  }
  const [low, high] = [quantile(0.05), quantile(0.95)]
  return Array.from({ length: points }, (_, i) => low + ((high - low) * i) / (points - 1))
}
