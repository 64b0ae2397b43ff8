/** Restores boosted trees. */
import { corruptModel } from '../model-format'
import type { StoredBoosting } from '../stored-parts'
import { boostedFrom } from './boosted-format'
import { type FittedBoosting, fittedBoosting } from './fitted-boosting'

/** The boosted trees of a stored state. @throws Corrupt */
export function restoreBoosting(
  state: StoredBoosting,
  bytes: Uint8Array | undefined,
  shape: { readonly features: number; readonly classes: number },
): FittedBoosting {
  const boosted = boostedFrom(state, bytes)
  if (boosted.edges.length !== shape.features) throw corruptModel(`${shape.features} columns for ${boosted.edges.length} features`)
  const link = shape.classes === 0 ? 'identity' : shape.classes > 2 ? 'softmax' : 'logistic'
  const outputs = link === 'softmax' ? shape.classes : 1
  if (boosted.link !== link || boosted.outputs !== outputs) {
    throw corruptModel(`${boosted.outputs} outputs with the link ${boosted.link} for ${shape.classes} classes`)
  }
  const { importance, iterations } = state
  if (importance !== undefined && importance.length !== shape.features) {
    throw corruptModel(`${importance.length} importances for ${shape.features} features`)
  }
  return fittedBoosting(state.kind, boosted, {
    importance: importance === undefined ? undefined : Float64Array.from(importance),
    iterations,
  })
}
