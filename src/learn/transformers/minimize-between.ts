/** The minimum of a function of one number. */

/** The share of a bracket that a golden-section step cuts off: (3 − √5) / 2. */
const GOLDEN = 0.3819660112501051

/**
 * Where a function of one number is least between two ends, by Brent's method: parabolas through the best three points, golden sections
 * where a parabola does not help. Values that are `NaN` count as infinite.
 *
 * Source: R. P. Brent, Algorithms for Minimization without Derivatives (1973), chapter 5.
 *
 * @param tolerance how near the place must be; below the square root of the precision nothing is gained
 */
export function minimizeBetween(of: (x: number) => number, low: number, high: number, tolerance = 1.48e-8): number {
  const value = (x: number): number => {
    const found = of(x)
    return found === found ? found : Number.POSITIVE_INFINITY
  }
  let [left, right] = [low, high]
  let best = left + GOLDEN * (right - left)
  let [second, third] = [best, best]
  let atBest = value(best)
  let [atSecond, atThird] = [atBest, atBest]
  let step = 0
  let before = 0
  for (let round = 0; round < 500; round++) {
    const middle = (left + right) / 2
    const near = 1e-11 * Math.abs(best) + tolerance / 3
    if (Math.abs(best - middle) <= 2 * near - (right - left) / 2) break
    const parabola = vertex(best, second, third, atBest, atSecond, atThird)
    const inside = best + parabola > left && best + parabola < right
    if (Math.abs(before) > near && inside && Math.abs(parabola) < Math.abs(before) / 2) {
      before = step
      step = parabola
      const next = best + step
      if (next - left < 2 * near || right - next < 2 * near) step = middle >= best ? near : -near
    } else {
      before = best >= middle ? left - best : right - best
      step = GOLDEN * before
    }
    const next = best + (Math.abs(step) >= near ? step : step > 0 ? near : -near)
    const atNext = value(next)
    if (atNext <= atBest) {
      if (next >= best) left = best
      else right = best
      ;[third, second, best] = [second, best, next]
      ;[atThird, atSecond, atBest] = [atSecond, atBest, atNext]
      continue
    }
    if (next < best) left = next
    else right = next
    if (atNext <= atSecond || second === best) {
      ;[third, second] = [second, next]
      ;[atThird, atSecond] = [atSecond, atNext]
    } else if (atNext <= atThird || third === best || third === second) {
      third = next
      atThird = atNext
    }
  }
  return best
}

/** How far from x the parabola through three points has its lowest point; `NaN` where there is none. */
function vertex(x: number, w: number, v: number, atX: number, atW: number, atV: number): number {
  const toW = (x - w) * (atX - atV)
  const toV = (x - v) * (atX - atW)
  const width = 2 * (toV - toW)
  return -((x - v) * toV - (x - w) * toW) / width
}
