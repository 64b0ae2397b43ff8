/**
 * Runs, models and pipelines on S3, unchanged: the conformance suites of tracker and registry, and one story over all of them, at versitygw
 * (moto where it cannot be built).
 *
 * Runs with `.venvs/s3`, which the lane makes.
 */
import assert from 'node:assert/strict'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { s3Storage } from '../../../src/adapters/s3/s3-storage'
import {
  createTracker,
  DatasetStore,
  fromRows,
  logisticRegression,
  ModelRegistry,
  metricAtLeast,
  Pipeline,
  Predictor,
} from '../../../src/index'
import { objectStoreBackend } from '../../../src/registry/object-store-backend'
import { type BindOptions, type Check, registryChecks, runCheck, trackerChecks } from '../../../src/testing'
import { hostileSample } from '../../support/effort'
import { startMoto, startVersity } from './_servers'

const { name, options, stop } = (await startVersity()) ?? (await startMoto())
let namespaces = 0
/** versitygw answers `encoding-type=url` without encoding, and XML cannot hold these two characters. */
const namesFor = (seed: number) => hostileSample(seed).filter((text) => !/[\uFFFE\uFFFF]/.test(text))
const storage = () => s3Storage({ ...options, prefix: `suite-${namespaces}` })
/** Makes each subject on a prefix of its own; another opener of the same data is made on the same one. */
const bindTo = <Subject>(open: (store: ReturnType<typeof storage>) => Subject): BindOptions<Subject> => ({
  make: () => {
    namespaces++
    return open(storage())
  },
  reopen: () => open(storage()),
})

async function runAll<Subject>(what: string, checks: readonly Check<Subject>[], bind: BindOptions<Subject>): Promise<number> {
  const failures: string[] = []
  for (const check of checks) {
    await runCheck(check, bind).catch((error: Error) => failures.push(`${what}: ${check.name}: ${error.stack}`))
  }
  for (const failure of failures) console.error(failure)
  console.info(`${name}: ${checks.length - failures.length} of ${checks.length} checks of the ${what} passed`)
  return failures.length
}

/** A run, a registered and promoted model, a prediction, a cached pipeline; read again by stores that share nothing but the bucket. */
async function story(): Promise<void> {
  const open = () => s3Storage({ ...options, prefix: 'story' })
  const data = fromRows(Array.from({ length: 40 }, (_, i) => ({ x: i, y: i < 20 ? 'a' : 'b' })))
  const tracker = createTracker({ storage: open() })
  const registry = new ModelRegistry({ storage: open() })
  const runId = await tracker.run({ experiment: 'on s3' }, async (run) => {
    run.logParams({ depth: 3 })
    for (let step = 0; step < 50; step++) run.logMetrics({ loss: 1 / (step + 1) }, { step })
    await run.logText('notes/ü + %.txt', 'hello')
    const fitted = logisticRegression().fit(data, { target: 'y' })
    const version = await registry.register('model', fitted, { run, metrics: { accuracy: 0.9 } })
    await registry.promote('model', version, 'champion', { gates: [metricAtLeast('accuracy', 0.8)] })
    return run.runId
  })
  await tracker.close()
  const again = createTracker({ storage: open() })
  const [found] = await again.search({ experiment: 'on s3', filter: 'metrics.loss < 0.1' })
  assert.equal(found?.runId, runId)
  assert.equal(found?.status, 'finished')
  const predictor = await Predictor.load(new ModelRegistry({ storage: open() }), 'model@champion')
  assert.equal((await predictor.predictOne({ x: 35 })).prediction, 'b')
  const pipeline = () =>
    new Pipeline('features', { storage: open() })
      .step('load', ({ input }) => Float64Array.of(1, 2, input as number), { cache: { version: '1' } })
      .step('scale', { needs: ['load'], cache: true, run: ({ inputs }) => inputs.load.map((value) => value / 2) })
  await pipeline().run({ input: 3 })
  const { steps, outputs } = await pipeline().run({ input: 3 })
  assert.deepEqual([steps.load.status, steps.scale.status, [...(outputs.scale ?? [])]], ['cached', 'cached', [0.5, 1, 1.5]])
  const versions = () => new DatasetStore({ storage: open(), chunkRows: 16 })
  await Promise.all([data, data.head(30)].map((table) => versions().commit('data', table)))
  const numbers = (await versions().versions('data')).map(({ version, numRows }) => [version, numRows])
  assert.deepEqual(
    numbers.map(([version]) => version),
    [1, 2],
  )
  assert.deepEqual(numbers.map(([, rows]) => rows).sort(), [30, 40])
  assert.equal((await versions().load('data@2')).numRows, numbers[1]?.[1])
  assert.deepEqual(await versions().verify(), [])
  assert.equal((await versions().gc({ graceMs: 0 })).deleted, 0)
  console.info(`${name}: a run, a promoted model, its prediction, a cached pipeline and two versions of data, read again by other stores`)
}

await story()
const failed =
  (await runAll('registry', registryChecks({ hostileNames: namesFor(1) }), bindTo(objectStoreBackend))) +
  (await runAll(
    'tracker',
    trackerChecks({ hostileNames: namesFor(2) }),
    bindTo((store) => filesTracker({ storage: store })),
  ))
stop()
process.exit(failed === 0 ? 0 : 1)
