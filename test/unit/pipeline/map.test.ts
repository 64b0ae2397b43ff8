import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { Pipeline } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports/object-store'
import { idle } from './helpers'

function squares(storage: ObjectStore | undefined, list: readonly number[], ran: number[], fail: (item: number) => boolean = () => false) {
  return new Pipeline('m', { storage, concurrency: 2 })
    .step('list', () => [...list])
    .map('square', {
      over: 'list',
      cache: { version: '1' },
      run: ({ item, index }) => {
        ran.push(index)
        if (fail(item)) throw new Error(`no ${item}`)
        return item * item
      },
    })
    .step('sum', { needs: ['square'], run: ({ inputs }) => inputs.square.reduce((a, b) => a + b, 0) })
}

describe('a map step', () => {
  it('runs once for each item and gives the list of the results', async () => {
    const ran: number[] = []
    const result = await squares(undefined, [1, 2, 3], ran).run()
    expect(result.outputs).toEqual({ list: [1, 2, 3], square: [1, 4, 9], sum: 14 })
    expect(ran).toEqual([0, 1, 2])
    expect(result.steps.square).toMatchObject({ status: 'succeeded', attempts: 3 })
    expect(result.steps.square.items?.map((item) => item.status)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect((await squares(undefined, [], ran).run()).outputs).toEqual({ list: [], square: [], sum: 0 })
  })

  it('caches each item by its content, and says which items ran and why', async () => {
    const storage = memoryStorage()
    const ran: number[] = []
    const first = await squares(storage, [1, 2, 3], ran).run({ runId: 'a' })
    expect(first.steps.square.reason).toBe('3 of 3 items ran; item 0: no earlier result is stored')
    ran.length = 0
    const second = await squares(storage, [1, 5, 3, 7], ran).run({ runId: 'b' })
    expect(ran).toEqual([1, 3])
    expect(second.outputs.square).toEqual([1, 25, 9, 49])
    expect(second.steps.square.reason).toBe('2 of 4 items ran; item 1: compared with run "a", its item changed')
    const third = await squares(storage, [1, 5, 3, 7], ran).run()
    expect(third.steps.square).toMatchObject({ status: 'cached', attempts: 0, digest: second.steps.square.digest })
    expect(third.steps.square.reason).toBe('all 4 items: code, parameters and inputs are those of run "a"')
  })

  it('shares the slots of the run, or has fewer of its own', async () => {
    for (const [concurrency, own, expected] of [
      [3, undefined, 3],
      [4, 2, 2],
    ] as const) {
      let active = 0
      let most = 0
      const pipeline = new Pipeline('m', { concurrency })
        .step('list', () => [1, 2, 3, 4, 5, 6])
        .map('wait', {
          over: 'list',
          concurrency: own,
          run: async () => {
            most = Math.max(most, ++active)
            await idle(2)
            active--
          },
        })
      await pipeline.run()
      expect(most).toBe(expected)
    }
  })

  it('retries and falls back for one item', async () => {
    let calls = 0
    const pipeline = new Pipeline('m')
      .step('list', () => ['a', 'b'])
      .map('try', {
        over: 'list',
        retry: { attempts: 2, backoffMs: 0 },
        fallback: ({ item, error }) => `${item} instead: ${(error as Error).message}`,
        run: ({ item, attempt }) => {
          calls++
          if (item === 'b') throw new Error(`attempt ${attempt}`)
          return item
        },
      })
    const result = await pipeline.run()
    expect(result.outputs.try).toEqual(['a', 'b instead: attempt 2'])
    expect(result.steps.try).toMatchObject({ status: 'fallback', attempts: 3 })
    expect(calls).toBe(3)
  })

  it('that fails names the item, and stops the others unless failures are to continue', async () => {
    const ran: number[] = []
    const error = await squares(undefined, [1, 2, 3, 4, 5, 6], ran, (item) => item === 2)
      .run()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'Internal', message: 'step "square" of pipeline "m" failed: no 2' })
    expect((error as { details: { result: { steps: { square: object } } } }).details.result.steps.square).toMatchObject({
      status: 'failed',
      reason: '1 of 6 items failed, the first is item 1',
    })
    expect(ran.length).toBeLessThan(6)
    const all: number[] = []
    const pipeline = new Pipeline('m', { onFailure: 'continue' })
      .step('list', () => [1, 2, 3, 4])
      .map('odd', { over: 'list', run: ({ item }) => (item % 2 === 0 ? Promise.reject(new Error('even')) : all.push(item)) })
    const result = await pipeline.run({ throwOnFailure: false })
    expect(result.steps.odd.reason).toBe('2 of 4 items failed, the first is item 1')
    expect(all).toEqual([1, 3])
  })

  it('needs a list', async () => {
    const pipeline = new Pipeline('m')
      .step('list', () => ({ length: 3 }) as unknown as number[])
      .map('each', { over: 'list', run: () => 1 })
    await expect(pipeline.run()).rejects.toThrow('step "each" of pipeline "m" maps over the output of "list", which must be an array')
    const loose = new Pipeline('m').step('list', () => [1]) as unknown as { map(name: string, definition: object): unknown }
    expect(() => loose.map('a', { run: () => 1 })).toThrow('`over` of map step "a" must be the name of a step, got undefined')
    expect(() => loose.map('a', { over: 'b', run: () => 1 })).toThrow('needs "b", which is not defined before it')
    expect(() => loose.map('a', { over: 'list', trigger: 'all-done', run: () => 1 })).toThrow("must be 'all-success'")
  })

  it('resumes with the items that succeeded', async () => {
    const storage = memoryStorage()
    const ran: number[] = []
    let broken = true
    const build = () =>
      new Pipeline('m', { storage, concurrency: 1 })
        .step('list', () => [1, 2, 3])
        .map('twice', {
          over: 'list',
          run: ({ item, index }) => {
            ran.push(index)
            if (broken && index === 2) throw new Error('down')
            return item * 2
          },
        })
    await build().run({ runId: 'r', throwOnFailure: false })
    broken = false
    ran.length = 0
    const result = await build().resume('r')
    expect(result.outputs.twice).toEqual([2, 4, 6])
    expect(ran).toEqual([2])
    expect(result.steps.twice.items?.map((item) => item.restored ?? false)).toEqual([true, true, false])
  })

  it('over a map step maps over its results', async () => {
    const pipeline = new Pipeline('m', { storage: memoryStorage() })
      .step('list', () => [1, 2])
      .map('a', { over: 'list', run: ({ item }) => new Float64Array(item) })
      .map('b', { over: 'a', cache: true, run: ({ item }) => item.length })
    await pipeline.run()
    const again = await pipeline.run()
    expect(again.outputs.b).toEqual([1, 2])
    expect(again.steps.b.status).toBe('cached')
  })
})
