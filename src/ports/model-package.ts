/** The package of a model, or the error for what is no model. */
import { invalidArgument, isPromise, show } from '../core/errors'
import type { ModelPackage, PackableModel } from './model'

/**
 * Calls `pack` of a model. A package is returned without a check.
 *
 * @param operation the operation that takes the model, for messages: `register`
 * @throws InvalidArgument for anything else: a Promise, a model that is not fitted, a model of another library
 */
export async function packageOf(operation: string, model: PackableModel | ModelPackage): Promise<ModelPackage> {
  const given = (typeof model === 'object' && model !== null && !isPromise(model) ? model : {}) as Partial<PackableModel & ModelPackage>
  if (typeof given.pack === 'function') return given.pack()
  if (given.files !== undefined || given.flavor !== undefined) return model as ModelPackage
  const isUnfitted = typeof (given as { fit?: unknown }).fit === 'function'
  const arrived = isUnfitted ? 'a model that is not fitted' : show(model)
  throw invalidArgument(`${operation} takes a fitted model, or a package, got ${arrived}`, {
    hint: isUnfitted ? 'const fitted = model.fit(train, { target })' : 'for a model of TensorFlow.js: tfjsModel(model)',
  })
}
