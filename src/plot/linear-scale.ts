/** A linear scale for numbers of any size: d3-scale divides by the length of its domain, and counts ticks in it, so both must be numbers that it can tell apart. */
import { type ScaleLinear, scaleLinear } from 'd3-scale'

/** Numbers beyond this are drawn at the edge: the length of a domain, with room on both sides, stays finite. */
const largest = 5e307
/** Below this, doubles lose digits until none is left. */
const smallest = 1e-300

/** The nearest number that can be drawn. */
export function drawable(value: number): number {
  return Math.max(-largest, Math.min(largest, value))
}

/** A scale from a domain to a range of pixels. A domain narrower than its numbers can tell apart is widened; what lies beyond ±5e307 is placed there. */
export function linearScale([from, to]: readonly [number, number], range: readonly [number, number]): ScaleLinear<number, number> {
  const [low, high] = [drawable(from), drawable(to)]
  const least = Math.max(smallest, 1e-12 * Math.max(Math.abs(low), Math.abs(high)))
  // A domain of one value has its place in the middle of the range.
  const widened = low !== high && Math.abs(high - low) < least ? [low === 0 ? 0 : low - least, low + least] : [low, high]
  return scaleLinear(widened, range)
}
