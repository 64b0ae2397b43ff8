/** The predictors that a handler serves, by name. Models in memory get a predictor each. */
import { invalidArgument, show } from '../core/errors'
import { Predictor } from '../predictor/predictor'
import { isServable, notServable, type ServableModel } from '../predictor/servable'

/** A predictor, or a model in memory that `Predictor.of` takes: a fitted model or chain, a `functionModel`, what a runtime has loaded. */
export type ServedModel = Predictor | ServableModel

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
    const predictor = predictorOf(served, undefined, taker)
    return new Map([[predictor.name, predictor]])
  }
  const further = Object.keys(served).filter((key) => key !== 'models')
  if (typeof models !== 'object' || models === null || Array.isArray(models) || Object.keys(models).length === 0 || further.length > 0) {
    const got = further.length > 0 ? `also ${further.map(show).join(', ')}` : show(models)
    throw invalidArgument(`${taker} takes several models as { models: { name: model } } with at least one, got ${got}`)
  }
  return new Map(Object.entries(models).map(([name, model]) => [name, predictorOf(model, name, `the model ${show(name)} of ${taker}`)]))
}

function predictorOf(model: unknown, name: string | undefined, taker: string): Predictor {
  if (isPredictor(model)) return model
  if (!isServable(model)) throw notServable(model, taker)
  return Predictor.of(model, name === undefined ? {} : { name })
}

/** Checks the methods, not the class, so that a predictor of another copy of the library is recognised. */
function isPredictor(value: unknown): value is Predictor {
  const { predictOne, stats } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Predictor>
  return typeof predictOne === 'function' && typeof stats === 'function'
}
