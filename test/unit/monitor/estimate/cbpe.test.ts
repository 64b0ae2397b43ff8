import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../../src/core/random'
import { logisticRegression } from '../../../../src/learn'
import { isotonicAt } from '../../../../src/learn/calibration/isotonic'
import {
  estimateChunks,
  fitCbpe,
  type LabelledRows,
  Monitor,
  modelRows,
  restoreCbpe,
  tableRows,
  type UnlabelledRows,
} from '../../../../src/monitor'
import { calibrationError, fitCalibration } from '../../../../src/monitor/estimate/calibration'
import { expectedMetric } from '../../../../src/monitor/estimate/expected-metrics'
import { columnFrom } from '../../../../src/schema/column'
import { tableOf } from '../../../../src/schema/table'
import { times } from '../../../support/effort'
import { answer, manualClock } from '../helpers'

interface Golden {
  readonly reference: { readonly score: number[]; readonly label: number[] }
  readonly analysis: { readonly score: number[]; readonly hiddenLabel: number[] }
  readonly threshold: number
  readonly isotonic: { readonly x: number[]; readonly calibratedAnalysis: number[] }
  readonly ece10Reference: { readonly raw: number }
  readonly estimateUncalibrated: Record<string, number>
  readonly estimateCalibrated: Record<string, number>
  readonly realizedReference: Record<string, number>
}
const { performanceEstimation } = JSON.parse(readFileSync(new URL('../../../golden/drift-model.json', import.meta.url), 'utf8')) as {
  performanceEstimation: Golden[]
}

function rowsOf(scores: readonly number[], threshold: number): UnlabelledRows {
  const values = Float64Array.from(scores.flatMap((score) => [1 - score, score]))
  return { table: tableOf([]), predicted: scores.map((score) => Number(score >= threshold)), probabilities: { classes: [0, 1], values } }
}
const metricNames = ['rocAuc', 'averagePrecision', 'f1', 'precision', 'recall', 'specificity', 'accuracy'] as const

describe('confidence-based performance estimation', () => {
  it('finds out whether scores need calibration, for more rows of a class than a call takes arguments', () => {
    const rng = createRng(3)
    const scores = Float64Array.from({ length: times(2_000, 150_000) }, (_, i) => (i % 20) / 20)
    const probabilities = scores.map((score) => Number(rng.next() < score ** 6))
    const rows = { scores, probabilities, predicted: Array.from(scores, (score) => score > 0.5) }
    expect(fitCalibration(rows, 'auto', rng)).toBeDefined()
  })

  it.each(performanceEstimation.map((golden, i) => [i, golden] as const))('gives the golden numbers, case %i', (_, golden) => {
    const { reference, analysis, threshold } = golden
    const labelled: LabelledRows = { ...rowsOf(reference.score, threshold), actual: reference.label }
    const rows = rowsOf(analysis.score, threshold)
    for (const [calibrate, expected] of [
      [true, golden.estimateCalibrated],
      [false, golden.estimateUncalibrated],
    ] as const) {
      const estimator = fitCbpe(labelled, { calibrate })
      for (const metric of metricNames) {
        const { value, reference: realised, low, high } = estimator.estimate(rows, metric)
        expect(value, metric).toBeCloseTo(expected[metric] as number, 9)
        expect(realised, metric).toBeCloseTo(golden.realizedReference[metric] as number, 9)
        expect(low).toBeLessThan(value)
        expect(high).toBeGreaterThan(value)
      }
      const again = restoreCbpe(JSON.parse(JSON.stringify(estimator.state())))
      expect(again.estimate(rows, 'rocAuc')).toEqual(estimator.estimate(rows, 'rocAuc'))
    }
    const [isotonic] = fitCbpe(labelled, { calibrate: true }).state().calibrations
    expect(isotonic?.x).toEqual(golden.isotonic.x)
    analysis.score.forEach((score, i) => {
      expect(isotonicAt(isotonic as NonNullable<typeof isotonic>, score)).toBeCloseTo(golden.isotonic.calibratedAnalysis[i] as number, 12)
    })
    expect(calibrationError(reference.score, reference.label)).toBeCloseTo(golden.ece10Reference.raw, 9)
  })

  it('calibrates only where that helps', () => {
    const rng = createRng(3)
    const scores = Array.from({ length: times(1500, 4000) }, () => rng.next())
    const honest = scores.map((score) => Number(rng.next() < score))
    const boastful = scores.map((score) => Number(rng.next() < 0.5 + (score - 0.5) / 4))
    const fitted = (actual: readonly number[]) => fitCbpe({ ...rowsOf(scores, 0.5), actual }, { metrics: ['accuracy'] })
    expect(fitted(boastful).calibrated).toEqual([true])
    expect(fitted(boastful).estimate(rowsOf(scores, 0.5), 'accuracy').value).toBeCloseTo(0.5625, 1)
    const { value } = fitted(honest).estimate(rowsOf(scores, 0.5), 'accuracy')
    expect(value).toBeCloseTo(0.75, 1)
  })

  it('covers the true value with its band, and follows a change of the inputs', () => {
    const rng = createRng(11)
    const draw = (n: number, centre: number) => {
      const scores = Array.from({ length: n }, () => 1 / (1 + Math.exp(-(rng.normal() * 1.5 + centre))))
      return { scores, actual: scores.map((score) => Number(rng.next() < score)) }
    }
    const reference = draw(times(5000, 20_000), 0)
    const estimator = fitCbpe({ ...rowsOf(reference.scores, 0.5), actual: reference.actual }, { chunkRows: 500 })
    let outside = 0
    const windows = times(10, 300)
    for (let i = 0; i < windows; i++) {
      const { scores, actual } = draw(500, 0)
      for (const metric of ['accuracy', 'f1', 'rocAuc', 'precision', 'recall', 'specificity', 'averagePrecision'] as const) {
        const { low, high, alert } = estimator.estimate(rowsOf(scores, 0.5), metric)
        const predicted = scores.map((score) => score >= 0.5)
        const realised = expectedMetric(metric, { scores: Float64Array.from(scores), probabilities: Float64Array.from(actual), predicted })
        if (realised < low || realised > high) outside++
        expect(alert).toBe(false)
      }
    }
    // Three standard errors leave out about 0.3 % of the windows.
    expect(outside).toBeLessThanOrEqual(windows * 7 * 0.01)
    // All scores near one half: the model can no longer tell the classes apart.
    const unsure = Array.from({ length: 500 }, (_, i) => 0.45 + (i % 100) / 1000)
    const found = estimator.estimate(rowsOf(unsure, 0.5), 'accuracy')
    expect(Math.abs(found.value - 0.525)).toBeLessThan(0.04)
    expect(found.alert).toBe(true)
  })

  it('takes several classes one against the rest', () => {
    const rng = createRng(5)
    const classes = ['a', 'b', 'c']
    const draw = (n: number): LabelledRows => {
      const values = new Float64Array(n * 3)
      const [predicted, actual]: [string[], string[]] = [[], []]
      for (let row = 0; row < n; row++) {
        const weights = classes.map(() => rng.next() ** 3)
        const sum = weights.reduce((total, weight) => total + weight, 0)
        weights.forEach((weight, c) => {
          values[row * 3 + c] = weight / sum
        })
        const best = weights.indexOf(Math.max(...weights))
        predicted.push(classes[best] as string)
        const u = rng.next() * sum
        const [first, second] = weights as [number, number]
        actual.push(u < first ? 'a' : u < first + second ? 'b' : 'c')
      }
      return { table: tableOf([]), predicted, actual, probabilities: { classes, values } }
    }
    const reference = draw(times(600, 6000))
    const estimator = fitCbpe(reference)
    const fresh = draw(times(600, 6000))
    const realised = fitCbpe(fresh, { calibrate: false })
    for (const metric of ['accuracy', 'f1', 'rocAuc'] as const) {
      expect(estimator.estimate(fresh, metric).value).toBeCloseTo(realised.estimate(fresh, metric).reference, 1)
    }
    expect(estimateChunks(estimator, fresh, { metric: 'accuracy', chunkRows: 500 }).length).toBe(times(1, 12))
  })

  it('gives the worth of predictions', () => {
    const scores = [0.9, 0.8, 0.3, 0.1]
    const values = { truePositive: 10, falsePositive: -5, falseNegative: -20, trueNegative: 0 }
    const estimator = fitCbpe({ ...rowsOf(scores, 0.5), actual: [1, 0, 1, 0] }, { calibrate: false, values, chunkRows: 2 })
    const expected = (0.9 * 10 + 0.1 * -5 + 0.8 * 10 + 0.2 * -5 + 0.3 * -20 + 0.1 * -20) / 4
    expect(estimator.estimate(rowsOf(scores, 0.5), 'businessValue').value).toBeCloseTo(expected, 12)
    expect(estimator.estimate(rowsOf(scores, 0.5), 'businessValue').reference).toBeCloseTo((10 - 5 - 20) / 4, 12)
  })

  it('reads a model with its test set, a table, and the log of a monitor', () => {
    const rng = createRng(8)
    const n = 600
    const x = Array.from({ length: n }, () => rng.normal())
    const y = x.map((value) => (rng.next() < 1 / (1 + Math.exp(-2 * value)) ? 'yes' : 'no'))
    const table = tableOf([columnFrom('x', 'float64', x), columnFrom('late', 'string', y)])
    const model = logisticRegression().fit(table, { target: 'late' })
    const reference = modelRows(model, table)
    const estimator = fitCbpe(reference, { seed: 1 })
    expect([estimator.classes, reference.actual]).toEqual([['no', 'yes'], y])
    const probabilities = reference.probabilities?.values as Float64Array
    const exported = tableOf([
      columnFrom(
        'p',
        'float64',
        Array.from(x, (_, row) => probabilities[row * 2 + 1]),
      ),
      columnFrom('prediction', 'string', reference.predicted),
      columnFrom(
        'late',
        'string',
        y.map((label, i) => (i === 0 ? null : label)),
      ),
    ])
    const fromTable = tableRows(exported, { prediction: 'prediction', target: 'late', probabilities: 'p' })
    expect(fromTable.actual).toEqual(y.slice(1))
    expect(Array.from(fromTable.probabilities?.values.subarray(0, 2) ?? [])).toEqual([
      expect.closeTo(probabilities[2] as number, 12),
      probabilities[3],
    ])
    const rules = [{ name: 'estimate', kind: 'estimated-performance', metric: 'accuracy', below: 0.99, window: { lastMs: 1e6 } }] as const
    const monitor = new Monitor({ clock: manualClock(n), estimator, rules })
    reference.predicted.forEach((prediction, i) => {
      const yes = probabilities[i * 2 + 1] as number
      monitor.record(
        answer(`${i}`, i, { input: { x: x[i] as number }, prediction: prediction as string, probabilities: { no: 1 - yes, yes } }),
      )
    })
    const found = monitor.estimate({ metric: 'accuracy' })
    expect(found).toEqual(estimator.estimate(reference, 'accuracy'))
    const [status] = monitor.check().rules
    expect(status).toMatchObject({ state: 'firing', value: found.value, details: { low: found.low, high: found.high } })
    expect(status?.summary).toMatch(
      /^estimated accuracy is 0\.\d+ over 600 rows \(below 0\.99 alerts\): 0\.\d+ to 0\.\d+, reference 0\.\d+$/,
    )
  })

  it.each([
    [() => fitCbpe({ table: tableOf([]), predicted: [1], actual: [1] }), 'fitCbpe needs rows with probabilities'],
    [
      () => fitCbpe({ ...rowsOf([0.5, 0.6], 0.5), actual: [1, 1] }),
      'fitCbpe needs a reference with labels of at least two classes, got only 1',
    ],
    [() => fitCbpe({ ...rowsOf([0.5, 0.6], 0.5), actual: [1] }), 'fitCbpe needs a label for each of its 2 rows'],
    [
      () => fitCbpe({ ...rowsOf([0.5, 0.6], 0.5), actual: [1, 0] }, { metrics: ['businessValue'] }),
      '`values` of fitCbpe needs the number `truePositive`',
    ],
    [
      () => fitCbpe({ ...rowsOf([0.5, 0.6], 0.5), actual: [1, 0] }).estimate(rowsOf([0.5], 0.5), 'rmse'),
      'the estimator has no metric "rmse"; it has rocAuc',
    ],
    [() => restoreCbpe({} as never), 'restoreCbpe needs the state of an estimator'],
    [() => new Monitor().estimate({ metric: 'accuracy' }), 'estimate of monitor needs an estimator, and it has none'],
  ])('refuses what it cannot use: %#', (run, message) => {
    expect(run).toThrow(message)
  })
})
