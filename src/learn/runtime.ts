/** The model runtime for the library's own learners. */
import { displayPort } from '../core/display'
import { throwIfAborted } from '../core/signal'
import type { ModelRuntime } from '../ports/model'
import { restoreModel } from './restore'

/**
 * A runtime that opens packages of flavor `millwright`, as made by `FittedModel.pack`.
 *
 * @example
 * const loaded = await learnRuntime().load(fitted.pack())
 * const { predictions, probabilities } = await loaded.run(table)
 */
export function learnRuntime(): ModelRuntime {
  return displayPort('ModelRuntime', {
    portVersion: 1,
    name: 'millwright',
    capabilities: { batches: true, blocking: true },
    flavors: ['millwright'],
    load(model, options = {}) {
      throwIfAborted(options.signal)
      return restoreModel(model).open()
    },
  })
}
