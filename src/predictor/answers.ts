/** From what a model gives to what a predictor answers. */
import { MillwrightError } from '../core/errors'
import type { LoadedModel, PredictionBatch } from '../ports/model'
import type { Prediction } from './prediction'

/** An answer that has no id yet: what the cache keeps. */
export type Answer = Omit<Prediction, 'id'>

/**
 * One answer per row.
 *
 * @throws Internal when the model gave another number of answers than there were rows
 */
export function answersOf(batch: PredictionBatch, model: LoadedModel, numRows: number): Answer[] {
  const { predictions, probabilities, outputs } = batch
  const classes = batch.classes ?? model.classes
  if (predictions.length !== numRows || (probabilities && classes && probabilities.length !== numRows * classes.length)) {
    throw new MillwrightError('Internal', `the model gave ${predictions.length} predictions for ${numRows} rows`)
  }
  const names = outputs === undefined ? [] : Object.keys(outputs)
  return predictions.map((prediction, row) => ({
    prediction,
    ...(probabilities && classes ? { probabilities: labelled(classes, probabilities, row) } : {}),
    ...(names.length > 0 ? { outputs: Object.fromEntries(names.map((name) => [name, outputs?.[name]?.[row]])) } : {}),
  }))
}

function labelled(classes: readonly unknown[], probabilities: Float64Array, row: number): Record<string, number> {
  return Object.fromEntries(classes.map((label, k) => [String(label), probabilities[row * classes.length + k] as number]))
}
