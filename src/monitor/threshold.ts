/** Thresholds that follow from a reference: its spread, its quantiles, or a share of one value. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, oneOf, requireOptions } from '../core/options'
import { mean, quantileSorted, standardDeviation } from '../stats/elementary'

/** Values of a metric over a reference, and how far from them is too far. */
export type ReferenceThreshold =
  /** `sd` standard deviations (of the population) around the mean of the reference values. */
  | { readonly values: readonly number[]; readonly sd: number; readonly side?: ThresholdSide | undefined }
  /** `mad` times 1.4826 · the median absolute deviation around the median: a few outliers in the reference do not move it. */
  | { readonly values: readonly number[]; readonly mad: number; readonly side?: ThresholdSide | undefined }
  /** Tukey's fences: `fences` (usually 1.5) times the distance of the quartiles, beyond them. */
  | { readonly values: readonly number[]; readonly fences: number; readonly side?: ThresholdSide | undefined }
  /** The quantiles `tail` and 1 − `tail` of the reference values, interpolated. */
  | { readonly values: readonly number[]; readonly tail: number; readonly side?: ThresholdSide | undefined }
  /** `value` less and plus this share of it: `{ value: 0.9, relative: 0.1 }` gives 0.81 and 0.99. */
  | { readonly value: number; readonly relative: number; readonly side?: ThresholdSide | undefined }

/** Which side alerts. */
export type ThresholdSide = 'below' | 'above' | 'both'

/** Limits: a value below `lower` or above `upper` alerts. */
export interface Limits {
  readonly lower?: number | undefined
  readonly upper?: number | undefined
}

/**
 * The limits of a reference. `NaN` among the values is ignored.
 *
 * @param range the smallest and largest value that the metric can have: a limit beyond it is replaced by it
 * @throws InvalidArgument for options that are wrong, and for a reference without a value
 * @example limitsOf({ values: [0.82, 0.8, 0.84], sd: 3 }, [0, 1])
 */
export function limitsOf(
  threshold: ReferenceThreshold,
  range: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
): Limits {
  const [lower, upper] = spanOf(threshold)
  const { side = 'both' } = threshold
  return {
    ...(side === 'above' ? {} : { lower: Math.max(lower, range[0]) }),
    ...(side === 'below' ? {} : { upper: Math.min(upper, range[1]) }),
  }
}

function spanOf(threshold: ReferenceThreshold): readonly [number, number] {
  requireOptions('a reference threshold', threshold, [])
  checkOptions('a reference threshold', threshold, {
    values: { allowed: 'a list of at least one number', test: (values) => Array.isArray(values) && values.some(Number.isFinite) },
    value: finiteNumber(),
    sd: finiteNumber(0),
    mad: finiteNumber(0),
    fences: finiteNumber(0),
    tail: finiteNumber(0, 0.5),
    relative: finiteNumber(0),
    side: oneOf('below', 'above', 'both'),
  })
  const given = (['sd', 'mad', 'fences', 'tail', 'relative'] as const).filter(
    (key) => (threshold as Partial<Record<string, number>>)[key] !== undefined,
  )
  const base = given[0] === 'relative' ? 'value' : 'values'
  if (given.length !== 1 || (threshold as Partial<Record<string, unknown>>)[base] === undefined) {
    throw invalidArgument(
      `a reference threshold is { values, sd }, { values, mad }, { values, fences }, { values, tail } or { value, relative }, got ${show(threshold)} with ${Object.keys(threshold).join(', ') || 'no key'}`,
    )
  }
  if ('relative' in threshold) {
    const width = Math.abs(threshold.value) * threshold.relative
    return [threshold.value - width, threshold.value + width]
  }
  const values = threshold.values.filter(Number.isFinite).sort((a, b) => a - b)
  if ('sd' in threshold) {
    const middle = mean(values)
    const width = threshold.sd * standardDeviation(values, 0)
    return [middle - width, middle + width]
  }
  if ('fences' in threshold) {
    const [q1, q3] = [quantileSorted(values, 0.25), quantileSorted(values, 0.75)]
    return [q1 - threshold.fences * (q3 - q1), q3 + threshold.fences * (q3 - q1)]
  }
  if ('tail' in threshold) return [quantileSorted(values, threshold.tail), quantileSorted(values, 1 - threshold.tail)]
  const middle = quantileSorted(values, 0.5)
  const deviations = values.map((value) => Math.abs(value - middle)).sort((a, b) => a - b)
  // 1.4826 makes the median absolute deviation of normal values their standard deviation.
  const width = threshold.mad * 1.4826 * quantileSorted(deviations, 0.5)
  return [middle - width, middle + width]
}
