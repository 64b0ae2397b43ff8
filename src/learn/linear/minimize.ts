/** Minimising smooth functions of many numbers. */

/** A function with its gradient: writes the gradient at `x` to `gradient` and returns the value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

/** How a minimisation went. */
export interface Minimum {
  readonly x: Float64Array
  readonly iterations: number
  readonly converged: boolean
}

/** Steps remembered: the usual choice of Liu and Nocedal (1989). */
const MEMORY = 10

/**
 * L-BFGS (Liu and Nocedal 1989) with a backtracking search that keeps the Armijo condition; pairs without positive curvature are
 * left out. Stops when no part of the gradient exceeds `tolerance`.
 *
 * Yields after every iteration.
 */
export function* minimize(
  objective: Objective,
  size: number,
  options: { readonly tolerance: number; readonly maxIterations: number },
): Generator<number, Minimum> {
  let x: Float64Array = new Float64Array(size)
  let gradient: Float64Array = new Float64Array(size)
  let value = objective(x, gradient)
  const steps: Float64Array[] = []
  const changes: Float64Array[] = []
  for (let iteration = 1; iteration <= options.maxIterations; iteration++) {
    if (largest(gradient) <= options.tolerance) return { x, iterations: iteration - 1, converged: true }
    const direction = descent(gradient, steps, changes)
    const slope = dot(direction, gradient)
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1
    const nextGradient = new Float64Array(size)
    let next = moved(x, direction, length)
    let nextValue = objective(next, nextGradient)
    while (!(nextValue <= value + 1e-4 * length * slope) && length > 1e-12) {
      length /= 2
      next = moved(x, direction, length)
      nextValue = objective(next, nextGradient)
    }
    if (!(nextValue < value)) return { x, iterations: iteration, converged: true } // no digits left to gain
    const step = next.map((item, i) => item - (x[i] as number))
    const change = nextGradient.map((item, i) => item - (gradient[i] as number))
    if (dot(step, change) > 1e-300) {
      steps.push(step)
      changes.push(change)
      if (steps.length > MEMORY) {
        steps.shift()
        changes.shift()
      }
    }
    x = next
    gradient = nextGradient
    value = nextValue
    yield iteration
  }
  return { x, iterations: options.maxIterations, converged: false }
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

function moved(x: Float64Array, direction: Float64Array, length: number): Float64Array {
  return x.map((item, i) => item + length * (direction[i] as number))
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
