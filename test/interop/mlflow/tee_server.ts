/**
 * Runs logged to a tree of files and to a real MLflow server at once: the server gives its own ids, and what the Python client finds there
 * names parents, models and files by those. First with the server there, each run continued by another tee as by another process; then
 * through a queue, with the server away at first.
 *
 *   node scripts/run.mjs test/interop/mlflow/tee_server.ts
 */
import assert from 'node:assert/strict'
import { createTracker, filesTracker, mlflowTracker, parseCsv, randomForestClassifier, type TrackerBackend } from 'millwright'
import { fsStorage } from 'millwright/node'
import { type QueuedTracker, queuedTracker } from 'millwright/tracker/queued'
import { teeTracker } from 'millwright/tracker/tee'
import { freePort, freshFolder, mlflowVersion, runPython, startServer, useServer } from '../support/mlflow'

/** What tee_server.py tells of a run. */
interface Seen {
  readonly runId: string
  readonly parent: string | null
  readonly teeId: string | null
  readonly queueId: string | null
  readonly status: string
  readonly params: Readonly<Record<string, string>>
  readonly steps: readonly number[]
  readonly note: string
  readonly models: readonly { readonly status: string; readonly isOfThisRun: boolean; readonly isNamedInFile: boolean }[]
}

const folder = freshFolder()
const storage = fsStorage({ root: folder })
const data = parseCsv('delay,late\n1,no\n2,no\n30,yes\n40,yes\n')

/** A parent, and two children with a model each; of the second only the beginning. */
async function begin(backend: TrackerBackend, experiment: string): Promise<string> {
  // As a process that is killed: nothing ends the runs it leaves open.
  const tracker = createTracker({ backend, handleExit: false })
  const unfinished = await tracker.run({ experiment, name: 'parent' }, async (parent) => {
    parent.logText('note.txt', 'parent')
    let last = ''
    for (const depth of [2, 3]) {
      const child = await parent.startChild({ name: `depth ${depth}` })
      child.logParam('depth', depth)
      for (let step = 0; step < 20; step++) child.logMetric('loss', 1 / (step + depth), { step })
      child.logText('note.txt', `note ${depth}`)
      await child.logModel('forest', await randomForestClassifier({ nEstimators: 3, seed: depth }).fitAsync(data, { target: 'late' }))
      if (depth === 2) await child.finish()
      else await child.flush()
      last = child.runId
    }
    return last
  })
  return unfinished
}

/** Goes on with the second child, and ends it. */
async function end(backend: TrackerBackend, runId: string): Promise<void> {
  const tracker = createTracker({ backend })
  const run = await tracker.resumeRun(runId)
  for (let step = 20; step < 30; step++) run.logMetric('loss', 1 / step, { step })
  await run.finish()
}

/** What is at the server is what is in the files, by the server's ids. */
async function compare(url: string, experiment: string, tag: 'teeId' | 'queueId'): Promise<void> {
  const seen = runPython<Record<string, Seen[]>>('tee_server.py', url, experiment)
  const ours = await createTracker({ backend: filesTracker({ storage }) }).search({ experiment })
  assert.deepEqual(Object.keys(seen).sort(), ['depth 2', 'depth 3', 'parent'])
  for (const { runId, runName, params } of ours) {
    const [run, ...doubles] = seen[runName] ?? []
    assert.ok(run !== undefined && doubles.length === 0, `${runName} is there once`)
    assert.deepEqual([run[tag], run.status, run.params], [runId, 'FINISHED', params])
    assert.notEqual(run.runId, runId)
    if (runName === 'parent') continue
    assert.equal(run.parent, seen.parent?.[0]?.runId, `the parent of ${runName}`)
    assert.equal(run.note, `note ${params.depth}`)
    assert.deepEqual(
      run.steps,
      Array.from({ length: runName === 'depth 3' ? 30 : 20 }, (_, step) => step),
    )
    assert.equal(run.models.length, 1)
    assert.deepEqual([run.models[0]?.isOfThisRun, run.models[0]?.isNamedInFile], [true, true], JSON.stringify(run.models))
  }
}

{
  const server = await useServer(undefined)
  const experiment = `tee ${Date.now()}`
  const open = (): TrackerBackend => teeTracker([filesTracker({ storage }), mlflowTracker({ url: server.url })])
  await end(open(), await begin(open(), experiment))
  await compare(server.url, experiment, 'teeId')
  await server.stop()
}
{
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const open = (): { queue: QueuedTracker; tee: TrackerBackend } => {
    const queue = queuedTracker({ backend: mlflowTracker({ url, retries: 0 }), storage, backoffMs: 200, maxBackoffMs: 1000, closeMs: 0 })
    return { queue, tee: teeTracker([filesTracker({ storage }), queue]) }
  }
  const first = open()
  const unfinished = await begin(first.tee, 'away')
  await first.queue.close()
  const second = open()
  await end(second.tee, unfinished)
  const waiting = second.queue.status().entries
  assert.ok(waiting > 0)
  const server = await startServer(freshFolder(), { port })
  for (let attempt = 0; second.queue.status().entries > 0; attempt++) {
    assert.ok(attempt < 100, 'the queue is delivered')
    await second.queue.flush().catch(() => new Promise((resolve) => setTimeout(resolve, 200)))
  }
  assert.equal(second.queue.status().rejected, 0)
  await second.queue.close()
  await compare(url, 'away', 'queueId')
  await server.stop()
  console.info(`files and MLflow ${mlflowVersion()} at once: 6 runs alike, ${waiting} operations of them delivered from the queue`)
}
