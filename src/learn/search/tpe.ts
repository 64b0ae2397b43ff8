/**
 * The Tree-structured Parzen Estimator (Bergstra, Bardenet, Bengio and Kégl 2011), with the settings of Optuna's `TPESampler`.
 *
 * The trials so far, n of them, are divided: the best ⌈n/10⌉ (at most 25) and the others. A density of the good ones, l(x), and one of the
 * others, g(x), are estimated over all parameters together. 24 sets are drawn from l, and that with the greatest l(x) ÷ g(x) is tried next: by
 * Bergstra's derivation it has the greatest expected improvement.
 *
 * Failed trials count among the others (Optuna leaves them out, and may try a setting that always fails again and again).
 *
 * The densities are mixtures: each trial gives a product of one distribution per parameter, over the range [a, b] of what is drawn evenly (logarithms for `log`, half a step beyond the ends for whole numbers):
 * - Each observation x_i gives a normal distribution cut off at a and b, with mean x_i and as deviation the larger distance to its neighbours
 *   among the observations and the ends, at least (b − a) ÷ min(100, n + 2) and at most b − a. Of the least and the greatest observation only
 *   the distance to the inner neighbour counts.
 * - The middle (a + b) ÷ 2 with deviation b − a stands for what is known without observations.
 * - All have the same weight up to 25 observations; of more, the latest 25 weigh 1 and the older ones less, from 1 ÷ n on evenly rising.
 * - For whole numbers, the density of a value is the mass of the step around it.
 * - For choices, an observation gives 1 to its value and 1 ÷ (n + 1) to every value, scaled to sum to 1.
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
  /** Sets of values drawn for each trial, of which the most promising is tried. @default 24 */
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
  const [l, g] = [mixtureOf(space, below), mixtureOf(space, above)]
  let best = l.sample(rng)
  let most = l.log(best) - g.log(best)
  for (let i = 1; i < candidates; i++) {
    const params = l.sample(rng)
    const promise = l.log(params) - g.log(params)
    if (promise > most) [best, most] = [params, promise]
  }
  return best
}

/** A density of whole sets of params. */
interface Mixture {
  sample(rng: Rng): Record<string, ParamValue>
  log(params: Readonly<Record<string, ParamValue>>): number
}

/** The kernels of one parameter: one at each observation, and the last for what is known without any. */
interface Kernels {
  sample(kernel: number, rng: Rng): ParamValue
  /** Logarithm of each kernel's density, or of its mass for whole numbers and choices. */
  logs(value: ParamValue): readonly number[]
}

function mixtureOf(space: ReadonlyMap<string, Distribution>, trials: readonly SearchTrial[]): Mixture {
  const parts = [...space].map(([name, distribution]): readonly [string, Kernels] => {
    const values = trials.map(({ params }) => params[name] as ParamValue)
    return [name, distribution.kind === 'choice' ? choiceKernels(distribution, values) : numberKernels(distribution, values as number[])]
  })
  const weights = [...ageWeights(trials.length), 1]
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return {
    sample(rng) {
      const kernel = weightedPlace(weights, rng)
      return Object.fromEntries(parts.map(([name, kernels]) => [name, kernels.sample(kernel, rng)]))
    },
    log(params) {
      const sums = weights.map((weight) => Math.log(weight / all))
      for (const [name, kernels] of parts) {
        kernels.logs(params[name] as ParamValue).forEach((log, i) => {
          sums[i] = (sums[i] as number) + log
        })
      }
      const most = Math.max(...sums)
      return most + Math.log(sums.reduce((sum, log) => sum + Math.exp(log - most), 0))
    },
  }
}

/** The weights of n observations, oldest first. */
export function ageWeights(n: number): number[] {
  if (n <= 25) return new Array(n).fill(1)
  const ramp = n - 25
  return Array.from({ length: n }, (_, i) => (i >= ramp ? 1 : ramp === 1 ? 1 / n : 1 / n + ((1 - 1 / n) * i) / (ramp - 1)))
}

function choiceKernels({ values: choices }: ChoiceDistribution, values: readonly ParamValue[]): Kernels {
  const keys = choices.map((value) => JSON.stringify(value))
  const places = values.map((value) => keys.indexOf(JSON.stringify(value)))
  // Each kernel holds 1 at the observed choice and 1 ÷ (n + 1) at every one, scaled to sum to 1.
  const base = 1 / (values.length + 1)
  const scale = 1 / (1 + choices.length * base)
  const shareOf = (kernel: number, place: number): number =>
    kernel === values.length ? 1 / choices.length : scale * (base + Number(places[kernel] === place))
  return {
    sample: (kernel, rng) =>
      choices[
        weightedPlace(
          choices.map((_, place) => shareOf(kernel, place)),
          rng,
        )
      ] as ParamValue,
    logs(value) {
      const place = keys.indexOf(JSON.stringify(value))
      return [...places, -1].map((_, kernel) => Math.log(shareOf(kernel, place)))
    },
  }
}

function numberKernels(distribution: NumberDistribution, values: readonly number[]): Kernels {
  const [a, b] = drawnRange(distribution)
  const observed = values.map((value) => toDrawn(distribution, value))
  const means = [...observed, (a + b) / 2]
  const deviations = [...deviationsOf(observed, a, b), b - a || 1]
  const masses = means.map((mean, i) => massBetween((a - mean) / (deviations[i] as number), (b - mean) / (deviations[i] as number)))
  const half = distribution.kind === 'int' ? (distribution.step ?? 1) / 2 : 0
  const edge = (value: number): number => Math.min(b, Math.max(a, distribution.log ? Math.log(value) : value))
  return {
    sample(kernel, rng) {
      const [mean, deviation] = [means[kernel] as number, deviations[kernel] as number]
      return fromDrawn(distribution, a === b ? a : truncatedNormal(mean, deviation, [a, b], rng.next()))
    },
    logs(value) {
      const [from, to] = [edge((value as number) - half), edge((value as number) + half)]
      const at = toDrawn(distribution, value as number)
      return means.map((mean, i) => {
        const deviation = deviations[i] as number
        const mass = Math.log(masses[i] as number)
        if (half > 0) return Math.log(massBetween((from - mean) / deviation, (to - mean) / deviation)) - mass
        return -0.5 * ((at - mean) / deviation) ** 2 - Math.log(deviation * Math.sqrt(2 * Math.PI)) - mass
      })
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
