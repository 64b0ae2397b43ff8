import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { functionModel, functionRuntime } from '../../../src/adapters/function/function-runtime'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8 } from '../../../src/core/bytes'
import { type MetricName, metricByName } from '../../../src/metrics'
import { Monitor } from '../../../src/monitor'
import type { LoadedModel } from '../../../src/ports/model'
import { ModelRegistry, metricAtLeast } from '../../../src/registry'
import { type Challenger, createRetraining, type Retraining, type RetrainingOptions } from '../../../src/retraining'
import { scoreModel } from '../../../src/retraining/score-model'
import { type Table, tableFromRows } from '../../../src/schema/table'
import { answer, manualClock } from '../monitor/helpers'

const signature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'busy', type: 'boolean' }] } as const
const functions = { above5: ({ x }: { x?: unknown }) => Number(x) > 5, above3: ({ x }: { x?: unknown }) => Number(x) > 3 }
const runtimes = [functionRuntime({ functions })]
const model = (name: keyof typeof functions): ReturnType<typeof functionModel> =>
  functionModel(functions[name], { name, signature, task: 'classification', target: 'busy' })
/** x from 0 to 9, busy above 3: above5 has accuracy 0.8 on it, above3 has 1. */
const holdout = tableFromRows(Array.from({ length: 10 }, (_, x) => ({ x, busy: x > 3 })))

interface Loop {
  readonly registry: ModelRegistry
  readonly monitor: Monitor
  readonly retraining: Retraining
  readonly seen: string[]
  readonly champion: () => Promise<string>
  /** Records rows that are all wrong, then checks at `at`. */
  readonly fail: (at: number) => Promise<void>
}

async function loop(champion: keyof typeof functions, options: Partial<RetrainingOptions> = {}): Promise<Loop> {
  const clock = manualClock(1000)
  const registry = new ModelRegistry({ storage: memoryStorage(), clock })
  await registry.promote('bikes', await registry.register('bikes', model(champion)), 'champion')
  const monitor = new Monitor({
    clock,
    rules: [{ name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.7, window: { lastMs: 50 }, minRows: 2 }],
  })
  const train = (): Challenger => ({ model: model('above3'), holdout, metrics: { size: 1 } })
  const retraining = createRetraining({ monitor, registry, model: 'bikes', train, runtimes, metric: 'accuracy', clock, ...options })
  const seen: string[] = []
  for (const type of ['retraining-start', 'challenger-promoted', 'champion-kept', 'retraining-failed', 'retraining-end', 'error'] as const)
    retraining.on(type, () => seen.push(type))
  return {
    registry,
    monitor,
    retraining,
    seen,
    champion: async () => (await registry.resolve('bikes@champion')).version,
    async fail(at) {
      for (let i = 0; i < 4; i++) {
        monitor.record(answer(`${at}-${i}`, at - i))
        monitor.label(`${at}-${i}`, 'no', at)
      }
      monitor.check(at)
      await retraining.idle()
    },
  }
}

describe('the closed loop', () => {
  it('promotes a challenger that is better on the newest labelled rows, with the numbers', async () => {
    const refreshed: number[] = []
    const { registry, retraining, seen, champion, fail } = await loop('above5', {
      predictors: [{ refresh: async () => refreshed.push(1) > 0 }],
    })
    await fail(2000)
    expect(seen).toEqual(['retraining-start', 'challenger-promoted', 'retraining-end'])
    expect(await champion()).toBe('2')
    expect(refreshed).toEqual([1])
    expect(retraining.verdicts).toHaveLength(1)
    expect(retraining.verdicts[0]).toMatchObject({
      outcome: 'promoted',
      champion: { version: '1', score: 0.8 },
      challenger: { version: '2', score: 1 },
      rows: 10,
      trigger: { rule: 'accuracy', at: 2000, value: 0, threshold: 0.7 },
    })
    expect(retraining.verdicts[0]?.gain).toBeCloseTo(0.2, 12)
    expect(retraining.verdicts[0]?.summary).toBe('version 2: accuracy 1 against 0.8 of version 1 on the newest 10 labelled rows; promoted')
    const version = await registry.resolve('bikes@2')
    expect(version.metrics).toEqual({ accuracy: 1, size: 1 })
    expect([...version.aliases].sort()).toEqual(['challenger', 'champion'])
    const moved = (await registry.history('bikes')).findLast(({ alias }) => alias === 'champion')
    expect(moved).toMatchObject({ from: '1', version: '2', how: 'promote' })
    expect(moved?.reason).toContain('accuracy is 0 over 4 labelled rows')
  })

  it.each([
    ['is not better', 'above3', {}],
    ['is not better by the margin', 'above5', { margin: 0.25 }],
    ['a gate refuses', 'above5', { gates: [metricAtLeast('accuracy', 1.1)] }],
  ] as const)('keeps the champion when the challenger %s', async (_, first, options) => {
    const { registry, retraining, seen, champion, fail } = await loop(first, options)
    await fail(2000)
    expect(seen).toEqual(['retraining-start', 'champion-kept', 'retraining-end'])
    expect(await champion()).toBe('1')
    expect((await registry.resolve('bikes@challenger')).version).toBe('2')
    expect(retraining.verdicts[0]?.outcome).toBe('kept')
    expect(retraining.verdicts[0]?.gates.some(({ passed }) => !passed)).toBe(true)
  })

  it('takes exactly the margin as better, in spite of rounding', async () => {
    const { champion, fail } = await loop('above5', { margin: 0.2 })
    await fail(2000)
    expect(await champion()).toBe('2')
  })

  it('leaves the champion when training fails, and goes on working', async () => {
    let broken = true
    const errors: unknown[] = []
    const train = (): Challenger => {
      if (broken) throw new Error('no data today')
      return { model: model('above3'), holdout }
    }
    const { registry, retraining, seen, champion, fail } = await loop('above5', { train })
    retraining.on('error', (error) => errors.push(error))
    await fail(2000)
    expect(seen).toEqual(['retraining-start', 'error', 'retraining-failed', 'retraining-end'])
    expect(await champion()).toBe('1')
    expect(await registry.listVersions('bikes')).toHaveLength(1)
    expect(retraining.verdicts[0]).toMatchObject({ outcome: 'failed', error: { code: 'Internal', message: 'no data today' } })
    expect((errors[0] as Error).message).toBe('no data today')
    broken = false
    await fail(3000)
    expect(await champion()).toBe('2')
  })

  it('does not move an alias that someone else moved meanwhile', async () => {
    const { registry, retraining, champion, fail } = await loop('above5', {
      gates: [
        async () => {
          await registry.setAlias('bikes', 'champion', (await registry.register('bikes', model('above5'))).version)
          return true
        },
      ],
    })
    await fail(2000)
    expect(retraining.verdicts[0]).toMatchObject({ outcome: 'failed', error: { code: 'Conflict' } })
    expect(await champion()).toBe('3')
  })

  it('never runs two at once, and waits for the cool-down', async () => {
    let release = (): void => {}
    let trained = 0
    const train = async (): Promise<Challenger> => {
      trained += 1
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return { model: model('above5'), holdout }
    }
    const { monitor, retraining } = await loop('above5', { train, coolDownMs: 500 })
    const wrong = (at: number): void => {
      for (let i = 0; i < 4; i++) {
        monitor.record(answer(`${at}-${i}`, at - i))
        monitor.label(`${at}-${i}`, 'no', at)
      }
      monitor.check(at)
    }
    wrong(2000)
    expect(retraining.running).toBe(true)
    wrong(2600)
    await expect(retraining.retrain()).rejects.toMatchObject({ code: 'InvalidState' })
    while (trained < 1) await Promise.resolve()
    release()
    await retraining.idle()
    expect(trained).toBe(1)
    wrong(2400)
    expect(retraining.running).toBe(false)
    wrong(2700)
    expect(retraining.running).toBe(true)
    while (trained < 2) await Promise.resolve()
    release()
    await retraining.idle()
    expect(trained).toBe(2)
  })

  it('retrains when asked to, works without a champion, and keeps verdicts on a storage', async () => {
    const storage = memoryStorage()
    const registry = new ModelRegistry({ storage })
    const monitor = new Monitor()
    const train = (): Challenger => ({ model: model('above3'), holdout })
    const retraining = createRetraining({ monitor, registry, model: 'bikes', train, runtimes, metric: 'accuracy', storage })
    const verdict = await retraining.retrain('first model')
    expect(verdict).toMatchObject({ outcome: 'promoted', challenger: { version: '1', score: 1 } })
    expect(verdict.champion).toBeUndefined()
    expect((await registry.resolve('bikes@champion')).version).toBe('1')
    const { objects } = await storage.list({ prefix: 'retraining/bikes/' })
    expect(objects).toHaveLength(1)
    expect(JSON.parse(fromUtf8(await storage.get(objects[0]?.key ?? '')))).toMatchObject({ id: verdict.id, outcome: 'promoted' })
  })

  it('reports a predictor that cannot follow, and keeps the promotion', async () => {
    const predictors = [{ refresh: () => Promise.reject(new Error('offline')) }]
    const { seen, champion, fail } = await loop('above5', { predictors })
    await fail(2000)
    expect(seen).toEqual(['retraining-start', 'challenger-promoted', 'error', 'retraining-end'])
    expect(await champion()).toBe('2')
  })

  it('cancels a running retraining when closed', async () => {
    const train = ({ signal }: { signal: AbortSignal }): Promise<Challenger> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    const { monitor, retraining, champion } = await loop('above5', { train })
    monitor.record(answer('a', 1990))
    monitor.record(answer('b', 1991))
    monitor.label('a', 'no')
    monitor.label('b', 'no')
    monitor.check(2000)
    expect(retraining.running).toBe(true)
    await retraining.close()
    expect(retraining.verdicts[0]).toMatchObject({ outcome: 'failed', error: { code: 'InvalidState' } })
    expect(await champion()).toBe('1')
    monitor.check(3000)
    expect(retraining.running).toBe(false)
    await expect(retraining.retrain()).rejects.toThrow(/it is closed/)
  })

  it('measures a champion that answers 0 and 1 on a boolean column, as an ONNX model of a boolean target does', async () => {
    const loaded = (answers: (x: number) => number): LoadedModel => ({
      signature: { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'label', type: 'float64' }] },
      task: 'classification',
      classes: [false, true],
      run: (table) => ({
        predictions: Array.from({ length: table.numRows }, (_, row) => answers(table.column('x').at(row) as number)),
        probabilities: Float64Array.from({ length: table.numRows * 2 }, (_, i) => {
          const p = (table.column('x').at(i >> 1) as number) / 10
          return i % 2 === 1 ? p : 1 - p
        }),
      }),
      dispose: async () => {},
    })
    const score = (model: LoadedModel, metric: MetricName, table: Table = holdout) =>
      scoreModel(model, table, { target: 'busy', metric: metricByName(metric) })
    const champion = loaded((x) => (x > 3 ? 1 : 0))
    for (const metric of ['accuracy', 'f1', 'rocAuc'] as const) expect(await score(champion, metric)).toBe(1)
    const quiet = tableFromRows([
      { x: 1, busy: false },
      { x: 2, busy: false },
    ])
    for (const metric of ['precision', 'recall', 'f1'] as const) expect(await score(champion, metric, quiet)).toBe(0)
    const text = tableFromRows([
      { x: 5, busy: 'True' },
      { x: 2, busy: '0.0' },
      { x: 2, busy: '' },
    ])
    expect(await score(champion, 'accuracy', text)).toBe(1)
    await expect(score(champion, 'accuracy', tableFromRows([{ x: 5, busy: 'late' }]))).rejects.toThrow(
      /comparing models: row 0 of "busy": a label must be of the type of the model's labels \(0, 1\), got "late"/,
    )
  })

  it('reads well in a console', async () => {
    const { retraining } = await loop('above5')
    const verdict = await retraining.retrain()
    expect(inspect(verdict)).toMatch(
      /^retraining of bikes \(manual\) promoted: version 2: accuracy 1 against 0.8 of version 1 on the newest 10 labelled rows; promoted\n {2}better than the champion: passed/,
    )
    expect(inspect(retraining)).toMatch(/^Retraining of bikes: waiting, 1 so far\n {2}promoted: version 2/)
    expect(JSON.parse(JSON.stringify(verdict)).outcome).toBe('promoted')
  })

  it('says what `train` must give', async () => {
    const at = async (given: unknown): Promise<string> => {
      const { retraining } = await loop('above5', { train: () => given as Challenger })
      return (await retraining.retrain()).summary
    }
    expect(await at(undefined)).toMatch(/`train` of the retraining of bikes must give \{ model, holdout \}, got undefined/)
    expect(await at({ model: model('above3'), holdout: [] })).toMatch(/must give `holdout`, a Dataset, got an array of 0/)
    expect(await at({ model: model('above3'), holdout: tableFromRows([{ x: 1 }]) })).toMatch(/no column "busy"; there are "x"/)
  })

  it('measures with probabilities and numbers, too', async () => {
    const registry = new ModelRegistry({ storage: memoryStorage() })
    const classes = [false, true]
    const sure = functionModel(({ x }) => ({ prediction: Number(x) > 3, probabilities: Number(x) > 3 ? [0.1, 0.9] : [0.9, 0.1] }), {
      ...{ name: 'sure', signature, classes, target: 'busy' },
    })
    const open = [
      functionRuntime({
        functions: { sure: ({ x }) => ({ prediction: Number(x) > 3, probabilities: Number(x) > 3 ? [0.1, 0.9] : [0.9, 0.1] }) },
      }),
    ]
    const retraining = createRetraining({
      ...{ monitor: new Monitor(), registry, model: 'bikes', runtimes: open, metric: 'logLoss' },
      train: () => ({ model: sure, holdout }),
    })
    const { challenger, higherIsBetter } = await retraining.retrain()
    expect(challenger?.score).toBeCloseTo(-Math.log(0.9), 12)
    expect(higherIsBetter).toBe(false)
  })

  it.each([
    [{ metric: 'acuracy' }, /no metric "acuracy"/],
    [{ margin: -1 }, /`margin` of createRetraining must be a finite number ≥ 0, got -1/],
    [{ runtimes: [] }, /`runtimes` of createRetraining must be a list of at least one model runtime/],
    [{ train: undefined }, /createRetraining needs `train`/],
    [{ model: 'a/b' }, /`model` of createRetraining must be usable as a file name/],
    [{ cooldown: 1 }, /`cooldown` is not an option of createRetraining/],
  ])('refuses options that do not fit: %#', async (options, message) => {
    await expect(loop('above5', options as never)).rejects.toThrow(message)
  })
})
