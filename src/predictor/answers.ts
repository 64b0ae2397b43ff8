/** Converts the output of a model to the answers of a predictor. */
import { MillwrightError } from '../core/errors'
import type { LoadedModel, PredictionBatch } from '../ports/model'
import type { Prediction } from './prediction'

/** An answer without an id, as the cache stores it. */
export type Answer = Omit<Prediction, 'id'>

/**
 * Makes one answer per row.
 *
 * @throws Internal when the number of answers differs from the number of rows
 */
export type AnswerMaker = (batch: PredictionBatch, numRows: number) => Answer[]

/** The maker for a model. */
export function createAnswerMaker(model: LoadedModel): AnswerMaker {
  const ownLabels = model.classes?.map(String)
  return (batch, numRows) => {
    const { predictions, probabilities, outputs } = batch
    const labels = batch.classes === undefined || batch.classes === model.classes ? ownLabels : batch.classes.map(String)
    if (predictions.length !== numRows || (probabilities && labels && probabilities.length !== numRows * labels.length)) {
      throw new MillwrightError('Internal', `the model gave ${predictions.length} predictions for ${numRows} rows`)
    }
    const names = outputs === undefined ? [] : Object.keys(outputs)
    const answers = new Array<Answer>(numRows)
    for (let row = 0; row < numRows; row++) {
      const answer: { -readonly [K in keyof Answer]: Answer[K] } = { prediction: predictions[row] as Answer['prediction'] }
      if (probabilities && labels && hasProbabilities(probabilities, labels.length, row))
        answer.probabilities = labelled(labels, probabilities, row)
      if (names.length > 0) {
        const values = outputsOf(outputs, names, row)
        if (values !== undefined) answer.outputs = values
      }
      answers[row] = answer
    }
    return answers
  }
}

/** A row without probabilities has only `NaN`. */
function hasProbabilities(probabilities: Float64Array, width: number, row: number): boolean {
  for (let k = row * width; k < (row + 1) * width; k++) if (!Number.isNaN(probabilities[k])) return true
  return false
}

function outputsOf(outputs: PredictionBatch['outputs'], names: readonly string[], row: number): Answer['outputs'] {
  const entries = names.flatMap((name) => {
    const value = outputs?.[name]?.[row]
    return value === undefined ? [] : [[name, value] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function labelled(labels: readonly string[], probabilities: Float64Array, row: number): Record<string, number> {
  const from = row * labels.length
  // An assignment to `__proto__` would set no member.
  if (labels.includes('__proto__')) return Object.fromEntries(labels.map((label, k) => [label, probabilities[from + k] as number]))
  const byLabel: Record<string, number> = {}
  for (let k = 0; k < labels.length; k++) byLabel[labels[k] as string] = probabilities[from + k] as number
  return byLabel
}
