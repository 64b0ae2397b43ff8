/** Quantiles that intervals and sample sizes need. */
import { invalidArgument, show } from '../../core/errors'
import { studentTSf } from '../../stats/distributions'
import { normalIsf } from '../../stats/normal'

/** The t with P(T > t) = q for 0 < q < 1, by bisection on the exact tail; relative error about 1e-14. */
export function studentTIsf(q: number, degreesOfFreedom: number): number {
  if (q > 0.5) return -studentTIsf(1 - q, degreesOfFreedom)
  if (q === 0.5) return 0
  let low = 0
  let high = Math.max(1, normalIsf(q))
  while (studentTSf(high, degreesOfFreedom) > q) high *= 2
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2
    if (studentTSf(middle, degreesOfFreedom) > q) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Checks an error rate such as `alpha` or `power`. @throws InvalidArgument */
export function assertRate(subject: string, name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw invalidArgument(`\`${name}\` of ${subject} must be a number between 0 and 1, got ${show(value)}`)
}
