/** Every stored format, damaged in every way at hand: what reads it gives an answer or a clean error, never a TypeError. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../src/core/bytes'
import type { Json } from '../../src/core/json'
import { adwin, DriftDetector, type DriftProfile, pageHinkley } from '../../src/drift'
import { decodeOperation, encodeOperation, type QueuedOperation } from '../../src/layers/queued/operations'
import {
  chain,
  columns,
  functionTransformer,
  hashingVectorizer,
  kBinsDiscretizer,
  linearRegression,
  minMaxScaler,
  oneHotEncoder,
  polynomialFeatures,
  powerTransformer,
  randomForestClassifier,
  restoreModel,
  robustScaler,
  simpleImputer,
  standardScaler,
  targetEncoder,
} from '../../src/learn'
import { Monitor } from '../../src/monitor'
import { Pipeline } from '../../src/pipeline'
import type { ObjectStore } from '../../src/ports/object-store'
import { makeColumn } from '../../src/schema/column'
import { tableFromRows, tableOf } from '../../src/schema/table'
import { manualClock } from '../../src/testing/manual-clock'
import { damageTo, readsCleanly } from '../fixtures/damage'

const rows = Array.from({ length: 30 }, (_, i) => ({
  a: i % 7 === 0 ? null : i,
  b: i % 3 === 0 ? 'x' : 'y',
  late: i % 2 === 0 ? 'yes' : 'no',
}))
const table = tableFromRows(rows)
const numRuns = 150

async function holds(document: unknown, read: (text: string) => unknown, also: readonly string[] = []): Promise<number> {
  let refused = 0
  await fc.assert(
    fc.asyncProperty(damageTo(document), async (text) => {
      if ((await readsCleanly(() => read(text), ['Corrupt', 'Unsupported', 'NotFound', 'InvalidState', ...also])) !== undefined) refused++
    }),
    { numRuns, seed: 12 },
  )
  return refused
}

describe('damaged documents', () => {
  it.each([
    [
      'a forest',
      () => chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 3, seed: 1 })]).fit(table, { target: 'late' }),
    ],
    [
      'a model of many transformers',
      () =>
        chain([
          columns(
            [
              { columns: ['a'], transformer: [simpleImputer(), minMaxScaler(), kBinsDiscretizer({ nBins: 2 })] },
              { columns: ['a'], transformer: [simpleImputer(), robustScaler(), powerTransformer(), polynomialFeatures({ degree: 1 })] },
              { columns: ['b'], transformer: oneHotEncoder({ maxCategories: 2 }) },
              { name: 'mean', columns: ['b'], transformer: targetEncoder() },
              { columns: ['b'], transformer: [hashingVectorizer({ nFeatures: 2 }), functionTransformer('abs')] },
            ],
            { verboseFeatureNamesOut: true },
          ),
          randomForestClassifier({ nEstimators: 1, seed: 1 }),
        ]).fit(table, { target: 'late' }),
    ],
    [
      'a linear model',
      () =>
        chain([simpleImputer({ columns: ['a'] }), standardScaler({ columns: ['a'] }), linearRegression()]).fit(
          tableFromRows(rows.map(({ a }) => ({ a, y: (a ?? 3) * 2 }))),
          { target: 'y' },
        ),
    ],
  ])('model.json of %s', async (_, make) => {
    const packed = make().pack()
    const document: unknown = JSON.parse(fromUtf8(packed.files['model.json'] as Uint8Array))
    const refused = await holds(document, (text) => restoreModel({ ...packed, files: { ...packed.files, 'model.json': utf8(text) } }))
    expect(refused).toBeGreaterThan(numRuns / 3)
  })

  it('a pipeline run record', async () => {
    const storage = memoryStorage()
    const pipeline = new Pipeline('daily', { storage, clock: manualClock() })
      .step('load', () => 1, { cache: true })
      .step('fail', { needs: ['load'], run: () => Promise.reject(new TypeError('no')) })
    await pipeline.run({ runId: 'r1', throwOnFailure: false })
    const key = 'pipelines/daily/runs/r1/state.json'
    const document: unknown = JSON.parse(fromUtf8(await storage.get(key)))
    const refused = await holds(
      document,
      async (text) => {
        await storage.put(key, utf8(text))
        await pipeline.inspectRun('r1')
        await pipeline.resume('r1', { throwOnFailure: false, takeOver: true })
        // A record without input asks for one.
      },
      ['InvalidArgument'],
    )
    expect(refused).toBeGreaterThan(numRuns / 3)
  })

  it('a line of the journal of a pipeline run', async () => {
    const storage = memoryStorage()
    const folder = 'pipelines/daily/runs/r1/'
    const lines: Json[] = []
    const appends: ObjectStore = {
      ...storage,
      append: async (_, bytes) =>
        void lines.push(
          ...fromUtf8(bytes)
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Json),
        ),
    }
    const pipeline = new Pipeline('daily', { storage: appends, clock: manualClock() })
      .step('list', () => [1, 2])
      .map('each', { over: 'list', run: ({ item }) => item })
    await pipeline.run({ runId: 'r1' })
    const state = JSON.parse(fromUtf8(await storage.get(`${folder}state.json`))) as { steps: object }
    const journal = '0'.repeat(32)
    await storage.put(`${folder}state.json`, utf8(JSON.stringify({ ...state, format: 2, status: 'running', journal, steps: {} })))
    expect(lines).toHaveLength(4)
    for (const line of [lines[0], lines[1]]) {
      const refused = await holds(line, async (text) => {
        await storage.put(`${folder}journal-${journal}.jsonl`, utf8(`${text.replace(/\n/g, ' ')}\n`))
        await pipeline.inspectRun('r1')
      })
      expect(refused).toBeGreaterThan(numRuns / 3)
    }
  })

  it('a line of the prediction log', async () => {
    const storage = memoryStorage()
    const monitor = new Monitor({ name: 'flights', storage, clock: manualClock() })
    monitor.record({
      id: 'p1',
      model: 'm',
      version: '1',
      at: 5,
      input: { a: 1 },
      prediction: 'yes',
      probabilities: { yes: 0.7, no: 0.3 },
      latencyMs: 1,
      cached: false,
    })
    await monitor.flush()
    const [{ key } = { key: '' }] = (await storage.list()).objects
    const document: unknown = JSON.parse(fromUtf8(await storage.get(key)))
    const refused = await holds(document, async (text) => {
      await storage.put(key, utf8(text))
      const opened = await Monitor.open({ name: 'flights', storage, clock: manualClock() })
      opened.table()
    })
    expect(refused).toBeGreaterThan(numRuns / 3)
  })

  const operations: readonly QueuedOperation[] = [
    { kind: 'experiment', localId: 'e', name: 'x', tags: { a: 'b' } },
    { kind: 'run', localId: 'r', init: { experimentId: 'e', startTime: 1, runName: 'n', tags: { a: 'b' } } },
    {
      kind: 'batch',
      runId: 'r',
      batch: {
        metrics: [{ key: 'loss', value: Number.NaN, timestamp: 1, step: 0 }],
        params: { p: '1' },
        tags: { t: '1' },
        datasets: [{ name: 'd', digest: 'x', sourceType: 'local', source: '{}' }],
        outputModels: [{ modelId: 'm', step: 1 }],
      },
    },
    { kind: 'update', runId: 'r', change: { status: 'finished', endTime: 3 } },
    { kind: 'artifact', owner: { runId: 'r' }, path: 'a.txt' },
    { kind: 'model', localId: 'm', init: { experimentId: 'e', name: 'n', createdAt: 1, params: { a: 'b' } } },
    { kind: 'finish', modelId: 'm', status: 'ready' },
  ]
  it.each(operations.map((operation) => [operation.kind, operation] as const))('a queued %s', async (_, operation) => {
    expect(decodeOperation(encodeOperation(operation), 'entry')).toEqual(operation)
    const refused = await holds(JSON.parse(fromUtf8(encodeOperation(operation))), (text) => {
      const read = decodeOperation(utf8(text), 'entry')
      encodeOperation(read)
    })
    expect(refused).toBeGreaterThan(numRuns / 5)
  })

  it('a drift profile', async () => {
    const profile = new DriftDetector().fit(table).profile()
    const other = tableOf([makeColumn('a', { type: 'float64', values: Float64Array.of(1, 2, 3, 4, 5, 6) })])
    // What fits is used; options are checked as options.
    await holds({ ...profile, options: {} }, (text) => DriftDetector.fromProfile(parsed(text) as DriftProfile).detect(other))
  })

  it.each([adwin(), pageHinkley()])('the state of $name', async (detector) => {
    for (let i = 0; i < 200; i++) detector.update(i % 5)
    const document = detector.state()
    await holds(document, (text) => {
      detector.restore(parsed(text) as Json)
      for (let i = 0; i < 100; i++) detector.update(i)
    })
    detector.restore(document)
  })
})

/** Text that was cut off is not JSON: whoever parses it says so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
