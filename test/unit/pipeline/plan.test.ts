import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { Pipeline } from '../../../src/pipeline'

const build = (storage: ReturnType<typeof memoryStorage> | undefined, ran: string[] = []) =>
  new Pipeline('p', { storage, params: z.object({ n: z.int().default(2), depth: z.int().default(1), deploy: z.boolean().default(true) }) })
    .step('list', {
      params: ['n'],
      cache: true,
      run: ({ params }) => {
        ran.push('list')
        return Array.from({ length: params.n }, (_, i) => i)
      },
    })
    .map('each', {
      over: 'list',
      cache: true,
      run: ({ item }) => {
        ran.push('each')
        return item * 2
      },
    })
    .step('fit', { needs: ['each'], params: ['depth'], cache: true, run: ({ inputs, params }) => inputs.each.length * params.depth })
    .step('big', { needs: ['fit'], cache: { key: ({ inputs }) => inputs.fit > 1 }, run: () => 1 })
    .step('alert', { needs: ['fit'], trigger: 'one-failed', run: () => 1 })
    .step('deploy', { needs: ['fit'], params: ['deploy'], when: ({ params }) => params.deploy, run: () => 1 })
    .step('tell', { needs: ['deploy'], run: () => 1 })
const actions = (plan: { steps: readonly { action: string }[] }): string => plan.steps.map((step) => step.action).join(' ')

describe('plan', () => {
  it('says what would run and why, and is right', async () => {
    const storage = memoryStorage()
    const ran: string[] = []
    const first = await build(storage, ran).plan()
    expect(actions(first)).toBe('run maybe maybe maybe skip maybe run')
    expect(first.steps[0]).toEqual({ step: 'list', action: 'run', reason: 'no earlier result is stored' })
    expect(first.steps[1]?.reason).toBe('the output of "list" is not known before the run')
    expect(ran).toEqual([])
    expect((await storage.list({ prefix: '' })).objects).toEqual([])
    await build(storage).run({ runId: 'a' })
    expect(actions(await build(storage).plan())).toBe('cached cached cached cached skip run run')
    expect(actions(await build(storage).plan({ force: ['fit'] }))).toBe('cached cached run maybe skip maybe run')
    const more = await build(storage).plan({ params: { depth: 5, deploy: false } })
    expect(actions(more)).toBe('cached cached run maybe skip maybe run')
    expect(more.steps[2]?.reason).toBe('compared with run "a", the parameter "depth" changed from 1 to 5')
    const skipped = await build(storage).plan({ params: { deploy: false } })
    expect(skipped.steps.slice(-2)).toEqual([
      { step: 'deploy', action: 'skip', reason: 'its condition does not hold' },
      { step: 'tell', action: 'skip', reason: 'it needs "deploy", which is skipped' },
    ])
    // The list itself is computed anew, and one more item is known only then.
    await build(storage).run({ runId: 'b', params: { n: 3 } })
    await storage.delete((await storage.list({ prefix: 'pipelines/p/cache/each/' })).objects[0]?.key as string)
    const map = (await build(storage).plan({ params: { n: 3 } })).steps[1]
    expect(map).toMatchObject({ action: 'run', items: { run: 1, total: 3 } })
    expect(actions(await build(undefined).plan())).toBe('run maybe maybe maybe skip maybe run')
    await expect(build(storage).plan({ params: { n: 1.5 } })).rejects.toMatchObject({ code: 'SchemaMismatch' })
    await expect(build(storage).plan({ runId: 'x' } as object)).rejects.toThrow('`runId` is not an option of Pipeline.plan')
  })

  it('agrees with the run that follows', async () => {
    for (const params of [{}, { depth: 2 }, { n: 4 }, { deploy: false }]) {
      const storage = memoryStorage()
      await build(storage).run()
      const plan = await build(storage).plan({ params })
      const { steps } = await build(storage).run({ params })
      for (const { step, action } of plan.steps) {
        const { status } = steps[step as 'fit']
        const allowed = { run: ['succeeded'], cached: ['cached'], skip: ['skipped'], maybe: ['succeeded', 'cached', 'skipped'] }[action]
        // A step that needs a `maybe` may be skipped with it.
        expect([...allowed, ...(step === 'tell' ? ['skipped'] : [])], step).toContain(status)
      }
    }
  })

  it('prints as a table', async () => {
    const plan = await new Pipeline('p').step('a', () => 1).plan()
    expect(String(plan)).toBe('Plan of pipeline p: 1 run')
  })
})
