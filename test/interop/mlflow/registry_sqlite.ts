/**
 * Our SQLite registry and the real MLflow on one file: registered by us, opened (and upgraded), loaded and predicted with by Python, served by
 * `mlflow models serve`; a model that Python logged, loaded and predicted with here; then the conformance suite on upgraded files.
 *
 *   node scripts/run.mjs test/interop/mlflow/registry_sqlite.ts
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { onnxRuntime } from '../../../src/adapters/onnxruntime/onnx-runtime'
import { sqliteRegistry } from '../../../src/adapters/sqlite/registry/sqlite-registry'
import { sqliteTracker } from '../../../src/adapters/sqlite/tracker/sqlite-tracker'
import { isMillwrightError } from '../../../src/core/errors'
import { fromRows } from '../../../src/dataset'
import type { ModelPackage } from '../../../src/ports/model'
import type { RegistryBackend } from '../../../src/ports/registry-backend'
import { copyVersion, exportModel, importModel, ModelRegistry, metricAtLeast } from '../../../src/registry'
import { runCheck } from '../../../src/testing/bind'
import { registryChecks } from '../../../src/testing/registry-checks'
import { freePort, freshFolder, needSqlite, pause, python, runPython } from '../support/mlflow'

needSqlite()
const root = freshFolder()
const path = join(root, 'ours.db')
const storage = fsStorage({ root })
const fixture = (name: string): string => resolve('test/fixtures/onnx', name)
const open = async (): Promise<ModelRegistry> => new ModelRegistry({ backend: await sqliteRegistry({ path, storage }), user: 'ada' })

// 1. We write.
const tracker = await sqliteTracker({ path, storage })
const { experimentId } = await tracker.ensureExperiment('penguins')
const { runId } = await tracker.createRun({ experimentId, startTime: Date.now() })
const registry = await open()
const penguins: ModelPackage = {
  flavor: 'onnx',
  task: 'classification',
  signature: {
    inputs: [
      { name: 'numeric', dtype: 'float32', shape: [-1, 4] },
      { name: 'island', dtype: 'str', shape: [-1, 1] },
      { name: 'sex', dtype: 'str', shape: [-1, 1] },
    ],
    outputs: [
      { name: 'label', dtype: 'str', shape: [-1] },
      { name: 'probabilities', dtype: 'float32', shape: [-1, 3] },
    ],
  },
  files: { 'model.onnx': new Uint8Array(readFileSync(fixture('penguins_logreg.onnx'))) },
}
const first = await registry.register('penguins', penguins, {
  run: { runId, experimentId },
  metrics: { accuracy: 0.97 },
  tags: { team: 'ops', 'with/slash': 'ü' },
  description: 'first — größe',
})
await registry.promote('penguins', first, 'champion', { gates: [metricAtLeast('accuracy', 0.9)] })
await registry.register('penguins', penguins, { metrics: { accuracy: 0.98 } })
await registry.setAlias('penguins', 'challenger', 2)
await registry.deleteVersion('penguins', await registry.register('penguins', penguins), { removeFiles: true })
await registry.setTags('penguins', { owner: 'ops' })
await registry.describe('penguins', 'three kinds')
await registry.register("it's größe", penguins)
await registry.register("it's größe", penguins)
await tracker.close()
const empty = join(root, 'empty.db')
await (await sqliteRegistry({ path: empty, storage })).close()

// 2. Python reads, predicts and writes, while our file stays open.
interface Told {
  readonly mlflow: string
  readonly x: readonly (readonly number[])[]
  readonly y: readonly number[]
}
const told = runPython<Told>('registry_sqlite.py', path, fixture('penguins_logreg.expected.json'), empty)
console.info(`mlflow ${told.mlflow} opened our registry, loaded and predicted`)

// 3. We read what Python wrote, and go on writing into the upgraded file.
for (const again of [registry, await open()]) {
  const champion = await again.resolve('penguins@champion')
  assert.deepEqual([champion.version, champion.tags, champion.description], ['2', { reviewed: 'by python' }, 'seen by python'])
  assert.deepEqual(
    (await again.listVersions("it's größe")).map(({ version }) => version),
    ['2'],
  )
  await assert.rejects(again.getVersion("it's größe", 1), (error) => isMillwrightError(error, 'NotFound'))
  if (again !== registry) await again.close()
}
assert.equal((await registry.rollback('penguins', 'champion')).version, '1', 'rolling back a move that only MLflow knows')
assert.equal((await registry.register('penguins', penguins)).version, '4')
await registry.setAlias('penguins', 'new', 4)

const theirs = await registry.openModel('from-python@live')
assert.equal(theirs.package.flavor, 'onnx')
const predict = async (model: ModelPackage): Promise<number[]> => {
  const loaded = await onnxRuntime().load(model)
  const rows = told.x.map(([a = 0, b = 0]) => ({ X_0: a, X_1: b }))
  const { predictions } = await loaded.run(fromRows(rows))
  await loaded.dispose()
  return predictions.map(Number)
}
assert.deepEqual(await predict(theirs.package), told.y)
// It keeps predicting as an archive and in another registry, and Python's own description stays.
const other = new ModelRegistry({ storage: fsStorage({ root: join(root, 'prod') }) })
await copyVersion(registry, 'from-python@live', other)
await importModel(other, await exportModel(registry, 'from-python@live'), { name: 'imported' })
for (const name of ['from-python', 'imported']) {
  const copied = await other.openModel(name)
  assert.deepEqual(await predict(copied.package), told.y)
  assert.deepEqual(copied.package.files.MLmodel, theirs.package.files.MLmodel)
}
console.info('a model that Python logged predicts here')

// 4. `mlflow models serve` answers.
const port = await freePort()
const log = openSync(join(root, 'serve.log'), 'a')
const serving = spawn(
  python,
  ['-m', 'mlflow', 'models', 'serve', '-m', 'models:/penguins@champion', '--env-manager', 'local', '-h', '127.0.0.1', '-p', `${port}`],
  {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...process.env, MLFLOW_TRACKING_URI: `sqlite:///${path}`, PATH: `${resolve(python, '..')}:${process.env.PATH}` },
  },
)
try {
  let isUp = false
  for (let i = 0; i < 300 && !isUp && serving.exitCode === null; i++) {
    isUp = await fetch(`http://127.0.0.1:${port}/ping`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (!isUp) await pause(200)
  }
  assert.ok(isUp, readFileSync(join(root, 'serve.log'), 'utf8').slice(-3000))
  const { rows } = JSON.parse(readFileSync(fixture('penguins_logreg.expected.json'), 'utf8')) as {
    rows: { numeric: (number | null)[]; island: string; sex: string; label: string; probabilities: number[] }[]
  }
  const whole = rows.filter(({ numeric }) => !numeric.includes(null)).slice(0, 5)
  const inputs = {
    numeric: whole.map(({ numeric }) => numeric),
    island: whole.map(({ island }) => [island]),
    sex: whole.map(({ sex }) => [sex]),
  }
  const answer = await fetch(`http://127.0.0.1:${port}/invocations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ inputs }),
  })
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  const { predictions } = JSON.parse(text) as { predictions: { label: string[]; probabilities: number[][] } }
  assert.deepEqual(
    predictions.label.flat(),
    whole.map(({ label }) => label),
  )
  const worst = Math.max(
    ...predictions.probabilities.flatMap((row, i) => row.map((p, k) => Math.abs(p - (whole[i]?.probabilities[k] ?? 9)))),
  )
  assert.ok(worst < 1e-5, `${worst}`)
  console.info('mlflow models serve answers with our model')
} finally {
  try {
    process.kill(-(serving.pid as number), 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

// 5. The conformance suite on files that MLflow upgraded.
const beneath = new WeakMap<RegistryBackend, () => Promise<RegistryBackend>>()
let passed = 0
for (const check of registryChecks()) {
  const folder = mkdtempSync(join(root, 'check-'))
  copyFileSync(empty, join(folder, 'mlflow.db'))
  const reopen = async (): Promise<RegistryBackend> => {
    const backend = await sqliteRegistry({ path: join(folder, 'mlflow.db'), storage: fsStorage({ root: folder, fsync: false }) })
    beneath.set(backend, reopen)
    return backend
  }
  await runCheck(check, { make: reopen, reopen: (backend) => (beneath.get(backend) as typeof reopen)() })
  passed++
}
console.info(`${passed} checks passed on files that MLflow upgraded`)
await registry.close()
