/** Converts the output of a model to the answers of a predictor. */
import { MillwrightError } from '../core/errors'
import type { LoadedModel, PredictionBatch } from '../ports/model'
import type { Prediction } from './prediction'

/** An answer without an id, as the cache stores it. */
export type Answer = Omit<Prediction, 'id'>

/**
 * One answer per row.
 *
 * @throws Internal when the number of answers differs from the number of rows
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
    ...(probabilities && classes && hasProbabilities(probabilities, classes.length, row)
      ? { probabilities: labelled(classes, probabilities, row) }
      : {}),
    ...outputsOf(outputs, names, row),
  }))
}

/** A row without probabilities has only `NaN`. */
function hasProbabilities(probabilities: Float64Array, width: number, row: number): boolean {
  for (let k = row * width; k < (row + 1) * width; k++) if (!Number.isNaN(probabilities[k])) return true
  return false
}

function outputsOf(outputs: PredictionBatch['outputs'], names: readonly string[], row: number): Pick<Answer, 'outputs'> {
  const entries = names.flatMap((name) => {
    const value = outputs?.[name]?.[row]
    return value === undefined ? [] : [[name, value] as const]
  })
  return entries.length === 0 ? {} : { outputs: Object.fromEntries(entries) }
}

function labelled(classes: readonly unknown[], probabilities: Float64Array, row: number): Record<string, number> {
  return Object.fromEntries(classes.map((label, k) => [String(label), probabilities[row * classes.length + k] as number]))
}
