/** The background tasks of open runs: recording system metrics, and ending runs with the process. Loaded only if a tracker needs them. */
import type { Clock } from '../core/clock'
import { MillwrightError } from '../core/errors'
import type { SystemMeterSource } from '../ports/system-metrics'
import type { RunRecord } from '../ports/tracker-backend'
import { type ExitWatcher, watchExit } from './exit-watch'
import type { Run } from './run'
import { errorText } from './run-tags'
import { nextSystemStep, recordSystemMetrics } from './system-metrics'
import type { SystemMetricsOptions } from './tracker-options'

/** Options of {@link createBackgroundTasks}. */
export interface BackgroundTasksOptions {
  readonly clock: Clock
  readonly handleExit?: boolean | undefined
  readonly systemMetrics?: boolean | SystemMetricsOptions | undefined
  readonly systemMeter?: SystemMeterSource | undefined
  /** Must not throw. */
  readonly onError: (error: unknown) => void
  /** Whether a function passed to `tracker.run` is running, as opposed to a run that its caller ends. */
  readonly isWorking: (run: Run) => boolean
}

/** MLflow's default time between two samples, in milliseconds. */
const SAMPLE_MS = 10_000

/** The background tasks of a tracker's runs. */
export interface BackgroundTasks {
  /** Starts the tasks of a run. `measured`: whether it records system metrics. */
  begin(run: Run, record: RunRecord, measured: boolean): Promise<void>
  /** Stops the tasks of a run that has ended. */
  end(run: Run): void
  /** Stops all tasks. */
  close(): void
}

/** Creates the tasks of one tracker. The process is watched only while a run is open. */
export function createBackgroundTasks(options: BackgroundTasksOptions): BackgroundTasks {
  /** Open runs, each with the function that stops recording its system metrics. */
  const open = new Map<Run, () => void>()
  let stopWatching: (() => void) | undefined
  const unwatch = (): void => {
    stopWatching?.()
    stopWatching = undefined
  }

  return {
    async begin(run, record, measured) {
      open.set(run, () => {})
      if (options.handleExit) stopWatching ??= watchExit(exitWatcher(options, open, unwatch))
      if (!measured) return
      const stop = await startRecording(options, run, record)
      if (open.has(run)) open.set(run, stop)
      else stop()
    },
    end(run) {
      open.get(run)?.()
      open.delete(run)
      if (open.size === 0) unwatch()
    },
    close() {
      for (const stop of open.values()) stop()
      open.clear()
      unwatch()
    },
  }
}

async function startRecording(
  { systemMeter, systemMetrics, clock, onError }: BackgroundTasksOptions,
  run: Run,
  record: RunRecord,
): Promise<() => void> {
  if (systemMeter === undefined) {
    onError(new MillwrightError('Unsupported', 'this tracker has no `systemMeter`, so its runs cannot record system metrics'))
    return () => {}
  }
  const { everyMs = SAMPLE_MS } = typeof systemMetrics === 'object' ? systemMetrics : {}
  return recordSystemMetrics(run, { source: systemMeter, everyMs, clock, firstStep: nextSystemStep(record.metrics), onError })
}

/** Ends or flushes the open runs when the process ends. */
function exitWatcher(options: BackgroundTasksOptions, open: ReadonlyMap<Run, unknown>, unwatch: () => void): ExitWatcher {
  const { clock, onError } = options
  const forEachRun = async (work: (run: Run) => Promise<void>): Promise<void> => {
    await Promise.all([...open.keys()].map((run) => work(run).catch(onError)))
  }
  return {
    clock,
    async onIdle() {
      // In reverse order, so that children end before their parents.
      for (const run of [...open.keys()].reverse()) await endAtExit(run, options.isWorking(run)).catch(onError)
      // A failed write is not retried, or the process would not end.
      unwatch()
    },
    onSignal: (endsProcess) => forEachRun((run) => (endsProcess ? run.finish('killed') : run.flush())),
    onCrash: (error, endsProcess) => forEachRun((run) => (endsProcess ? fail(run, errorText(error)) : run.flush())),
    onExit() {
      const names = [...open.keys()].map((run) => `${run.name} (${run.runId})`)
      if (names.length === 0) return
      const message = `process.exit() ends the process while runs are open: ${names.join(', ')}. What they have not written is lost; await tracker.close() first`
      onError(new MillwrightError('InvalidState', message))
    },
  }
}

/** Ends a run in a process that has nothing left to do. A function that is still running can never complete. */
async function endAtExit(run: Run, isWorking: boolean): Promise<void> {
  if (isWorking) return fail(run, 'the process ended before the work of this run did')
  const { process } = globalThis as { process?: { exitCode?: unknown } }
  await run.finish(Number(process?.exitCode ?? 0) !== 0 ? 'failed' : 'finished')
}

async function fail(run: Run, message: string): Promise<void> {
  if (run.status === 'running') run.setTag('millwright.error', message)
  await run.finish('failed')
}
