/** Recognises predictors, and makes one of a model in memory: what functions that serve or share out models take. */
import { Predictor } from './predictor'
import { isServable, notServable, type ServableModel } from './servable'

/** A predictor, or a model in memory that `Predictor.of` takes: a fitted model or chain, a `functionModel`, what a runtime has loaded. */
export type ServedModel = Predictor | ServableModel

/** Whether `value` is a predictor. Checks the methods, not the class, so that a predictor of another copy of the library is recognised. */
export function isPredictor(value: unknown): value is Predictor {
  const { predictOne, stats } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Predictor>
  return typeof predictOne === 'function' && typeof stats === 'function'
}

/**
 * The predictor itself, or a new one over a model in memory.
 *
 * @param taker the function it was passed to, for messages
 * @throws InvalidArgument for what is no model
 */
export function toPredictor(model: unknown, name: string | undefined, taker: string): Predictor {
  if (isPredictor(model)) return model
  if (!isServable(model)) throw notServable(model, taker)
  return Predictor.of(model, name === undefined ? {} : { name })
}
