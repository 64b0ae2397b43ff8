/** What estimators, models and their scores are typed as. Checked by `tsc`, never run. */

import { type Dataset, fromRows } from '../../src/dataset'
import {
  chain,
  crossValidate,
  type Estimator,
  evaluate,
  type FittedClassifier,
  type FittedModel,
  type FittedRegressor,
  linearRegression,
  logisticRegression,
  randomForestClassifier,
  simpleImputer,
  standardScaler,
} from '../../src/learn'
import type { Label, MetricName } from '../../src/metrics'
import { Predictor } from '../../src/predictor'
import type { Table } from '../../src/schema/table'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

/** A dataset whose labels the compiler knows. */
type Labelled = Dataset<{ late: 'yes' | 'no'; delay: number }>

export async function check(table: Table, labelled: Labelled, unknown: Estimator, anyModel: FittedModel): Promise<void> {
  const regressor = chain([standardScaler(), linearRegression()]).fit(table, { target: 'price' })
  const numbers = regressor.predict(table)
  same<typeof numbers, number[]>(true)

  const classifier = chain([simpleImputer(), chain([randomForestClassifier()])]).fit(labelled, { target: 'late' })
  const labels = classifier.predict(table)
  same<typeof labels, ('yes' | 'no')[]>(true)
  const probabilities = classifier.predictProba(table)
  same<typeof probabilities.classes, readonly ('yes' | 'no')[]>(true)
  const plain = (await logisticRegression().fitAsync(table, { target: 'late' })).predict(table)
  same<typeof plain, Label[]>(true)
  const either = unknown.fit(table, { target: 'late' }).predict(table)
  same<typeof either, Label[]>(true)

  const scores = evaluate(classifier, table)
  same<typeof scores.accuracy, number>(true)
  same<typeof scores.rocAuc, number | undefined>(true)
  const metrics: Readonly<Record<string, number>> = scores
  const named = evaluate(classifier, table, { metrics: ['f1', 'logLoss'] })
  same<keyof typeof named, 'f1' | 'logLoss'>(true)
  const errors = evaluate(regressor, table)
  same<keyof typeof errors, 'rmse' | 'mae' | 'r2'>(true)
  const some = evaluate(anyModel, table)
  same<typeof some.accuracy, number | undefined>(true)
  const listed = evaluate(anyModel, table, { metrics: ['f1', 'rmse'] as readonly MetricName[] })
  same<typeof listed.brier, number>(true)
  // @ts-expect-error no such metric among the default ones
  scores.acuracy
  // @ts-expect-error not asked for
  named.accuracy
  // @ts-expect-error no such metric
  evaluate(classifier, table, { metrics: ['acuracy'] })
  // @ts-expect-error a metric of numbers for a classifier
  evaluate(classifier, table, { metrics: ['rmse'] })
  // @ts-expect-error a metric of classes for a regressor
  evaluate(regressor, table, { metrics: ['f1'] })
  // @ts-expect-error no such option
  evaluate(regressor, table, { metric: ['r2'] })

  const folds = await crossValidate(randomForestClassifier(), table, { target: 'late', scoring: ['accuracy', 'rocAuc'] })
  same<keyof typeof folds, 'accuracy' | 'rocAuc'>(true)
  same<typeof folds.accuracy.mean, number>(true)
  // @ts-expect-error no such score
  folds.f1
  // @ts-expect-error a metric of numbers for a classifier
  await crossValidate(randomForestClassifier(), table, { target: 'late', scoring: ['rmse'] })
  await crossValidate(unknown, table, { target: 'late', scoring: ['rmse', 'f1'] })
  // @ts-expect-error fit needs a target
  linearRegression().fit(table)
  // @ts-expect-error an object of probabilities is no answer of a regressor's type
  same<ReturnType<typeof regressor.predict>, Label[]>(true)
  void metrics

  // A typed dataset tells the labels, and which columns there are.
  const flights = fromRows([{ late: 'yes' as 'yes' | 'no', delay: 3, cancelled: true, hour: null as 1 | 2 | null }])
  const typed = randomForestClassifier().fit(flights, { target: 'late' })
  same<typeof typed, FittedClassifier<'yes' | 'no'>>(true)
  const chained = await chain([simpleImputer(), logisticRegression()]).fitAsync(flights, { target: 'cancelled' })
  same<typeof chained, FittedClassifier<boolean>>(true)
  const hours = randomForestClassifier().fit(flights, { target: 'hour' })
  same<typeof hours, FittedClassifier<1 | 2>>(true)
  const answer = await Predictor.of(typed).predictOne({ delay: 3 })
  same<typeof answer.prediction, 'yes' | 'no'>(true)
  const eitherModel = (hours.classes.length > 1 ? randomForestClassifier() : linearRegression()).fit(flights, { target: 'hour' })
  same<typeof eitherModel, FittedClassifier<1 | 2> | FittedRegressor>(true)
  // @ts-expect-error no such column
  randomForestClassifier().fit(flights, { target: 'lat' })
  // @ts-expect-error no such column
  linearRegression().fit(flights, { target: 'dely' })
  // @ts-expect-error no such column
  unknown.fit(flights, { target: 'dely' })
  // @ts-expect-error no such column
  await crossValidate(randomForestClassifier(), flights, { target: 'lat', scoring: ['accuracy'] })
  // @ts-expect-error no such column
  await crossValidate(randomForestClassifier(), flights, { target: 'late', groups: 'hours', scoring: ['accuracy'] })
}
