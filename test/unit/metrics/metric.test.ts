import { describe, expect, it } from 'vitest'
import {
  accuracy,
  averagePrecision,
  brier,
  classificationMetricNames,
  f1,
  logLoss,
  mae,
  metricByName,
  precision,
  r2,
  recall,
  regressionMetricNames,
  rocAuc,
} from '../../../src/metrics/index'
import { classesOf } from '../../../src/metrics/label'

describe('metricByName', () => {
  it.each([...classificationMetricNames, ...regressionMetricNames])('%s knows its name and direction', (name) => {
    const metric = metricByName(name)
    expect(metric.name).toBe(name)
    const lowerIsBetter = ['logLoss', 'brier', 'rmse', 'mae', 'mse', 'mape', 'medianAbsoluteError', 'maxError', 'pinball']
    expect(metric.higherIsBetter).toBe(!lowerIsBetter.includes(name))
  })

  it.each(classificationMetricNames)('%s of perfect predictions is its best value', (name) => {
    const metric = metricByName(name)
    const actual = ['a', 'b', 'b', 'a']
    const values = Float64Array.of(1, 0, 0, 1, 0, 1, 1, 0)
    let value = Number.NaN
    if (metric.needs === 'labels') value = metric.compute(actual, actual)
    if (metric.needs === 'probabilities') value = metric.compute(actual, { classes: ['a', 'b'], values })
    expect(value).toBeCloseTo(metric.higherIsBetter ? 1 : 0, 12)
  })

  it('returns an object as it is', () => {
    const metric = { name: 'hits', task: 'classification', needs: 'labels', higherIsBetter: true, compute: accuracy } as const
    expect(metricByName(metric)).toBe(metric)
  })

  it('lists the names for an unknown one', () => {
    expect(() => metricByName('acuracy')).toThrow(/no metric "acuracy"; there are accuracy, .*rmse/)
    expect(() => metricByName('__proto__')).toThrow(/no metric/)
  })
})

describe('edges', () => {
  it('one class: no ROC, no average precision without positives', () => {
    expect(rocAuc([1, 1], [0.2, 0.8])).toBeNaN()
    const scores = { classes: [0, 1], values: Float64Array.of(0.5, 0.5, 0.1, 0.9) }
    expect(rocAuc([1, 1], scores)).toBeNaN()
    expect(averagePrecision([0, 0], scores)).toBeNaN()
    expect(logLoss([1, 1], scores)).toBeCloseTo(-(Math.log(0.5) + Math.log(0.9)) / 2, 14)
  })

  it('equal scores give one half', () => {
    expect(rocAuc([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3])).toBe(0.5)
  })

  it('the positive class can be chosen, and stays known where it does not occur', () => {
    const actual = ['no', 'yes', 'no']
    expect(precision(actual, ['no', 'no', 'no'], { positive: 'no' })).toBeCloseTo(2 / 3, 15)
    expect(f1(['no', 'no'], ['no', 'no'], { classes: ['no', 'yes'] })).toBe(0)
    expect(() => f1(actual, actual, { positive: 'maybe' })).toThrow(/one of the labels "no", "yes", got "maybe"/)
  })

  it('never takes the only class that occurs for the positive one', () => {
    for (const metric of [precision, recall, f1]) {
      expect(metric([false, false], [false, false])).toBe(0)
      expect(metric([0, 0], [0, 0])).toBe(0)
      expect(metric([1, 1], [1, 1])).toBe(1)
      expect(metric(['no', 'no'], ['no', 'no'])).toBeNaN()
      // sklearn.metrics.f1_score(['no'] * 2, ['no'] * 2, pos_label='yes', zero_division=0)
      expect(metric(['no', 'no'], ['no', 'no'], { positive: 'yes' })).toBe(0)
      expect(metric(['no', 'no'], ['no', 'no'], { average: 'macro' })).toBe(1)
    }
  })

  it('orders labels by kind and size', () => {
    expect(classesOf([10, 9, 2], [true, false])).toEqual([false, true, 2, 9, 10])
  })

  it('multi-class scores leave out classes that do not occur', () => {
    const values = Float64Array.of(0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.6, 0.3, 0.1)
    expect(rocAuc(['a', 'b', 'a'], { classes: ['a', 'b', 'c'], values })).toBe(1)
  })

  it('refuses lists that do not fit', () => {
    expect(() => accuracy([1], [1, 2])).toThrow(/accuracy needs one prediction per actual value, got 2 for 1/)
    expect(() => accuracy([], [])).toThrow(/at least one row/)
    expect(() => mae([1], [Number.NaN])).toThrow(/row 0 has a missing one/)
    expect(() => rocAuc([0, 1], [0.5, Number.NaN])).toThrow(/row 1 is missing/)
    expect(() => brier(['x'], { classes: ['a', 'b'], values: Float64Array.of(0, 1) })).toThrow(/label "x"/)
    expect(() => rocAuc([0, 1, 2], [0, 1, 2])).toThrow(/3 classes needs the probabilities/)
    expect(() => f1([1], [1], { averag: 'macro' } as never)).toThrow(/`averag` is not an option/)
  })

  it('a constant target', () => {
    expect(r2([2, 2], [2, 2])).toBe(1)
    expect(r2([2, 2], [1, 3])).toBe(0)
  })
})
