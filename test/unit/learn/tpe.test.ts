import { describe, expect, it } from 'vitest'
import { choice, int, logUniform, optimize, type SearchSpace, uniform } from '../../../src/learn'
import { ageWeights, deviationsOf } from '../../../src/learn/search/tpe'
import { isFull, times } from '../../support/effort'

type P = Readonly<Record<string, unknown>>
const at = (params: P, name: string): number => params[name] as number

/** Test functions of global optimization; the least value of each is 0. */
const functions: Readonly<Record<string, { readonly space: SearchSpace; readonly f: (params: P) => number }>> = {
  sphere: { space: { x: uniform(-5, 5), y: uniform(-5, 5) }, f: (p) => at(p, 'x') ** 2 + (at(p, 'y') - 1) ** 2 },
  branin: {
    space: { x: uniform(-5, 10), y: uniform(0, 15) },
    f: (p) => {
      const [x, y] = [at(p, 'x'), at(p, 'y')]
      return (
        (y - (5.1 * x * x) / (4 * Math.PI ** 2) + (5 * x) / Math.PI - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10 - 0.397887
      )
    },
  },
  mixed: {
    space: { rate: logUniform(1e-5, 1), depth: int(1, 20), kind: choice(['a', 'b', 'c']) },
    f: (p) => Math.log10(at(p, 'rate') / 1e-3) ** 2 + ((at(p, 'depth') - 7) / 4) ** 2 + (p.kind === 'b' ? 0 : 1),
  },
}

describe('the estimator', () => {
  it('takes the larger distance to the neighbours, within bounds', () => {
    // By hand: least (b − a) ÷ (n + 2) = 2; the ends look inwards only.
    expect(deviationsOf([1, 4, 9], 0, 10)).toEqual([3, 5, 5])
    expect(deviationsOf([5, 5.1], 0, 10)).toEqual([2.5, 2.5])
    expect(deviationsOf([2], 0, 10)).toEqual([8])
  })

  it('weighs the latest 25 fully and older ones less', () => {
    expect(ageWeights(3)).toEqual([1, 1, 1])
    const weights = ageWeights(30)
    expect(weights.slice(5).every((weight) => weight === 1)).toBe(true)
    expect(weights.slice(0, 5)).toEqual([1 / 30, expect.closeTo(0.275, 10), expect.closeTo(0.516667, 5), expect.closeTo(0.758333, 5), 1])
  })

  it.each(Object.entries(functions))('is better than chance on %s after 50 trials', async (_, { space, f }) => {
    const seeds = times(5, 40)
    const regrets = { tpe: [] as number[], random: [] as number[] }
    for (let seed = 0; seed < seeds; seed++) {
      for (const sampler of ['tpe', 'random'] as const) {
        regrets[sampler].push((await optimize(f, { params: space, trials: 50, sampler, seed })).bestScore)
      }
    }
    const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] as number
    expect(median(regrets.tpe)).toBeLessThan(median(regrets.random) * (isFull ? 0.5 : 0.8))
    if (isFull) {
      const wins = regrets.tpe.filter((regret, i) => regret < (regrets.random[i] as number)).length
      // A sign test: 28 of 40 has p = 0.008 by chance.
      expect(wins).toBeGreaterThanOrEqual(28)
    }
  })

  it('turns away from what always fails', async () => {
    const found = await optimize(
      ({ kind, x }) => {
        if (kind === 'broken') throw new Error('no such thing')
        return (x as number) ** 2
      },
      { params: { kind: choice(['fine', 'broken', 'good']), x: uniform(-1, 1) }, trials: 60, seed: 2 },
    )
    expect(found.trials.slice(30).filter(({ status }) => status === 'failed').length).toBeLessThan(8)
  })
})
