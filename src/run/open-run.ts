/** Opens the runs of a tracker: new ones, nested ones and existing ones. Loaded on first use. */
import type { Clock } from '../core/clock'
import { invalidArgument, show } from '../core/errors'
import { throwIfAborted } from '../core/signal'
import type { RunRecord } from '../ports/tracker-backend'
import { environmentOf, runName } from './new-run'
import { Run } from './run'
import { RunBuffer } from './run-buffer'
import type { RunContext } from './run-context'
import type { StartRunOptions } from './run-options'
import { environmentTags, traceTags } from './run-tags'
import { workInRun } from './run-work'
import type { TrackerCore } from './tracker-core'
import { checkStartOptions } from './tracker-options'

/** MLflow's tag for the kind of an experiment; without it MLflow's UI has to infer the kind. */
const experimentTags = { 'mlflow.experimentKind': 'custom_model_development' } as const

/** Implements `tracker.startRun`. */
export async function startRun(core: TrackerCore, options: StartRunOptions): Promise<Run> {
  checkStartOptions('startRun', options)
  core.assertOpen()
  throwIfAborted(options.signal)
  if (options.resume === true) {
    const { earlierRun } = await import('./queries')
    const earlier = await earlierRun(core, options)
    if (earlier !== undefined) return reopened(core, earlier, options)
  }
  const { parent, seed, signal, trace, description } = options
  const traced = trace === undefined ? {} : traceTags(trace)
  const { gitPatch, ...environment } = await environmentOf(core)
  const experimentId =
    options.experiment === undefined && parent !== undefined
      ? parent.experimentId
      : (await core.backend.ensureExperiment(options.experiment ?? 'Default', { tags: experimentTags })).experimentId
  const user = core.options.user ?? environment.user
  const record = await core.backend.createRun({
    experimentId,
    runName: options.name ?? runName(core.rng),
    startTime: Math.floor(core.clock.now()),
    user,
    tags: {
      ...environmentTags({ ...environment, user }, seed),
      ...(parent === undefined ? {} : { 'mlflow.parentRunId': parent.runId }),
      ...(description === undefined ? {} : { 'mlflow.note.content': description }),
      ...traced,
      ...options.tags,
    },
  })
  const run = openRun(core, record, { seed, signal })
  await startTasks(core, run, record, options.systemMetrics)
  if (Object.keys(environment).length > 0) run.logArtifact('environment.json', { ...environment, user, seed })
  // A nested run runs the same code as its parent.
  if (gitPatch !== undefined && parent === undefined) run.logText('uncommitted.patch', gitPatch)
  return run
}

/** Implements `tracker.run`. */
export function runWork<T>(core: TrackerCore, options: StartRunOptions, work: (run: Run) => Promise<T> | T): Promise<T> {
  return workInRun(core, () => startRun(core, options), work, options?.signal)
}

/** Implements `tracker.resumeRun`. */
export async function resumeRun(core: TrackerCore, runId: string): Promise<Run> {
  core.assertOpen()
  if (typeof runId !== 'string' || runId === '') throw invalidArgument(`resumeRun takes a run id, got ${show(runId)}`)
  for (const run of core.open) if (run.runId === runId) return run
  const record = await core.backend.getRun(runId)
  await core.backend.updateRun(runId, { status: 'running' })
  const seed = record.tags['millwright.seed']
  const run = openRun(core, record, { seed: seed === undefined ? undefined : Number(seed) })
  await startTasks(core, run, record)
  return run
}

/** An earlier run with the tags of the new start. */
async function reopened(core: TrackerCore, { runId }: RunRecord, { tags, description }: StartRunOptions): Promise<Run> {
  const run = await resumeRun(core, runId)
  run.setTags({ ...(description === undefined ? {} : { 'mlflow.note.content': description }), ...tags })
  return run
}

/** Creates the run and tells listeners of it. */
function openRun(
  core: TrackerCore,
  record: RunRecord,
  options: { readonly seed?: number | undefined; readonly signal?: AbortSignal | undefined },
): Run {
  const { backend, clock, emitter, report } = core
  const { environment, fingerprint, flushIntervalMs = 2000, maxBufferedPoints = 2_000_000, maxBufferedBytes = 268_435_456 } = core.options
  const limits = { maxBufferedPoints, maxBufferedBytes }
  const context: RunContext<Run> = {
    backend,
    buffer: new RunBuffer({ backend, runId: record.runId, clock, flushIntervalMs, ...limits, onError: report }),
    clock: monotonicClock(clock, record),
    ...limits,
    fingerprint,
    onMetric: (event) => {
      if (emitter.listenerCount('metric-logged') > 0) emitter.emit('metric-logged', event)
    },
    onError: report,
    onEnd: (run, endTime) => {
      core.open.delete(run)
      void core.backgroundTasks?.then((tasks) => tasks.end(run))
      const { runId, experimentId, name, status } = run
      emitter.emit('run-end', { runId, experimentId, name, status, endTime })
    },
    startChild: (parent, child) => startRun(core, { ...child, parent }),
    runChild: (parent, child, work) => runWork(core, { ...child, parent }, work),
    reproduce: async (runId, more) => {
      await core.settle()
      const { reproduce } = await import('./reproduce')
      return reproduce(backend, runId, { environment, fingerprint, ...more })
    },
  }
  const run = new Run(record, context, options)
  core.open.add(run)
  const { runId, experimentId, name, startTime } = run
  emitter.emit('run-start', { runId, experimentId, name, startTime })
  return run
}

/** Starts the background tasks of a run, if it has any. */
async function startTasks(core: TrackerCore, run: Run, record: RunRecord, wanted?: boolean): Promise<void> {
  const measured = wanted ?? Boolean(core.options.systemMetrics)
  if (!measured && core.options.handleExit !== true) return
  core.backgroundTasks ??= import('./background-tasks').then(({ createBackgroundTasks }) =>
    createBackgroundTasks({
      ...core.options,
      clock: core.clock,
      onError: core.report,
      isWorking: (open) => core.working.has(open),
    }),
  )
  await (await core.backgroundTasks).begin(run, record, measured)
}

/**
 * A monotonic clock: `clock`, but never earlier than before, nor than the times in the run's record.
 *
 * Backends order points by time before step. If the wall clock were set back, later points would be sorted before earlier ones, and a run
 * could end before it began. The time stands still until the wall clock has caught up. Timers are those of `clock`.
 */
export function monotonicClock(clock: Clock, { startTime, endTime = 0, metrics }: RunRecord): Clock {
  let latest = Math.max(startTime, endTime)
  for (const { timestamp } of Object.values(metrics)) latest = Math.max(latest, timestamp)
  return {
    now() {
      latest = Math.max(latest, clock.now())
      return latest
    },
    schedule: (callback, delayMs) => clock.schedule(callback, delayMs),
  }
}
