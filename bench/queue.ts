/**
 * How fast a backlog of the offline queue gets to a real `mlflow server`, beside what the same calls take when made one by one without a queue.
 *
 *   node scripts/run.mjs bench/queue.ts [--runs 200] [--points 10000] [--direct 50] [--concurrency 4]
 *
 * Needs Python with MLflow in `.venvs/mlflow`. Prints a line of text and one line of JSON.
 */
import assert from 'node:assert/strict'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fsStorage } from '../src/adapters/fs/fs-storage'
import { mlflowTracker } from '../src/adapters/mlflow/tracker/mlflow-tracker'
import { queuedTracker } from '../src/layers/queued/queued-tracker'
import type { TrackerBackend } from '../src/ports/tracker-backend'
import { freshFolder, mlflowVersion, startServer } from '../test/interop/support/mlflow'

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}
const runs = option('runs', 200)
const points = option('points', 10_000)
/** Runs that are logged without a queue, for comparison. */
const direct = option('direct', 50)
const concurrency = option('concurrency', 0)
const batches = 5
const perBatch = Math.max(1, Math.round(points / runs / batches))

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

async function log(backend: TrackerBackend, experimentId: string, from: number, count: number): Promise<void> {
  for (let r = from; r < from + count; r++) {
    const { runId } = await backend.createRun({ experimentId, runName: `run ${r}`, startTime: 1_700_000_000_000 + r })
    for (let b = 0; b < batches; b++) {
      const metrics = Array.from({ length: perBatch }, (_, i) => {
        const step = b * perBatch + i
        return { key: 'loss', value: 1 / (step + 1), step, timestamp: 1_700_000_000_000 + step }
      })
      await backend.logBatch(runId, { metrics, params: { [`p${b}`]: String(b) }, tags: { last: String(b) } })
    }
    await backend.updateRun(runId, { status: 'finished', endTime: 1_700_000_000_000 })
  }
}

const folder = freshFolder()
const server = await startServer(folder)
try {
  const there = mlflowTracker({ url: server.url })
  const { experimentId } = await there.ensureExperiment('bench')
  const storage = fsStorage({ root: join(folder, 'queue') })
  const limits = { closeMs: 0, ...(concurrency === 0 ? {} : { concurrency }) }
  const away = queuedTracker({ backend: mlflowTracker({ url: 'http://127.0.0.1:9', retries: 0 }), storage, ...limits })
  const taken = await seconds(() => log(away, experimentId, 0, runs))
  await away.close()
  const queue = queuedTracker({ backend: mlflowTracker({ url: server.url }), storage, ...limits })
  const delivered = await seconds(() => queue.flush())
  await queue.close()
  const { items } = await there.searchRuns({ experimentIds: [experimentId], limit: 10_000 })
  assert.equal(items.length, runs)
  assert.ok(
    items.every(
      ({ metrics, params, status }) =>
        metrics.loss?.step === batches * perBatch - 1 && Object.keys(params).length === batches && status === 'finished',
    ),
  )
  const one = (await seconds(() => log(there, experimentId, runs, direct))) / direct
  const ratio = (one * runs) / delivered
  console.info(
    `${runs} runs, ${runs * batches * perBatch} points: taken in ${taken.toFixed(1)} s, delivered in ${delivered.toFixed(1)} s; ` +
      `one by one without a queue ${(one * runs).toFixed(1)} s (${ratio.toFixed(1)} ×)`,
  )
  console.info(
    JSON.stringify({
      runs,
      points: runs * batches * perBatch,
      taken,
      delivered,
      perRunDirect: one,
      ratio,
      mlflow: mlflowVersion(),
      node: process.version,
      cpu: cpus()[0]?.model,
      cores: cpus().length,
    }),
  )
} finally {
  await server.stop()
}
