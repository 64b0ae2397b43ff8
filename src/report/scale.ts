/** Axes: where a value lies on a line of pixels, and which round values to mark. */

/** A linear map from values to pixels. */
export interface Scale {
  (value: number): number
  readonly domain: readonly [number, number]
}

/** Maps `domain` to `range`; a domain of one value maps to the middle. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [a, b] = domain
  const [from, to] = range
  const map = (value: number): number => (b === a ? (from + to) / 2 : from + ((value - a) / (b - a)) * (to - from))
  return Object.assign(map, { domain })
}

/**
 * Round values within [min, max], at most about `count` of them, in steps of 1, 2, 2.5 or 5 times a power of ten.
 * An empty or unbounded range gives its finite ends.
 */
export function niceTicks(min: number, max: number, count = 5): number[] {
  if (!(max > min) || !Number.isFinite(max - min)) return [...new Set([min, max].filter(Number.isFinite))]
  const rough = (max - min) / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999) ?? 10 * power
  const first = Math.ceil(min / step - 1e-9)
  const last = Math.floor(max / step + 1e-9)
  // Counting in steps keeps 0.1 + 0.2 from becoming a label.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** Starts of the months (UTC) within [from, to], every `step`-th so that at most `count` remain. */
export function monthTicks(from: number, to: number, count = 12): number[] {
  const ticks: number[] = []
  const start = new Date(from)
  for (let month = 0; month < 1200; month++) {
    const at = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month, 1)
    if (at > to) break
    if (at >= from) ticks.push(at)
  }
  const step = Math.ceil(ticks.length / count)
  return ticks.filter((_, i) => i % step === 0)
}
