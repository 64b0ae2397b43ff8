/**
 * The Tree-structured Parzen Estimator (Bergstra, Bardenet, Bengio and Kégl 2011), with the settings of Optuna's `TPESampler`.
 *
 * The trials so far, n of them, are divided: the best ⌈n/10⌉ (at most 25) and the others. For each parameter by itself, a density of the good
 * ones, l(x), and one of the others, g(x), are estimated. 24 values are drawn from l, and that with the greatest l(x) ÷ g(x) is tried next: by
 * Bergstra's derivation it has the greatest expected improvement.
 *
 * Failed trials count among the others (Optuna leaves them out, and may try a setting that always fails again and again).
 *
 * The densities are mixtures, over the range [a, b] of what is drawn evenly (logarithms for `log`, half a step beyond the ends for whole numbers):
 * - Each observation x_i gives a normal distribution cut off at a and b, with mean x_i and as deviation the larger distance to its neighbours
 *   among the observations and the ends, at least (b − a) ÷ min(100, n + 2) and at most b − a. Of the least and the greatest observation only
 *   the distance to the inner neighbour counts.
 * - The middle (a + b) ÷ 2 with deviation b − a stands for what is known without observations.
 * - All have the same weight up to 25 observations; of more, the latest 25 weigh 1 and the older ones less, from 1 ÷ n on evenly rising.
 * - For whole numbers, the density of a value is the mass of the step around it.
 * - For choices, the share of each value is its weighted count plus 1 ÷ (n + 1) for every value and observation, scaled to sum to 1.
 */
import { invalidArgument } from '../../core/errors'
import type { Rng } from '../../core/random'
import { normalCdf, normalIsf, normalSf } from '../../stats/normal'
import {
  type ChoiceDistribution,
  type Distribution,
  draw,
  drawnRange,
  fromDrawn,
  type NumberDistribution,
  type ParamValue,
  toDrawn,
} from './distributions'
import { ranked, type SearchTrial } from './trial'

/** Settings of the estimator. */
export interface TpeSettings {
  /** Trials drawn at random before the first estimate. @default 10 */
  readonly startupTrials?: number | undefined
  /** Values drawn for each parameter, of which the most promising is tried. @default 24 */
  readonly candidates?: number | undefined
}

/** Checks that settings are positive. @throws InvalidArgument */
export function checkTpe({ startupTrials = 10, candidates = 24 }: TpeSettings): void {
  if (startupTrials < 1 || candidates < 1) throw invalidArgument('`startupTrials` and `candidates` of tpeSearch must be at least 1')
}

/** The parameters to try next. @param history the trials so far, in the order of their numbers */
export function suggestTpe(
  space: ReadonlyMap<string, Distribution>,
  history: readonly SearchTrial[],
  { rng, higherIsBetter, startupTrials = 10, candidates = 24 }: TpeSettings & { readonly rng: Rng; readonly higherIsBetter: boolean },
): Record<string, ParamValue> {
  const known = history.filter(({ status, score }) => status !== 'failed' && !Number.isNaN(score))
  if (known.length < startupTrials) return Object.fromEntries([...space].map(([name, distribution]) => [name, draw(distribution, rng)]))
  const good = new Set(ranked(known, higherIsBetter).slice(0, Math.min(25, Math.ceil(known.length / 10))))
  // Failed trials are among the others: where they lie, g is large, and the search turns away.
  const inOrder = (isGood: boolean): SearchTrial[] => history.filter((trial) => good.has(trial) === isGood)
  const [below, above] = [inOrder(true), inOrder(false)]
  const valuesIn = (trials: readonly SearchTrial[], name: string): ParamValue[] =>
    trials.flatMap(({ params }) => (params[name] === undefined ? [] : [params[name] as ParamValue]))
  return Object.fromEntries(
    [...space].map(([name, distribution]) => {
      const [l, g] = [densityOf(distribution, valuesIn(below, name)), densityOf(distribution, valuesIn(above, name))]
      return [name, mostPromising(l, g, candidates, rng)]
    }),
  )
}

/** The density of the values of one parameter. */
interface Density {
  sample(rng: Rng): ParamValue
  /** Logarithm of the density, or of the mass for whole numbers and choices. */
  log(value: ParamValue): number
}

function mostPromising(l: Density, g: Density, candidates: number, rng: Rng): ParamValue {
  let best: ParamValue = l.sample(rng)
  let most = l.log(best) - g.log(best)
  for (let i = 1; i < candidates; i++) {
    const value = l.sample(rng)
    const promise = l.log(value) - g.log(value)
    if (promise > most) [best, most] = [value, promise]
  }
  return best
}

function densityOf(distribution: Distribution, values: readonly ParamValue[]): Density {
  return distribution.kind === 'choice' ? choiceDensity(distribution, values) : numberDensity(distribution, values as readonly number[])
}

/** The weights of n observations, oldest first. */
export function ageWeights(n: number): number[] {
  if (n <= 25) return new Array(n).fill(1)
  const ramp = n - 25
  return Array.from({ length: n }, (_, i) => (i >= ramp ? 1 : ramp === 1 ? 1 / n : 1 / n + ((1 - 1 / n) * i) / (ramp - 1)))
}

function choiceDensity({ values: choices }: ChoiceDistribution, values: readonly ParamValue[]): Density {
  const weights = ageWeights(values.length)
  const keys = choices.map((value) => JSON.stringify(value))
  const kernels = values.length + 1
  const all = weights.reduce((sum, weight) => sum + weight, 0) + 1
  // Each kernel is a distribution over the choices: 1 at the observed one and 1 ÷ kernels at every one, scaled to sum to 1.
  const base = 1 / kernels
  const shares = choices.map(() => 1 / choices.length / all)
  values.forEach((value, i) => {
    const at = keys.indexOf(JSON.stringify(value))
    const scale = (weights[i] as number) / all / (choices.length * base + 1)
    choices.forEach((_, c) => {
      shares[c] = (shares[c] as number) + scale * (base + (c === at ? 1 : 0))
    })
  })
  return {
    sample: (rng) => choices[weightedPlace(shares, rng)] as ParamValue,
    log: (value) => Math.log(shares[keys.indexOf(JSON.stringify(value))] ?? 0),
  }
}

function numberDensity(distribution: NumberDistribution, values: readonly number[]): Density {
  const [a, b] = drawnRange(distribution)
  const observed = values.map((value) => toDrawn(distribution, value))
  const means = [...observed, (a + b) / 2]
  const deviations = [...deviationsOf(observed, a, b), b - a || 1]
  const given = [...ageWeights(values.length), 1]
  const all = given.reduce((sum, weight) => sum + weight, 0)
  const weights = given.map((weight) => weight / all)
  const masses = means.map((mean, i) => massBetween((a - mean) / (deviations[i] as number), (b - mean) / (deviations[i] as number)))
  const half = distribution.kind === 'int' ? (distribution.step ?? 1) / 2 : 0
  const edge = (value: number): number => Math.min(b, Math.max(a, distribution.log ? Math.log(value) : value))
  return {
    sample(rng) {
      const at = weightedPlace(weights, rng)
      const [mean, deviation] = [means[at] as number, deviations[at] as number]
      return fromDrawn(distribution, a === b ? a : truncatedNormal(mean, deviation, [a, b], rng.next()))
    },
    log(value) {
      let density = 0
      const [from, to] = [edge((value as number) - half), edge((value as number) + half)]
      const at = toDrawn(distribution, value as number)
      means.forEach((mean, i) => {
        const deviation = deviations[i] as number
        const part =
          half > 0
            ? massBetween((from - mean) / deviation, (to - mean) / deviation)
            : Math.exp(-0.5 * ((at - mean) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI))
        density += ((weights[i] as number) * part) / (masses[i] as number)
      })
      return Math.log(Math.max(density, Number.MIN_VALUE))
    },
  }
}

/** The deviation of each observation: the larger distance to its neighbours and the ends, within bounds. */
export function deviationsOf(observed: readonly number[], a: number, b: number): number[] {
  const order = observed.map((_, i) => i).sort((i, j) => (observed[i] as number) - (observed[j] as number))
  const sorted = [a, ...order.map((i) => observed[i] as number), b]
  const n = observed.length
  const least = (b - a) / Math.min(100, n + 2)
  const deviations = new Array<number>(n)
  order.forEach((at, place) => {
    const below = (sorted[place + 1] as number) - (sorted[place] as number)
    const over = (sorted[place + 2] as number) - (sorted[place + 1] as number)
    const larger = n >= 2 && place === 0 ? over : n >= 2 && place === n - 1 ? below : Math.max(below, over)
    deviations[at] = Math.min(b - a, Math.max(least, larger)) || 1
  })
  return deviations
}

/** Φ(to) − Φ(from), computed in the tail that loses no digits. */
function massBetween(from: number, to: number): number {
  const mass = from > 0 ? normalSf(from) - normalSf(to) : normalCdf(to) - normalCdf(from)
  return Math.max(mass, Number.MIN_VALUE)
}

/** A normal number between a and b, by its share `u` of the mass there. */
function truncatedNormal(mean: number, deviation: number, [a, b]: readonly [number, number], u: number): number {
  const upper = normalSf((a - mean) / deviation)
  const lower = normalSf((b - mean) / deviation)
  const q = Math.min(1 - 1e-16, Math.max(Number.MIN_VALUE, upper + (lower - upper) * u))
  return Math.min(b, Math.max(a, mean + deviation * normalIsf(q)))
}

function weightedPlace(weights: readonly number[], rng: Rng): number {
  let left = rng.next() * weights.reduce((sum, weight) => sum + weight, 0)
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i] as number
    if (left < 0) return i
  }
  return weights.length - 1
}
