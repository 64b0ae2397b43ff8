/**
 * One SQLite file, theirs and ours in turn: written by us, opened (and upgraded) by the Python client, served by `mlflow server` with nothing
 * else to do, written again by us, read again by Python; then a file that MLflow made, read by us, and the conformance suite on such files.
 */
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { sqliteTracker } from '../../../src/adapters/sqlite/tracker/sqlite-tracker'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import type { TrackerBackend } from '../../../src/ports/tracker-backend'
import { runCheck } from '../../../src/testing/bind'
import { trackerChecks } from '../../../src/testing/tracker-checks'
import { freshFolder, mlflowVersion, needSqlite, runPython, startServer } from '../support/mlflow'

needSqlite()
const root = freshFolder()
const path = join(root, 'ours.db')
const storage = fsStorage({ root })
const open = (): Promise<TrackerBackend> => sqliteTracker({ path, storage })

/** What both sides must agree on. */
interface Told {
  readonly experiments: readonly string[]
  readonly head: readonly unknown[]
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number | string>>
  readonly history: readonly (readonly [number, number])[]
  readonly datasets: readonly (readonly string[])[]
  readonly outputs: readonly (readonly [string, number])[]
  readonly model: readonly unknown[]
  readonly artifact: string
  readonly found: readonly string[]
}

// 1. We write.
let ours = await open()
const { experimentId } = await ours.ensureExperiment("it's é / 日本", { tags: { team: 'blue' } })
const run = await ours.createRun({
  experimentId,
  runName: 'first',
  startTime: 1_700_000_000_000,
  user: 'ada',
  tags: { 'mlflow.source.name': 'train.ts', 'mlflow.note.content': '**bold**' },
})
const { runId } = run
const params = { alpha: '0.1', empty: '', 'nested/depth': '3', text: 'ü\r\n"x"', long: 'x'.repeat(6000) }
await ours.logBatch(runId, {
  params,
  tags: { state: 'a', 'with space': 'b' },
  metrics: [
    ...Array.from({ length: 1200 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), step, timestamp: 1_700_000_000_000 + step })),
    { key: 'nan', value: Number.NaN, step: 0, timestamp: 1 },
    { key: 'inf', value: Number.POSITIVE_INFINITY, step: 0, timestamp: 1 },
    { key: 'val/名前', value: -0.5, step: -3, timestamp: 1 },
  ],
  datasets: [
    { name: 'flights', digest: 'abc', sourceType: 'local', source: '{"uri":"f.csv"}', profile: '{"num_rows":5}', context: 'training' },
  ],
})
const model = await ours.createModel({
  experimentId,
  name: 'forest',
  sourceRunId: runId,
  modelType: 'rf',
  createdAt: 1_700_000_000_000,
  params: { trees: '10' },
  tags: { kind: 'test' },
})
await ours.putArtifact({ modelId: model.modelId }, 'MLmodel', utf8('flavors:\n  millwright: {data: model.bin}\n'))
await ours.finishModel(model.modelId, 'ready')
await ours.logBatch(runId, { outputModels: [{ modelId: model.modelId, step: 4 }] })
await ours.putArtifact({ runId }, 'notes/hello.txt', utf8('hello'))
await ours.updateRun(runId, { status: 'finished', endTime: 1_700_000_100_000 })
await ours.close()

// 2. The Python client opens the file, which upgrades it, and adds to it.
const expected: Told = {
  experiments: ['Default', "it's é / 日本"],
  head: ['first', 'FINISHED', 'ada', 1_700_000_000_000, 1_700_000_100_000],
  params,
  tags: { state: 'a', 'with space': 'b', 'mlflow.note.content': '**bold**', 'mlflow.runName': 'first', 'mlflow.source.name': 'train.ts' },
  metrics: { loss: 1 / 1200, nan: 'nan', inf: 'inf', 'val/名前': -0.5 },
  history: Array.from({ length: 1200 }, (_, step) => [step, 1 / (step + 1)]),
  datasets: [['flights', 'abc', 'training']],
  outputs: [[model.modelId, 4]],
  model: ['forest', 'READY', { trees: '10' }, { kind: 'test' }],
  artifact: 'hello',
  found: ['first'],
}
assert.deepEqual(runPython<Told>('sqlite_store.py', 'read', path, runId, model.modelId), expected)

// 3. A plain server on the same file.
const server = await startServer(root, { database: path, plain: true })
try {
  const remote = mlflowTracker({ url: server.url })
  const served = await remote.getRun(runId)
  assert.deepEqual([served.runName, served.params, served.metrics.loss?.value], ['first', params, 1 / 1200])
  // Its artifacts lie where we put them, beside the database: not behind the proxy, so the calls every server has carry them.
  assert.deepEqual(await remote.listArtifacts({ runId }), [{ path: 'notes', isFolder: true }])
  assert.deepEqual(await remote.listArtifacts({ runId }, 'notes'), [{ path: 'notes/hello.txt', isFolder: false, sizeBytes: 5 }])
  assert.equal(fromUtf8(await remote.getArtifact({ runId }, 'notes/hello.txt')), 'hello')
  await remote.putArtifact({ runId }, 'small/up.txt', utf8('carried'))
  await assert.rejects(async () => remote.getArtifact({ runId }, 'notes/none.txt'), { code: 'NotFound' })
  const page = await fetch(`${server.url}/`)
  assert.match(await page.text(), /<html/i)
} finally {
  await server.stop()
}

// 4. The upgraded file, by us again.
ours = await open()
assert.equal(fromUtf8(await ours.getArtifact({ runId }, 'small/up.txt')), 'carried')
const { items } = await ours.searchRuns({ experimentIds: [experimentId], filter: "params.a = '1'" })
const theirs = items[0]
assert.ok(theirs !== undefined)
assert.deepEqual(
  [theirs.runName, theirs.status, theirs.params, theirs.metrics.m?.value, theirs.datasets[0]?.context, theirs.outputModels.length],
  ['by python', 'finished', { a: '1', 'b/c': 'x' }, 9, 'eval', 1],
)
assert.deepEqual(
  (await ours.getMetricHistory(theirs.runId, 'm')).items.map(({ step, value }) => [step, value]),
  Array.from({ length: 10 }, (_, i) => [i, i]),
)
assert.equal(fromUtf8(await ours.getArtifact({ runId: theirs.runId }, 'n.txt')), 'from python')
await ours.updateRun(theirs.runId, { status: 'running' })
await ours.logBatch(theirs.runId, {
  metrics: [{ key: 'm', value: 99, step: 99, timestamp: 2_000_000_000_000 }],
  params: { from: 'typescript' },
})
await ours.updateRun(theirs.runId, { status: 'finished' })
const late = await ours.createModel({ experimentId, name: 'late', sourceRunId: theirs.runId, createdAt: 5, params: { k: 'v' } })
await ours.logBatch(runId, { tags: { state: 'after the upgrade' } })
const more = await ours.ensureExperiment('after the upgrade')
await ours.createRun({ experimentId: more.experimentId, runName: 'second', startTime: 1_700_000_200_000 })
const gone = await ours.ensureExperiment('to be gone')
const lost = await ours.createRun({ experimentId: gone.experimentId, startTime: 1_700_000_300_000, tags: { first: '1', second: '2' } })
await ours.deleteTag?.(lost.runId, 'first')
await ours.changeExperiment?.(gone.experimentId, { name: 'gone', tags: { team: 'blue' }, lifecycleStage: 'deleted' })
await ours.close()

// 5. Python again.
assert.deepEqual(runPython('sqlite_store.py', 'again', path, theirs.runId, late.modelId), {
  m: 99,
  points: 11,
  from: 'typescript',
  experiments: ['Default', "it's é / 日本", 'after the upgrade', 'python experiment'],
  second: 'second',
  late: ['late', 'PENDING', { k: 'v' }],
  state: 'after the upgrade',
  gone: ['gone', 'blue', 'deleted', ['second']],
})

// It restored what was deleted here.
ours = await open()
assert.deepEqual((await ours.getExperiment(gone.experimentId)).lifecycleStage, 'active')
assert.deepEqual((await ours.getRun(lost.runId)).lifecycleStage, 'active')
await ours.close()

// 6. Files that MLflow made: all of the suite, each check on a copy of one.
const made = join(root, 'made.db')
runPython('sqlite_store.py', 'make', made)
let passed = 0
const failed: string[] = []
// SQLite stores −0 as 0.
for (const check of trackerChecks().filter(({ name }) => name !== '−0 keeps its sign')) {
  const folder = mkdtempSync(join(root, 'check-'))
  copyFileSync(made, join(folder, 'mlflow.db'))
  const openCopy = (): Promise<TrackerBackend> =>
    sqliteTracker({ path: join(folder, 'mlflow.db'), storage: fsStorage({ root: folder, fsync: false }) })
  try {
    await runCheck(check, { make: openCopy, reopen: openCopy })
    passed++
  } catch (error) {
    failed.push(`${check.name}: ${String(error)}`)
  }
}
assert.deepEqual(failed, [])
console.info(`sqlite_store: one file written by turns, and ${passed} conformance checks on files that MLflow ${mlflowVersion()} made`)
