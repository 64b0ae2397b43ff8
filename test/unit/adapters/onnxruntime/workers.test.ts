import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { onnxModel, onnxRuntime } from '../../../../src/adapters/onnxruntime/onnx-runtime'
import type { Threads } from '../../../../src/adapters/onnxruntime/worker-thread'
import { workerPool } from '../../../../src/adapters/onnxruntime/workers'
import type { ModelTensor } from '../../../../src/ports/model'
import { tableFromRows } from '../../../../src/schema/table'
import type { TensorEngine } from '../../../../src/tensors/loaded-model'
import { bindChecks, modelRuntimeChecks } from '../../../../src/testing'

const engine = async (): Promise<string> => fileURLToPath(new URL('../../../fixtures/blocking-engine.cjs', import.meta.url))
/** How often threads were started and ended. */
const counts = { started: 0, ended: 0 }
/** How many calls each message to a thread had. */
const groups: number[] = []
/** How long a thread begins calls of a message; `undefined` as the pool says. */
let withinMs: number | undefined
class CountedWorker extends Worker {
  constructor(...given: ConstructorParameters<typeof Worker>) {
    super(...given)
    counts.started++
  }

  override postMessage(message: { readonly calls?: readonly unknown[] }): void {
    if (message.calls !== undefined) groups.push(message.calls.length)
    super.postMessage(message.calls === undefined || withinMs === undefined ? message : { ...message, withinMs })
  }

  override async terminate(): Promise<number> {
    const code = await super.terminate()
    counts.ended++
    return code
  }
}
const threads = { Worker: CountedWorker } as unknown as Threads
afterEach(() => {
  withinMs = undefined
})

/** Memory that a run waits on; `open` lets it go on. */
function gateOf({ crashes = 0, isOpen = false } = {}): {
  readonly tensor: ModelTensor
  started(count: number): Promise<void>
  open(): void
} {
  const data = new Int32Array(new SharedArrayBuffer(12))
  data[0] = isOpen ? 1 : 0
  data[2] = crashes
  return {
    tensor: { dtype: 'int32', shape: [3], data },
    async started(count) {
      while (Atomics.load(data, 1) < count) await new Promise((resolve) => setImmediate(resolve))
    },
    open() {
      Atomics.store(data, 0, 1)
      Atomics.notify(data, 0)
    },
  }
}

const x = (...values: number[]): ModelTensor => ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) })
const options = { threads, engine, size: 2, sessionOptions: {} }

describe('the worker pool', () => {
  it('leaves the calling thread free while models run, side by side', async () => {
    const model = await workerPool(options).open(Uint8Array.of(1), undefined)
    const gates = [gateOf(), gateOf()]
    const runs = gates.map(({ tensor }, i) => model.run({ gate: tensor, x: x(i) }, ['y'], {}))
    // Both have begun, and this thread still turns: it opens their gates.
    for (const gate of gates) await gate.started(1)
    for (const gate of gates) gate.open()
    expect((await Promise.all(runs)).map(({ y }) => y?.data)).toEqual([Float32Array.of(1), Float32Array.of(3)])
    await model.close()
  })

  it('survives the crash of a worker: the call is made again in a new one', async () => {
    const model = await workerPool({ ...options, size: 1 }).open(Uint8Array.of(1), undefined)
    const before = counts.started
    const gate = gateOf({ crashes: 1, isOpen: true })
    expect((await model.run({ gate: gate.tensor, x: x(4) }, ['y'], {})).y?.data).toEqual(Float32Array.of(9))
    expect(counts.started).toBe(before + 1)
    await expect(model.run({ gate: gateOf({ crashes: 2 }).tensor, x: x(4) }, ['y'], {})).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('two workers of onnxRuntime crashed in the same call: it ended with code 3'),
    })
    expect((await model.run({ gate: gate.tensor, x: x(5) }, ['y'], {})).y?.data).toEqual(Float32Array.of(11))
    await model.close()
  })

  it('never ends a busy worker: an aborted call rejects at once, and closing waits for its run', async () => {
    const model = await workerPool({ ...options, size: 1 }).open(Uint8Array.of(1), undefined)
    const ended = counts.ended
    const gate = gateOf()
    const stop = new AbortController()
    const run = model.run({ gate: gate.tensor, x: x(1) }, ['y'], { signal: stop.signal })
    await gate.started(1)
    stop.abort(new Error('too late'))
    await expect(run).rejects.toThrow('too late')
    let closed = false
    const closing = model.close().then(() => {
      closed = true
    })
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect([closed, counts.ended]).toEqual([false, ended])
    gate.open()
    await closing
    expect(counts.ended).toBe(ended + 1)
  })

  it('makes a call that waits in line leave it when it is aborted', async () => {
    const model = await workerPool({ ...options, size: 1 }).open(Uint8Array.of(1), undefined)
    const [first, second] = [gateOf(), gateOf({ isOpen: true })]
    const stop = new AbortController()
    const runs = [
      model.run({ gate: first.tensor, x: x(1) }, ['y'], {}),
      model.run({ gate: second.tensor, x: x(1) }, ['y'], { signal: stop.signal }),
    ]
    await first.started(1)
    stop.abort(new Error('changed my mind'))
    await expect(runs[1]).rejects.toThrow('changed my mind')
    first.open()
    await runs[0]
    await model.close()
    expect((second.tensor.data as Int32Array)[1]).toBe(0)
  })

  /** Calls that wait until a thread is free, in a pool of which a call took `callMs`. */
  async function waitInLine(callMs: number, feeds: readonly Record<string, ModelTensor>[]): Promise<PromiseSettledResult<unknown>[]> {
    let time = 0
    const now = (): number => {
      time += callMs
      return time
    }
    const model = await workerPool({ ...options, size: 1, now }).open(Uint8Array.of(1), undefined)
    await model.run({ gate: gateOf({ isOpen: true }).tensor, x: x(0) }, ['y'], {})
    const gate = gateOf()
    const first = model.run({ gate: gate.tensor, x: x(0) }, ['y'], {})
    await gate.started(1)
    groups.length = 0
    withinMs = Number.POSITIVE_INFINITY
    const waiting = Promise.allSettled(feeds.map((given) => model.run(given, ['y'], {}).then(({ y }) => y?.data)))
    gate.open()
    await first
    const results = await waiting
    await model.close()
    return results
  }
  const fine = (value: number): Record<string, ModelTensor> => ({ gate: gateOf({ isOpen: true }).tensor, x: x(value) })
  const answered = (value: number): object => ({ status: 'fulfilled', value: Float32Array.of(value) })

  it('gives a thread several short calls at once, and long ones one by one', async () => {
    const expected = [answered(3), answered(5), answered(7), answered(9), answered(11)]
    expect(await waitInLine(1.25, [1, 2, 3, 4, 5].map(fine))).toEqual(expected)
    // Four calls of 1.25 ms are 5 ms.
    expect(groups).toEqual([4, 1])
    expect(await waitInLine(10, [1, 2, 3, 4, 5].map(fine))).toEqual(expected)
    expect(groups).toEqual([1, 1, 1, 1, 1])
  })

  it('answers the other calls of a message when one of them fails, or ends its thread twice', async () => {
    const crash = { gate: gateOf({ crashes: 2, isOpen: true }).tensor, x: x(2) }
    const results = await waitInLine(0.5, [fine(1), { x: x(2, 2, 2, 2) }, crash, fine(4)])
    expect(results).toEqual([answered(3), expect.anything(), expect.anything(), answered(9)])
    expect(results[1]).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('undefined') } })
    expect(results[2]).toMatchObject({ status: 'rejected', reason: { code: 'Unavailable' } })
    // Together, then each by itself.
    expect(groups).toEqual([4, 1, 1, 1, 1])
  })

  it('gives calls of unlike size to a thread apart: the large ones are not expected to take as long', async () => {
    const large = (value: number): Record<string, ModelTensor> => ({ ...fine(value), x: x(value, 0, 0, 0, 0) })
    const results = await waitInLine(0.5, [fine(1), fine(2), large(3), large(4), fine(5), fine(6)])
    const ofLarge = (value: number): object => ({ status: 'fulfilled', value: Float32Array.of(value, 1, 1, 1, 1) })
    expect(results).toEqual([answered(3), answered(5), ofLarge(7), ofLarge(9), answered(11), answered(13)])
    expect(groups).toEqual([2, 1, 1, 2])
  })

  /** A pool of which a call of four values took 0.1 ms, whose threads are all busy; `free` lets them go on, one after the other. */
  async function busyPool(size: number): Promise<{ model: TensorEngine; free: (() => void)[]; first: Promise<unknown> }> {
    let time = 0
    const now = (): number => {
      time += 0.1
      return time
    }
    const model = await workerPool({ ...options, size, now }).open(Uint8Array.of(1), undefined)
    await model.run(fine(0), ['y'], {})
    const gates = Array.from({ length: size }, () => gateOf())
    const runs = gates.map(({ tensor }) => model.run({ gate: tensor, x: x(0) }, ['y'], {}))
    for (const gate of gates) await gate.started(1)
    groups.length = 0
    return { model, free: gates.map((gate) => () => gate.open()), first: Promise.all(runs) }
  }
  const firstOf = async (run: Promise<Readonly<Record<string, ModelTensor>>>): Promise<unknown> => (await run).y?.data[0]

  it('shares what waits among the threads', async () => {
    withinMs = Number.POSITIVE_INFINITY
    const { model, free, first } = await busyPool(2)
    const gate = gateOf()
    const feeds = [{ gate: gate.tensor, x: x(0) }, ...[1, 2, 3, 4, 5, 6, 7].map(fine)]
    const runs = Promise.all(feeds.map((given) => firstOf(model.run(given, ['y'], {}))))
    free[0]?.()
    await gate.started(1)
    // The other thread takes half of what is left, time and again, while the first call of the first four holds them.
    expect(groups).toEqual([4])
    const last = firstOf(model.run(fine(8), ['y'], {}))
    free[1]?.()
    expect(await last).toBe(17)
    expect(groups).toEqual([4, 3, 1, 1])
    gate.open()
    expect(await runs).toEqual([1, 3, 5, 7, 9, 11, 13, 15])
    await first
    await model.close()
  })

  it('lets calls wait again, first in line, when one before them takes longer than expected', async () => {
    const { model, free, first } = await busyPool(1)
    const gate = gateOf()
    const stop = new AbortController()
    const aborted = gateOf({ isOpen: true })
    const order: unknown[] = []
    const ask = (given: Record<string, ModelTensor>, signal?: AbortSignal): Promise<unknown> =>
      firstOf(model.run(given, ['y'], { signal })).then((value) => order.push(value))
    const runs = [ask({ gate: gate.tensor, x: x(0) }), ask({ gate: aborted.tensor, x: x(1) }, stop.signal), ask(fine(2)), ask(fine(3))]
    free[0]?.()
    await gate.started(1)
    runs.push(ask(fine(4)))
    stop.abort(new Error('given up'))
    await expect(runs[1]).rejects.toThrow('given up')
    const start = performance.now()
    while (performance.now() - start < 6) await new Promise((resolve) => setImmediate(resolve))
    gate.open()
    await Promise.allSettled([...runs, first])
    expect(order).toEqual([1, 5, 7, 9])
    // The thread had them all, and made the first alone.
    expect(groups[0]).toBe(4)
    expect((aborted.tensor.data as Int32Array)[1]).toBe(0)
    await model.close()
  })

  it('makes each call once where every message has time for one alone, and as a first try', async () => {
    withinMs = 0
    const { model, free, first } = await busyPool(1)
    const runs = Promise.all([1, 2, 3, 4].map((value) => firstOf(model.run(fine(value), ['y'], {}))))
    free[0]?.()
    expect(await runs).toEqual([3, 5, 7, 9])
    // Retries would go one by one.
    expect(groups).toEqual([4, 3, 2, 1])
    await first
    await model.close()
  })

  it('leaves no session and no thread behind when the model is closed before all calls were made', async () => {
    withinMs = 0
    const before = counts.started - counts.ended
    const { model, free, first } = await busyPool(2)
    const gate = gateOf()
    const runs = [{ gate: gate.tensor, x: x(0) }, fine(1), fine(2)].map((given) => firstOf(model.run(given, ['y'], {})))
    free[0]?.()
    await gate.started(1)
    const closing = model.close()
    free[1]?.()
    expect(await runs[2]).toBe(5)
    while (counts.started - counts.ended > before + 1) await new Promise((resolve) => setImmediate(resolve))
    gate.open()
    expect(await Promise.all(runs)).toEqual([1, 3, 5])
    await Promise.all([first, closing])
    while (counts.started - counts.ended > before) await new Promise((resolve) => setImmediate(resolve))
  })

  it('does not learn from calls that fail how long the others take', async () => {
    let [time, callMs] = [0, 10]
    const now = (): number => {
      time += callMs
      return time
    }
    const model = await workerPool({ ...options, size: 1, now }).open(Uint8Array.of(1), undefined)
    await model.run(fine(0), ['y'], {})
    callMs = 0.1
    for (let i = 0; i < 20; i++) await expect(model.run({ x: x(1, 2, 3, 4) }, ['y'], {})).rejects.toThrow('undefined')
    callMs = 10
    groups.length = 0
    expect(await Promise.all([1, 2, 3].map((value) => firstOf(model.run(fine(value), ['y'], {}))))).toEqual([3, 5, 7])
    expect(groups).toEqual([1, 1, 1])
    await model.close()
  })

  it('says that a model cannot be opened again after a crash', async () => {
    const refuses = new Int32Array(new SharedArrayBuffer(4))
    const model = await workerPool({ ...options, size: 1, sessionOptions: { refuses } }).open(Uint8Array.of(1), undefined)
    refuses[0] = 1
    await expect(model.run({ gate: gateOf({ crashes: 1 }).tensor, x: x(4) }, ['y'], {})).rejects.toMatchObject({
      code: 'Corrupt',
      message: 'onnxruntime cannot open the model: no memory',
    })
    await model.close()
  })

  it('says that a model cannot be opened, and opens the next', async () => {
    const pool = workerPool(options)
    await expect(pool.open(Uint8Array.of(0), undefined)).rejects.toMatchObject({
      code: 'Corrupt',
      message: 'onnxruntime cannot open the model: a model that begins with 0',
    })
    const model = await pool.open(Uint8Array.of(1), undefined)
    expect((await model.run({ gate: gateOf({ isOpen: true }).tensor, x: x(1) }, ['y'], {})).y?.data).toEqual(Float32Array.of(3))
    await model.close()
  })

  it('ends its threads when the last model is closed', async () => {
    const pool = workerPool(options)
    const ended = counts.ended
    const [one, two] = [await pool.open(Uint8Array.of(1), undefined), await pool.open(Uint8Array.of(1), undefined)]
    await one.close()
    expect(counts.ended).toBe(ended)
    await two.close()
    expect(counts.ended).toBe(ended + 2)
  })
})

const fixture = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/onnx/${name}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'millwright-onnx-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('onnxRuntime({ workers }) on onnxruntime-node', () => {
  it('does not block, takes session options, and saves the optimised graph', async () => {
    const optimizedModelFilePath = join(folder, 'optimised.onnx')
    const runtime = onnxRuntime({
      workers: 1,
      sessionOptions: { graphOptimizationLevel: 'basic', executionProviders: ['cpu'], optimizedModelFilePath },
    })
    expect(runtime.capabilities.blocking).toBe(false)
    const model = await runtime.load(onnxModel(fixture('pm25_v1.onnx')).pack())
    expect(statSync(optimizedModelFilePath).size).toBeGreaterThan(500)
    await model.dispose()
    await expect(
      (async () =>
        onnxRuntime({ workers: 1, sessionOptions: { executionProviders: ['abacus'] } }).load(onnxModel(fixture('pm25_v1.onnx')).pack()))(),
    ).rejects.toMatchObject({ code: 'Corrupt', message: expect.stringContaining('abacus') })
  })

  it('refuses `lib` beside workers', () => {
    expect(() => onnxRuntime({ workers: 1, lib: { InferenceSession: {}, Tensor: Object } as never })).toThrow(
      /`workers` or `lib`, not both/,
    )
    expect(() => onnxRuntime({ workers: 1.5 })).toThrow(/`workers` of onnxRuntime must be/)
  })

  const numeric = ['a', 'b', 'c', 'd']
  const { rows } = JSON.parse(fixture('penguins_logreg.expected.json').toString()) as {
    rows: { numeric: (number | null)[]; island: string; sex: string; label: string }[]
  }
  const some = rows.filter((_, i) => i % 60 === 0 || i === 3)
  const input = tableFromRows(
    some.map((row) => ({
      ...Object.fromEntries(numeric.map((name, j) => [name, row.numeric[j] ?? null])),
      island: row.island,
      sex: row.sex || null,
    })),
    { a: 'float64', sex: 'string' },
  )
  const model = onnxModel(fixture('penguins_logreg.onnx'), { inputs: { numeric } }).pack()
  bindChecks(
    modelRuntimeChecks(),
    { make: () => ({ runtime: onnxRuntime({ workers: 2 }), model, input, expected: some.map(({ label }) => label) }) },
    { describe, it },
  )
})
