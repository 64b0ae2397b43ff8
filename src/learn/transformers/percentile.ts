/** Quantiles of a sorted sample to the last digit as NumPy's. */

/** How a quantile between two numbers is found; NumPy's names in camel case. */
export type QuantileMethod = 'linear' | 'averagedInvertedCdf'

/**
 * The quantile `share` (0 to 1) of an ascending sample of at least one number: between two neighbours by `linear` interpolation, or by
 * `averagedInvertedCdf` a number of the sample itself, the mean of two where the share falls between them.
 *
 * Source: NumPy's `percentile`; the rounding of the interpolation is also its own.
 */
export function percentileOf(sorted: Float64Array, share: number, method: QuantileMethod): number {
  const last = sorted.length - 1
  const place = method === 'linear' ? last * share : sorted.length * share - 1
  if (place <= 0) return sorted[0] as number
  if (place >= last) return sorted[last] as number
  const before = Math.floor(place)
  const rest = place - before
  const part = method === 'linear' ? rest : rest === 0 ? 0.5 : 1
  const [low, high] = [sorted[before] as number, sorted[before + 1] as number]
  const width = high - low
  return part >= 0.5 ? high - width * (1 - part) : low + width * part
}
