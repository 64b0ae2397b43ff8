import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { Pipeline, tableCodec } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports/object-store'
import { columnFrom } from '../../../src/schema/column'
import { rowsOf, tableOf } from '../../../src/schema/table'

/** A pipeline of two cached steps that counts its work. */
function counted(storage: ObjectStore, options: { version?: string; key?: () => unknown; offset?: number } = {}) {
  const calls = { load: 0, train: 0 }
  const pipeline = new Pipeline('p', { storage })
    .step(
      'load',
      ({ input }) => {
        calls.load++
        return { rows: Float64Array.of(1, 2, (input as number | undefined) ?? 3) }
      },
      { cache: options.version === undefined ? true : { version: options.version } },
    )
    .step('train', {
      needs: ['load'],
      cache: { version: '1', ...(options.key === undefined ? {} : { key: options.key }) },
      run: ({ inputs }) => {
        calls.train++
        return { sum: inputs.load.rows.reduce((a, b) => a + b, 0), at: new Date(0), big: 2n ** 70n }
      },
    })
  return { pipeline, calls }
}

const statuses = (result: { steps: object }): string[] => Object.values(result.steps).map((step: { status: string }) => step.status)

describe('the step cache', () => {
  it('takes stored outputs when nothing changed, also in another object', async () => {
    const storage = memoryStorage()
    const first = await counted(storage).pipeline.run()
    const { pipeline, calls } = counted(storage)
    const second = await pipeline.run()
    expect(statuses(first)).toEqual(['succeeded', 'succeeded'])
    expect(statuses(second)).toEqual(['cached', 'cached'])
    expect(second.outputs).toEqual(first.outputs)
    expect(second.outputs.load?.rows).toBeInstanceOf(Float64Array)
    expect(second.outputs.train?.big).toBe(2n ** 70n)
    expect(calls).toEqual({ load: 0, train: 0 })
    expect(second.steps.load).toMatchObject({ attempts: 0, digest: first.steps.load.digest })
  })

  it('runs again when the input, the seed, the version or the key changes, and only then', async () => {
    const storage = memoryStorage()
    let day = 1
    const { pipeline, calls } = counted(storage, { version: 'a', key: () => ({ day }) })
    await pipeline.run({ input: 3 })
    expect(statuses(await pipeline.run({ input: 4 }))).toEqual(['succeeded', 'succeeded'])
    expect(statuses(await pipeline.run({ input: 3, seed: 9 }))).toEqual(['succeeded', 'succeeded'])
    day = 2
    expect(statuses(await pipeline.run({ input: 3 }))).toEqual(['cached', 'succeeded'])
    expect(statuses(await counted(storage, { version: 'b', key: () => ({ day }) }).pipeline.run({ input: 3 }))).toEqual([
      'succeeded',
      'cached',
    ])
    expect(statuses(await pipeline.run({ input: 3 }))).toEqual(['cached', 'cached'])
    expect(calls).toEqual({ load: 3, train: 4 })
  })

  it('cuts off early: a step that ran again with the same output leaves the next one cached', async () => {
    const storage = memoryStorage()
    await counted(storage).pipeline.run()
    const { pipeline } = counted(storage)
    expect(statuses(await pipeline.run({ force: ['load'] }))).toEqual(['succeeded', 'cached'])
    expect(statuses(await pipeline.run({ force: true }))).toEqual(['succeeded', 'succeeded'])
  })

  it('sees a change in the text of the function', async () => {
    const storage = memoryStorage()
    const a = new Pipeline('p', { storage }).step('x', () => 1, { cache: true })
    const b = new Pipeline('p', { storage }).step('x', () => 2, { cache: true })
    expect([(await a.run()).outputs.x, (await b.run()).outputs.x, (await a.run()).outputs.x]).toEqual([1, 2, 1])
  })

  it('does not remember failures', async () => {
    const storage = memoryStorage()
    let fail = true
    const pipeline = new Pipeline('p', { storage }).step(
      'x',
      () => {
        if (fail) throw new Error('no')
        return 1
      },
      { cache: true },
    )
    await pipeline.run({ throwOnFailure: false })
    fail = false
    expect((await pipeline.run()).steps.x.status).toBe('succeeded')
  })

  it('does not believe a damaged output: it runs the step again and repairs the store', async () => {
    const storage = memoryStorage()
    const first = await counted(storage).pipeline.run()
    const key = `pipelines/p/values/${first.steps.load.digest}`
    await storage.put(key, utf8('{"rows":"poison"}'))
    const second = await counted(storage).pipeline.run()
    expect(statuses(second)).toEqual(['succeeded', 'cached'])
    expect(second.outputs).toEqual(first.outputs)
    expect(fromUtf8(await storage.get(key))).toContain('Float64Array')
    await storage.put(`pipelines/p/values/${first.steps.train.digest}`, utf8(''))
    expect(statuses(await counted(storage).pipeline.run())).toEqual(['cached', 'succeeded'])
  })

  it('says why a step was not cached', async () => {
    const model = { predict: () => 1 }
    const build = (storage: ObjectStore | undefined) =>
      new Pipeline('p', { storage }).step('fit', () => model).step('score', { needs: ['fit'], cache: true, run: () => 0.5 })
    expect((await build(undefined).run()).steps.score.reason).toBe('not cached: the run has no storage')
    const result = await build(memoryStorage()).run()
    expect(result.steps.score.reason).toBe('not cached: the output of "fit" cannot be stored, so it has no digest')
    expect(result.steps.fit.digest).toBeUndefined()
    expect(result.outputs.fit).toBe(model)
  })

  it('refuses an output it cannot store, naming the place', async () => {
    const storage = memoryStorage()
    const pipeline = new Pipeline('p', { storage }).step('fit', () => ({ model: { trees: [new Map()] } }), { cache: true, retry: 3 })
    await expect(pipeline.run()).rejects.toMatchObject({
      code: 'InvalidArgument',
      message:
        'step "fit" of pipeline "p" failed: the output of step "fit" of pipeline "p" cannot be stored: its member model.trees[0] is a Map',
      hint: 'Give the step a codec, or leave its cache off.',
    })
  })

  it('stores by a codec', async () => {
    const storage = memoryStorage()
    const table = tableOf([
      columnFrom('carrier', 'string', ['UA', null, 'AA', 'UA']),
      columnFrom('delay', 'float64', [1.5, Number.NaN, -0, 4]),
      columnFrom('late', 'boolean', [true, false, null, true]),
      columnFrom('day', 'int32', [1, 2, null, 4]),
    ])
    const pipeline = new Pipeline('p', { storage }).step('load', () => table, { cache: true, codec: tableCodec() })
    await pipeline.run()
    const again = await pipeline.run()
    expect(again.steps.load.status).toBe('cached')
    expect(again.outputs.load).not.toBe(table)
    const restored = again.outputs.load as typeof table
    expect(rowsOf(restored)).toEqual(rowsOf(table))
    expect(restored.columnNames.map((name) => restored.column(name).type)).toEqual(['string', 'float64', 'boolean', 'int32'])
    expect(restored.column('carrier').nullCount).toBe(1)
  })

  it('is shared by concurrent runs without harm', async () => {
    const storage = memoryStorage()
    const results = await Promise.all(Array.from({ length: 5 }, () => counted(storage).pipeline.run()))
    for (const result of results) expect(result.outputs).toEqual(results[0]?.outputs)
  })
})
