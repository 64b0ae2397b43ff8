/** The pipeline that every engine runs, in this process: what a second run does, and what one changed parameter runs again. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { penguinPipeline } from '../support/penguin-pipeline'

const read = (): string => readFileSync('examples/data/penguins.csv', 'utf8')

describe('the penguins', () => {
  it('are computed once; then nothing runs but what failed, and one changed parameter runs what depends on it', async () => {
    const pipeline = penguinPipeline({ storage: memoryStorage(), read })
    const ran: string[] = []
    pipeline.on('step-start', ({ step, index = '' }) => ran.push(`${step}${index}`))
    const first = await pipeline.run({ runId: 'first', params: { trees: 3 } })
    expect(first.steps.read).toMatchObject({ status: 'succeeded', attempts: 2 })
    expect(first.steps.prices).toMatchObject({ status: 'fallback', reason: 'it has the output of its fallback' })
    expect(first.steps.fit.items).toHaveLength(20)
    expect(first.outputs.report).toMatchObject({ rows: 333 })

    ran.length = 0
    const second = await pipeline.run({ params: { trees: 3 } })
    // Failures are not cached: the step with the fallback is tried again.
    expect(ran).toEqual(['prices', 'prices'])
    const { prices: _, ...others } = second.steps
    for (const [name, { status, reason }] of Object.entries(others)) {
      expect([name, status, reason]).toEqual([
        name,
        'cached',
        expect.stringContaining('code, parameters and inputs are those of run "first"'),
      ])
    }

    ran.length = 0
    const third = await pipeline.run({ params: { trees: 1 } })
    expect(ran.filter((name) => !name.startsWith('fit') && name !== 'prices').sort()).toEqual(['best', 'report'])
    expect(third.steps.fit.reason).toBe('20 of 20 items ran; item 0: compared with run "first", the parameter "trees" changed from 3 to 1')
    expect(third.steps.train.status).toBe('cached')
  })
})
