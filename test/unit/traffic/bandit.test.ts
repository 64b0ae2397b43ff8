/** Bandits: probabilities, decisions, rewards, restarts. */
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { createRng } from '../../../src/core/random'
import { Predictor } from '../../../src/predictor'
import { manualClock } from '../../../src/testing/manual-clock'
import { type BanditOptions, createBandit } from '../../../src/traffic'
import { createRewardTable } from '../../../src/traffic/bandit/reward-table'
import { playProbabilities } from '../../../src/traffic/bandit/thompson'
import { times } from '../../support/effort'
import { classifier, unitsOf, variantOf } from './helpers'

function optionsOf(more: Partial<BanditOptions> = {}): BanditOptions {
  return { name: 'offers', arms: { a: classifier(0.5), b: classifier(2) }, seed: 7, ...more }
}

/** Plays a bandit whose arms are rewarded at these rates; the share of plays of each arm in the last quarter. */
async function play(
  rounds: number,
  rates: Readonly<Record<string, number>>,
  more: Partial<BanditOptions> = {},
): Promise<Record<string, number>> {
  const bandit = await createBandit(optionsOf(more))
  const predictor = Predictor.of(bandit)
  const rng = createRng(1)
  const counts: Record<string, number> = {}
  for (let i = 0; i < rounds; i++) {
    const { outputs } = await predictor.predictOne({ x: 1 })
    const arm = String(outputs?.variant)
    if (i >= rounds * 0.75) counts[arm] = (counts[arm] ?? 0) + 4 / rounds
    bandit.reward(String(outputs?.decision), rng.next() < (rates[arm] as number))
  }
  return counts
}

describe('a bandit', () => {
  it('moves to the better arm, and keeps the floor of the other', async () => {
    const shares = await play(600, { a: 0.1, b: 0.4 }, { floor: 0.05, updateEvery: 10 })
    expect(shares.b).toBeGreaterThan(0.85)
    expect(shares.a).toBeGreaterThan(0.01)
  })

  it('loses less than equal shares would, in most runs', async () => {
    const rng = createRng(9)
    let better = 0
    const runs = times(6, 60)
    for (let run = 0; run < runs; run++) {
      const table = createRewardTable(['a', 'b', 'c'])
      const rates = [0.1, 0.15, 0.3]
      let sum = 0
      let shares = [1 / 3, 1 / 3, 1 / 3]
      for (let i = 0; i < 900; i++) {
        if (i % 30 === 0)
          shares = [...playProbabilities(table.summaries(), { kind: 'binary', draws: 200, floor: 0.02, seed: run * 1000 + i }).play]
        const u = rng.next()
        const arm = u < (shares[0] as number) ? 0 : u < (shares[0] as number) + (shares[1] as number) ? 1 : 2
        const reward = Number(rng.next() < (rates[arm] as number))
        sum += reward
        table.add(['a', 'b', 'c'][arm] as string, `${run} ${i}`, reward)
      }
      better += Number(sum > 900 * 0.1834)
    }
    expect(better / runs).toBeGreaterThan(0.8)
  })

  it('gives the same answers for the same seed, and logs the propensity of each', async () => {
    const ask = async (): Promise<unknown[]> => {
      const answers = await Predictor.of(await createBandit(optionsOf())).predict(unitsOf(30).map(() => ({ x: 1 })))
      return answers.map(({ outputs }) => [outputs?.variant, outputs?.propensity])
    }
    const first = await ask()
    expect(await ask()).toEqual(first)
    expect(new Set(first.map((pair) => (pair as unknown[])[0])).size).toBe(2)
    for (const [, propensity] of first as [string, number][]) expect(propensity).toBeCloseTo(0.5, 1)
  })

  it('keeps units with their arm while the probabilities do not change', async () => {
    const predictor = Predictor.of(await createBandit(optionsOf({ key: 'user' })))
    const rows = unitsOf(20).map((user) => ({ x: 1, user }))
    const first = (await predictor.predict(rows)).map(variantOf)
    expect((await predictor.predict(rows)).map(variantOf)).toEqual(first)
  })

  it('counts one reward for a decision, and refuses what is none', async () => {
    const bandit = await createBandit(optionsOf())
    const [answer] = await Predictor.of(bandit).predict([{ x: 1 }])
    const decision = String(answer?.outputs?.decision)
    expect([bandit.reward(decision, 1), bandit.reward(decision, 1)]).toEqual([true, false])
    expect(bandit.state().repeated).toBe(1)
    expect(() => bandit.reward('a:1', 1)).toThrow('reward needs a decision of the bandit "offers"')
    expect(() => bandit.reward(decision.replace(/^./, 'z'), 1)).toThrow('reward needs a decision')
    expect(() => bandit.reward(decision, 0.5)).toThrow('a reward must be 0 or 1')
    expect(String(bandit)).toContain('Bandit: offers')
  })

  it('remembers rewards on a storage, of all processes, once', async () => {
    const storage = memoryStorage()
    const clock = manualClock()
    const [one, two] = [await createBandit(optionsOf({ storage, clock })), await createBandit(optionsOf({ storage, clock }))]
    for (const bandit of [one, two]) {
      const answers = await Predictor.of(bandit).predict(unitsOf(50).map(() => ({ x: 1 })))
      for (const { outputs } of answers) bandit.reward(String(outputs?.decision), outputs?.variant === 'b')
    }
    await clock.advance(1000)
    await one.sync()
    await two.sync()
    const three = await createBandit(optionsOf({ storage, clock }))
    const counts = [one, two, three].map((bandit) => bandit.state().arms.map(({ rewards }) => rewards.count))
    expect(counts[0]?.reduce((sum, count) => sum + count)).toBe(100)
    expect(counts[1]).toEqual(counts[0])
    expect(counts[2]).toEqual(counts[0])
    expect(three.state().arms[1]?.play).toBeGreaterThan(0.9)
  })

  it.each([
    [{ seed: undefined as never }, /needs a `seed`/],
    [{ floor: 0.5 }, /`floor` of createBandit must be below 1 \/ 2/],
    [{ arms: { a: classifier(1) } }, /at least 2 models/],
    [{ discount: 0 }, /`discount` of createBandit/],
  ] as [Partial<BanditOptions>, RegExp][])('refuses %#', async (more, message) => {
    await expect(createBandit(optionsOf(more))).rejects.toThrow(message)
  })
})

describe('playProbabilities', () => {
  it('are those of the posteriors: P(Beta(31, 71) > Beta(21, 81)) is 0.948', () => {
    const options = { kind: 'binary', draws: times(20_000, 400_000), floor: 0, seed: 3 } as const
    const { best } = playProbabilities(
      [
        { count: 100, mean: 0.2, m2: 16 },
        { count: 100, mean: 0.3, m2: 21 },
      ],
      options,
    )
    expect(best[1]).toBeCloseTo(0.948, 2)
  })

  it('of numeric rewards follow the mean and its uncertainty', () => {
    const options = { kind: 'numeric', draws: 4000, floor: 0, seed: 3 } as const
    const far = playProbabilities(
      [
        { count: 100, mean: 5, m2: 100 },
        { count: 100, mean: 6, m2: 100 },
      ],
      options,
    )
    expect(far.best[1]).toBeGreaterThan(0.999)
    expect(far.expectedLoss[0]).toBeCloseTo(1, 1)
    const unknown = playProbabilities(
      [
        { count: 0, mean: 0, m2: 0 },
        { count: 0, mean: 0, m2: 0 },
      ],
      options,
    )
    expect(unknown.best[1]).toBeCloseTo(0.5, 1)
  })

  it('raise every arm to the floor and keep the sum 1', () => {
    const arms = [0.9, 0.1, 0.1, 0.1].map((mean) => ({ count: 500, mean, m2: 500 * mean * (1 - mean) }))
    const { play } = playProbabilities(arms, { kind: 'binary', draws: 300, floor: 0.05, seed: 1 })
    expect(play).toEqual([expect.closeTo(0.85), 0.05, 0.05, 0.05])
  })
})

describe('the reward table', () => {
  it('forgets by the discount', () => {
    const table = createRewardTable(['a'])
    for (let i = 0; i < 10; i++) table.add('a', String(i), 1)
    table.startInterval(0.5)
    expect(table.summaries()[0]).toMatchObject({ count: 5, mean: 1 })
    table.add('a', 'x', 0)
    expect(table.summaries()[0]?.mean).toBeCloseTo(5 / 6, 12)
  })
})
