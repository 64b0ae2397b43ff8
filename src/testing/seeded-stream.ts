/** Streams of numbers for tests of detectors: equal seeds give equal streams. */
import { checkOptions, finiteNumber, oneOf, wholeNumber } from '../core/options'
import { createRng, type Rng } from '../core/random'

/** Options of {@link seededStream}. */
export interface SeededStreamOptions {
  readonly seed: number
  /** Number of values. */
  readonly length: number
  /** `normal`: mean 0, standard deviation 1; `uniform`: [0, 1); `bernoulli`: 0 or 1. @default 'normal' */
  readonly kind?: 'normal' | 'uniform' | 'bernoulli' | undefined
  /** For `bernoulli`: the probability of 1. @default 0.2 */
  readonly rate?: number | undefined
  /** Index of the first shifted value. @default none */
  readonly shiftAt?: number | undefined
  /** Added to each value from the shift on; for `bernoulli`, to the probability. @default 1 (`bernoulli`: 0.3) */
  readonly shift?: number | undefined
}

/**
 * A stream of `length` numbers, stationary up to `shiftAt`.
 *
 * @example
 * const stream = seededStream({ seed: 1, length: 2000, shiftAt: 1000 })
 */
export function seededStream(options: SeededStreamOptions): Float64Array {
  checkOptions('seededStream', options, {
    seed: finiteNumber(),
    length: wholeNumber(0),
    kind: oneOf('normal', 'uniform', 'bernoulli'),
    rate: finiteNumber(0, 1),
    shiftAt: wholeNumber(0),
    shift: finiteNumber(),
  })
  const { seed, length, kind = 'normal', rate = 0.2, shiftAt = Number.POSITIVE_INFINITY } = options
  const shift = options.shift ?? (kind === 'bernoulli' ? 0.3 : 1)
  const rng = createRng(seed)
  return Float64Array.from({ length }, (_, i) => draw(rng, kind, rate, i >= shiftAt ? shift : 0))
}

function draw(rng: Rng, kind: 'normal' | 'uniform' | 'bernoulli', rate: number, shift: number): number {
  if (kind === 'normal') return rng.normal() + shift
  if (kind === 'uniform') return rng.next() + shift
  return rng.next() < rate + shift ? 1 : 0
}
