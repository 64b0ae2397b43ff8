/**
 * Our REST client against a real `mlflow server`: the whole conformance suite, then batches beyond the server's limits, histories, inputs
 * and outputs, logged models and artifacts, all of it read by the Python client.
 *
 *   node scripts/run.mjs test/interop/mlflow/mlflow_server.ts [url of a server that runs already] [brief]
 */
import assert from 'node:assert/strict'
import { mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import type { ExperimentRecord, TrackerBackend } from '../../../src/ports/tracker-backend'
import { runCheck } from '../../../src/testing/bind'
import { trackerChecks } from '../../../src/testing/tracker-checks'
import { freshFolder, isBefore, mlflowVersion, runPython, useServer } from '../support/mlflow'

/** With `brief` the suite is left out. */
const isBrief = process.argv[3] === 'brief'
const folder = freshFolder()
const server = await useServer(process.argv[2], folder)
/** Before FastAPI and the paging of histories. */
const isOld = isBefore(3, 4)

/** Checks that need an empty experiment get names of their own: the server is one for all of them. */
function apart(backend: TrackerBackend, space: string): TrackerBackend {
  const names = ['checks', 'searched', 'elsewhere', 'first', 'second', 'raced', 'renamed', 'other']
  const outer = (name: string): string => (names.includes(name) ? `${name} ${space}` : name)
  const inner = (record: ExperimentRecord): ExperimentRecord => ({ ...record, name: record.name.replace(` ${space}`, '') })
  return {
    ...backend,
    ensureExperiment: async (name, options) => inner(await backend.ensureExperiment(outer(name), options)),
    getExperiment: async (id) => inner(await backend.getExperiment(id)),
    listExperiments: async () => (await backend.listExperiments()).map(inner),
    changeExperiment: async (id, { name, ...change }) => {
      const changed = await backend.changeExperiment?.(id, name === undefined ? change : { ...change, name: outer(name) })
      assert.ok(changed !== undefined)
      return inner(changed)
    },
  }
}

const skipped: Readonly<Record<string, string>> = {
  'a run id of the caller is kept, and taken only once': 'the server gives ids itself',
  '−0 keeps its sign': 'JSON text and SQL stores keep −0 as 0',
  ...(isOld
    ? {
        'filters find what MLflow finds': 'servers before 3.4 compare NaN as 0; search_answers leaves NaN out there',
        'hostile artifact paths are refused or kept as they are': 'servers before 3.4 cut the connection for names such as ..%c0%af',
      }
    : {}),
}
let passed = 0
const failed: string[] = []
for (const [i, check] of (isBrief ? [] : trackerChecks()).entries()) {
  if (Object.hasOwn(skipped, check.name)) {
    console.info(`left out: ${check.name} (${skipped[check.name]})`)
    continue
  }
  const space = `${Date.now()}-${i}`
  const open = (): TrackerBackend => apart(mlflowTracker({ url: server.url, retries: 0 }), space)
  try {
    await runCheck(check, { make: open, reopen: open })
    passed++
  } catch (error) {
    failed.push(`${check.name}: ${String(error)}`)
  }
}
assert.deepEqual(failed, [])

// Beyond the server's limits, in one call each.
const tracker = mlflowTracker({ url: server.url })
const { experimentId } = await tracker.ensureExperiment(`interop ${Date.now()}`, { tags: { team: 'blue' } })
const parent = await tracker.createRun({ experimentId, runName: 'beyond limits', startTime: 1_700_000_000_000, user: 'ada' })
const { runId } = parent
const params = Object.fromEntries(Array.from({ length: 450 }, (_, i) => [`p/${i}`, `${'ü'.repeat(i * 10)}${i}`]))
const tags = Object.fromEntries(Array.from({ length: 310 }, (_, i) => [`t.${i}`, `value ${i}`]))
const metrics = Array.from({ length: 5300 }, (_, step) => ({
  key: step % 2 === 0 ? 'loss' : 'val/acc',
  value: step / 7,
  step,
  timestamp: 1_700_000_000_000 + step,
}))
await tracker.logBatch(runId, {
  params,
  tags,
  metrics: [
    ...metrics,
    { key: 'odd', value: Number.NaN, step: -1, timestamp: 5 },
    { key: 'odd', value: Number.NEGATIVE_INFINITY, step: -2, timestamp: 4 },
  ],
  datasets: [
    {
      name: 'flights',
      digest: 'abc',
      sourceType: 'local',
      source: '{"uri":"f.csv"}',
      schema: '{"mlflow_colspec":[]}',
      context: 'training',
    },
  ],
})
const child = await tracker.createRun({
  experimentId,
  runName: 'child',
  startTime: 1_700_000_000_001,
  tags: { 'mlflow.parentRunId': runId },
})
await tracker.updateRun(child.runId, { status: 'failed' })
const model = await tracker.createModel({
  experimentId,
  name: 'forest',
  sourceRunId: runId,
  modelType: 'rf',
  createdAt: Date.now(),
  tags: { kind: 'test' },
  params: { trees: '10' },
})
await tracker.putArtifact({ modelId: model.modelId }, 'deep/wéights 1.bin', new Uint8Array([0, 1, 2, 255]))
await tracker.finishModel(model.modelId, 'ready')
await tracker.logBatch(runId, { outputModels: [{ modelId: model.modelId, step: 3 }] })
// Larger than what goes in parts: a local artifact store knows no parts, so this must come through in one piece.
const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) % 251)
await mlflowTracker({ url: server.url, multipartBytes: 1_000_000 }).putArtifact({ runId }, 'large/file.bin', large)
await tracker.updateRun(runId, { status: 'finished', endTime: 1_700_000_100_000 })
assert.deepEqual(
  (await tracker.findModels(experimentId, { key: 'kind', value: 'test' })).map(({ modelId }) => modelId),
  [model.modelId],
)
const told = runPython<Record<string, unknown>>('mlflow_server.py', server.url, runId, model.modelId)
assert.deepEqual(told, {
  name: 'beyond limits',
  status: 'FINISHED',
  user: 'ada',
  params: Object.keys(params).length,
  sameParams: true,
  tags: 310,
  loss: 2650,
  valAcc: 2650,
  lastLoss: 5298 / 7,
  odd: ['-inf', 'nan'],
  datasets: [['flights', 'abc', 'training']],
  outputs: [[model.modelId, 3]],
  children: ['child'],
  model: ['forest', 'READY', { trees: '10' }, { kind: 'test' }],
  modelBytes: [0, 1, 2, 255],
  large: [3_000_000, large.reduce((sum, byte) => sum + byte, 0)],
  experimentTags: { team: 'blue' },
})
// And what Python wrote into the same server, read by us.
const { items } = await tracker.searchRuns({ experimentIds: [experimentId], filter: "run_name = 'by python'" })
const [theirs] = items
assert.ok(theirs !== undefined)
assert.deepEqual(
  [theirs.status, theirs.params, theirs.metrics.m?.value, theirs.datasets.length],
  ['finished', { a: '1', 'b/c': 'x' }, 9, 1],
)
const points: number[] = []
for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
  const page = await tracker.getMetricHistory(theirs.runId, 'm', { limit: 7, cursor })
  points.push(...page.items.map(({ value }) => value))
  cursor = page.cursor
}
assert.deepEqual(
  points,
  Array.from({ length: 10 }, (_, i) => i),
)
assert.equal(new TextDecoder().decode(await tracker.getArtifact({ runId: theirs.runId }, 'notes/n.txt')), 'from python')
assert.deepEqual(await tracker.listArtifacts({ runId: theirs.runId }, 'notes'), [{ path: 'notes/n.txt', isFolder: false, sizeBytes: 11 }])
await tracker.close()
await server.stop()
console.info(`mlflow_server: ${passed} conformance checks, and batches, models and artifacts both ways, with MLflow ${mlflowVersion()}`)
