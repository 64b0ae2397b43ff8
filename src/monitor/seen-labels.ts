/** Collects the labels of a model from its answers, for models that do not declare them. */
import type { Label } from '../metrics'
import type { PredictionRecord } from '../ports/model'
import { readLabel } from '../schema/label'

/** A row with its prediction and, once it has arrived, its true value. */
type JudgedRow = Pick<PredictionRecord, 'model' | 'version' | 'prediction'> & { readonly actual?: Label | undefined }

/** The labels of each model version, found in predictions and true values. */
export interface SeenLabels {
  add(row: JudgedRow): void
  of(model: string, version: string): ReadonlySet<Label>
}

const maxLabels = 1000
const maxVersions = 100

/** No labels yet. At most 1,000 labels are kept for each of the 100 latest versions. */
export function createSeenLabels(): SeenLabels {
  const versions = new Map<string, Set<Label>>()
  const keyOf = (model: string, version: string): string => JSON.stringify([model, version])
  return {
    add({ model, version, prediction, actual }) {
      const key = keyOf(model, version)
      let labels = versions.get(key)
      if (labels === undefined) {
        if (versions.size >= maxVersions) versions.delete(versions.keys().next().value as string)
        labels = new Set()
        versions.set(key, labels)
      }
      for (const label of [prediction, actual]) {
        if (label !== null && label !== undefined && labels.size < maxLabels) labels.add(label)
      }
    },
    of: (model, version) => versions.get(keyOf(model, version)) ?? new Set(),
  }
}

/**
 * The labels in a row: its prediction, and the classes of its probabilities converted to the prediction's type (the keys of an object are
 * always text). If they cannot be converted, all labels are text.
 */
export function labelsOfRow({ prediction, probabilities }: Pick<PredictionRecord, 'prediction' | 'probabilities'>): readonly Label[] {
  const names = Object.keys(probabilities ?? {})
  if (prediction === null || typeof prediction === 'string')
    return prediction === null || names.includes(prediction) ? names : [prediction, ...names]
  const base = typeof prediction === 'number' && (prediction === 0 || prediction === 1) ? [0, 1] : [prediction]
  const labels = names.map((name) => readLabel(name, base))
  if (labels.some((label) => label === null || label === undefined)) return [String(prediction), ...names]
  return names.length === 0 ? [prediction] : (labels as Label[])
}
