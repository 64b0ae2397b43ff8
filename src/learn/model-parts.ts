/** The parts of a fitted model, for packing and for converters. */
import type { Label } from '../metrics/label'
import type { ColumnType } from '../schema/column'
import type { ColumnSpec, ModelSignature } from '../schema/signature'
import type { FittedLearner } from './learner'
import type { Params } from './params'
import type { FittedTransformer } from './transformer'

/** Everything a fitted model consists of; `FittedModel.parts`. */
export interface ModelParts {
  readonly task: 'classification' | 'regression'
  readonly target: string
  readonly targetType: ColumnType
  /** Classes in ascending order; empty for regression. */
  readonly classes: readonly Label[]
  readonly features: readonly ColumnSpec[]
  readonly options: Params
  readonly transformers: readonly FittedTransformer[]
  readonly learner: FittedLearner
  /** The columns of the learner, in its order: the features after the transformers. */
  readonly matrixNames: readonly string[]
}

/** The signature of a model: its features, and one output named `prediction`. */
export function signatureOf(parts: ModelParts): ModelSignature {
  return { inputs: parts.features, outputs: [{ name: 'prediction', type: parts.task === 'regression' ? 'float64' : parts.targetType }] }
}

/** Importance of one learner column. */
export interface FeatureImportance {
  readonly feature: string
  readonly importance: number
}

/** Importances of the learner's columns, largest first; `undefined` when the learner has none. */
export function importanceOf({ learner, matrixNames }: ModelParts): FeatureImportance[] | undefined {
  const shares = learner.importance
  if (shares === undefined) return undefined
  return matrixNames.map((feature, i) => ({ feature, importance: shares[i] as number })).sort((a, b) => b.importance - a.importance)
}
