/** Runs a pipeline at intervals. */
import { type Clock, sleep, systemClock } from '../core/clock'
import { attachDisplay } from '../core/display'
import { checkOptions, finiteNumber, ofType } from '../core/options'
import type { Pipeline } from './pipeline'
import type { RunOptions } from './pipeline-options'
import type { RunResult } from './result'

/** Options of {@link schedule}. */
export interface ScheduleOptions<Input, Steps, Params = object> {
  /** Time from the start of one run to the start of the next, in milliseconds. */
  readonly everyMs: number
  /** Start at once rather than after the first interval. @default false */
  readonly immediately?: boolean | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
  /** Ends the schedule and cancels the run in progress. */
  readonly signal?: AbortSignal | undefined
  /** Options of each run. */
  readonly run?: Omit<RunOptions<Input, Params>, 'runId' | 'signal'> | undefined
  /** Called with each result, failed ones included (see its status). What it throws is ignored. */
  readonly onResult?: ((result: RunResult<Steps>) => void) | undefined
  /** Called when a run could not be carried out, for example because the storage failed. The schedule goes on. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** A running schedule. */
export interface Schedule {
  /** Starts no further run and cancels the one in progress. Idempotent. */
  stop(): void
  /** Resolves when the schedule has ended. Never rejects. */
  readonly done: Promise<void>
}

/**
 * Runs `pipeline` after `everyMs`, `2 · everyMs`, … Runs never overlap: times that pass while one is running are skipped
 * and not repeated later.
 *
 * @throws InvalidArgument
 */
export function schedule<Input, Steps, Params, Secret extends string>(
  pipeline: Pipeline<Input, Steps, Params, Secret>,
  options: ScheduleOptions<Input, Steps, Params>,
): Schedule {
  checkOptions('schedule', options, {
    everyMs: finiteNumber(1),
    immediately: ofType('boolean'),
    clock: ofType('object'),
    signal: ofType('object'),
    run: ofType('object'),
    onResult: ofType('function'),
    onError: ofType('function'),
  })
  // A missing interval is caught here: undefined means "default" to checkOptions, and there is none.
  checkOptions('schedule', { everyMs: options.everyMs ?? Number.NaN }, { everyMs: finiteNumber(1) })
  // The code that runs pipelines is loaded on first use; loading it now keeps the first run on time. A failure is reported by that run.
  void import('./run-pipeline').catch(() => {})
  const clock = options.clock ?? systemClock()
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  if (options.signal?.aborted) stop()
  options.signal?.addEventListener('abort', stop, { once: true })
  const done = repeat(pipeline, options, clock, controller.signal).finally(() => options.signal?.removeEventListener('abort', stop))
  const state = (): string => (controller.signal.aborted ? 'stopped' : `every ${options.everyMs} ms`)
  return attachDisplay({ stop, done }, { text: () => `Schedule of pipeline ${pipeline.name}: ${state()}` })
}

async function repeat<Input, Steps, Params, Secret extends string>(
  pipeline: Pipeline<Input, Steps, Params, Secret>,
  options: ScheduleOptions<Input, Steps, Params>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const begin = clock.now()
  let turn = options.immediately ? 0 : 1
  while (!signal.aborted) {
    try {
      // Never longer than one interval, even if the clock was set back.
      await sleep(clock, Math.min(options.everyMs, Math.max(0, begin + turn * options.everyMs - clock.now())), signal)
    } catch {
      return
    }
    try {
      const result = await pipeline.run({ ...options.run, signal, throwOnFailure: false })
      quietly(options.onResult, result)
    } catch (error) {
      quietly(options.onError, error)
    }
    turn = Math.max(turn + 1, Math.ceil((clock.now() - begin) / options.everyMs))
  }
}

function quietly<T>(callback: ((value: T) => void) | undefined, value: T): void {
  try {
    callback?.(value)
  } catch {
    // A callback must never end the schedule.
  }
}
