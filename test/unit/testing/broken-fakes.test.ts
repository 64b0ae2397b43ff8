/** Backends that break their port's promises: the check suites must fail them. */
import { describe, expect, it } from 'vitest'
import { functionModel, functionRuntime } from '../../../src/adapters/function/function-runtime'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { mlRandomForestModel, mlRandomForestRuntime } from '../../../src/adapters/ml-random-forest/ml-random-forest-runtime'
import type { LoadedModel, ModelRuntime } from '../../../src/ports/model'
import type { ObjectStore } from '../../../src/ports/object-store'
import type { RegistryBackend } from '../../../src/ports/registry-backend'
import type { MetricPoint, Page, TrackerBackend } from '../../../src/ports/tracker-backend'
import { objectStoreBackend } from '../../../src/registry'
import { tableFromRows } from '../../../src/schema/table'
import {
  bindChecks,
  type Check,
  modelRuntimeChecks,
  objectStoreChecks,
  registryChecks,
  runCheck,
  trackerChecks,
} from '../../../src/testing'
import { failuresOf } from '../../support/checks'

/** A store that claims nothing, ignores the conditions of `put`, and reads ranges. */
function claimsNothing(): ObjectStore {
  const { ensureFolder: _ensure, moveFolder: _move, createFolder: _create, getChanged: _changed, ...store } = memoryStorage()
  const capabilities = { conditionalPut: false, rangeRead: false, appendAtomic: false, persistent: false, maxObjectBytes: 1e9 }
  return { ...store, capabilities, put: (key, bytes, { signal } = {}) => store.put(key, bytes, { signal }) }
}

/** A tracker whose histories are changed on their way out. */
function tracker(change: (points: readonly MetricPoint[]) => readonly MetricPoint[]): TrackerBackend {
  const inner = memoryTracker()
  const getMetricHistory = async (...given: Parameters<TrackerBackend['getMetricHistory']>): Promise<Page<MetricPoint>> => {
    const page = await inner.getMetricHistory(...given)
    return { ...page, items: change(page.items) }
  }
  return { ...inner, getMetricHistory }
}

function metricChecks(): Check<TrackerBackend>[] {
  return trackerChecks({ hostileNames: [] }).filter(({ name }) => /points come back|NaN|−0/.test(name))
}

describe('a store that claims nothing and ignores conditions', () => {
  const checks = objectStoreChecks().filter(({ requires }) => requires.length > 0)

  it('fails: what is not claimed must be refused', async () => {
    const failures = await failuresOf(checks, { make: claimsNothing })
    const refused = (call: string) => expect.stringContaining(`${call}: expected Unsupported, but it succeeded`)
    expect(failures).toEqual([
      refused('a range gives exactly its bytes, clipped to the size: check failed: get with a range, without `rangeRead`'),
      refused('ifAbsent writes once: check failed: put with `ifAbsent`, without `conditionalPut`'),
      refused('ifMatch writes only over what was read: check failed: put with `ifMatch`, without `conditionalPut`'),
      refused('append adds whole pieces, also from concurrent writers: check failed: append'),
    ])
  })

  it('has every other check left out with a reason', async () => {
    const reasons: unknown[] = []
    for (const check of checks.filter(({ unclaimed }) => unclaimed === undefined)) {
      reasons.push((await runCheck(check, { make: claimsNothing })).leftOut)
    }
    expect(reasons).toHaveLength(checks.length - 4)
    for (const reason of reasons) expect(reason).toMatch(/^it needs \w+, which memoryStorage\S* does not offer$/)
  })
})

describe('a tracker that claims neither search nor lifecycle', () => {
  const without = (inner: TrackerBackend): TrackerBackend => ({
    ...inner,
    capabilities: { ...inner.capabilities, search: false, lifecycle: false },
  })

  it('fails when it answers all the same', async () => {
    const checks = trackerChecks({ hostileNames: [] }).filter(({ unclaimed }) => unclaimed !== undefined)
    const failures = await failuresOf(checks, { make: () => without(memoryTracker()) })
    expect(failures).toHaveLength(checks.length)
    for (const failure of failures) expect(failure).toMatch(/without `(search|lifecycle)`: expected Unsupported, but it succeeded/)
  })
})

describe('a tracker that changes histories', () => {
  it.each<[string, (points: readonly MetricPoint[]) => readonly MetricPoint[], RegExp]>([
    ['loses NaN', (points) => points.filter(({ value }) => !Number.isNaN(value)), /^NaN, the infinities/],
    ['makes NaN 0', (points) => points.map((point) => ({ ...point, value: point.value || 0 })), /^NaN, the infinities/],
    ['loses the sign of −0', (points) => points.map((point) => ({ ...point, value: point.value + 0 })), /^−0 keeps its sign/],
    ['reorders them', (points) => [...points].reverse(), /^points come back in the order/],
  ])('%s: fails', async (_, change, check) => {
    const failures = await failuresOf(metricChecks(), { make: () => tracker(change) })
    expect(failures).toContainEqual(expect.stringMatching(check))
  })

  it('is not what fails', async () => {
    expect(await failuresOf(metricChecks(), { make: () => tracker((points) => points) })).toEqual([])
  })
})

describe('a persistent backend that forgets on reopen', () => {
  const persistent = <T extends { readonly capabilities: object }>(backend: T): T => ({
    ...backend,
    capabilities: { ...backend.capabilities, persistent: true },
  })
  const store = (): ObjectStore => persistent(memoryStorage())
  const registry = (): RegistryBackend => persistent(objectStoreBackend(memoryStorage()))
  const lasting = <T>(checks: readonly Check<T>[]): Check<T>[] => checks.filter(({ requires }) => requires.includes('reopen'))

  it('fails as a store', async () => {
    const failures = await failuresOf(lasting(objectStoreChecks()), { make: store, reopen: store })
    expect(failures).toEqual([expect.stringContaining('has no object "lasting/a"')])
  })

  it('fails as a registry', async () => {
    const failures = await failuresOf(lasting(registryChecks({ hostileNames: [] })), { make: registry, reopen: registry })
    expect(failures).toEqual([expect.stringContaining('another opener sees everything')])
  })

  it('must say how it is opened again', async () => {
    const failures = await failuresOf(objectStoreChecks().slice(0, 1), { make: store })
    expect(failures[0]).toContain('objectStoreChecks needs `reopen`: memoryStorage')
    await expect(runCheck(registryChecks({ hostileNames: [] })[0] as Check<RegistryBackend>, { make: registry })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('registryChecks needs `reopen`'),
    })
  })

  it('is left out with a reason where nothing persists', async () => {
    const told: string[] = []
    const tests: [string, (context: object) => Promise<void>][] = []
    const runner = { it: (name: string, run: (context: object) => Promise<void>) => void tests.push([name, run]) }
    bindChecks(lasting(objectStoreChecks()), { make: () => memoryStorage() }, runner as Parameters<typeof bindChecks>[2])
    await tests[0]?.[1]({ skip: (reason: string) => void told.push(reason) })
    expect(told).toEqual([expect.stringMatching(/^it needs reopen, which memoryStorage/)])
  })
})

describe('a model runtime that breaks a promise', () => {
  const leaf = (...shares: number[]) => ({ distribution: [shares] })
  const root = { splitColumn: 0, splitValue: 1, left: leaf(1), right: leaf(0, 1) }
  const json = { name: 'RFClassifier', baseModel: { indexes: [[0], [1]], estimators: [{ root }, { root }] } }
  const model = mlRandomForestModel(json, { features: ['a', 'b'] }).pack()
  const input = tableFromRows([
    { a: 0, b: 0 },
    { a: 2, b: 2 },
    { a: 0, b: 2 },
  ])
  const tensors = { X: { dtype: 'float64', shape: [1, 2], data: Float64Array.of(0, 2) } } as const
  const broken = (change: (loaded: LoadedModel) => Partial<LoadedModel>): ModelRuntime => {
    const inner = mlRandomForestRuntime()
    return {
      ...inner,
      load: async (...given) => {
        const loaded = await inner.load(...given)
        return { ...loaded, ...change(loaded) }
      },
    }
  }
  const failures = (change: (loaded: LoadedModel) => Partial<LoadedModel>): Promise<string[]> =>
    failuresOf(modelRuntimeChecks(), { make: () => ({ runtime: broken(change), model, input, tensors }) })

  it('is not what fails', async () => {
    expect(await failures(() => ({}))).toEqual([])
  })

  let calls = 0
  it.each<[string, (loaded: LoadedModel) => Partial<LoadedModel>, RegExp]>([
    ['another task', () => ({ task: 'other' }), /^the loaded model has the signature, task/],
    [
      'a row too few',
      (own) => ({ run: async (...given) => ({ predictions: (await own.run(...given)).predictions.slice(1) }) }),
      /^every row has an answer/,
    ],
    [
      'an answer by the batch',
      (own) => ({
        run: async (table, options) => ({ ...(await own.run(table, options)), predictions: new Array(table.numRows).fill(table.numRows) }),
      }),
      /^a row alone is answered as in a batch/,
    ],
    [
      'an answer by the call',
      (own) => ({
        run: async (table, options) => ({ ...(await own.run(table, options)), predictions: new Array(table.numRows).fill(++calls) }),
      }),
      /^equal input has equal answers/,
    ],
    ['no columns looked for', () => ({ run: () => ({ predictions: [0, 1, 1] }) }), /^a table that lacks a column is refused/],
    ['no abort', (own) => ({ run: (table) => own.run(table) }), /^an aborted run rejects/],
    ['no dispose', () => ({ dispose: async () => {} }), /^a disposed model does not run/],
    [
      'inputs that change',
      (own) => ({
        predictTensors: async (given, options) => {
          const answer = await own.predictTensors?.(given, options)
          ;(given.X?.data as Float64Array | undefined)?.fill(9)
          return answer ?? {}
        },
      }),
      /^predictTensors gives equal tensors/,
    ],
    ['tensors unchecked', () => ({ predictTensors: () => ({}) }), /^predictTensors refuses what does not fit/],
  ])('%s: fails', async (_, change, check) => {
    expect(await failures(change)).toContainEqual(expect.stringMatching(check))
  })

  it('fails when garbage is loaded', async () => {
    const signature = { inputs: [{ name: 'a', type: 'float64' }], outputs: [] } as const
    const fn = functionModel(() => 1, { name: 'one', signature })
    const runtime: ModelRuntime = { ...functionRuntime(), load: () => fn }
    expect(await failuresOf(modelRuntimeChecks(), { make: () => ({ runtime, model: fn.pack(), input }) })).toContainEqual(
      expect.stringMatching(/^a package whose files are not a model is Corrupt/),
    )
  })
})
