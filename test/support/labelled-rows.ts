/** Answered rows with labels: of a classifier, a worse one on the same rows, and a regressor. */
import { createRng } from '../../src/core/random'
import type { LabelledRows } from '../../src/monitor'
import { columnFrom } from '../../src/schema/column'
import { tableOf } from '../../src/schema/table'

/** 400 rows drawn by `seed`. */
export function labelledRows(seed: number): Readonly<Record<'classifier' | 'worse' | 'regressor', LabelledRows>> {
  const rng = createRng(seed)
  const truth = Array.from({ length: 400 }, () => rng.next())
  const region = truth.map((_, i) => (i % 4 === 0 ? 'north' : 'south <&>'))
  const table = tableOf([columnFrom('region', 'string', region)])
  const actual = truth.map((p) => (rng.next() < p ? 'yes' : 'no'))
  const classifier = (noise: number): LabelledRows => {
    const scores = truth.map((p) => Math.min(0.99, Math.max(0.01, p + rng.normal() * noise)))
    const values = Float64Array.from(scores.flatMap((p) => [1 - p, p]))
    return { table, predicted: scores.map((p) => (p > 0.5 ? 'yes' : 'no')), actual, probabilities: { classes: ['no', 'yes'], values } }
  }
  const values = truth.map((p) => 100 * p)
  return {
    classifier: classifier(0.05),
    worse: classifier(0.5),
    regressor: { table, predicted: values.map((value, i) => value + rng.normal() * (region[i] === 'north' ? 30 : 5)), actual: values },
  }
}
