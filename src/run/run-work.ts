/** Runs a function in a run, and ends the run with it. */
import { invalidArgument, show } from '../core/errors'
import { abortable } from '../core/signal'
import type { EndStatus } from '../ports/tracker-backend'
import type { Run } from './run'
import { errorText } from './run-tags'
import type { TrackerCore } from './tracker-core'

/** Implements `tracker.run`. */
export async function workInRun<T>(
  core: TrackerCore,
  start: () => Promise<Run>,
  work: (run: Run) => Promise<T> | T,
  signal?: AbortSignal | undefined,
): Promise<T> {
  if (typeof work !== 'function') throw invalidArgument(`tracker.run takes options and a function, got ${show(work)}`)
  const run = await start()
  core.working.add(run)
  try {
    const result = await abortable(
      Promise.resolve().then(() => work(run)),
      signal,
    )
    await finishQuietly(core, run, 'finished')
    return result
  } catch (error) {
    if (run.status === 'running') {
      try {
        run.setTag('millwright.error', errorText(error))
      } catch {
        // The run is ending already; the error itself is thrown on.
      }
    }
    await finishQuietly(core, run, signal?.aborted ? 'killed' : 'failed')
    throw error
  }
}

async function finishQuietly(core: TrackerCore, run: Run, status: EndStatus): Promise<void> {
  try {
    await run.finish(status)
  } catch (error) {
    core.report(error)
  }
}
