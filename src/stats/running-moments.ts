/** Count, mean, variance and range of a stream of numbers in constant memory, mergeable. */

/** A running description. Plain JSON once something was added. */
export interface Moments {
  readonly count: number
  /** 0 while nothing was added. */
  readonly mean: number
  /** Sum of squared deviations from the mean. */
  readonly m2: number
  /** `Infinity` and `-Infinity` while nothing was added. */
  readonly min: number
  readonly max: number
}

/** The description of no values at all. */
export function emptyMoments(): Moments {
  return { count: 0, mean: 0, m2: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
}

/** Adds one value (Welford 1962). */
export function addMoment(moments: Moments, value: number): Moments {
  const count = moments.count + 1
  const delta = value - moments.mean
  const mean = moments.mean + delta / count
  const m2 = moments.m2 + delta * (value - mean)
  return { count, mean, m2, min: Math.min(moments.min, value), max: Math.max(moments.max, value) }
}

/** The description of all `values`, in two passes; they must not hold `NaN`. */
export function momentsOf(values: ArrayLike<number>): Moments {
  const count = values.length
  if (count === 0) return emptyMoments()
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i++) {
    const value = values[i] as number
    sum += value
    if (value < min) min = value
    if (value > max) max = value
  }
  // A constant sample has exactly its value as mean, whatever the sum rounded to.
  const mean = min === max ? min : sum / count
  let m2 = 0
  let rest = 0
  for (let i = 0; i < count; i++) {
    const delta = (values[i] as number) - mean
    m2 += delta * delta
    rest += delta
  }
  // Corrected two-pass form: what the mean was off by is taken out of the squares.
  return { count, mean, m2: Math.max(0, m2 - (rest * rest) / count), min, max }
}

/** The description of both samples together (Chan, Golub and LeVeque 1979). Associative up to rounding. */
export function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0) return b
  if (b.count === 0) return a
  const count = a.count + b.count
  const delta = b.mean - a.mean
  return {
    count,
    mean: a.mean + (delta * b.count) / count,
    m2: a.m2 + b.m2 + (delta * delta * a.count * b.count) / count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  }
}

/** Standard deviation; `NaN` with not more than `ddof` values. */
export function momentsStd(moments: Moments, ddof: 0 | 1 = 1): number {
  return moments.count > ddof ? Math.sqrt(moments.m2 / (moments.count - ddof)) : Number.NaN
}
