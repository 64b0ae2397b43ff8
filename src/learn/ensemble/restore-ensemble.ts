/** Restores trees of another library. */
import { corruptModel } from '../model-format'
import type { StoredEnsemble } from '../stored-parts'
import { ensembleFrom } from './ensemble-format'
import { type FittedEnsemble, fittedEnsemble } from './fitted-ensemble'
import { isOfClasses } from './links'

/** The trees of a stored state. @throws Corrupt */
export function restoreEnsemble(
  state: StoredEnsemble,
  bytes: Uint8Array | undefined,
  shape: { readonly features: number; readonly classes: number },
): FittedEnsemble {
  if (state.features !== shape.features) throw corruptModel(`${shape.features} columns for ${state.features} features`)
  const ensemble = ensembleFrom(state, bytes)
  const isTwo = ensemble.link === 'logistic' || ensemble.link === 'step'
  const classes = isTwo ? 2 : isOfClasses(ensemble.link) ? ensemble.outputs : 0
  if (classes !== shape.classes || (classes !== ensemble.outputs && ensemble.outputs !== 1)) {
    throw corruptModel(`${ensemble.outputs} outputs with the link ${ensemble.link} for ${shape.classes} classes`)
  }
  const { importance, iterations } = state
  if (importance !== undefined && importance.length !== shape.features) {
    throw corruptModel(`${importance.length} importances for ${shape.features} features`)
  }
  return fittedEnsemble(ensemble, { importance: importance === undefined ? undefined : Float64Array.from(importance), iterations })
}
