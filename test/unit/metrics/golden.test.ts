import { describe, expect, it } from 'vitest'
import {
  averagePrecision,
  balancedAccuracy,
  brier,
  classificationReport,
  confusionMatrix,
  explainedVariance,
  f1,
  type Label,
  logLoss,
  mae,
  mape,
  matthews,
  maxError,
  medianAbsoluteError,
  metricByName,
  mse,
  precision,
  r2,
  recall,
  rmse,
  rocAuc,
} from '../../../src/metrics/index'
import golden from '../../golden/metrics.json'

// Both sides work in float64; they differ only in the order of summation.
const DIGITS = 12

describe.each(golden.classification)('classification metrics on $name equal scikit-learn', (given) => {
  const classes = given.classes as Label[]
  const actual = given.actual as Label[]
  const probabilities = { classes, values: Float64Array.from(given.probabilities) }
  const expected = given.expected as unknown as Record<string, number> & { confusion: number[] }
  const predicted = actual.map((_, row) => {
    const shares = given.probabilities.slice(row * classes.length, (row + 1) * classes.length)
    return classes[shares.indexOf(Math.max(...shares))] as Label
  })

  it.each(['macro', 'weighted', 'micro'] as const)('%s averages', (average) => {
    expect(precision(actual, predicted, { average })).toBeCloseTo(expected[`precision.${average}`] as number, DIGITS)
    expect(recall(actual, predicted, { average })).toBeCloseTo(expected[`recall.${average}`] as number, DIGITS)
    expect(f1(actual, predicted, { average })).toBeCloseTo(expected[`f1.${average}`] as number, DIGITS)
  })

  if (classes.length === 2)
    it('the positive class', () => {
      expect(precision(actual, predicted)).toBeCloseTo(expected['precision.binary'] as number, DIGITS)
      expect(recall(actual, predicted)).toBeCloseTo(expected['recall.binary'] as number, DIGITS)
      expect(f1(actual, predicted)).toBeCloseTo(expected['f1.binary'] as number, DIGITS)
      const second = probabilities.values.filter((_, i) => i % 2 === 1)
      expect(rocAuc(actual, second)).toBeCloseTo(expected.rocAuc as number, DIGITS)
      expect(averagePrecision(actual, second)).toBeCloseTo(expected.averagePrecision as number, DIGITS)
    })

  it('labels', () => {
    expect(metricByName('accuracy').needs).toBe('labels')
    expect(balancedAccuracy(actual, predicted)).toBeCloseTo(expected.balancedAccuracy as number, DIGITS)
    expect(matthews(actual, predicted)).toBeCloseTo(expected.matthews as number, DIGITS)
    expect(Array.from(confusionMatrix(actual, predicted, { classes }).counts)).toEqual(expected.confusion)
  })

  it('probabilities', () => {
    expect(rocAuc(actual, probabilities)).toBeCloseTo(expected.rocAuc as number, DIGITS)
    expect(averagePrecision(actual, probabilities)).toBeCloseTo(expected.averagePrecision as number, DIGITS)
    expect(logLoss(actual, probabilities)).toBeCloseTo(expected.logLoss as number, DIGITS)
    expect(brier(actual, probabilities)).toBeCloseTo(expected.brier as number, DIGITS)
  })

  it('the report holds the same figures', () => {
    const report = classificationReport(actual, predicted)
    expect(report.accuracy).toBeCloseTo(expected.accuracy as number, DIGITS)
    expect(report.macro.f1).toBeCloseTo(expected['f1.macro'] as number, DIGITS)
    expect(report.weighted.precision).toBeCloseTo(expected['precision.weighted'] as number, DIGITS)
    expect(report.classes.reduce((sum, { support }) => sum + support, 0)).toBe(actual.length)
  })
})

describe.each(golden.regression)('regression metrics on $name equal scikit-learn', ({ actual, predicted, expected }) => {
  it.each(Object.entries({ mse, rmse, mae, r2, mape, medianAbsoluteError, maxError, explainedVariance }))('%s', (name, metric) => {
    const want = (expected as Record<string, number>)[name] as number
    const got = metric(actual, predicted)
    expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(want)))
  })
})
