/** Thompson sampling: how often each arm should be played, given what is known about its rewards. */
import { createRng, type Rng } from '../../core/random'
import { drawBeta, drawGamma } from './draws'

/** What is known about the rewards of an arm. Counts may be discounted, and so need not be whole. */
export interface RewardSummary {
  readonly count: number
  readonly mean: number
  /** Sum of squared deviations from the mean. */
  readonly m2: number
}

/** The kind of rewards: 0 or 1, or any number. */
export type RewardKind = 'binary' | 'numeric'

/** Options of {@link playProbabilities}. */
export interface ThompsonOptions {
  readonly kind: RewardKind
  /** Draws from the posteriors. */
  readonly draws: number
  /** Each arm is played at least this often. */
  readonly floor: number
  readonly seed: number
}

/** The result for each arm, in their order. */
export interface PlayProbabilities {
  /** How often to play the arm; sum 1. */
  readonly play: readonly number[]
  /** The probability that the arm is the best one. */
  readonly best: readonly number[]
  /** The reward lost on average by taking this arm, if another is better. */
  readonly expectedLoss: readonly number[]
}

/**
 * The probability of being the best, by draws from the posteriors: Beta(1 + successes, 1 + failures) for binary rewards, and a normal-inverse-gamma
 * posterior with prior (mean 0, 0.01 observations, shape 0.5, scale 0.5) for numeric ones. An arm is played with that probability, but at least `floor`.
 */
export function playProbabilities(arms: readonly RewardSummary[], { kind, draws, floor, seed }: ThompsonOptions): PlayProbabilities {
  const rng = createRng(seed)
  const draw = kind === 'binary' ? drawShare : drawMean
  const wins = new Array<number>(arms.length).fill(0)
  const losses = new Array<number>(arms.length).fill(0)
  for (let i = 0; i < draws; i++) {
    const values = arms.map((arm) => draw(arm, rng))
    const most = Math.max(...values)
    const winner = values.indexOf(most)
    wins[winner] = (wins[winner] as number) + 1
    values.forEach((value, k) => {
      losses[k] = (losses[k] as number) + most - value
    })
  }
  const best = wins.map((count) => count / draws)
  return { play: withFloor(best, floor), best, expectedLoss: losses.map((sum) => sum / draws) }
}

function drawShare({ count, mean }: RewardSummary, rng: Rng): number {
  const hits = count * mean
  return drawBeta(1 + hits, 1 + Math.max(0, count - hits), rng)
}

function drawMean({ count, mean, m2 }: RewardSummary, rng: Rng): number {
  const weight = 0.01 + count
  const centre = (count * mean) / weight
  const shape = 0.5 + count / 2
  const scale = 0.5 + m2 / 2 + (0.01 * count * mean ** 2) / (2 * weight)
  const variance = scale / drawGamma(shape, rng)
  return centre + rng.normal() * Math.sqrt(variance / weight)
}

/** Raises the arms below `floor` to it; the others share what is left in proportion. */
function withFloor(shares: readonly number[], floor: number): number[] {
  let raised = new Set<number>()
  for (;;) {
    const free = shares.reduce((sum, share, i) => sum + (raised.has(i) ? 0 : share), 0)
    const scale = (1 - raised.size * floor) / free
    const low = shares.flatMap((share, i) => (!raised.has(i) && share * scale < floor ? [i] : []))
    if (low.length === 0) return shares.map((share, i) => (raised.has(i) ? floor : share * scale))
    raised = new Set([...raised, ...low])
  }
}
