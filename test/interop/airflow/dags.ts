/** Airflow runs pipelines that we compiled to DAG files: the same outputs as in this process, the same skips, retries and failures. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { airflowDag } from '../../../src/deploy'
import { fsStorage } from '../../../src/node'
import { penguinDigests, penguinPipeline } from '../../support/penguin-pipeline'
import { base, bundleStep, dagsTest, migrate, removeAll, store, writeDag } from './_airflow'
import { rulesPipeline } from './_rules'

const data = resolve('examples/data/penguins.csv')
const read = (): string => readFileSync(data, 'utf8')
const safe = (runId: string): string => runId.replace(/[^\w.-]/g, '_')
const storage = fsStorage({ root: store })

/** Ten steps on real data, twenty mapped tasks. */
async function penguins(): Promise<void> {
  const pipeline = penguinPipeline({ storage, read })
  const command = await bundleStep('test/interop/airflow/_step.ts')
  const environment = { STORE: store, PENGUINS: data }
  writeDag(
    'penguins',
    airflowDag(pipeline, {
      command,
      environment,
      params: { trees: 5, test_share: 0.25 },
      schedule: '0 3 * * *',
      timeZone: 'Europe/Paris',
      concurrency: 4,
      description: 'species of penguins',
    }),
  )
  const { state, runId } = dagsTest('penguins')
  assert.equal(state, 'success')
  const { steps } = await pipeline.inspectRun(safe(runId))
  const digests = Object.fromEntries(Object.entries(steps).map(([name, { digest }]) => [name, digest]))
  assert.deepEqual(digests, await penguinDigests({ storage: memoryStorage(), read }))
  assert.equal(steps.read?.attempts, 2, 'Airflow made the second attempt')
  assert.equal(steps.prices?.status, 'fallback')
  assert.equal(steps.fit?.items?.length, 20)
  // Another run finds the step cache; a parameter of the run makes its steps run again.
  const again = dagsTest('penguins', '--conf', JSON.stringify({ trees: 3 }))
  const second = (await pipeline.inspectRun(safe(again.runId))).steps
  assert.deepEqual([second.clean?.status, second.train?.status, second.fit?.items?.[0]?.status], ['cached', 'cached', 'succeeded'])
}

/** Skips, empty lists, failures, and what runs after them. */
async function rules(): Promise<void> {
  const command = await bundleStep('test/interop/airflow/_rules-step.ts')
  const environment = { STORE: store, TOKEN: 'a secret {{ token }}' }
  const pipeline = rulesPipeline(storage)
  writeDag('rules', airflowDag(pipeline, { command, environment, params: { broken: false }, workingDirectory: base }))
  for (const broken of [false, true]) {
    const here = await rulesPipeline(memoryStorage()).run({ params: { broken }, secrets: environment, throwOnFailure: false })
    const { runId, state } = dagsTest('rules', '--conf', JSON.stringify({ broken }))
    assert.equal(state, broken ? 'failed' : 'success', 'the watcher tells of the failed step')
    const { steps } = await pipeline.inspectRun(safe(runId))
    for (const [name, step] of Object.entries(here.steps)) {
      const there = steps[name]
      // Airflow does not start what comes after a skipped or failed task; such a step has no record.
      if (there === undefined) assert.equal(step.status, 'skipped', name)
      else assert.deepEqual([name, there.status, there.digest], [name, step.status, step.digest])
    }
    assert.equal(steps['may fail']?.attempts, 1)
  }
}

try {
  const version = migrate()
  await penguins()
  await rules()
  console.log(`Airflow ${version}: two compiled DAGs ran to the digests, skips and failures of this process`)
} finally {
  removeAll()
}
