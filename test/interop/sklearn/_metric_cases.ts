/** Generated cases for metrics, and our answers to them: what `metrics.ts` compares with scikit-learn, and `metrics-sklearn.json` pins. */
import { createRng, type Rng } from '../../../src/core/random'
import * as m from '../../../src/metrics'

/** One case; a list of numbers per name. */
export type MetricCase =
  | { readonly kind: 'labels'; readonly actual: number[]; readonly predicted: number[]; readonly weights?: number[] }
  | { readonly kind: 'scores'; readonly actual: number[]; readonly scores: number[]; readonly weights?: number[] }
  | { readonly kind: 'classes'; readonly actual: number[]; readonly probabilities: number[][]; readonly weights?: number[] }
  | {
      readonly kind: 'numbers'
      readonly actual: number[]
      readonly predicted: number[]
      readonly alpha: number
      readonly weights?: number[]
    }
  | { readonly kind: 'queries'; readonly relevance: number[][]; readonly scores: number[][]; readonly k: number }

/** Answers by name. */
export type Answers = Readonly<Record<string, readonly number[]>>

const kinds = ['labels', 'scores', 'classes', 'numbers', 'queries'] as const

/** Cases of every kind in turn; the same ones for the same seed. */
export function metricCases(count: number, seed: number): MetricCase[] {
  const root = createRng(seed)
  return Array.from({ length: count }, (_, i) => caseOf(kinds[i % kinds.length] as MetricCase['kind'], root.fork(), Math.floor(i / 5)))
}

function caseOf(kind: MetricCase['kind'], rng: Rng, round: number): MetricCase {
  const n = 2 + rng.int(round % 4 === 0 ? 8 : 60)
  const list = (make: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => make(i))
  const weights = round % 2 === 1 ? { weights: list((i) => (i > 3 && rng.next() < 0.1 ? 0 : Math.round(rng.next() * 400 + 1) / 100)) } : {}
  // Coarse numbers make ties.
  const digits = [1, 2, 15][round % 3] as number
  const rounded = (value: number): number => Number(value.toFixed(digits))
  switch (kind) {
    case 'labels': {
      const k = 2 + rng.int(4)
      const actual = list((i) => (i < 2 ? i : rng.int(k)))
      return { kind, actual, predicted: actual.map((label) => (rng.next() < 0.6 ? label : rng.int(k))), ...weights }
    }
    case 'scores': {
      const scores = list(() => rounded(rng.next()))
      return { kind, actual: list((i) => (i < 2 ? i : Number(rng.next() < (scores[i] as number)))), scores, ...weights }
    }
    case 'classes': {
      const k = 3 + rng.int(3)
      const rows = Math.max(n, k)
      const probabilities = Array.from({ length: rows }, () => {
        const raw = Array.from({ length: k }, () => 1 + Math.floor(rng.next() * 8))
        const sum = raw.reduce((all, value) => all + value, 0)
        return raw.map((value) => value / sum)
      })
      const more = weights.weights === undefined ? {} : { weights: Array.from({ length: rows }, (_, i) => weights.weights[i] ?? 1) }
      return { kind, actual: Array.from({ length: rows }, (_, i) => (i < k ? i : rng.int(k))), probabilities, ...more }
    }
    case 'numbers': {
      const actual = list(() => rounded(rng.next() * 20))
      return {
        kind,
        actual,
        predicted: actual.map((value) => rounded(Math.abs(value + rng.normal() * 3))),
        alpha: rng.int(11) / 10,
        ...weights,
      }
    }
    case 'queries': {
      const items = 2 + rng.int(9)
      const lists = (make: () => number): number[][] => Array.from({ length: 1 + rng.int(4) }, () => Array.from({ length: items }, make))
      const relevance = lists(() => rng.int(4))
      return { kind, relevance, scores: relevance.map((own) => own.map((value) => rounded(value / 3 + rng.next()))), k: 1 + rng.int(items) }
    }
  }
}

/** Our answers to a case. */
export function ourAnswers(given: MetricCase): Answers {
  switch (given.kind) {
    case 'labels':
      return labelAnswers(given)
    case 'scores':
      return scoreAnswers(given)
    case 'classes':
      return classAnswers(given)
    case 'numbers':
      return numberAnswers(given)
    case 'queries': {
      const { relevance, scores, k } = given
      // A single relevant item, so that scikit-learn's label ranking average precision is the reciprocal rank.
      const single = relevance.map((items) => items.map((_, i) => Number(i === items.indexOf(Math.max(...items)))))
      // Without averaging, the order of equal scores is NumPy's own secret.
      const distinct = scores.map((own) => own.map((score, i) => score + i * 1e-7))
      return {
        dcg: [m.dcg(relevance, scores), m.dcg(relevance, scores, { k }), m.dcg(relevance, distinct, { k, averageTies: false })],
        ndcg: [m.ndcg(relevance, scores), m.ndcg(relevance, scores, { k })],
        reciprocalRank: [m.meanReciprocalRank(single, scores)],
        meanAveragePrecision: relevance.map((items, i) => m.meanAveragePrecision([items], [scores[i] as number[]])),
      }
    }
  }
}

function labelAnswers({ actual, predicted, weights }: Extract<MetricCase, { kind: 'labels' }>): Answers {
  const averages = (['macro', 'weighted', 'micro'] as const).flatMap((average) => [
    m.precision(actual, predicted, { average, weights }),
    m.recall(actual, predicted, { average, weights }),
    m.f1(actual, predicted, { average, weights }),
    m.fBeta(actual, predicted, { average, weights, beta: 2 }),
    m.jaccard(actual, predicted, { average, weights }),
  ])
  const { classes, macro, weighted } = m.classificationReport(actual, predicted, { weights })
  return {
    confusion: Array.from(m.confusionMatrix(actual, predicted, { weights }).counts),
    accuracy: [m.accuracy(actual, predicted, { weights })],
    balancedAccuracy: [
      m.balancedAccuracy(actual, predicted, { weights }),
      m.balancedAccuracy(actual, predicted, { weights, adjusted: true }),
    ],
    matthews: [m.matthews(actual, predicted, { weights })],
    cohenKappa: (['none', 'linear', 'quadratic'] as const).map((penalty) => m.cohenKappa(actual, predicted, { weights, penalty })),
    averages,
    report: [
      ...classes.flatMap(({ precision, recall, f1, support }) => [precision, recall, f1, support]),
      ...[macro, weighted].flatMap(({ precision, recall, f1, support }) => [precision, recall, f1, support]),
    ],
  }
}

function scoreAnswers({ actual, scores, weights }: Extract<MetricCase, { kind: 'scores' }>): Answers {
  const probabilities = { classes: [0, 1], values: Float64Array.from(scores.flatMap((score) => [1 - score, score])) }
  const roc = m.rocCurve(actual, scores, { weights })
  const whole = m.rocCurve(actual, scores, { weights, dropIntermediate: false })
  const curve = m.precisionRecallCurve(actual, scores, { weights })
  const calibration = (['uniform', 'quantile'] as const).map((strategy) => m.calibrationCurve(actual, scores, { bins: 4, strategy }))
  return {
    rocAuc: [m.rocAuc(actual, scores, { weights })],
    averagePrecision: [m.averagePrecision(actual, scores, { weights })],
    logLoss: [m.logLoss(actual, probabilities, { weights })],
    brier: [m.brier(actual, probabilities, { weights })],
    rocCurve: [roc, whole].flatMap((each) => [...each.falsePositiveRate, ...each.truePositiveRate, ...each.thresholds.subarray(1)]),
    precisionRecallCurve: [...curve.precision, ...curve.recall, ...curve.thresholds],
    calibrationCurve: calibration.flatMap((each) => [...each.actual, ...each.predicted]),
  }
}

function classAnswers({ actual, probabilities, weights }: Extract<MetricCase, { kind: 'classes' }>): Answers {
  const k = (probabilities[0] as number[]).length
  const given = { classes: Array.from({ length: k }, (_, i) => i), values: Float64Array.from(probabilities.flat()) }
  const averages = ['macro', 'weighted'] as const
  return {
    rocAucOvr: averages.map((average) => m.rocAuc(actual, given, { average, weights })),
    rocAucOvo: averages.map((average) => m.rocAuc(actual, given, { average, multiClass: 'ovo' })),
    averagePrecision: averages.map((average) => m.averagePrecision(actual, given, { average, weights })),
    logLoss: [m.logLoss(actual, given, { weights })],
    brier: [m.brier(actual, given, { weights })],
    topKAccuracy: [1, 2].map((top) => m.topKAccuracy(actual, given, { k: top, weights })),
  }
}

function numberAnswers({ actual, predicted, alpha, weights }: Extract<MetricCase, { kind: 'numbers' }>): Answers {
  const weighted = { mse: m.mse, rmse: m.rmse, mae: m.mae, medianAbsoluteError: m.medianAbsoluteError, mape: m.mape, msle: m.msle }
  const shares = { r2: m.r2, explainedVariance: m.explainedVariance, d2AbsoluteError: m.d2AbsoluteError }
  const values = Object.entries({ ...weighted, ...shares }).map(
    ([name, metric]) => [name, [metric(actual, predicted, { weights })]] as const,
  )
  return {
    ...Object.fromEntries(values),
    maxError: [m.maxError(actual, predicted)],
    pinball: [m.pinball(actual, predicted, { alpha, weights })],
    d2Pinball: [m.d2Pinball(actual, predicted, { alpha, weights })],
  }
}

/** What differs by more than 1e-12 of the larger of 1 and the value; and the largest difference, relative so. */
export function differences(ours: Answers, theirs: Answers): { readonly wrong: readonly string[]; readonly worst: number } {
  let worst = 0
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
  const wrong = names.flatMap((name) => {
    const [a = [], b = []] = [ours[name], theirs[name]]
    if (a.length !== b.length) return [`${name}: ${a.length} values, scikit-learn has ${b.length}`]
    return a.flatMap((value, i) => {
      const other = b[i] ?? Number.NaN
      if (Number.isNaN(value) && Number.isNaN(other)) return []
      const difference = Math.abs(value - other) / Math.max(1, Math.abs(other))
      worst = Math.max(worst, difference || 0)
      return difference <= 1e-12 ? [] : [`${name}[${i}]: ${value}, scikit-learn has ${other}`]
    })
  })
  return { wrong, worst }
}
