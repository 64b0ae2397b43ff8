/** The machine's load as metrics of a run, under MLflow's prefix. Loaded only where a tracker asks for it. */
import type { Clock } from '../core/clock'
import { isMillwrightError } from '../core/errors'
import type { SystemMeter, SystemMeterSource } from '../ports/system-metrics'
import type { Run } from './run'

/** MLflow's pages show what bears this prefix on a tab of its own. */
const PREFIX = 'system/'

/**
 * Samples until the returned function is called or the run has ended. The first sample is taken after `everyMs`; steps count up from
 * `firstStep`. A meter that fails is told to `onError` once and asked no more.
 */
export async function recordSystemMetrics(
  run: Run,
  options: {
    readonly source: SystemMeterSource
    readonly everyMs: number
    readonly clock: Clock
    readonly firstStep: number
    readonly onError: (error: unknown) => void
  },
): Promise<() => void> {
  const { source, everyMs, clock, onError } = options
  let meter: SystemMeter
  try {
    meter = await source()
  } catch (error) {
    onError(error)
    return () => {}
  }
  let step = options.firstStep
  let stopped = false
  let cancel = (): void => {}
  const stop = (): void => {
    if (stopped) return
    stopped = true
    cancel()
    meter.close()
  }
  const record = (metrics: Readonly<Record<string, number>>): void => {
    try {
      run.logMetrics(metrics, { step })
      step++
    } catch (error) {
      // A run that is ending takes no more; should it fail to end, the next sample is taken.
      if (!isMillwrightError(error, 'InvalidState')) throw error
    }
  }
  const take = async (): Promise<void> => {
    try {
      const entries = Object.entries(await meter.sample()).filter(([, value]) => Number.isFinite(value))
      if (stopped || run.status !== 'running') return
      record(Object.fromEntries(entries.map(([key, value]) => [PREFIX + key, value])))
      cancel = clock.schedule(() => void take(), everyMs)
    } catch (error) {
      if (!stopped && run.status === 'running') onError(error)
      stop()
    }
  }
  cancel = clock.schedule(() => void take(), everyMs)
  return stop
}

/** The step after the last one that was recorded: for runs that are opened again. */
export function nextSystemStep(metrics: Readonly<Record<string, { readonly step: number }>>): number {
  const steps = Object.entries(metrics).filter(([key]) => key.startsWith(PREFIX))
  return steps.reduce((next, [, { step }]) => Math.max(next, step + 1), 0)
}
