/** Permutation importance: how much worse a model scores when one column is shuffled. */
import { invalidArgument } from '../../core/errors'
import { anything, checkOptions, finiteNumber, wholeNumber } from '../../core/options'
import { createRng, permutation } from '../../core/random'
import type { Metric, MetricName } from '../../metrics/metric'
import type { Column } from '../../schema/column'
import { columnFrom } from '../../schema/column'
import { assertTable, columnNotFound, type Table, tableOf } from '../../schema/table'
import { metricFor, scoreMetrics } from '../evaluate'
import type { FittedModel } from '../fitted-model'

/** Options of {@link permutationImportance}. */
export interface PermutationImportanceOptions {
  /** The metric that is watched. @default accuracy of classifiers, R² of regressors */
  readonly metric?: MetricName | Metric | undefined
  /** How often each column is shuffled. @default 5 */
  readonly repeats?: number | undefined
  /** @default 0 */
  readonly seed?: number | undefined
}

/** What shuffling one column costs. */
export interface PermutationImportance {
  readonly feature: string
  /** The mean loss of score: positive where the column helps, whichever direction the metric has. */
  readonly mean: number
  /** The standard deviation over the repeats (n). */
  readonly std: number
  readonly values: readonly number[]
}

/**
 * Permutation importance (Breiman 2001; scikit-learn's `permutation_importance`) of each column that the model reads, on a table with the target:
 * best one it did not learn from. Largest first.
 *
 * @throws InvalidArgument for no rows or a metric of another task; NotFound without the target column
 *
 * @example
 * permutationImportance(fitted, test, { metric: 'rocAuc', repeats: 10 })
 */
export function permutationImportance(
  model: FittedModel,
  table: Table,
  options: PermutationImportanceOptions = {},
): PermutationImportance[] {
  checkOptions('permutationImportance', options, { metric: anything(), repeats: wholeNumber(1), seed: finiteNumber() })
  assertTable(table, 'permutationImportance')
  if (!table.columnNames.includes(model.target)) throw columnNotFound(model.target, table.columnNames)
  if (table.numRows === 0) throw invalidArgument('permutationImportance needs at least one row, the table has none')
  const { repeats = 5, seed = 0 } = options
  const metric = metricFor(options.metric ?? (model.task === 'classification' ? 'accuracy' : 'r2'), model.task)
  const sign = metric.higherIsBetter ? 1 : -1
  const score = (scored: Table): number => (scoreMetrics(model, scored, [metric])[0] as number) * sign
  const whole = score(table)
  const rng = createRng(seed)
  return model.features
    .map(({ name }) => {
      const values = Array.from(
        { length: repeats },
        () => whole - score(withColumn(table, shuffled(table.column(name), permutation(table.numRows, rng)))),
      )
      const mean = values.reduce((sum, value) => sum + value, 0) / repeats
      const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / repeats)
      return { feature: name, mean, std, values }
    })
    .sort((a, b) => b.mean - a.mean)
}

function shuffled(column: Column, order: Int32Array): Column {
  return columnFrom(
    column.name,
    column.type,
    Array.from(order, (row) => column.at(row)),
  )
}

/** The table with one column replaced. */
export function withColumn(table: Table, column: Column): Table {
  return tableOf(table.columnNames.map((name) => (name === column.name ? column : table.column(name))))
}
