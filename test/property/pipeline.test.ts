/** Random graphs run each step once, after what it needs, with the same outputs whatever the concurrency. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { Pipeline } from '../../src/pipeline'
import { times } from '../support/effort'

interface Loose {
  step(name: string, definition: object): Loose
  run(options: object): Promise<{ status: string; outputs: Record<string, unknown>; steps: Record<string, { status: string }> }>
  resume(runId: string): Promise<{ status: string; outputs: Record<string, unknown> }>
}

/** For each step the earlier steps it needs, and how many turns of the event loop it takes. */
const graph = fc
  .integer({ min: 1, max: 12 })
  .chain((n) =>
    fc.tuple(
      ...Array.from({ length: n }, (_, i) => fc.record({ needs: fc.subarray(Array.from({ length: i }, (_, j) => j)), turns: fc.nat(3) })),
    ),
  )

function build(
  steps: readonly { needs: readonly number[]; turns: number }[],
  order: string[],
  options: object,
  failing?: () => number,
): Loose {
  let pipeline = new Pipeline('random', options) as unknown as Loose
  steps.forEach(({ needs, turns }, i) => {
    pipeline = pipeline.step(`s${i}`, {
      needs: needs.map((need) => `s${need}`),
      run: async ({ inputs }: { inputs: Record<string, number[]> }) => {
        order.push(`start ${i}`)
        for (let t = 0; t < turns; t++) await new Promise((resolve) => setImmediate(resolve))
        if (failing?.() === i) throw new Error('broken')
        order.push(`end ${i}`)
        return [i, ...Object.values(inputs).flat()].slice(0, 50)
      },
    })
  })
  return pipeline
}

describe('a random graph', () => {
  it('runs each step once, in an order that its edges allow, to the same outputs', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (steps) => {
        const outputs: unknown[] = []
        for (const concurrency of [1, 4]) {
          const order: string[] = []
          const result = await build(steps, order, { concurrency }).run({})
          expect(result.status).toBe('finished')
          expect(order.filter((entry) => entry.startsWith('start')).sort()).toEqual(steps.map((_, i) => `start ${i}`).sort())
          steps.forEach(({ needs }, i) => {
            for (const need of needs) expect(order.indexOf(`end ${need}`)).toBeLessThan(order.indexOf(`start ${i}`))
          })
          outputs.push(result.outputs)
        }
        expect(outputs[0]).toEqual(outputs[1])
      }),
      { numRuns: times(20, 60) },
    )
  })

  it('that breaks anywhere is resumed to the same outputs, without repeating what succeeded', async () => {
    await fc.assert(
      fc.asyncProperty(graph, fc.nat(), async (steps, pick) => {
        const storage = memoryStorage()
        let broken = pick % steps.length
        const order: string[] = []
        const first = await build(steps, order, { storage }, () => broken).run({ runId: 'r', throwOnFailure: false })
        expect(first.status).toBe('failed')
        broken = -1
        const succeeded = Object.entries(first.steps).filter(([, step]) => step.status === 'succeeded')
        order.length = 0
        const second = await build(steps, order, { storage }).resume('r')
        for (const [name] of succeeded) expect(order).not.toContain(`start ${name.slice(1)}`)
        expect(second.outputs).toEqual((await build(steps, [], {}).run({})).outputs)
      }),
      { numRuns: 40 },
    )
  })
})
