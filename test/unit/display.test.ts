/** How every public thing reads: `String(x)`, the console of Node, and what a notebook asks for. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries } from '../../scripts/entries'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { httpStorage } from '../../src/adapters/http/http-storage'
import { mlRandomForestRuntime } from '../../src/adapters/ml-random-forest/ml-random-forest-runtime'
import { s3Storage } from '../../src/adapters/s3/s3-storage'
import { tfjsRuntime } from '../../src/adapters/tfjs'
import * as drift from '../../src/drift'
import * as main from '../../src/index'
import * as layers from '../../src/layers'
import { queuedTracker } from '../../src/layers/queued/queued-tracker'
import { teeTracker } from '../../src/layers/tee/tee-tracker'
import { inProcessExecutor } from '../../src/pipeline'
import { failingStore } from '../../src/testing/failing-store'

const folder = mkdtempSync(join(tmpdir(), 'millwright-display-'))
const made = new Map<string, unknown>()

/** Everything a user gets hold of, by where it comes from. */
async function makeAll(): Promise<void> {
  const rows = Array.from({ length: 40 }, (_, i) => ({ carrier: i % 2 ? 'UA' : 'AA', delay: i % 7, late: i % 3 === 0 ? 'yes' : 'no' }))
  const data = main.fromRows(rows)
  const memory = main.memoryStorage()
  const files = fsStorage({ root: folder })
  stores(memory, files)
  const tracker = main.createTracker({ backend: main.memoryTracker() })
  const run = await tracker.startRun({ name: 'first', experiment: 'flights' })
  run.logParams({ depth: 3, note: 'x'.repeat(500) })
  run.logMetrics(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`metric_${i}`, i / 7])))
  await run.finish()
  await tracker.run({ name: 'second' }, () => {})
  const found = await tracker.search()
  const fitted = main.chain([main.simpleImputer(), main.oneHotEncoder(), main.logisticRegression()]).fit(data, { target: 'late' })
  const registry = new main.ModelRegistry({ storage: memory })
  const version = await registry.register('flights', fitted, { metrics: { accuracy: 0.9 }, example: data.head(1) })
  await registry.setAlias('flights', 'champion', '1')
  const refused = await registry
    .promote('flights', version, 'best', { gates: [main.metricAtLeast('acuracy', 1)] })
    .catch((error: unknown) => error)
  const pipeline = new main.Pipeline('nightly').step('load', () => 1).step('train', { needs: ['load'], run: () => 2 })
  const failing = new main.Pipeline('broken').step('load', () => Promise.reject(new Error('no such file')))
  const schedule = main.schedule(pipeline, { everyMs: 1e9 })
  schedule.stop()
  const detector = drift.pageHinkley()
  const all: Record<string, unknown> = {
    ...{ Dataset: data, Tracker: tracker, Run: run, 'tracker.getRun': await tracker.getRun(run.runId), 'tracker.search': found },
    'tracker.compareRuns': await tracker.compareRuns([run.runId, found[0]?.runId ?? '']),
    ...{ ModelRegistry: registry, ModelVersion: version, 'registry.listVersions': await registry.listVersions('flights'), refused },
    ...{ Pipeline: pipeline, 'pipeline.run': await pipeline.run(), 'failed run': await failing.run({ throwOnFailure: false }), schedule },
    'error of a failed run': await failing.run().catch((error: unknown) => error),
    MillwrightError: new main.MillwrightError('NotFound', 'no model "a"', {
      hint: 'register it',
      cause: new Error('inner'),
      details: { list: rows },
    }),
    SchemaMismatchError: new main.SchemaMismatchError(
      'bad rows',
      rows.map((_, i) => ({ path: [i], code: 'missing', message: 'a value is required' })),
    ),
    Predictor: await main.Predictor.load(registry, 'flights@champion'),
    DriftDetector: new main.DriftDetector(),
    ...{ pageHinkley: detector, adwin: drift.adwin(), ddm: drift.ddm() },
    ...{ onnxRuntime: main.onnxRuntime(), functionRuntime: main.functionRuntime(), learnRuntime: main.learnRuntime() },
    ...{ tfjsRuntime: tfjsRuntime(), mlRandomForestRuntime: mlRandomForestRuntime() },
    ...{ memoryTracker: main.memoryTracker(), filesTracker: main.filesTracker({ storage: files }) },
    teeTracker: teeTracker([main.memoryTracker(), main.memoryTracker()]),
    queuedTracker: queuedTracker({ backend: main.memoryTracker(), storage: memory }),
    mlflowTracker: main.mlflowTracker({ url: 'http://127.0.0.1:5000' }),
    mlflowRegistry: main.mlflowRegistry({ url: 'http://127.0.0.1:5000' }),
    inProcessExecutor: inProcessExecutor(),
    httpStorage: httpStorage({ url: 'http://127.0.0.1:9/' }),
    s3Storage: s3Storage({ bucket: 'models', region: 'eu-central-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }),
  }
  for (const [name, thing] of Object.entries(all)) made.set(name, thing)
}

function stores(memory: main.ObjectStore, files: main.ObjectStore): void {
  made.set('memoryStorage', memory)
  made.set('fsStorage', files)
  made.set('withCache', layers.withCache(memory))
  made.set('withPrefix', layers.withPrefix(memory, 'team'))
  made.set('withReadOnly', layers.withReadOnly(memory))
  made.set('withRetry', layers.withRetry(memory))
  made.set('withTrace', layers.withTrace(memory, { onCall: () => {} }))
  made.set('wrapStore', layers.wrapStore(memory, {}))
  made.set(
    'failingStore',
    failingStore(memory, () => false),
  )
}

describe('everything public', () => {
  beforeAll(makeAll)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('says what it is as text, in a console and in a notebook', () => {
    const faults: string[] = []
    for (const [name, thing] of made) {
      const text = String(thing)
      if (text.includes('[object ') || text === '' || text.length > 20_000) faults.push(`String(${name}) is ${text.slice(0, 80)}`)
      const shown = inspect(thing)
      if (process.env.SHOW) console.log(`--- ${name}\n${text.split('\n', 1)[0]}\n···\n${shown}`)
      const lines = shown.split('\n').length
      if (lines > 40) faults.push(`the console shows ${lines} lines of ${name}`)
      if (Math.max(...shown.split('\n').map((line) => line.length)) > 1200) faults.push(`the console shows too long lines of ${name}`)
      if (/\[(Async)?Function|\[Getter|#\w+:|\[object Object\]/.test(shown))
        faults.push(`the console shows the inside of ${name}: ${shown.slice(0, 200)}`)
      const bundle = (thing as Record<symbol, (() => Record<string, string>) | undefined>)[Symbol.for('Jupyter.display')]?.()
      if (bundle === undefined && !(thing instanceof Error)) faults.push(`${name} has no display for notebooks`)
      if (bundle !== undefined && (!bundle['text/plain'] || !bundle['text/markdown'])) faults.push(`${name} displays nothing in notebooks`)
    }
    expect(faults).toEqual([])
  })

  it('covers every backend, layer, runtime and streaming detector', () => {
    const elsewhere: Readonly<Record<string, string>> = {
      indexeddbStorage: 'needs a browser',
      sqliteTracker: 'needs a SQLite library',
      sqliteRegistry: 'needs a SQLite library',
      wandbOffline: 'shown by its name, as the others are',
    }
    const missing = entries()
      .filter(({ subpath }) => /^\.\/(storage|tracker|registry|runtime)\/|^\.\/layers$/.test(subpath))
      .flatMap(({ source }) => [...readFileSync(source, 'utf8').matchAll(/export (?:async )?function (\w+)|export \{ ([^}]*) \} from/g)])
      .flatMap(([, one, list = '']) => (one === undefined ? list.split(',').map((name) => name.trim()) : [one]))
      .filter((name) => /^with[A-Z]|(Storage|Tracker|Registry|Runtime|Offline)$/.test(name))
      .filter((name) => !made.has(name) && elsewhere[name] === undefined)
    expect(missing).toEqual([])
  })

  it('keeps its display out of JSON, copies and comparisons', async () => {
    const version = made.get('ModelVersion') as object
    expect({ ...version }).toEqual(version)
    expect(JSON.stringify(version)).not.toContain('toString')
    expect(structuredClone(made.get('tracker.compareRuns'))).toEqual(made.get('tracker.compareRuns'))
  })

  it('an error tells code, message, hint and a bounded piece of its details', () => {
    const shown = inspect(made.get('MillwrightError'))
    expect(shown).toMatch(/^MillwrightError \[NotFound\]: no model "a"\n {2}hint: register it\n {2}details: \{"list":/)
    expect(shown).toContain('cause: Error: inner')
    expect(inspect(made.get('refused'))).toContain('hint: the metrics of version 1 are "accuracy"')
  })

  it('runs that were found are a table', () => {
    const shown = inspect(made.get('tracker.search'))
    expect(shown).toMatch(/^2 runs\nrun +status +started \(UTC\) +metrics +id\n/)
    expect(inspect(made.get('failed run'))).toMatch(
      /^Pipeline broken: run \S+ failed in .*\nstep +status +took +attempts\nload +failed +.* 1 +no such file$/,
    )
  })
})
