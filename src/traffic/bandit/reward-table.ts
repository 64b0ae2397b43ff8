/** The rewards of each arm of a bandit, and the decisions that were rewarded. */
import { addMoment, emptyMoments, type Moments, mergeMoments } from '../../stats/running-moments'
import type { RewardSummary } from './thompson'

/** The rewards of a bandit's arms. */
export interface RewardTable {
  /** Adds a reward; `false` when the decision was rewarded before. */
  add(arm: string, id: string, reward: number): boolean
  /** In the order of the arms. */
  summaries(): RewardSummary[]
  /** Begins an interval: earlier rewards count `discount` times as much. */
  startInterval(discount: number): void
  /** Rewards since the interval began. */
  readonly sinceUpdate: number
  /** Rewards that were not counted. */
  readonly repeated: number
}

/** An empty table. The ids of rewarded decisions are kept, some 100 bytes each. */
export function createRewardTable(arms: readonly string[]): RewardTable {
  const past = new Map<string, Moments>(arms.map((arm) => [arm, emptyMoments()]))
  const fresh = new Map<string, Moments>(arms.map((arm) => [arm, emptyMoments()]))
  const rewarded = new Set<string>()
  let sinceUpdate = 0
  let repeated = 0
  const both = (arm: string): Moments => mergeMoments(past.get(arm) as Moments, fresh.get(arm) as Moments)
  return {
    add(arm, id, reward) {
      if (rewarded.has(id)) {
        repeated++
        return false
      }
      rewarded.add(id)
      fresh.set(arm, addMoment(fresh.get(arm) as Moments, reward))
      sinceUpdate++
      return true
    },
    summaries: () => arms.map(both),
    startInterval(discount) {
      for (const arm of arms) {
        const whole = both(arm)
        // Fewer observations of the same mean and variance.
        past.set(arm, { ...whole, count: whole.count * discount, m2: whole.m2 * discount })
        fresh.set(arm, emptyMoments())
      }
      sinceUpdate = 0
    },
    get sinceUpdate() {
      return sinceUpdate
    },
    get repeated() {
      return repeated
    },
  }
}
