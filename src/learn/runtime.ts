/** The model runtime for the library's own learners. */
import { displayPort } from '../core/display'
import { MillwrightError } from '../core/errors'
import { throwIfAborted } from '../core/signal'
import type { LoadedModel, ModelRuntime } from '../ports/model'
import { labelsOf } from './fitted-model'
import { restoreModel } from './restore'

/**
 * A runtime that opens packages of flavor `millwright`: what `FittedModel.pack` gives.
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
      const fitted = restoreModel(model)
      let open = true
      const loaded: LoadedModel = {
        signature: fitted.signature,
        task: fitted.task,
        ...(fitted.classes === undefined ? {} : { classes: fitted.classes }),
        run(input, { signal } = {}) {
          if (!open) throw new MillwrightError('InvalidState', 'this model was disposed of; load it again')
          throwIfAborted(signal)
          if (fitted.task === 'regression') return { predictions: fitted.predict(input) }
          const { classes, values } = fitted.predictProba(input)
          return { predictions: labelsOf(values, classes), probabilities: values, classes }
        },
        async dispose() {
          open = false
        },
      }
      return loaded
    },
  })
}
