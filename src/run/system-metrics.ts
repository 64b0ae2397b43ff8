/** Records system metrics (CPU, memory, disk, network, GPU) of a run under MLflow's names. Loaded only if a tracker records them. */
import type { Clock } from '../core/clock'
import { isMillwrightError } from '../core/errors'
import type { SystemMeter, SystemMeterSource } from '../ports/system-metrics'
import type { Run } from './run'

/** MLflow's UI shows metrics with this prefix on a tab of their own. */
const PREFIX = 'system/'

/**
 * Samples until the returned function is called or the run ends. The first sample is taken after `everyMs`; steps are numbered from
 * `firstStep`. When the meter fails, its error is passed to `onError` and sampling stops.
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
      // A run that is ending takes no more points. If ending fails, the next sample is taken.
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

/** The step after the last one that was recorded, for resumed runs. */
export function nextSystemStep(metrics: Readonly<Record<string, { readonly step: number }>>): number {
  const steps = Object.entries(metrics).filter(([key]) => key.startsWith(PREFIX))
  return steps.reduce((next, [, { step }]) => Math.max(next, step + 1), 0)
}
