import { describe, expect, it } from 'vitest'
import { functionModel } from '../../../src/adapters/function/function-runtime'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { canaryOutcome } from '../../../src/retraining'
import { manualClock } from '../../../src/testing'
import { type Canary, createCanary, outcomeCheck } from '../../../src/traffic'

const signature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'busy', type: 'boolean' }] } as const
const model = (above: number) => functionModel(({ x }) => Number(x) > above, { name: `above${above}`, signature, task: 'classification' })

async function open(storage = memoryStorage(), clock = manualClock()): Promise<{ readonly canary: Canary; readonly clock: typeof clock }> {
  const canary = await createCanary({
    ...{ name: 'bikes', stable: model(5), candidate: model(3), storage, clock, everyMs: 1000 },
    labels: { stable: 'bikes@1', candidate: 'bikes@2' },
    steps: [{ weight: 0.5, minRows: 5 }],
    checks: [outcomeCheck({ metric: 'correct' })],
  })
  return { canary, clock }
}

describe('canaryOutcome', () => {
  it.each([true, false])('tells how the rollout ended (promoted: %s), also afterwards and from its record', async (good) => {
    const storage = memoryStorage()
    const { canary } = await open(storage)
    const outcome = canaryOutcome(canary)
    await (good ? canary.promote('all well') : canary.rollback('too many complaints'))
    const wanted = { passed: good, summary: expect.stringContaining(good ? 'all well' : 'too many complaints') }
    expect(await outcome).toEqual(wanted)
    expect(await canaryOutcome(canary)).toEqual(wanted)
    await canary.dispose()
  })

  it('gives up when aborted, and leaves the rollout as it is', async () => {
    const { canary } = await open()
    const controller = new AbortController()
    const outcome = canaryOutcome(canary, { signal: controller.signal })
    controller.abort(new Error('closing'))
    await expect(outcome).rejects.toThrow('closing')
    await expect(canaryOutcome(canary, { signal: controller.signal })).rejects.toThrow('closing')
    expect(canary.status().phase).toBe('running')
    await canary.dispose()
  })
})
