import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProgressEvent } from '../../../src/core/progress'
import { Predictor, predictBatches } from '../../../src/predictor'
import { tableFromRows } from '../../../src/schema/table'
import { settle, watchedModel } from './helpers'

const rows = (count: number, from = 0): { x: number }[] => Array.from({ length: count }, (_, i) => ({ x: 100 + from + i }))

describe('predictBatches', () => {
  it('answers a table, a list and streams of any form in order', async () => {
    const predictor = Predictor.of(watchedModel())
    async function* stream() {
      yield { x: 100 }
      yield rows(4, 1)
      yield tableFromRows(rows(5, 5))
      yield rows(1, 10)
    }
    const chunks = [rows(3), rows(7, 3), rows(1, 10)]
    const readable = new ReadableStream({
      pull(controller) {
        const next = chunks.shift()
        if (next === undefined) controller.close()
        else controller.enqueue(next)
      },
    })
    const sources = { table: tableFromRows(rows(11)), list: rows(11), stream: stream(), readable }
    const offsets: Record<string, number[]> = {}
    for (const [name, source] of Object.entries(sources)) {
      const answers: unknown[] = []
      offsets[name] = []
      for await (const batch of predictBatches(predictor, source, { size: 4 })) {
        offsets[name].push(batch.offset)
        answers.push(...batch.predictions.map(({ prediction }) => prediction))
      }
      expect(answers, name).toEqual(rows(11).map(({ x }) => 2 * x))
    }
    expect(offsets).toEqual({ table: [0, 4, 8], list: [0, 4, 8], stream: [0, 4, 5, 9, 10], readable: [0, 4, 8] })
  })

  it('takes batches of 100, and reports progress with the total where it is known', async () => {
    const model = watchedModel()
    const events: ProgressEvent[] = []
    for await (const _ of predictBatches(Predictor.of(model), rows(250), { onProgress: (event) => events.push(event) }));
    expect(model.batches).toEqual([100, 100, 50])
    expect(events.at(-1)).toEqual({ phase: 'predict', done: 250, total: 250, unit: 'rows' })
  })

  it('reads no further ahead than allowed, and closes the source when it ends early', async () => {
    const model = watchedModel()
    const release = model.hold()
    let [read, closed] = [0, false]
    async function* source() {
      try {
        for (const row of rows(100)) {
          read++
          yield row
        }
      } finally {
        closed = true
      }
    }
    const batches = predictBatches(Predictor.of(model), source(), { size: 2, concurrency: 3 })
    const first = batches.next()
    await settle()
    await settle()
    expect(read).toBe(6)
    release()
    expect((await first).value?.predictions).toHaveLength(2)
    await batches.return()
    expect(closed).toBe(true)
  })

  it('ends with the first failure, after the batches before it, or with the reason of its signal', async () => {
    const predictor = Predictor.of(watchedModel())
    const seen: number[] = []
    const bad = [...rows(4), { x: 13 }, ...rows(4)]
    const run = async (options: object): Promise<void> => {
      for await (const { offset } of predictBatches(predictor, bad, { size: 2, ...options })) seen.push(offset)
    }
    await expect(run({})).rejects.toThrow(/bad luck/)
    expect(seen).toEqual([0, 2])
    await expect(run({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
    await expect(run({ size: 0 })).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(predictBatches(predictor, 5 as never).next()).rejects.toThrow(/needs a table, rows, or a stream/)
    await expect(predictBatches({} as never, []).next()).rejects.toThrow(/needs a predictor/)
  })

  it('loses no row and no order, whatever the sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(7), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        async (lengths, size, concurrency) => {
          let count = 0
          const chunks = lengths.map((length) => {
            count += length
            return rows(length, count - length)
          })
          async function* source() {
            yield* chunks
          }
          const answers: unknown[] = []
          for await (const batch of predictBatches(Predictor.of(watchedModel()), source(), { size, concurrency })) {
            expect(batch.predictions.length).toBeLessThanOrEqual(size)
            answers.push(...batch.predictions.map(({ prediction }) => prediction))
          }
          expect(answers).toEqual(rows(count).map(({ x }) => 2 * x))
        },
      ),
      { seed: 5, numRuns: 40 },
    )
  })
})
