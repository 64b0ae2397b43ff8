/** Random graphs of steps, maps, conditions, failures and trigger rules end alike in one run, step by step under an engine, and with workers that share only a storage. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { errorFromJson } from '../../src/core/errors'
import { type Executor, Pipeline, type RunResult, type StepJobRef } from '../../src/pipeline'
import type { ObjectStore } from '../../src/ports/object-store'
import { times } from '../support/effort'

interface Loose {
  step(name: string, definition: object): Loose
  map(name: string, definition: object): Loose
  run(options: object): Promise<RunResult>
  runStep(request: object): Promise<{ status: string; digest?: string; length?: number }>
  runJob(ref: StepJobRef): Promise<{ digest: string }>
}

const step = (before: number) =>
  fc.record({
    needs: fc.subarray(Array.from({ length: before }, (_, i) => i)),
    kind: fc.constantFrom('value', 'value', 'list', 'map', 'fails', 'skips', 'falls back'),
    trigger: fc.constantFrom('all-success', 'all-success', 'none-failed', 'one-failed', 'all-done', 'always'),
    pick: fc.nat(),
  })
type Step = { needs: number[]; kind: string; trigger: string; pick: number }
const graph = fc.integer({ min: 1, max: 9 }).chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => step(i)))) as fc.Arbitrary<Step[]>

function build(steps: readonly Step[], options: object): Loose {
  let pipeline = new Pipeline('random', { onFailure: 'continue', ...options } as object) as unknown as Loose
  const lists: number[] = []
  steps.forEach(({ needs, kind, trigger, pick }, i) => {
    const common = {
      needs: needs.map((need) => `s${need}`),
      ...(kind === 'skips' ? { when: () => false } : {}),
      ...(kind === 'falls back' ? { fallback: () => [`instead of ${i}`] } : {}),
    }
    const value = ({ inputs, seed }: { inputs: object; seed: number }): unknown => {
      if (kind === 'fails' || kind === 'falls back') throw new Error(`s${i} is broken`)
      const known = Object.keys(inputs).sort()
      return kind === 'list' ? Array.from({ length: pick % 4 }, (_, k) => ({ k, known })) : [i, known.join(), seed % 1000]
    }
    if (kind === 'map' && lists.length > 0) {
      const over = `s${lists[pick % lists.length]}`
      pipeline = pipeline.map(`s${i}`, {
        ...common,
        over,
        run: ({ item, index, seed }: { item: object; index: number; seed: number }) => ({ ...item, i, index, seed }),
      })
    } else pipeline = pipeline.step(`s${i}`, { ...common, trigger, run: value })
    if (kind === 'list' || kind === 'map') lists.push(i)
  })
  return pipeline
}

const outcome = ({ steps }: RunResult): object =>
  Object.fromEntries(Object.entries(steps).map(([name, { status, digest }]) => [name, `${status} ${digest}`]))

describe('a random graph', () => {
  it('ends in the same statuses and digests step by step under an engine', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (steps) => {
        const here = await build(steps, { storage: memoryStorage() }).run({ throwOnFailure: false })
        const storage = memoryStorage()
        const there: Record<string, string> = {}
        for (const name of Object.keys(here.steps)) {
          const { status, digest } = await build(steps, { storage }).runStep({ runId: 'r', step: name })
          there[name] = `${status} ${digest}`
        }
        expect(there).toEqual(outcome(here))
      }),
      { numRuns: times(30, 300) },
    )
  })

  it('ends in the same statuses and digests in workers that share only the storage', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (steps) => {
        const here = await build(steps, { storage: memoryStorage() }).run({ throwOnFailure: false })
        const storage: ObjectStore = memoryStorage()
        const worker = build(steps, { storage })
        const executor: Executor = {
          portVersion: 1,
          name: 'worker',
          async execute(job) {
            const ref = JSON.parse(JSON.stringify(job.ref())) as StepJobRef
            try {
              return job.stored((await worker.runJob(ref)).digest)
            } catch (error) {
              throw errorFromJson({ name: 'MillwrightError', code: 'Internal', message: (error as Error).message })
            }
          },
          close: async () => {},
        }
        const there = await build(steps, { storage, executor }).run({ throwOnFailure: false })
        expect(outcome(there)).toEqual(outcome(here))
        expect(there.outputs).toEqual(here.outputs)
      }),
      { numRuns: times(30, 300) },
    )
  })
})
