/** Fitted linear models: weighted sums of features, or probabilities computed from them. */
import type { FeatureMatrix, FittedLearner } from '../learner'
import { corruptModel } from '../model-format'
import type { StoredLinear } from '../stored-parts'

/** Coefficients of a linear model. */
export interface LinearState {
  readonly kind: 'linearRegression' | 'ridgeRegression' | 'lassoRegression' | 'logisticRegression'
  /** The output: the sum itself; its logistic function, as probability of the second of two classes; or the softmax of one sum per class. */
  readonly link: 'identity' | 'logistic' | 'softmax'
  /** Row-major, outputs × features. */
  readonly coefficients: readonly number[]
  /** One per output. */
  readonly intercepts: readonly number[]
  /** Of an iterative fit: whether it reached its tolerance, and how many iterations it took. */
  readonly converged?: boolean | undefined
  readonly iterations?: number | undefined
}

/** A fitted linear model, with its coefficients for converters. */
export interface FittedLinear extends FittedLearner {
  readonly linear: LinearState
}

/** A linear model from its coefficients. `warning` is the warning of the fit; it is not stored. */
export function fittedLinear({ warning, ...linear }: LinearState & { readonly warning?: string | undefined }): FittedLinear {
  const { kind, link, coefficients, intercepts, converged, iterations } = linear
  const fit = { ...(converged === undefined ? {} : { converged }), ...(iterations === undefined ? {} : { iterations }) }
  return {
    kind,
    linear,
    takesMissing: false,
    ...fit,
    ...(warning === undefined ? {} : { warning }),
    predict(features) {
      const sums = weightedSums(linear, features)
      if (linear.link === 'identity') return sums
      return linear.link === 'logistic' ? logistic(sums) : softmax(sums, linear.intercepts.length)
    },
    state: () => ({ kind, json: { link, coefficients, intercepts, ...fit } }),
  }
}

/** Whether a fitted learner is one of our linear models. */
export function isFittedLinear(learner: FittedLearner): learner is FittedLinear {
  return ['linearRegression', 'ridgeRegression', 'lassoRegression', 'logisticRegression'].includes(learner.kind)
}

/** The linear model of a stored state. @throws Corrupt */
export function restoreLinear(
  { kind, link, coefficients, intercepts, converged, iterations }: StoredLinear,
  shape: { readonly features: number; readonly classes: number },
): FittedLinear {
  const expected = kind !== 'logisticRegression' ? 'identity' : shape.classes === 2 ? 'logistic' : 'softmax'
  if (link !== expected) throw corruptModel(`a ${kind} of ${shape.classes} classes cannot have the link ${link}`)
  const outputs = link === 'softmax' ? shape.classes : 1
  if (intercepts.length !== outputs || coefficients.length !== outputs * shape.features) {
    throw corruptModel(`${coefficients.length} coefficients for ${outputs} outputs of ${shape.features} features`)
  }
  return fittedLinear({ kind, link, coefficients, intercepts, converged, iterations })
}

/** The weighted sums before the link, rows × outputs: scikit-learn's `decision_function`. */
export function weightedSums({ coefficients, intercepts }: LinearState, features: FeatureMatrix): Float64Array {
  const outputs = intercepts.length
  const width = features.columns.length
  const sums = new Float64Array(features.numRows * outputs)
  for (let o = 0; o < outputs; o++) {
    for (let row = 0; row < features.numRows; row++) sums[row * outputs + o] = intercepts[o] as number
    for (let f = 0; f < width; f++) {
      const weight = coefficients[o * width + f] as number
      const column = features.columns[f] as Float64Array
      for (let row = 0, at = o; row < features.numRows; row++, at += outputs) {
        sums[at] = (sums[at] as number) + weight * (column[row] as number)
      }
    }
  }
  return sums
}

function logistic(sums: Float64Array): Float64Array {
  const probabilities = new Float64Array(sums.length * 2)
  for (let row = 0; row < sums.length; row++) {
    const sum = sums[row] as number
    const tail = 1 / (1 + Math.exp(Math.abs(sum)))
    probabilities[2 * row] = sum > 0 ? tail : 1 - tail
    probabilities[2 * row + 1] = sum > 0 ? 1 - tail : tail
  }
  return probabilities
}

/** Softmax of each row, in place. */
export function softmax(sums: Float64Array, width: number): Float64Array {
  for (let at = 0; at < sums.length; at += width) {
    let most = Number.NEGATIVE_INFINITY
    for (let c = 0; c < width; c++) most = Math.max(most, sums[at + c] as number)
    let all = 0
    for (let c = 0; c < width; c++) {
      const power = Math.exp((sums[at + c] as number) - most)
      sums[at + c] = power
      all += power
    }
    for (let c = 0; c < width; c++) sums[at + c] = (sums[at + c] as number) / all
  }
  return sums
}
