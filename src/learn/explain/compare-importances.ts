/** What matters to one model and not to another. */
import { MillwrightError } from '../../core/errors'
import type { FittedModel } from '../fitted-model'

/** The importance of one column in two models. */
export interface ImportanceComparison {
  readonly feature: string
  /** The share in the first model; 0 where it does not know the column. */
  readonly a: number
  readonly b: number
  /** `b − a`. */
  readonly change: number
  /** The place among the columns of each, 1 for the most important; `undefined` where the model does not know it. */
  readonly rankA: number | undefined
  readonly rankB: number | undefined
}

/**
 * Compares `featureImportance()` of two models column by column, largest change first.
 *
 * @throws Unsupported when a model has no importance
 */
export function compareImportances(a: FittedModel, b: FittedModel): ImportanceComparison[] {
  for (const model of [a, b]) {
    if (typeof (model as Partial<FittedModel> | undefined)?.featureImportance === 'function') continue
    throw new MillwrightError('InvalidArgument', 'compareImportances takes two fitted models')
  }
  const [own, other] = [a, b].map(
    (model) => new Map(model.featureImportance().map(({ feature, importance }, i) => [feature, { importance, rank: i + 1 }])),
  )
  const features = [...new Set([...(own?.keys() ?? []), ...(other?.keys() ?? [])])]
  return features
    .map((feature) => {
      const [first, second] = [own?.get(feature), other?.get(feature)]
      const [shareA, shareB] = [first?.importance ?? 0, second?.importance ?? 0]
      return { feature, a: shareA, b: shareB, change: shareB - shareA, rankA: first?.rank, rankB: second?.rank }
    })
    .sort((x, y) => Math.abs(y.change) - Math.abs(x.change))
}
