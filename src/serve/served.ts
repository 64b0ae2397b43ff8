/** The predictors that a handler serves, by name. Models in memory get a predictor each. */
import { invalidArgument, show } from '../core/errors'
import type { Predictor } from '../predictor/predictor'
import { isServable } from '../predictor/servable'
import { isPredictor, type ServedModel, toPredictor } from '../predictor/to-predictor'

/** One model, or several by name; `/predict` uses the first. */
export type Served = ServedModel | { readonly models: Readonly<Record<string, ServedModel>> }

/**
 * The predictors of `served` by name. A model that is no predictor yet gets one with the default options.
 *
 * @param taker the function it was passed to, for messages: `serve`
 * @throws InvalidArgument for what is no model
 */
export function servedModels(served: Served, taker: string): ReadonlyMap<string, Predictor> {
  const models = (served as { models?: unknown } | undefined)?.models
  if (isPredictor(served) || isServable(served) || models === undefined) {
    const predictor = toPredictor(served, undefined, taker)
    return new Map([[predictor.name, predictor]])
  }
  const further = Object.keys(served).filter((key) => key !== 'models')
  if (typeof models !== 'object' || models === null || Array.isArray(models) || Object.keys(models).length === 0 || further.length > 0) {
    const got = further.length > 0 ? `also ${further.map(show).join(', ')}` : show(models)
    throw invalidArgument(`${taker} takes several models as { models: { name: model } } with at least one, got ${got}`)
  }
  return new Map(Object.entries(models).map(([name, model]) => [name, toPredictor(model, name, `the model ${show(name)} of ${taker}`)]))
}
