/** Explains the predictions of a served model by SHAP values. */
import { invalidArgument, show } from '../../core/errors'
import type { Explanation, RowExplainer } from '../../ports/model'
import type { FittedModel } from '../fitted-model'
import { type ShapOptions, shapValues } from './shap-values'

/**
 * An explainer for `Predictor.of(fitted, { explain: shapExplainer(fitted, { background: train }) })`: calls with `explain: true` get the SHAP values of
 * each row. Explained is the predicted class (of a forest its probability, of boosted trees its score), or the number; boosted trees of two classes have
 * one score, the log-odds of the second class.
 *
 * @throws InvalidArgument for an empty background and, when it is called, for a label that is none of the model's classes; Unsupported, when it is called, for a model that is not made of trees
 */
export function shapExplainer(model: FittedModel, options: ShapOptions): RowExplainer {
  if (typeof model?.predict !== 'function') throw invalidArgument(`shapExplainer needs a fitted model, got ${show(model)}`)
  // Fails here and not at the first call.
  shapValues(model, [], options)
  return (input, predictions) => {
    const { features, outputs, baseValues, values } = shapValues(model, input, options)
    return predictions.map((prediction, row): Explanation => {
      const k = classIndex(model, prediction)
      const at = outputs === 1 ? 0 : k
      const label = model.classes === undefined ? 'prediction' : String(model.classes[outputs === 1 ? 1 : at])
      const contributions = features.map((name, j) => [name, values[(row * features.length + j) * outputs + at] as number] as const)
      return { output: label, baseValue: baseValues[at] as number, contributions: Object.fromEntries(contributions) }
    })
  }
}

/** The place of a label among the classes; 0 for a model of numbers. */
function classIndex({ classes }: FittedModel, label: unknown): number {
  const k = classes === undefined ? 0 : (classes as readonly unknown[]).indexOf(label)
  if (k >= 0) return k
  throw invalidArgument(`shapExplainer explains the classes ${classes?.map(show).join(', ')} of its model, got the label ${show(label)}`)
}
