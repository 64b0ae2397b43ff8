import { describe, expect, it, vi } from 'vitest'
import { functionModel, functionRuntime } from '../../../src/adapters/function/function-runtime'
import { MillwrightError } from '../../../src/core/errors'
import type { LoadedModel, PredictionRecord, RefusedInput } from '../../../src/ports/model'
import { Predictor, type ReloadEvent } from '../../../src/predictor'
import { resolveOptions } from '../../../src/predictor/options'
import { columnFrom } from '../../../src/schema/column'
import { tableFromRows, tableOf } from '../../../src/schema/table'
import { doubled, handClock, packed, settle, sourceOf, watchedModel } from './helpers'

describe('Predictor.of', () => {
  it('answers rows and tables, in order, one or many', async () => {
    const predictor = Predictor.of(watchedModel(), { name: 'twice', version: '7' })
    const answers = await predictor.predict([{ x: 1 }, { x: -2 }])
    expect(answers.map(({ prediction }) => prediction)).toEqual([2, -4])
    expect(new Set(answers.map(({ id }) => id)).size).toBe(2)
    expect((await predictor.predict(tableOf([columnFrom('x', 'int32', [5, 6])]))).map(({ prediction }) => prediction)).toEqual([10, 12])
    expect(await predictor.predictOne({ x: 4 }, { id: 'order-1' })).toEqual({ id: 'order-1', prediction: 8 })
    expect(await predictor.predict([])).toEqual([])
    expect([predictor.name, predictor.version, predictor.task, predictor.classes, predictor.signature]).toEqual([
      'twice',
      '7',
      'regression',
      undefined,
      doubled,
    ])
    await predictor.close()
  })

  it('gives probabilities by label and further outputs', async () => {
    const model = functionModel(() => ({ prediction: 'b', probabilities: { b: 0.75, a: 0.25 }, outputs: { why: ['x'] } }), {
      name: 'f',
      signature: doubled,
      classes: ['a', 'b'],
    })
    const predictor = Predictor.of(model)
    const answer = await predictor.predictOne({ x: 1 })
    expect(answer).toEqual({ id: expect.any(String), prediction: 'b', probabilities: { a: 0.25, b: 0.75 }, outputs: { why: ['x'] } })
    expect(Object.keys(answer.probabilities ?? {})).toEqual(['a', 'b'])
  })

  it('lists what is wrong with the input and runs nothing', async () => {
    const model = watchedModel()
    const predictor = Predictor.of(model, { name: 'twice', version: '7' })
    await expect(predictor.predict([{ x: 'one' as never }, {}, { x: 1 }])).rejects.toMatchObject({
      code: 'SchemaMismatch',
      message:
        'the input of twice@7 has 2 problems in 2 of 3 rows: row 0, column "x": must be a number, got a string; row 1, column "x": a value is required',
      issues: [
        { path: [0, 'x'], code: 'wrong-type' },
        { path: [1, 'x'], code: 'missing' },
      ],
    })
    expect(model.batches).toEqual([])
    expect(predictor.stats()).toMatchObject({ requests: 1, rejected: 1, rows: 0, batches: 0, problems: { 'wrong-type': 1, missing: 1 } })
  })

  it('checks its options and what a call asks for', async () => {
    const model = watchedModel()
    expect(() => Predictor.of(model, { batch: { maxSize: 0 } })).toThrow(
      '`maxSize` of `batch` of Predictor.of must be a whole number ≥ 1, got 0',
    )
    expect(() => Predictor.of(model, { caching: {} } as never)).toThrow(/`caching` is not an option of Predictor.of/)
    const predictor = Predictor.of(model, { limits: { maxRowsPerCall: 2 } })
    await expect(predictor.predict(Array(3).fill({ x: 1 }))).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: 'one call of model@0 takes at most 2 rows, got 3',
    })
    await expect(predictor.predict('rows' as never)).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(predictor.predict([{ x: 1 }], { ids: [] })).rejects.toThrow(/`ids` of predict must be 1 non-empty strings/)
    await expect(predictor.predict([{ x: 1 }], { deadline: 3 } as never)).rejects.toThrow(/`deadline` is not an option/)
  })

  it('gives the whole table to a model whose signature names no columns', async () => {
    const seen: (readonly string[])[] = []
    const model: LoadedModel = {
      signature: { inputs: [{ name: '', dtype: 'float32', shape: [-1, 2] }], outputs: [] },
      task: 'other',
      run: (input) => {
        seen.push(input.columnNames)
        return { predictions: Array(input.numRows).fill(null) }
      },
      dispose: async () => {},
    }
    const predictor = Predictor.of(model)
    await predictor.predict(tableFromRows([{ b: 1, a: 'x' }]))
    expect(seen).toEqual([['b', 'a']])
    await expect(predictor.predict([{ b: 1 }])).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('names no columns'),
    })
  })

  it('tells the failure of a model as one of the model, and refuses a wrong number of answers', async () => {
    const predictor = Predictor.of(watchedModel(), { name: 'twice', version: '7' })
    const errors: unknown[] = []
    predictor.on('error', (error) => errors.push(error))
    const failure = { code: 'Internal', message: 'twice@7 failed on 1 row: 13 brings bad luck', retryable: false }
    await expect(predictor.predictOne({ x: 13 })).rejects.toMatchObject(failure)
    expect(errors).toMatchObject([failure])
    const short: LoadedModel = { ...watchedModel(), run: () => ({ predictions: [1] }) }
    await expect(Predictor.of(short).predict([{ x: 1 }, { x: 2 }])).rejects.toThrow(
      'model@0 failed on 2 rows: the model gave 1 predictions for 2 rows',
    )
    const busy: LoadedModel = {
      ...watchedModel(),
      run: () => {
        throw new MillwrightError('RateLimited', 'later')
      },
    }
    await expect(Predictor.of(busy).predictOne({ x: 1 })).rejects.toMatchObject({ code: 'RateLimited', message: 'later' })
  })
})

describe('batching', () => {
  it('joins concurrent calls into one execution, and gives each its own answers', async () => {
    const model = watchedModel()
    const clock = handClock()
    const predictor = Predictor.of(model, { batch: { maxSize: 64 }, clock })
    const answers = await Promise.all(Array.from({ length: 64 }, (_, x) => predictor.predictOne({ x: x + 100 })))
    expect(answers.map(({ prediction }) => prediction)).toEqual(Array.from({ length: 64 }, (_, x) => 2 * x + 200))
    expect(model.batches).toEqual([64])
    expect(predictor.stats()).toMatchObject({ requests: 64, rows: 64, batches: 1, queueRows: 0, inFlight: 0 })
  })

  it('keeps the process alive while calls wait for others', () => {
    const spy = vi.spyOn(globalThis, 'setTimeout')
    const cancel = resolveOptions('a test', { batch: {} }).schedule(() => {}, 1000)
    const timer = spy.mock.results.at(-1)?.value as NodeJS.Timeout
    spy.mockRestore()
    cancel()
    expect(timer.hasRef()).toBe(true)
  })

  it('does not let one bad row fail its neighbours', async () => {
    const predictor = Predictor.of(watchedModel(), { batch: { maxSize: 4 } })
    const results = await Promise.allSettled([1, 2, 13, 4].map((x) => predictor.predictOne({ x })))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect((results[2] as PromiseRejectedResult).reason.message).toContain('failed on 1 row: 13 brings bad luck')
  })

  it('keeps tables apart from rows and divides them', async () => {
    const model = watchedModel()
    const predictor = Predictor.of(model, { batch: { maxSize: 4, maxDelayMs: 0 } })
    const table = tableFromRows(Array.from({ length: 10 }, (_, x) => ({ x })))
    const [fromTable, fromRow] = await Promise.all([predictor.predict(table), predictor.predictOne({ x: 21 })])
    expect(fromTable.map(({ prediction }) => prediction)).toEqual(Array.from({ length: 10 }, (_, x) => 2 * x))
    expect(fromRow.prediction).toBe(42)
    expect(model.batches).toEqual([4, 4, 2, 1])
  })

  it('sheds load when the queue is full, and gives up at the deadline', async () => {
    const model = watchedModel()
    const clock = handClock()
    const predictor = Predictor.of(model, { batch: { maxSize: 1, maxDelayMs: 0, maxQueue: 2 }, limits: { deadlineMs: 50 }, clock })
    const release = model.hold()
    const running = predictor.predictOne({ x: 1 }, { deadlineMs: 1000 })
    await settle()
    const late = predictor.predict([{ x: 2 }, { x: 3 }])
    await expect(predictor.predictOne({ x: 4 })).rejects.toMatchObject({
      code: 'Unavailable',
      retryable: true,
      details: { reason: 'queue-full' },
    })
    expect(predictor.stats()).toMatchObject({ queueRows: 2, queueLimit: 2, inFlight: 2 })
    clock.advance(50)
    await expect(late).rejects.toMatchObject({ code: 'Unavailable', details: { reason: 'deadline' } })
    release()
    expect((await running).prediction).toBe(2)
    expect(predictor.stats().shed).toEqual({ 'queue-full': 1, deadline: 1 })
    expect(predictor.stats().latency).toMatchObject({ count: 3, sum: 0.1 })
  })

  it('rejects an aborted call with the reason of its signal', async () => {
    const model = watchedModel()
    const predictor = Predictor.of(model)
    const reason = new Error('gone')
    await expect(predictor.predictOne({ x: 1 }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const release = model.hold()
    const controller = new AbortController()
    const call = predictor.predictOne({ x: 1 }, { signal: controller.signal })
    await settle()
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    release()
    expect(predictor.stats()).toMatchObject({ requests: 2, aborted: 2, failed: 0 })
  })
})

describe('the cache', () => {
  it('answers equal rows again, until they are too old or pushed out', async () => {
    const model = watchedModel()
    const clock = handClock()
    const predictor = Predictor.of(model, { cache: { maxEntries: 2, ttlMs: 100 }, clock })
    await predictor.predict([{ x: 1 }, { x: 2 }])
    const again = await predictor.predict([{ x: 2 }, { x: 3 }, { x: 1, ignored: true } as never])
    expect(again.map(({ prediction }) => prediction)).toEqual([4, 6, 2])
    expect(model.batches).toEqual([2, 1])
    expect(predictor.stats()).toMatchObject({ cacheHits: 2, cacheMisses: 3, rows: 5 })
    clock.advance(100)
    await predictor.predictOne({ x: 3 })
    expect(model.batches).toEqual([2, 1, 1])
    const ids = (await Promise.all([predictor.predictOne({ x: 3 }), predictor.predictOne({ x: 3 })])).map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
  })

  it('does not keep answers of a model that is gone', async () => {
    const signature = { inputs: [{ name: 'x', type: 'string' as const }], outputs: [] }
    const first = functionModel(({ x }) => `first ${x}`, { name: 'a', signature })
    const second = functionModel(({ x }) => `second ${x}`, { name: 'b', signature })
    const predictor = Predictor.of(first, { cache: {} })
    const answers = await predictor.predict([{ x: '1' }])
    expect(answers[0]?.prediction).toBe('first 1')
    predictor.swap(second, { version: '2' })
    expect((await predictor.predictOne({ x: '1' })).prediction).toBe('second 1')
    expect(predictor.version).toBe('2')
  })

  it('has the example of the model that is there', () => {
    const predictor = Predictor.of(watchedModel())
    predictor.swap({ ...watchedModel(), example: { x: 7 } }, { version: '2' })
    expect(predictor.example).toEqual({ x: 7 })
    predictor.swap(watchedModel(), { version: '3' })
    expect(predictor.example).toBeUndefined()
    expect(Predictor.of({ ...watchedModel(), example: { x: 7 } }).example).toEqual({ x: 7 })
  })
})

describe('events', () => {
  it('tell every answered row', async () => {
    const clock = handClock()
    clock.advance(1_000)
    const predictor = Predictor.of(watchedModel(), { name: 'twice', version: '7', cache: {}, clock })
    const records: PredictionRecord[] = []
    const off = predictor.on('prediction', (record) => records.push(record))
    const input = [{ x: 1, order: 'a' }]
    await predictor.predict(input, { ids: ['one'] })
    await predictor.predict(tableFromRows([{ x: 2 }]), { ids: ['two'] })
    await predictor.predict(input, { ids: ['three'] })
    off()
    await predictor.predict(input)
    const common = { model: 'twice', version: '7', at: 1000, latencyMs: 0 }
    expect(records).toEqual([
      { ...common, id: 'one', input: { x: 1, order: 'a' }, prediction: 2, cached: false },
      { ...common, id: 'two', input: { x: 2 }, prediction: 4, cached: false },
      { ...common, id: 'three', input: { x: 1, order: 'a' }, prediction: 2, cached: true },
    ])
    expect(records[0]?.input).not.toBe(input[0])
  })

  it('tell refused input by column, without its cells', async () => {
    const predictor = Predictor.of(watchedModel(), { clock: handClock(), name: 'twice', version: '7' })
    const refused: RefusedInput[] = []
    predictor.on('input-refused', (event) => refused.push(event))
    const rows = [{ x: 1 }, { x: null }, { x: 'secret' }, { x: null }] as unknown as { x: number }[]
    await expect(predictor.predict(rows)).rejects.toMatchObject({ code: 'SchemaMismatch' })
    await expect(predictor.predict(tableOf([columnFrom('y', 'int32', [5, 6])]))).rejects.toMatchObject({ code: 'SchemaMismatch' })
    const common = { model: 'twice', version: '7', at: expect.any(Number) }
    expect(refused).toEqual([
      { ...common, rows: 4, refusedRows: 3, columns: { x: { missing: 2, 'wrong-type': 1 } } },
      { ...common, rows: 2, refusedRows: 2, columns: { x: { missing: 1 } } },
    ])
    expect(JSON.stringify(refused)).not.toContain('secret')
  })

  it('survive a listener that throws', async () => {
    const predictor = Predictor.of(watchedModel())
    const errors: unknown[] = []
    predictor.on('error', (error) => errors.push(error))
    predictor.on('prediction', () => {
      throw new Error('listener')
    })
    expect((await predictor.predictOne({ x: 1 })).prediction).toBe(2)
    expect(errors).toMatchObject([{ message: 'listener' }])
  })
})

describe('Predictor.load', () => {
  const runtimes = [functionRuntime({ functions: { one: () => 1, two: () => 2 } })]
  const models = { 1: packed(() => 1, { name: 'one' }), 2: packed(() => 2, { name: 'two' }) }

  it('opens what the reference names with the runtime that knows the flavor', async () => {
    const predictor = await Predictor.load(sourceOf(models, { champion: '2' }), 'numbers@champion', { runtimes })
    expect([predictor.name, predictor.version]).toEqual(['numbers', '2'])
    expect((await predictor.predictOne({ x: 0 })).prediction).toBe(2)
    expect(String(predictor)).toBe('Predictor: numbers@2 (regression, 1 columns), 1 rows answered')
    expect((predictor as never as Record<symbol, () => string>)[Symbol.for('nodejs.util.inspect.custom')]?.()).toBe(String(predictor))
    await predictor.close()
  })

  it('says what is missing', async () => {
    const source = sourceOf({ ...models, 3: { ...models[1], flavor: 'onnx' } }, {})
    await expect(Predictor.load(source, 'numbers@9', { runtimes })).rejects.toMatchObject({ code: 'NotFound' })
    await expect(Predictor.load(source, 'numbers@3', { runtimes })).rejects.toMatchObject({
      code: 'Unsupported',
      message: 'numbers@3 is a model of flavor "onnx"; the runtimes given open function',
    })
    await expect(Predictor.load(source, 'numbers@1', { runtimes: [] })).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(Predictor.load(source, 'numbers@1', { runtimes: [functionRuntime()] })).rejects.toMatchObject({
      code: 'NotFound',
      hint: 'functionRuntime({ functions: { one } })',
    })
    const reason = new Error('stop')
    await expect(Predictor.load(source, 'numbers@1', { runtimes, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('follows a moved alias; calls under way are answered by the model they asked', async () => {
    const aliases = { champion: '1' }
    const loaded = { 1: watchedModel(10), 2: watchedModel(20) }
    const source = sourceOf({ 1: { ...models[1], metadata: { version: 1 } }, 2: { ...models[2], metadata: { version: 2 } } }, aliases)
    const runtime = { ...functionRuntime(), load: ({ metadata }: (typeof models)[1]) => loaded[metadata?.version as 1 | 2] }
    const predictor = await Predictor.load(source, 'numbers@champion', { runtimes: [runtime] })
    const events: ReloadEvent[] = []
    predictor.on('model-reloaded', (event) => events.push(event))
    expect(await predictor.refresh()).toBe(false)
    const release = loaded[1].hold()
    const call = predictor.predictOne({ x: 1 })
    await settle()
    aliases.champion = '2'
    expect(await Promise.all([predictor.refresh(), predictor.refresh()])).toEqual([true, true])
    expect((await predictor.predictOne({ x: 1 })).prediction).toBe(20)
    expect(loaded[1].disposed()).toBe(0)
    release()
    expect((await call).prediction).toBe(10)
    await settle()
    expect([loaded[1].disposed(), loaded[2].disposed()]).toEqual([1, 0])
    expect(events).toEqual([{ name: 'numbers', from: '1', to: '2' }])
    aliases.champion = '9'
    await expect(predictor.refresh()).rejects.toMatchObject({ code: 'NotFound' })
    expect((await predictor.predictOne({ x: 1 })).prediction).toBe(20)
    await predictor.close()
    expect(loaded[2].disposed()).toBe(1)
  })
})

describe('close', () => {
  it('waits for calls under way, then refuses new ones', async () => {
    const model = watchedModel()
    const predictor = Predictor.of(model, { batch: { maxSize: 4, maxDelayMs: 1000 }, clock: handClock() })
    const calls = [predictor.predictOne({ x: 1 }), predictor.predictOne({ x: 2 })]
    const closing = predictor.close()
    expect(predictor.closed).toBe(true)
    expect((await Promise.all(calls)).map(({ prediction }) => prediction)).toEqual([2, 4])
    await closing
    await predictor.close()
    expect(model.disposed()).toBe(1)
    await expect(predictor.predictOne({ x: 1 })).rejects.toMatchObject({
      code: 'InvalidState',
      message: 'cannot predict with model@0: the predictor is closed',
    })
    await expect(predictor.refresh()).rejects.toMatchObject({ code: 'InvalidState' })
    expect(() => predictor.swap(model, { version: '2' })).toThrow(/closed/)
    expect(String(predictor)).toBe('Predictor: model@0 (regression, 1 columns), closed')
  })
})
