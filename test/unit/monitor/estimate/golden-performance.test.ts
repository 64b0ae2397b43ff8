/** The rest of the golden numbers about performance: those that need labels, and the counts and errors behind the estimates. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fitIsotonic, isotonicAt } from '../../../../src/learn/calibration/isotonic'
import { brier, logLoss } from '../../../../src/metrics'
import { calibrationError } from '../../../../src/monitor/estimate/calibration'
import { type BinaryRows, binaryMetrics, expectedConfusion, expectedMetric } from '../../../../src/monitor/estimate/expected-metrics'

type Numbers = Record<string, number>
interface Golden {
  readonly reference: { readonly score: number[]; readonly label: number[] }
  readonly analysis: { readonly score: number[]; readonly hiddenLabel: number[] }
  readonly threshold: number
  readonly isotonic: { readonly y: number[]; readonly calibratedAnalysis: number[] }
  readonly ece10Reference: { readonly calibratedInSample: number }
  readonly estimateUncalibrated: Numbers
  readonly estimateCalibrated: Numbers
  readonly realizedAnalysis: Numbers
  readonly brier: number
  readonly logLoss: number
}
const { performanceEstimation } = JSON.parse(readFileSync(new URL('../../../golden/drift-model.json', import.meta.url), 'utf8')) as {
  performanceEstimation: Golden[]
}

describe('golden numbers of performance', () => {
  it.each(performanceEstimation.map((golden, i) => [i, golden] as const))('case %i', (_, golden) => {
    const { reference, analysis, threshold, isotonic } = golden
    const scores = Float64Array.from(analysis.score)
    const rows = (probabilities: readonly number[]): BinaryRows => ({
      scores,
      probabilities: Float64Array.from(probabilities),
      predicted: analysis.score.map((score) => score >= threshold),
    })
    for (const metric of binaryMetrics) {
      expect(expectedMetric(metric, rows(analysis.hiddenLabel)), metric).toBeCloseTo(golden.realizedAnalysis[metric] as number, 9)
    }
    for (const [probabilities, expected] of [
      [analysis.score, golden.estimateUncalibrated],
      [isotonic.calibratedAnalysis, golden.estimateCalibrated],
    ] as const) {
      for (const [name, count] of Object.entries(expectedConfusion(rows(probabilities))))
        expect(count, name).toBeCloseTo(expected[name] as number, 9)
    }
    const own = fitIsotonic(Float64Array.from(reference.score), reference.label)
    expect(own.y).toHaveLength(isotonic.y.length)
    own.y.forEach((value, i) => {
      expect(value).toBeCloseTo(isotonic.y[i] as number, 12)
    })
    const calibrated = reference.score.map((score) => isotonicAt(own, score))
    expect(calibrationError(calibrated, reference.label)).toBeCloseTo(golden.ece10Reference.calibratedInSample, 9)
    const [labels, probabilities] = [
      analysis.hiddenLabel,
      { classes: [0, 1], values: Float64Array.from(analysis.score.flatMap((score) => [1 - score, score])) },
    ]
    expect(brier(labels, probabilities)).toBeCloseTo(golden.brier, 9)
    expect(logLoss(labels, probabilities)).toBeCloseTo(golden.logLoss, 9)
  })
})
