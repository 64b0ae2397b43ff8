/** Canaries: promotion and rollback by themselves, restarts, several processes, people. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { utf8 } from '../../../src/core/bytes'
import { Predictor } from '../../../src/predictor'
import { createHandler } from '../../../src/serve'
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock'
import {
  type Canary,
  type CanaryOptions,
  createCanary,
  errorRateCheck,
  latencyCheck,
  outcomeCheck,
  predictionsCheck,
} from '../../../src/traffic'
import { type ArmMeter, createArmMeter, mergeCounts } from '../../../src/traffic/canary/arm-counts'
import { propertySeed, times } from '../../support/effort'
import { get, post } from '../serve/helpers'
import { classifier, regressor, unitsOf, variantOf } from './helpers'

const steps = [
  { weight: 0.1, minRows: 50 },
  { weight: 0.5, minRows: 50 },
]

function optionsOf(more: Partial<CanaryOptions> = {}): CanaryOptions {
  return {
    // With a random salt the share of the units that a step gets varies, and so the round in which it ends.
    ...{ name: 'f', salt: 'tests', stable: classifier(0.5), candidate: classifier(0.5), key: 'user', steps, everyMs: 1000 },
    ...{ labels: { stable: 'f@1', candidate: 'f@2' }, checks: [errorRateCheck(), outcomeCheck({ metric: 'correct', minimumEffect: 0.2 })] },
    ...more,
  }
}

/** Sends rows of units for some rounds, records whether answers are right, and lets time pass. The truth is `x >= 0.5`. */
async function traffic(canary: Canary, clock: ManualClock, rounds: number, perRound = 200): Promise<void> {
  const predictor = Predictor.of(canary)
  for (let round = 0; round < rounds; round++) {
    const rows = unitsOf(perRound).map((user, i) => ({ x: ((i * 37) % 100) / 100, user }))
    const answers = await predictor.predict(rows)
    answers.forEach((answer, i) => {
      canary.record(String(variantOf(answer)), 'correct', (answer.prediction === 'yes') === (rows[i] as { x: number }).x >= 0.5)
    })
    await clock.advance(1000)
  }
}

describe('a canary', () => {
  it('promotes a candidate that does well, step by step, and moves the alias once', async () => {
    const clock = manualClock()
    const moves: string[] = []
    const registry = {
      resolve: async () => ({ version: moves.at(-1) ?? '1' }),
      promote: async (_name: string, version: string) => void moves.push(version),
    }
    const canary = await createCanary(optionsOf({ clock, target: { registry, model: 'f', version: '2' } }))
    const seen: string[] = []
    canary.on('step', ({ phase, step, weight }) => seen.push(`${phase} ${step} ${weight}`))
    expect(canary.status()).toMatchObject({ phase: 'running', step: 0, weight: 0.1 })
    await traffic(canary, clock, 12)
    expect(seen).toEqual(['running 1 0.5', 'promoting 1 1', 'promoted 1 1'])
    expect(moves).toEqual(['2'])
    const [answer] = await Predictor.of(canary).predict([{ x: 1, user: 'anyone' }])
    expect(variantOf(answer as never)).toBe('candidate')
    expect(String(canary)).toContain('f@2 beside f@1: promoted')
  })

  it('rolls back a worse candidate by itself, with the numbers as the reason', async () => {
    const clock = manualClock()
    const canary = await createCanary(optionsOf({ clock, candidate: classifier(0.9) }))
    const ends: string[] = []
    canary.on('rolled-back', ({ reason }) => ends.push(reason))
    await traffic(canary, clock, 12)
    expect(canary.status()).toMatchObject({ phase: 'rolled-back', weight: 0 })
    expect(ends).toEqual([expect.stringMatching(/^correct: 0\.\d+ against 1: significantly worse$/)])
    const answers = await Predictor.of(canary).predict(unitsOf(50).map((user) => ({ x: 1, user })))
    expect(new Set(answers.map(variantOf))).toEqual(new Set(['stable']))
  })

  it('rolls back at once when the candidate fails, and no caller notices', async () => {
    const clock = manualClock()
    const canary = await createCanary(optionsOf({ clock, candidate: classifier(0.5, () => true) }))
    const answers = await Predictor.of(canary).predict(unitsOf(400).map((user) => ({ x: 1, user })))
    expect(answers.every(({ prediction }) => prediction === 'yes')).toBe(true)
    await clock.advance(0)
    expect(canary.status()).toMatchObject({ phase: 'rolled-back', history: [{}, { reason: expect.stringContaining('rows failed') }] })
  })

  it('rolls back a candidate that answers NaN', async () => {
    const clock = manualClock()
    const canary = await createCanary(optionsOf({ clock, stable: regressor((x) => x), candidate: regressor(() => Number.NaN) }))
    await Predictor.of(canary).predict(unitsOf(400).map((user) => ({ x: 1, user })))
    await clock.advance(0)
    expect(canary.status().phase).toBe('rolled-back')
  })

  it('moves units only to the candidate while its share grows', async () => {
    const clock = manualClock()
    const canary = await createCanary(optionsOf({ clock }))
    const predictor = Predictor.of(canary)
    const rows = unitsOf(200).map((user) => ({ x: 1, user }))
    const first = (await predictor.predict(rows)).map(variantOf)
    await traffic(canary, clock, 5)
    expect(canary.status().step).toBe(1)
    const later = (await predictor.predict(rows)).map(variantOf)
    first.forEach((variant, i) => {
      if (variant === 'candidate') expect(later[i]).toBe('candidate')
    })
    expect(later.filter((variant) => variant === 'candidate').length).toBeGreaterThan(
      first.filter((variant) => variant === 'candidate').length + 40,
    )
  })

  it('sends copies to the candidate in a shadow step, and none of its answers to callers', async () => {
    const clock = manualClock()
    const canary = await createCanary(
      optionsOf({
        ...{ clock, steps: [{ weight: 0, minRows: 100 }, ...steps] },
        checks: [errorRateCheck(), predictionsCheck(), outcomeCheck({ metric: 'correct' })],
      }),
    )
    const predictor = Predictor.of(canary)
    const answers = await predictor.predict(unitsOf(200).map((user, i) => ({ x: (i % 10) / 10, user })))
    expect(new Set(answers.map(variantOf))).toEqual(new Set(['stable']))
    await clock.advance(0)
    await clock.advance(1000)
    expect(canary.status()).toMatchObject({ phase: 'running', step: 1, weight: 0.1 })
    expect(canary.status().history.at(-1)?.reason).toContain('predictions: stability index 0')
  })

  it('is never promoted by a check that is inconclusive, and waits for a person after the deadline', async () => {
    const clock = manualClock()
    const check = { name: 'business', evaluate: () => ({ verdict: 'inconclusive' as const, text: 'who knows' }) }
    const canary = await createCanary(optionsOf({ clock, checks: [check], stepDeadlineMs: 20_000 }))
    await traffic(canary, clock, 30, 60)
    expect(canary.status()).toMatchObject({ phase: 'paused', step: 0, weight: 0.1 })
    expect(canary.status().history.at(-1)?.reason).toContain('business: who knows')
  })

  it('survives errors of a check, but not too many in a row', async () => {
    const clock = manualClock()
    let calls = 0
    const check = {
      name: 'prometheus',
      evaluate: () => {
        calls++
        if (calls < 4) throw new Error('connection refused')
        return { verdict: 'pass' as const, text: 'fine' }
      },
    }
    const canary = await createCanary(optionsOf({ clock, checks: [check], steps: [{ weight: 0.5, minRows: 0 }] }))
    await clock.advance(3000)
    expect(canary.status()).toMatchObject({ phase: 'running', checks: [{ verdict: 'error', errors: 3, text: 'connection refused' }] })
    await clock.advance(1000)
    expect(canary.status().phase).toBe('promoted')
    const broken = { name: 'prometheus', evaluate: () => Promise.reject(new Error('gone')) }
    const other = await createCanary(optionsOf({ clock, checks: [broken] }))
    await clock.advance(8000)
    expect(other.status()).toMatchObject({ phase: 'rolled-back', history: [{}, { reason: 'prometheus: gone' }] })
  })
})

describe('people and a canary', () => {
  it('can pause, resume, promote and roll back, where that makes sense', async () => {
    const clock = manualClock()
    const canary = await createCanary(optionsOf({ clock }))
    await canary.pause('lunch')
    await traffic(canary, clock, 5)
    expect(canary.status()).toMatchObject({ phase: 'paused', step: 0 })
    await expect(canary.pause('again')).rejects.toMatchObject({ code: 'InvalidState', message: expect.stringContaining('is paused') })
    await canary.resume()
    expect(canary.status().phase).toBe('running')
    await canary.promote('the boss wants it')
    expect(canary.status().phase).toBe('promoted')
    await expect(canary.rollback('too late')).rejects.toMatchObject({ code: 'InvalidState' })
    const other = await createCanary(optionsOf({ clock }))
    await other.rollback('no')
    expect(other.status().history.at(-1)).toMatchObject({ phase: 'rolled-back', weight: 0, reason: 'no' })
  })

  it('are waited for after a step with `pause`', async () => {
    const clock = manualClock()
    const canary = await createCanary(
      optionsOf({
        clock,
        steps: [
          { weight: 0.5, pause: true },
          { weight: 0.6, pause: true },
        ],
      }),
    )
    await traffic(canary, clock, 4)
    expect(canary.status()).toMatchObject({ phase: 'paused', step: 0 })
    await canary.resume()
    expect(canary.status()).toMatchObject({ phase: 'running', step: 1 })
    await traffic(canary, clock, 4)
    expect(canary.status()).toMatchObject({ phase: 'paused', step: 1 })
    await canary.resume('approved')
    expect(canary.status().phase).toBe('promoted')
  })
})

describe('a canary on a storage', () => {
  it('goes on in the same step after a restart, with the counts of the earlier life', async () => {
    const storage = memoryStorage()
    const clock = manualClock()
    const first = await createCanary(optionsOf({ clock, storage, steps: [steps[0] as never, { weight: 0.5, minRows: 400 }] }))
    await traffic(first, clock, 6)
    expect(first.status().step).toBe(1)
    await first.dispose()
    const rows = first.status().counts.candidate.rows
    const second = await createCanary(optionsOf({ clock, storage, steps: [steps[0] as never, { weight: 0.5, minRows: 400 }] }))
    expect(second.status()).toMatchObject({ phase: 'running', step: 1, weight: 0.5 })
    await clock.advance(1000)
    expect(second.status().counts.candidate.rows).toBe(rows)
    await traffic(second, clock, 6)
    expect(second.status().phase).toBe('promoted')
  })

  it('gives the first units by its salt, which the storage keeps', async () => {
    const storage = memoryStorage()
    const clock = manualClock()
    const first = async (more: Partial<CanaryOptions>): Promise<readonly unknown[]> => {
      const canary = await createCanary(optionsOf({ clock, steps: [{ weight: 0.5 }], ...more }))
      const answers = await Predictor.of(canary).predict(unitsOf(100).map((user) => ({ x: 1, user })))
      await canary.dispose()
      return answers.map(variantOf)
    }
    const units = await first({ storage, salt: 'a' })
    expect(await first({ storage, salt: 'b' })).toEqual(units)
    expect(await first({ salt: 'a' })).toEqual(units)
    expect(await first({ salt: 'b' })).not.toEqual(units)
    expect(await first({ salt: undefined })).not.toEqual(await first({ salt: undefined }))
  })

  it('is moved by exactly one of several processes, and the others follow', async () => {
    const storage = memoryStorage()
    const clock = manualClock()
    let promotions = 0
    const all = await Promise.all([1, 2, 3].map(() => createCanary(optionsOf({ clock, storage, onPromote: () => void promotions++ }))))
    for (let round = 0; round < 12; round++) {
      for (const canary of all) await traffic(canary, clock, 1, 60)
    }
    expect(all.map((canary) => canary.status().phase)).toEqual(['promoted', 'promoted', 'promoted'])
    const histories = all.map((canary) => canary.status().history)
    expect(histories[0]?.map(({ phase, step }) => `${phase} ${step}`)).toEqual(['running 0', 'running 1', 'promoting 1', 'promoted 1'])
    expect(histories[1]).toEqual(histories[0])
    expect(promotions).toBe(1)
  })

  it('finishes a promotion that a killed process began', async () => {
    const storage = memoryStorage()
    const clock = manualClock()
    const dying = await createCanary(optionsOf({ clock, storage, onPromote: () => Promise.reject(new Error('killed')) }))
    const errors: unknown[] = []
    dying.on('error', (error) => errors.push(error))
    await expect(dying.promote('go')).rejects.toThrow('killed')
    expect(dying.status().phase).toBe('promoting')
    let promotions = 0
    const next = await createCanary(optionsOf({ clock, storage, onPromote: () => void promotions++ }))
    await next.tick()
    expect(next.status().phase).toBe('promoting') // The other one may still be at it.
    await clock.advance(120_000)
    expect(next.status().phase).toBe('promoted')
    expect(promotions).toBe(1)
  })

  it('does not try a candidate twice unless told to, and refuses a second rollout', async () => {
    const storage = memoryStorage()
    const clock = manualClock()
    const canary = await createCanary(optionsOf({ clock, storage }))
    const other = { stable: 'f@1', candidate: 'f@3' }
    await expect(createCanary(optionsOf({ clock, storage, labels: other }))).rejects.toMatchObject({
      code: 'Conflict',
      message: 'another rollout of "f" is under way: f@2 beside f@1',
    })
    await canary.rollback('slow')
    const again = await createCanary(optionsOf({ clock, storage }))
    expect(again.status()).toMatchObject({ phase: 'rolled-back', weight: 0 })
    await expect(createCanary(optionsOf({ clock, storage, labels: { stable: 'f@0', candidate: 'f@2' } }))).rejects.toMatchObject({
      code: 'InvalidState',
      message: 'f@2 was rolled back: slow',
    })
    expect((await createCanary(optionsOf({ clock, storage, retry: true }))).status()).toMatchObject({ phase: 'running', step: 0 })
  })

  it('reports damage, and a storage that cannot compare', async () => {
    const storage = memoryStorage()
    await storage.put('traffic/canary/f/rollout.json', utf8('{"formatVersion":1,"id":5}'))
    await expect(createCanary(optionsOf({ storage }))).rejects.toMatchObject({
      code: 'Corrupt',
      message: expect.stringContaining('rollout.json'),
    })
    const plain = { ...storage, capabilities: { ...storage.capabilities, conditionalPut: false } }
    await expect(createCanary(optionsOf({ storage: plain }))).rejects.toMatchObject({ code: 'Unsupported' })
  })
})

describe('checks', () => {
  const arm = (rows: number, failed: number, ms: number, label: string): ReturnType<ArmMeter['snapshot']> => {
    const meter = createArmMeter()
    for (let i = 0; i < rows - failed; i++) meter.answered([{ id: 'i', prediction: i % 4 === 0 ? label : 'no' }], ms)
    meter.failed(failed)
    return meter.snapshot()
  }
  const verdict = async (check: ReturnType<typeof errorRateCheck>, stable: ReturnType<typeof arm>, candidate: ReturnType<typeof arm>) =>
    (await check.evaluate({ stable, candidate })).verdict

  it('of the error rate fail only what is worse and significant', async () => {
    expect(await verdict(errorRateCheck(), arm(500, 0, 1, 'a'), arm(500, 60, 1, 'a'))).toBe('fail')
    expect(await verdict(errorRateCheck(), arm(500, 0, 1, 'a'), arm(60, 2, 1, 'a'))).toBe('inconclusive')
    expect(await verdict(errorRateCheck(), arm(500, 50, 1, 'a'), arm(500, 10, 1, 'a'))).toBe('pass')
    expect(await verdict(errorRateCheck(), arm(500, 0, 1, 'a'), arm(10, 9, 1, 'a'))).toBe('inconclusive')
  })

  it('of latency and predictions compare with the stable model', async () => {
    expect(await verdict(latencyCheck(), arm(100, 0, 20, 'a'), arm(100, 0, 200, 'a'))).toBe('fail')
    expect(await verdict(latencyCheck(), arm(100, 0, 20, 'a'), arm(100, 0, 22, 'a'))).toBe('pass')
    expect(await verdict(latencyCheck(), arm(100, 0, 0.1, 'a'), arm(100, 0, 0.9, 'a'))).toBe('pass')
    expect(await verdict(predictionsCheck(), arm(200, 0, 1, 'a'), arm(200, 0, 1, 'b'))).toBe('fail')
    expect(await verdict(predictionsCheck(), arm(200, 0, 1, 'a'), arm(60, 0, 1, 'a'))).toBe('pass')
  })

  it('refuse bad options', () => {
    expect(() => outcomeCheck({} as never)).toThrow('outcomeCheck needs `metric`')
    expect(() => latencyCheck({ quantile: 2 })).toThrow('`quantile` of latencyCheck')
    expect(() => errorRateCheck({ margn: 1 } as never)).toThrow('`margn` is not an option of errorRateCheck')
  })
})

describe('counts', () => {
  it('of several processes add up to those of one', () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant('answer' as const),
        label: fc.constantFrom('a', 'b', 1, 2.5, null),
        ms: fc.integer({ min: 0, max: 500 }),
      }),
      fc.record({ kind: fc.constant('fail' as const), rows: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('outcome' as const), value: fc.integer({ min: -9, max: 9 }) }),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.integer({ min: 0, max: 2 })), { maxLength: 50 }), (events) => {
        const meters = [createArmMeter(), createArmMeter(), createArmMeter()]
        const whole = createArmMeter()
        for (const [each, at] of events) {
          for (const meter of [meters[at] as ArmMeter, whole]) {
            if (each.kind === 'answer') meter.answered([{ id: 'i', prediction: each.label }], each.ms)
            else if (each.kind === 'fail') meter.failed(each.rows)
            else meter.outcome('m', each.value)
          }
        }
        const merged = mergeCounts(meters.map((meter) => meter.snapshot()))
        const { outcomes, latency, ...expected } = whole.snapshot()
        expect(merged).toMatchObject(expected)
        expect(merged.latency.counts).toEqual(latency.counts)
        expect(merged.outcomes.m?.mean ?? 0).toBeCloseTo(outcomes.m?.mean ?? 0, 10)
        expect(merged.outcomes.m?.m2 ?? 0).toBeCloseTo(outcomes.m?.m2 ?? 0, 8)
      }),
      { seed: propertySeed, numRuns: times(40, 400) },
    )
  })
})

describe('serving and options', () => {
  it('is served, with its state on /metrics', async () => {
    const canary = await createCanary(optionsOf({ clock: manualClock() }))
    const handler = createHandler(canary, { collect: () => canary.families() })
    const response = await handler(post('/predict', { rows: [{ x: 1, user: 'u1' }] }))
    expect(response.status).toBe(200)
    const metrics = await (await handler(get('/metrics'))).text()
    expect(metrics).toContain('millwright_rollout_weight{rollout="f"} 0.1')
    expect(metrics).toContain('millwright_rollout_phase{rollout="f",phase="running"} 1')
  })

  it('shows the example of the stable model, with a place for the unit', async () => {
    const stable = { ...classifier(0.5), example: { x: 0.25 } }
    const canary = await createCanary(optionsOf({ stable, clock: manualClock() }))
    const { paths } = (await (await createHandler(canary)(get('/openapi.json'))).json()) as {
      paths: Record<string, { post: { requestBody: { content: Record<string, { example: unknown }> } } }>
    }
    expect(paths['/predict']?.post.requestBody.content['application/json']?.example).toEqual({ rows: [{ x: 0.25, user: 'text' }] })
  })

  it('takes equal rows for one unit without a key', async () => {
    const canary = await createCanary(optionsOf({ clock: manualClock(), key: undefined, steps: [{ weight: 0.5 }] }))
    const predictor = Predictor.of(canary)
    const rows = Array.from({ length: 50 }, (_, i) => ({ x: i }))
    const first = (await predictor.predict(rows)).map(variantOf)
    expect(new Set(first).size).toBe(2)
    expect((await predictor.predict(rows)).map(variantOf)).toEqual(first)
  })

  it.each([
    [{ steps: [] }, /at least one step/],
    [{ steps: [{ weight: 0.5 }, { weight: 0.1 }] }, /must not fall, got 0.5, 0.1/],
    [{ steps: [{ wieght: 1 } as never] }, /`wieght` is not an option of step 1 of createCanary/],
    [{ candidate: 5 as never }, /the model "candidate" of createCanary needs a model/],
    [{ candidate: regressor((x) => x) }, /must have one task, got classification and regression/],
    [{ checks: [5 as never] }, /`checks` of createCanary must be an array, each item a check/],
    [{ target: { registry: {} } as never }, /`registry` of `target` of createCanary must be a registry/],
  ] as [Partial<CanaryOptions>, RegExp][])('%# is refused', async (more, message) => {
    await expect(createCanary(optionsOf(more))).rejects.toThrow(message)
  })

  it('refuses outcomes of nobody', async () => {
    const canary = await createCanary(optionsOf({ clock: manualClock() }))
    expect(() => canary.record('f@2', 'correct', 1)).toThrow('"stable" or "candidate", got "f@2"')
    expect(() => canary.record('stable', 'correct', 'yes' as never)).toThrow('a finite number or a boolean')
  })
})

describe('a canary with half of its options', () => {
  it('is refused before it begins, not at the promotion', async () => {
    const base = { name: 'c', stable: classifier(0), candidate: classifier(1) }
    await expect(createCanary({ ...base, target: {} as never })).rejects.toThrow('`target` of createCanary needs `registry`')
    await expect(createCanary({ ...base, labels: {} as never })).rejects.toThrow('`labels` of createCanary needs `stable`')
  })
})
