/** Platt scaling: a logistic function of the score. */

/** P = 1 ÷ (1 + exp(a × score + b)). */
export interface Sigmoid {
  readonly a: number
  readonly b: number
}

/**
 * The most likely logistic function, with Platt's (1999) targets: (n₊ + 1) ÷ (n₊ + 2) for the n₊ positives and 1 ÷ (n₋ + 2) for the negatives.
 * Newton's method with halved steps (Lin, Lin and Weng 2007), to the last digits; scikit-learn stops its L-BFGS some digits earlier.
 */
export function fitSigmoid(scores: Float64Array, positive: ArrayLike<number>): Sigmoid {
  let positives = 0
  for (let i = 0; i < scores.length; i++) positives += Number((positive[i] as number) > 0)
  const negatives = scores.length - positives
  const targets = Float64Array.from(scores, (_, i) =>
    (positive[i] as number) > 0 ? (positives + 1) / (positives + 2) : 1 / (negatives + 2),
  )
  // Scores of a large range, such as log-odds of hundreds, are scaled for the fit.
  const unit = scores.reduce((most, score) => Math.max(most, Math.abs(score)), 0) || 1
  const f = scores.map((score) => score / unit)
  let [a, b] = [0, Math.log((negatives + 1) / (positives + 1))]
  let value = lossAt(f, targets, a, b)
  for (let round = 0; round < 200; round++) {
    const { ga, gb, haa, hab, hbb } = derivatives(f, targets, a, b)
    const det = haa * hbb - hab * hab
    const [da, db] = [(-hbb * ga + hab * gb) / det, (hab * ga - haa * gb) / det]
    if (!Number.isFinite(da) || !Number.isFinite(db)) break
    let step = 1
    let next = lossAt(f, targets, a + da, b + db)
    while (!(next <= value) && step > 1e-12) {
      step /= 2
      next = lossAt(f, targets, a + step * da, b + step * db)
    }
    if (!(next <= value)) break
    ;[a, b, value] = [a + step * da, b + step * db, next]
    if (Math.abs(step * da) <= 1e-13 * (1 + Math.abs(a)) && Math.abs(step * db) <= 1e-13 * (1 + Math.abs(b))) break
  }
  return { a: a / unit, b }
}

/** The probability at a score. */
export function sigmoidAt({ a, b }: Sigmoid, score: number): number {
  return logistic(-(a * score + b))
}

function lossAt(f: Float64Array, targets: Float64Array, a: number, b: number): number {
  let sum = 0
  for (let i = 0; i < f.length; i++) {
    const z = a * (f[i] as number) + b
    // log(1 + exp(z)) − (1 − t) × z, without overflow.
    sum += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - (1 - (targets[i] as number)) * z
  }
  return sum
}

function derivatives(f: Float64Array, targets: Float64Array, a: number, b: number) {
  // A trace of curvature keeps the step finite where all scores are equal.
  let [ga, gb, haa, hab, hbb] = [0, 0, 1e-12, 0, 1e-12]
  for (let i = 0; i < f.length; i++) {
    const score = f[i] as number
    const p = logistic(-(a * score + b))
    const gradient = (targets[i] as number) - p
    const curvature = p * (1 - p)
    ga += gradient * score
    gb += gradient
    haa += curvature * score * score
    hab += curvature * score
    hbb += curvature
  }
  return { ga, gb, haa, hab, hbb }
}

function logistic(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z))
}
