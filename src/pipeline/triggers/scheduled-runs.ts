/** Carries out the pending runs of a schedule: one after another unless told otherwise, resumed where a process died. */
import { utf8 } from '../../core/bytes'
import { type Clock, sleep } from '../../core/clock'
import { MillwrightError, show } from '../../core/errors'
import { valueCodec } from '../codec'
import type { RunOptions } from '../pipeline-options'
import type { PipelineStatus, RunResult } from '../result'
import { type RunnablePipeline, runOrResume } from '../run-or-resume'
import { type PendingRun, type ScheduleRecord, withEnded } from './schedule-record'

/** What carrying out runs needs. */
export interface RunsOptions<Input, Steps, Params> {
  readonly pipeline: RunnablePipeline<Input, Steps, Params>
  readonly record: ScheduleRecord
  readonly clock: Clock
  /** Aborts when the schedule is stopped. */
  readonly signal: AbortSignal
  readonly runOptions: (run: PendingRun) => Omit<RunOptions<Input, Params>, 'runId' | 'signal'>
  readonly onResult: (result: RunResult<Steps>) => void
  readonly onEnd: (run: PendingRun, status: PipelineStatus | 'error', why: string | undefined) => void
  readonly onError: (error: unknown) => void
}

/** The runs in progress. */
export interface ScheduledRuns {
  /** Starts what may start. Call it whenever the state may have changed. */
  pump(): void
  /** Resolves when no run is in progress. */
  idle(): Promise<void>
}

const retryMs = 5000

/** Runs what is pending in `record`. */
export function scheduledRuns<Input, Steps, Params>(options: RunsOptions<Input, Steps, Params>): ScheduledRuns {
  const { record, clock, signal } = options
  const active = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>()

  const begin = (run: PendingRun): void => {
    const controller = new AbortController()
    const onStop = (): void => controller.abort(signal.reason)
    signal.addEventListener('abort', onStop, { once: true })
    const work = async (): Promise<void> => {
      const ended = await carryOut(options, run, controller.signal)
      signal.removeEventListener('abort', onStop)
      // A run cut off by the end of the schedule stays pending: the next start resumes it.
      if (signal.aborted && ended.status !== 'finished' && record.isStored) return
      const end = { status: ended.status, endedAt: clock.now(), ...(ended.why === undefined ? {} : { why: ended.why }) }
      await untilStored(options, () => record.update((state) => withEnded(state, run.runId, end)))
      options.onEnd(run, ended.status, ended.why)
    }
    const done = work()
      .catch(options.onError)
      .finally(() => {
        active.delete(run.runId)
        pump()
      })
    active.set(run.runId, { controller, done })
  }
  const pump = (): void => {
    if (signal.aborted) return
    for (const run of record.value.pending) {
      if (active.has(run.runId)) continue
      if (active.size === 0 || run.overlap === 'allow') begin(run)
      else if (run.overlap === 'replace') {
        const reason = new MillwrightError('InvalidState', `replaced by run ${run.runId}`)
        for (const { controller } of active.values()) controller.abort(reason)
      }
    }
  }
  return {
    pump,
    async idle() {
      while (active.size > 0) await Promise.all([...active.values()].map(({ done }) => done))
    },
  }
}

interface Ended {
  readonly status: PipelineStatus | 'error'
  readonly why?: string | undefined
}

async function carryOut<Input, Steps, Params>(
  options: RunsOptions<Input, Steps, Params>,
  run: PendingRun,
  signal: AbortSignal,
): Promise<Ended> {
  const { record, onResult, onError } = options
  try {
    await untilStored(options, () => record.update((state) => withStatus(state, run.runId)))
    if (signal.aborted) return { status: 'cancelled', why: reasonOf(signal) }
    const result = await resultOf(options, run, signal)
    onResult(result)
    const failed = Object.entries<{ readonly status: string; readonly error?: { readonly message: string } | undefined }>(
      result.steps,
    ).find(([, step]) => step?.status === 'failed')
    const why = failed === undefined ? undefined : `step ${show(failed[0])}: ${failed[1].error?.message}`
    return { status: result.status, why: result.status === 'cancelled' ? reasonOf(signal) : why }
  } catch (error) {
    if (signal.aborted) return { status: 'cancelled', why: reasonOf(signal) }
    onError(error)
    return { status: 'error', why: error instanceof Error ? error.message : show(error) }
  }
}

function withStatus<S extends { readonly pending: readonly PendingRun[] }>(state: S, runId: string): S {
  return { ...state, pending: state.pending.map((each) => (each.runId === runId ? { ...each, status: 'running' } : each)) }
}

function reasonOf(signal: AbortSignal): string | undefined {
  return signal.reason instanceof Error ? signal.reason.message : undefined
}

async function resultOf<Input, Steps, Params>(
  { pipeline, runOptions, clock }: RunsOptions<Input, Steps, Params>,
  run: PendingRun,
  signal: AbortSignal,
): Promise<RunResult<Steps>> {
  const options = runOptions(run)
  const input = run.input === undefined ? options.input : ((await valueCodec().decode(utf8(run.input))) as Input)
  return runOrResume(pipeline, run.runId, {
    ...options,
    ...(input === undefined ? {} : { input }),
    clock: options.clock ?? clock,
    signal,
    throwOnFailure: false,
  })
}

/** Repeats a write until the storage takes it or the schedule is stopped; failures are reported. */
async function untilStored<Input, Steps, Params>(
  { clock, signal, onError }: RunsOptions<Input, Steps, Params>,
  write: () => Promise<unknown>,
): Promise<void> {
  for (;;) {
    try {
      await write()
      return
    } catch (error) {
      onError(error)
      if (signal.aborted) return
      await sleep(clock, retryMs, signal).catch(() => {})
    }
  }
}
