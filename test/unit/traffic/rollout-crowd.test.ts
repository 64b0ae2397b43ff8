/** Several processes, a storage that fails, and restarts, in any order: a rollout goes one way, and ends once. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { Predictor } from '../../../src/predictor'
import { manualClock } from '../../../src/testing/manual-clock'
import { type Canary, createCanary, errorRateCheck, outcomeCheck } from '../../../src/traffic'
import { isFull, propertySeed, times } from '../../support/effort'
import { classifier, unitsOf, variantOf } from './helpers'

const steps = [
  { weight: 0.2, minRows: 30 },
  { weight: 0.6, minRows: 30 },
]

describe('a crowd around one rollout', () => {
  it('promotes at most once, never gives a rolled-back candidate traffic, and agrees on the history', async () => {
    const action = fc.record({
      who: fc.nat(2),
      kind: fc.constantFrom('traffic' as const, 'tick' as const, 'restart' as const, 'fail' as const, 'mend' as const, 'time' as const),
    })
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 60 }), fc.constantFrom(0.5, 0.9), async (actions, limit) => {
        const clock = manualClock()
        let failing = false
        const memory = memoryStorage()
        const guard = <A extends unknown[], R>(method: (...args: A) => R) => {
          return (...args: A): R => {
            if (failing) throw new Error('the storage is away')
            return method(...args)
          }
        }
        const storage = { ...memory, put: guard(memory.put), get: guard(memory.get), head: guard(memory.head), list: guard(memory.list) }
        const promotions: number[] = []
        const open = (): Promise<Canary> =>
          createCanary({
            ...{ name: 'f', stable: classifier(0.5), candidate: classifier(limit), key: 'user', steps, storage, clock, everyMs: 10_000 },
            ...{
              salt: 'crowd',
              labels: { stable: 'f@1', candidate: 'f@2' },
              checks: [errorRateCheck(), outcomeCheck({ metric: 'correct' })],
            },
            onPromote: () => void promotions.push(clock.now()),
          })
        const crowd = [await open(), await open(), await open()]
        const ask = async (canary: Canary, round: number): Promise<void> => {
          const rows = unitsOf(80, `r${round}-`).map((user, i) => ({ x: ((i * 37) % 100) / 100, user }))
          const before = canary.status().phase
          const answers = await Predictor.of(canary).predict(rows)
          answers.forEach((answer, i) => {
            canary.record(String(variantOf(answer)), 'correct', (answer.prediction === 'yes') === (rows[i] as { x: number }).x >= 0.5)
          })
          if (before === 'rolled-back') expect(answers.every((answer) => variantOf(answer) === 'stable')).toBe(true)
        }
        for (const [round, { who, kind }] of actions.entries()) {
          const canary = crowd[who] as Canary
          if (kind === 'traffic') await ask(canary, round)
          else if (kind === 'tick') await canary.tick().catch(() => {})
          else if (kind === 'time') await clock.advance(10_000)
          else if (kind === 'restart' && !failing) {
            await canary.dispose()
            crowd[who] = await open()
          } else if (kind !== 'restart') failing = kind === 'fail'
        }
        failing = false
        await clock.advance(130_000)
        for (const canary of crowd) await canary.tick()
        const histories = crowd.map((canary) => canary.status().history)
        expect(histories[1]).toEqual(histories[0])
        expect(histories[2]).toEqual(histories[0])
        for (const canary of crowd) seen.add(canary.status().phase)
        const phases = histories[0]?.map(({ phase }) => phase) ?? []
        expect(phases.filter((phase) => phase === 'promoted').length).toBe(promotions.length)
        expect(promotions.length).toBeLessThanOrEqual(limit === 0.5 ? 1 : 0)
        const places = histories[0]?.map(({ step }) => step) ?? []
        expect(places).toEqual([...places].sort((a, b) => a - b))
        for (const canary of crowd) await canary.dispose()
      }),
      { seed: propertySeed, numRuns: times(4, 100) },
    )
    // All ends must have occurred where there are enough runs.
    if (isFull) expect([...seen].sort()).toEqual(['promoted', 'rolled-back', 'running'])
  })
})
