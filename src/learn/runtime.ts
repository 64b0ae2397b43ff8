/** The model runtime for the library's own learners. */
import { displayPort } from '../core/display'
import { throwIfAborted } from '../core/signal'
import type { ModelRuntime } from '../ports/model'
import { functionsOf, type RestoreOptions, restoreModel } from './restore'

/**
 * A runtime that opens packages of flavor `millwright`, as made by `FittedModel.pack`.
 *
 * @param options `functions`: those that the models' `functionTransformer` steps apply, by name
 * @example
 * const loaded = await learnRuntime().load(fitted.pack())
 * const { predictions, probabilities } = await loaded.run(table)
 */
export function learnRuntime(options: RestoreOptions = {}): ModelRuntime {
  const functions = functionsOf('learnRuntime', options)
  return displayPort('ModelRuntime', {
    portVersion: 1,
    name: 'millwright',
    capabilities: { batches: true, blocking: true },
    flavors: ['millwright'],
    load(model, { signal } = {}) {
      throwIfAborted(signal)
      return restoreModel(model, { functions }).open()
    },
  })
}
