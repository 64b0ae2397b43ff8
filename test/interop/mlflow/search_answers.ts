/** The same runs at a real server and in our three embedded backends: random filters and orders must find the same runs in the same order. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { sqliteTracker } from '../../../src/adapters/sqlite/tracker/sqlite-tracker'
import type { RunQuery, TrackerBackend } from '../../../src/ports/tracker-backend'
import { makeRun, type RandomRun, randomRuns, randomSearches } from '../../fixtures/random-searches'
import { freshFolder, isBefore, mlflowVersion, needSqlite, useServer } from '../support/mlflow'

needSqlite()
const folder = freshFolder()
const server = await useServer(process.argv[2], folder)
const remote = mlflowTracker({ url: server.url, retries: 0 })
const storage = fsStorage({ root: folder, fsync: false })
const backends = [memoryTracker(), filesTracker({ storage }), await sqliteTracker({ path: join(folder, 'ours.db'), storage })]
const name = `search ${Date.now()}`
const there = await remote.ensureExperiment(name)
const here = await Promise.all(backends.map(async (backend) => (await backend.ensureExperiment(name)).experimentId))
// MLflow on SQLite folds only ASCII in ILIKE, elsewhere all of Unicode: there is no one answer beyond ASCII.
const kind = { isUnicode: false }
// Servers before 3.4 compare NaN as 0; they know no IS NULL, and fail at, or misorder, searches for datasets.
const isOld = isBefore(3, 4)
for (const random of randomRuns(41, 60, kind)) {
  const run = isOld ? withoutNaN(random) : random
  const runId = await makeRun(remote, there.experimentId, run)
  for (const [i, backend] of backends.entries()) await makeRun(backend, here[i] as string, run, runId)
}

/** The run without metrics that have ever been NaN. */
function withoutNaN(run: RandomRun): RandomRun {
  const { metrics = [] } = run.batch
  const odd = new Set(metrics.filter(({ value }) => Number.isNaN(value)).map(({ key }) => key))
  return { ...run, batch: { ...run.batch, metrics: metrics.filter(({ key }) => !odd.has(key)) } }
}

/** The ids that a search finds, or how it was refused. */
async function searched(backend: TrackerBackend, experimentId: string, search: RunQuery): Promise<string> {
  try {
    return (await backend.searchRuns({ ...search, experimentIds: [experimentId] })).items.map(({ runId }) => runId).join(' ')
  } catch (error) {
    return `refused: ${(error as Error).message}`
  }
}

const searches = randomSearches(42, 400, kind)
const differing: string[] = []
let found = 0
let unanswered = 0
for (const search of searches) {
  const theirs = await searched(remote, there.experimentId, search)
  if (isOld && (theirs.startsWith('refused: ') || /dataset/.test(search.filter ?? ''))) {
    unanswered++
    continue
  }
  if (theirs !== '') found++
  for (const [i, backend] of backends.entries()) {
    const ours = await searched(backend, here[i] as string, search)
    if (ours !== theirs) differing.push(`${backend.name} ${JSON.stringify(search)}\n  ours   ${ours}\n  theirs ${theirs}`)
  }
}
for (const backend of backends) await backend.close()
await server.stop()
assert.deepEqual(differing, [])
assert.ok(found > searches.length / 4)
assert.ok(unanswered < searches.length / 2)
console.info(
  `search_answers: ${searches.length - unanswered} searches (${found} with runs) answered alike by memory, files, SQLite and MLflow ` +
    `${mlflowVersion()}${unanswered > 0 ? `, which has no right answer to ${unanswered} more` : ''}`,
)
