import { describe, expect, it } from 'vitest'
import {
  accuracy,
  dcg,
  mae,
  meanReciprocalRank,
  metricsBySlice,
  ndcg,
  precisionRecallCurve,
  rocAuc,
  rocCurve,
  topKAccuracy,
} from '../../../src/metrics'
import pinned from '../../golden/metrics-sklearn.json'
import { type Answers, differences, type MetricCase, ourAnswers } from '../../interop/sklearn/_metric_cases'

describe('metrics with ties and weights equal those of scikit-learn to 1e-12', () => {
  const number = (value: unknown): number => (value === 'inf' ? Number.POSITIVE_INFINITY : Number(value))
  it.each(pinned.cases.map(({ given, answers }, i) => [`case ${i}: ${given.kind}`, given, answers] as const))('%s', (_, given, answers) => {
    const theirs = Object.fromEntries(Object.entries(answers as object as Answers).map(([name, list]) => [name, list.map(number)]))
    expect(differences(ourAnswers(given as MetricCase), theirs).wrong).toEqual([])
  })
})

describe('metricsBySlice', () => {
  const rows = {
    actual: ['yes', 'no', 'yes', 'no', 'no', 'no'],
    predicted: ['yes', 'no', 'no', 'no', 'yes', 'no'],
    slices: ['a', 'a', 'a', 'b', 'b', null],
  }

  it('gives each slice its figures, the largest first', () => {
    const report = metricsBySlice(rows, ['accuracy', 'recall'])
    expect(report.all).toEqual({ rows: 6, scores: { accuracy: 4 / 6, recall: 0.5 } })
    expect(report.slices.map(({ slice, rows: count, scores }) => [slice, count, scores.accuracy, scores.recall])).toEqual([
      ['a', 3, 2 / 3, 0.5],
      // Without a single "yes" among them, "no" must not become the positive class.
      ['b', 2, 0.5, 0],
      [null, 1, 1, 0],
    ])
    expect(String(report)).toBe('metrics of 3 slices over 6 rows')
  })

  it('uses the probabilities of the slice', () => {
    const values = Float64Array.of(0.1, 0.9, 0.8, 0.2, 0.9, 0.1, 0.3, 0.7, 0.4, 0.6, 0.5, 0.5)
    const report = metricsBySlice({ ...rows, probabilities: { classes: ['no', 'yes'], values } }, ['rocAuc'])
    expect(report.slices[0]?.scores.rocAuc).toBe(rocAuc(['yes', 'no', 'yes'], [0.9, 0.2, 0.1]))
    expect(report.slices[1]?.scores.rocAuc).toBeNaN()
  })

  it.each([
    [{ ...rows, slices: ['a'] }, ['accuracy'], /needs `slices` of 6 rows, got 1/],
    [{ ...rows, actual: [] }, ['accuracy'], /at least one row/],
    [rows, ['rocAuc'], /"rocAuc" of metricsBySlice needs `probabilities`/],
    [rows, [], /at least one metric/],
  ])('refuses %#', (given, metrics, message) => {
    expect(() => metricsBySlice(given, metrics as never)).toThrow(message)
  })
})

describe('refusals', () => {
  it.each([
    [() => mae([1, 2], [1, 2], { weights: [1] }), /`weights` of mae must be one number per row, got 1 for 2/],
    [() => accuracy([1, 2], [1, 2], { weights: [1, -1] }), /`weights` of accuracy must be finite numbers ≥ 0, row 1 has -1/],
    [() => mae([1, 2], [1, 2], { weights: [0, 0] }), /are all 0/],
    [() => rocCurve([1, 1], [0.1, 0.2]), /needs rows of two classes/],
    [() => precisionRecallCurve(['a', 'b', 'c'], [1, 2, 3]), /of 3 classes needs the probabilities/],
    [() => topKAccuracy([1], { classes: [1, 2], values: Float64Array.of(1) }), /one row of scores per actual value/],
    [() => ndcg([[1, -1]], [[1, 2]]), /relevance ≥ 0, query 0/],
    [() => dcg([[1, 2]], [[1]]), /query 0 has 1 for 2/],
    [() => dcg([1] as never, [1] as never), /lists of lists/],
    [() => meanReciprocalRank([[1]], [[Number.NaN]]), /item 0 of query 0/],
  ])('%#', (work, message) => {
    expect(work).toThrow(message)
  })
})
