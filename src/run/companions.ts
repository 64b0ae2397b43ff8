/** What goes on beside open runs: the machine's load as metrics, and ending them with the process. Loaded only where asked for. */
import type { Clock } from '../core/clock'
import { MillwrightError } from '../core/errors'
import type { SystemMeterSource } from '../ports/system-metrics'
import type { RunRecord } from '../ports/tracker-backend'
import { errorText } from './clip'
import { watchExit } from './exit-watch'
import type { Run } from './run'
import { nextSystemStep, recordSystemMetrics } from './system-metrics'
import type { SystemMetricsOptions } from './tracker-options'

/** What the companions need of a tracker. */
export interface CompanionsInit {
  readonly clock: Clock
  readonly handleExit?: boolean | undefined
  readonly systemMetrics?: boolean | SystemMetricsOptions | undefined
  readonly systemMeter?: SystemMeterSource | undefined
  /** Must not throw. */
  readonly onError: (error: unknown) => void
  /** Whether a function is at work in the run (`tracker.run`), as opposed to a run that its caller ends. */
  readonly isWorking: (run: Run) => boolean
}

/** MLflow's time between two samples, in milliseconds. */
const SAMPLE_MS = 10_000

/** The companions of a tracker's runs. */
export interface Companions {
  /** A run has been opened, and is `measured` or not. */
  begin(run: Run, record: RunRecord, measured: boolean): Promise<void>
  /** A run has ended. */
  end(run: Run): void
  /** Lets go of everything. */
  close(): void
}

/** Companions for one tracker; nothing is watched while no run is open. */
export function createCompanions(init: CompanionsInit): Companions {
  const { clock, handleExit, systemMetrics, systemMeter, onError, isWorking } = init
  const { everyMs = SAMPLE_MS } = typeof systemMetrics === 'object' ? systemMetrics : {}
  const open = new Map<Run, () => void>()
  let unwatch: (() => void) | undefined

  const attempt = (work: () => Promise<void>): Promise<void> => work().catch(onError)
  const letGo = (): void => {
    unwatch?.()
    unwatch = undefined
  }

  /** Children end before their parents. */
  const endAll = async (): Promise<void> => {
    const { process } = globalThis as { process?: { exitCode?: unknown } }
    const failed = Number(process?.exitCode ?? 0) !== 0
    for (const run of [...open.keys()].reverse()) {
      const stuck = isWorking(run)
      await attempt(async () => {
        if (stuck && run.status === 'running') run.setTag('millwright.error', 'the process ended before the work of this run did')
        await run.finish(stuck || failed ? 'failed' : 'finished')
      })
    }
    // Whatever could not be written now is not tried for ever: the process wants to end.
    letGo()
  }

  const crash = async (run: Run, error: unknown): Promise<void> => {
    if (run.status === 'running') run.setTag('millwright.error', errorText(error))
    await run.finish('failed')
  }

  return {
    async begin(run, record, measured) {
      open.set(run, () => {})
      if (handleExit) {
        unwatch ??= watchExit({
          clock,
          onIdle: endAll,
          onSignal: async (ours) => {
            const runs = [...open.keys()]
            await Promise.all(runs.map((run) => attempt(() => (ours ? run.finish('killed') : run.flush()))))
          },
          onCrash: async (error, ours) => {
            const runs = [...open.keys()]
            await Promise.all(runs.map((run) => attempt(() => (ours ? crash(run, error) : run.flush()))))
          },
          onExit: () => {
            const names = [...open.keys()].map((run) => `${run.name} (${run.runId})`)
            if (names.length === 0) return
            const message = `process.exit() ends the process while runs are open: ${names.join(', ')}. What they hold is lost; await tracker.close() first`
            onError(new MillwrightError('InvalidState', message))
          },
        })
      }
      if (!measured) return
      if (systemMeter === undefined) {
        onError(new MillwrightError('Unsupported', 'this tracker has no `systemMeter`, so its runs cannot record the load of the machine'))
        return
      }
      const stop = await recordSystemMetrics(run, {
        source: systemMeter,
        everyMs,
        clock,
        firstStep: nextSystemStep(record.metrics),
        onError,
      })
      if (open.has(run)) open.set(run, stop)
      else stop()
    },
    end(run) {
      open.get(run)?.()
      open.delete(run)
      if (open.size === 0) letGo()
    },
    close() {
      for (const stop of open.values()) stop()
      open.clear()
      letGo()
    },
  }
}
