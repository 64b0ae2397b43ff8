/** Chains: transformers and a model as one estimator. */
import { invalidArgument, show } from '../core/errors'
import { type Classifier, type Estimator, makeEstimator, type Regressor } from './estimator'
import { type Params, paramsOf } from './params'
import type { Transformer } from './transformer'

/** The type of a chain whose last step is `E`: a classifier, a regressor, or either. */
export type ChainOf<E extends Estimator> = E extends Classifier ? Classifier : E extends Regressor ? Regressor : Estimator

/**
 * Combines any number of transformers and a model into one estimator. Each step is fitted on the training table as transformed by
 * the steps before it; prediction transforms new rows by the same steps.
 *
 * `options` is a flat record of all options under the name of their step (`simpleImputer.strategy`); a second step of one kind is
 * numbered (`standardScaler2.withMean`).
 *
 * @throws InvalidArgument when a step is no transformer or the last is no model
 *
 * @example
 * const model = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ seed: 42 })])
 * model.options['randomForestClassifier.nEstimators'] // 100
 */
export function chain<E extends Estimator>(steps: readonly [...Transformer[], E]): ChainOf<E>
export function chain(steps: readonly [...Transformer[], Estimator]): Estimator {
  const list: readonly unknown[] = Array.isArray(steps) ? steps : []
  const model = list.at(-1)
  if (!isEstimator(model)) {
    throw invalidArgument(`the last step of a chain must be a model such as randomForestClassifier(), got ${show(kindOf(model))}`)
  }
  const before = list.slice(0, -1)
  const wrong = before.findIndex((step) => !isTransformer(step))
  if (wrong >= 0) {
    throw invalidArgument(`step ${wrong} of a chain must be a transformer such as simpleImputer(), got ${show(kindOf(before[wrong]))}`)
  }
  const transformers = [...(before as Transformer[]), ...model.transformers]
  return makeEstimator('chain', transformers, model.learner, chainParams([...transformers, model.learner]))
}

function chainParams(steps: readonly { readonly kind: string; readonly options: Params }[]): Params {
  const names = stepNames(steps)
  return Object.assign({}, ...steps.map(({ options }, i) => paramsOf(options, names[i])))
}

/** The names of steps: their kinds, numbered from the second of a kind on. */
export function stepNames(steps: readonly { readonly kind: string }[]): string[] {
  const seen = new Map<string, number>()
  return steps.map(({ kind }) => {
    const count = (seen.get(kind) ?? 0) + 1
    seen.set(kind, count)
    return count === 1 ? kind : `${kind}${count}`
  })
}

function isEstimator(step: unknown): step is Estimator {
  return typeof step === 'object' && step !== null && 'learner' in step && 'fitAsync' in step
}

function isTransformer(step: unknown): step is Transformer {
  return typeof step === 'object' && step !== null && !isEstimator(step) && typeof (step as Partial<Transformer>).fit === 'function'
}

function kindOf(step: unknown): unknown {
  return (step as { kind?: unknown } | null | undefined)?.kind ?? step
}
