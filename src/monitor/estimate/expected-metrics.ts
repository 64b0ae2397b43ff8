/** Metrics of a binary decision from probabilities instead of labels: with labels (0 and 1) in their place they are the usual metrics. */

/** The rows of one class against the rest. All of the same length. */
export interface BinaryRows {
  /** What rows are sorted by for ranking metrics: the raw score of the class. */
  readonly scores: Float64Array
  /** The probability that the row is of the class, or its label as 0 or 1. */
  readonly probabilities: Float64Array
  /** Whether the model predicted the class. */
  readonly predicted: readonly boolean[]
}

/** Metrics that can be estimated for one class against the rest. */
export const binaryMetrics = ['rocAuc', 'averagePrecision', 'accuracy', 'precision', 'recall', 'specificity', 'f1'] as const

/** One of {@link binaryMetrics}. */
export type BinaryMetric = (typeof binaryMetrics)[number]

/** The numbers of a confusion matrix, expected or counted. */
export interface ConfusionCounts {
  readonly tp: number
  readonly fp: number
  readonly fn: number
  readonly tn: number
}

/** Sums probabilities by what was predicted. */
export function expectedConfusion({ probabilities, predicted }: BinaryRows): ConfusionCounts {
  let [tp, fp, fn, tn] = [0, 0, 0, 0]
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i] as number
    if (predicted[i]) {
      tp += p
      fp += 1 - p
    } else {
      fn += p
      tn += 1 - p
    }
  }
  return { tp, fp, fn, tn }
}

/** A metric; 0 where its denominator is 0, `NaN` for ranking metrics where one class has no weight, and without rows. */
export function expectedMetric(metric: BinaryMetric, rows: BinaryRows): number {
  if (rows.probabilities.length === 0) return Number.NaN
  if (metric === 'rocAuc' || metric === 'averagePrecision') return rankingMetric(metric, rows)
  return confusionMetric(metric, expectedConfusion(rows))
}

function confusionMetric(metric: Exclude<BinaryMetric, 'rocAuc' | 'averagePrecision'>, { tp, fp, fn, tn }: ConfusionCounts): number {
  const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
  switch (metric) {
    case 'accuracy':
      return ratio(tp + tn, tp + fp + fn + tn)
    case 'precision':
      return ratio(tp, tp + fp)
    case 'recall':
      return ratio(tp, tp + fn)
    case 'specificity':
      return ratio(tn, tn + fp)
    case 'f1':
      return ratio(2 * tp, 2 * tp + fp + fn)
  }
}

/** Rows of equal score are one step, so that their order does not matter. O(n log n). */
function rankingMetric(metric: 'rocAuc' | 'averagePrecision', { scores, probabilities }: BinaryRows): number {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number))
  const positives = probabilities.reduce((sum, p) => sum + p, 0)
  const negatives = probabilities.length - positives
  if (positives <= 0 || (metric === 'rocAuc' && negatives <= 0)) return Number.NaN
  let [tp, fp, area, precisions] = [0, 0, 0, 0]
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i] as number]
    let [gainedTp, gainedFp] = [0, 0]
    for (; i < order.length && scores[order[i] as number] === score; i++) {
      const p = probabilities[order[i] as number] as number
      gainedTp += p
      gainedFp += 1 - p
    }
    area += gainedFp * (tp + gainedTp / 2)
    tp += gainedTp
    fp += gainedFp
    precisions += (tp / (tp + fp)) * gainedTp
  }
  return metric === 'rocAuc' ? area / (positives * negatives) : precisions / positives
}
