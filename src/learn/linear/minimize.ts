/** Minimises smooth functions of many variables. */

/** A function with its gradient: writes the gradient at `x` to `gradient` and returns the value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

/** The result of a minimisation. */
export interface Minimum {
  readonly x: Float64Array
  readonly iterations: number
  /** Whether no part of the gradient exceeds the tolerance. */
  readonly converged: boolean
  /** The largest part of the gradient at `x`. */
  readonly gradient: number
}

/** Steps remembered: the usual choice of Liu and Nocedal (1989). */
const MEMORY = 10

/** A gradient as small as this is rounding error when the value is near 1, whatever smaller tolerance was asked for. */
const FLOOR = 1e-10

/** Two values this near to each other, relative to their size, differ by rounding only. */
const ROUNDING = 1e-14

/**
 * L-BFGS (Liu and Nocedal 1989) with a backtracking search; pairs without positive curvature are left out. Stops when no part of the gradient
 * exceeds `tolerance`.
 *
 * A step is taken when it keeps the Armijo condition; near the minimum, where values no longer differ, when it makes the slope along the
 * direction flatter (the approximate condition of Hager and Zhang 2005). The search gives up only when a step is too short to move `x`, so
 * the scale of `x` does not matter.
 *
 * Yields after every iteration.
 */
export function* minimize(
  objective: Objective,
  size: number,
  options: { readonly tolerance: number; readonly maxIterations: number },
): Generator<number, Minimum> {
  const tolerance = Math.max(options.tolerance, FLOOR)
  let x: Float64Array = new Float64Array(size)
  let gradient: Float64Array = new Float64Array(size)
  let value = objective(x, gradient)
  let iterations = 0
  const steps: Float64Array[] = []
  const changes: Float64Array[] = []
  while (iterations < options.maxIterations && largest(gradient) > tolerance) {
    const found = search(objective, { x, gradient, value }, descent(gradient, steps, changes))
    iterations++
    if (found === undefined) {
      if (steps.length === 0) break
      // The remembered steps gave no descent: continue with the gradient alone.
      steps.length = 0
      changes.length = 0
      continue
    }
    const step = found.x.map((item, i) => item - (x[i] as number))
    const change = found.gradient.map((item, i) => item - (gradient[i] as number))
    if (dot(step, change) > Number.EPSILON * dot(change, change) * 1e-6) {
      steps.push(step)
      changes.push(change)
      if (steps.length > MEMORY) {
        steps.shift()
        changes.shift()
      }
    }
    x = found.x
    gradient = found.gradient
    value = found.value
    yield iterations
  }
  return { x, iterations, converged: largest(gradient) <= tolerance, gradient: largest(gradient) }
}

interface Point {
  readonly x: Float64Array
  readonly gradient: Float64Array
  readonly value: number
}

/** A better point along the direction, or `undefined` when none is found before steps are too short to move `x`. */
function search(objective: Objective, from: Point, direction: Float64Array): Point | undefined {
  const slope = dot(direction, from.gradient)
  if (!(slope < 0)) return undefined
  const noise = ROUNDING * Math.abs(from.value)
  for (let length = 1; ; length /= 2) {
    const x = from.x.map((item, i) => item + length * (direction[i] as number))
    if (x.every((item, i) => item === from.x[i])) return undefined
    const gradient = new Float64Array(x.length)
    const value = objective(x, gradient)
    if (value <= from.value + 1e-4 * length * slope) return { x, gradient, value }
    if (value <= from.value + noise && Math.abs(dot(direction, gradient)) <= 0.9 * -slope) return { x, gradient, value }
  }
}

/** The two-loop recursion: minus the approximate inverse Hessian times the gradient. */
function descent(gradient: Float64Array, steps: readonly Float64Array[], changes: readonly Float64Array[]): Float64Array {
  const direction = gradient.map((item) => -item)
  const shares: number[] = []
  for (let i = steps.length - 1; i >= 0; i--) {
    const share = dot(steps[i] as Float64Array, direction) / dot(steps[i] as Float64Array, changes[i] as Float64Array)
    shares[i] = share
    add(direction, changes[i] as Float64Array, -share)
  }
  const last = changes.at(-1)
  if (last !== undefined) {
    const scale = dot(steps.at(-1) as Float64Array, last) / dot(last, last)
    for (let i = 0; i < direction.length; i++) direction[i] = (direction[i] as number) * scale
  }
  for (let i = 0; i < steps.length; i++) {
    const back = dot(changes[i] as Float64Array, direction) / dot(steps[i] as Float64Array, changes[i] as Float64Array)
    add(direction, steps[i] as Float64Array, (shares[i] as number) - back)
  }
  return direction
}

function add(to: Float64Array, what: Float64Array, times: number): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + times * (what[i] as number)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

function largest(values: Float64Array): number {
  let most = 0
  for (const value of values) most = Math.max(most, Math.abs(value))
  return most
}
