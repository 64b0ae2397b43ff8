/** Models in memory that a predictor accepts, and the errors for other values. */
import { invalidArgument, show } from '../core/errors'
import type { LoadedModel, OpenableModel } from '../ports/model'

/** A model in memory: a fitted model or chain of `millwright/learn`, a `functionModel`, or what a runtime has loaded. */
export type ServableModel = LoadedModel | OpenableModel

/** The type of a prediction. */
export type PredictedLabel = string | number | boolean | null

/** The labels or numbers that a model predicts, if the type of the model says them. */
export type LabelOf<M> = M extends { predict(data: never): readonly (infer L)[] } ? Extract<L, PredictedLabel> : PredictedLabel

/** Whether `value` is a model that can be run, or opened and then run. */
export function isServable(value: unknown): value is ServableModel {
  return hasMethod(value, 'open') || (hasMethod(value, 'run') && hasMethod(value, 'dispose') && hasSignature(value))
}

/** The model ready to run. @throws InvalidArgument whose message says what `value` is and how to make a model of it; `taker` is the function it was passed to */
export function openServable(value: unknown, taker: string): LoadedModel {
  if (isServable(value)) return 'open' in value ? value.open() : value
  throw notServable(value, taker)
}

/** The error for a value that is no model. */
export function notServable(value: unknown, taker: string): Error {
  if (hasMethod(value, 'then')) return invalidArgument(`${taker} got a promise in place of a model: did you forget \`await\`?`)
  if (hasMethod(value, 'predictOne')) return invalidArgument(`${taker} got a predictor, which needs no other around it: use it as it is`)
  if (hasMethod(value, 'fit'))
    return invalidArgument(`${taker} needs a model that is fitted, got one that is not: call its \`fit\` and hand in what that gives`)
  if (hasMethod(value, 'pack')) {
    return invalidArgument(`${taker} got a model that a runtime must open first`, {
      hint: `${taker}(await onnxRuntime().load(await model.pack()))`,
    })
  }
  if (typeof value === 'function') {
    return invalidArgument(`${taker} got a function in place of a model`, { hint: `${taker}(functionModel(predict, { signature, name }))` })
  }
  return invalidArgument(`${taker} needs a model (a fitted model, a functionModel, or what a runtime has loaded), got ${show(value)}`)
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function'
}

function hasSignature(value: unknown): boolean {
  return Array.isArray((value as { signature?: { inputs?: unknown } }).signature?.inputs)
}
