/** What runs in the page of browser_server.ts: our client, the browser's own `fetch`, and a queue in its IndexedDB. */
import { createTracker, indexeddbStorage, isMillwrightError, mlflowTracker } from 'millwright/browser'
import { queuedTracker } from 'millwright/tracker/queued'

/** Logs a run with a bit of everything at the server, and reads it back. */
export async function logRun(url: string): Promise<unknown> {
  const tracker = createTracker({ backend: mlflowTracker({ url }), user: 'ada' })
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 256)
  const runId = await tracker.run({ experiment: 'from a page', name: 'in Chromium', tags: { page: location.origin } }, (run) => {
    run.logParams({ rate: 0.1, layers: [4, 3] })
    for (let step = 0; step < 200; step++) run.logMetric('loss', 1 / (step + 1), { step })
    run.logArtifact('weights/w.bin', bytes)
    return run.runId
  })
  const [found] = await tracker.search({ experiment: 'from a page', filter: "metrics.loss < 0.01 and params.rate = '0.1'" })
  const history = await tracker.metricHistory(runId, 'loss')
  const read = await mlflowTracker({ url }).getArtifact({ runId }, 'weights/w.bin')
  await tracker.close()
  return {
    runId,
    found: found?.runId,
    points: history.length,
    sameBytes: read.every((byte, i) => byte === bytes[i]) && read.length === 1000,
  }
}

/** What a page is told that may not talk to the server. */
export async function refusal(url: string): Promise<unknown> {
  try {
    await mlflowTracker({ url, retries: 0 }).ensureExperiment('from a page')
    return { code: 'none' }
  } catch (error) {
    if (!isMillwrightError(error)) throw error
    return { code: error.code, message: error.message, hint: error.hint }
  }
}

const queued = (url: string) =>
  queuedTracker({ backend: mlflowTracker({ url, retries: 0 }), storage: indexeddbStorage({ name: 'queue' }), waitMs: 500, backoffMs: 200 })

/** Logs a run that waits in the browser's storage when the server is away. */
export async function logAway(url: string): Promise<unknown> {
  const backend = queued(url)
  const tracker = createTracker({ backend, user: 'ada' })
  await tracker.run({ experiment: 'from a page', name: 'offline' }, (run) => {
    for (let step = 0; step < 50; step++) run.logMetric('loss', step, { step })
    run.logText('note.txt', 'written while the server was away')
  })
  const { entries, isOnline } = backend.status()
  return { waiting: entries > 0, isOnline }
}

/** Delivers what waits. */
export async function deliver(url: string): Promise<unknown> {
  const backend = queued(url)
  await backend.flush()
  const { entries, isOnline } = backend.status()
  await backend.close()
  return { entries, isOnline }
}
