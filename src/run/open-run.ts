/** How a tracker opens runs: new ones, nested ones, ones that were there before. Loaded on first use. */
import { invalidArgument, show } from '../core/errors'
import { throwIfAborted } from '../core/signal'
import type { RunEnvironment } from '../ports/environment'
import type { RunRecord } from '../ports/tracker-backend'
import { environmentTags } from './environment-tags'
import { forwardClock } from './forward-clock'
import { reproduce } from './reproduce'
import { Run } from './run'
import { createRunBuffer } from './run-buffer'
import type { RunContext } from './run-context'
import { runName } from './run-names'
import type { StartRunOptions } from './run-options'
import { workInRun } from './run-work'
import { traceTags } from './trace-tags'
import type { TrackerCore } from './tracker-core'
import { checkStartOptions } from './tracker-options'

/** What new experiments are, so that MLflow's pages need not guess. */
const experimentTags = { 'mlflow.experimentKind': 'custom_model_development' } as const
/** How long the environment may take before a run starts without it, in milliseconds. */
const ENVIRONMENT_MS = 5000

/** See `tracker.startRun`. */
export async function startRun(core: TrackerCore, options: StartRunOptions): Promise<Run> {
  checkStartOptions('startRun', options)
  core.assertOpen()
  throwIfAborted(options.signal)
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
  const run = opened(core, record, { seed, signal })
  await accompany(core, run, record, options.systemMetrics)
  if (Object.keys(environment).length > 0) run.logArtifact('environment.json', { ...environment, user, seed })
  // A nested run has the code of its parent.
  if (gitPatch !== undefined && parent === undefined) run.logText('uncommitted.patch', gitPatch)
  return run
}

/** See `tracker.run`. */
export function runWork<T>(core: TrackerCore, options: StartRunOptions, work: (run: Run) => Promise<T> | T): Promise<T> {
  return workInRun(core, () => startRun(core, options), work, options?.signal)
}

/** See `tracker.resumeRun`. */
export async function resumeRun(core: TrackerCore, runId: string): Promise<Run> {
  core.assertOpen()
  if (typeof runId !== 'string' || runId === '') throw invalidArgument(`resumeRun takes a run id, got ${show(runId)}`)
  for (const run of core.open) if (run.runId === runId) return run
  const record = await core.backend.getRun(runId)
  await core.backend.updateRun(runId, { status: 'running' })
  const seed = record.tags['millwright.seed']
  const run = opened(core, record, { seed: seed === undefined ? undefined : Number(seed) })
  await accompany(core, run, record)
  return run
}

function opened(
  core: TrackerCore,
  record: RunRecord,
  options: { readonly seed?: number | undefined; readonly signal?: AbortSignal | undefined },
): Run {
  const { backend, clock, emitter, report } = core
  const { environment, fingerprint, flushIntervalMs = 2000, maxBufferedPoints = 2_000_000, maxBufferedBytes = 268_435_456 } = core.options
  const limits = { maxBufferedPoints, maxBufferedBytes }
  const context: RunContext<Run> = {
    backend,
    buffer: createRunBuffer({ backend, runId: record.runId, clock, flushIntervalMs, ...limits, onError: report }),
    clock: forwardClock(clock, record),
    ...limits,
    fingerprint,
    onMetric: (event) => {
      if (emitter.listenerCount('metric-logged') > 0) emitter.emit('metric-logged', event)
    },
    onError: report,
    onEnd: (run, endTime) => {
      core.open.delete(run)
      void core.companions?.then((companions) => companions.end(run))
      const { runId, experimentId, name, status } = run
      emitter.emit('run-end', { runId, experimentId, name, status, endTime })
    },
    startChild: (parent, child) => startRun(core, { ...child, parent }),
    runChild: (parent, child, work) => runWork(core, { ...child, parent }, work),
    reproduce: async (runId, more) => {
      await core.settle()
      return reproduce(backend, runId, { environment, fingerprint, ...more })
    },
  }
  const run = new Run(record, context, options)
  core.open.add(run)
  const { runId, experimentId, name, startTime } = run
  emitter.emit('run-start', { runId, experimentId, name, startTime })
  return run
}

/** What goes on beside a run, where it is asked for. */
async function accompany(core: TrackerCore, run: Run, record: RunRecord, wanted?: boolean): Promise<void> {
  const measured = wanted ?? Boolean(core.options.systemMetrics)
  if (!measured && core.options.handleExit !== true) return
  core.companions ??= import('./companions').then(({ createCompanions }) =>
    createCompanions({
      ...core.options,
      clock: core.clock,
      onError: core.report,
      isWorking: (open) => core.working.has(open),
    }),
  )
  await (await core.companions).begin(run, record, measured)
}

/** The environment, asked for once; what it throws is reported, and a run starts without it. */
function environmentOf(core: TrackerCore): Promise<RunEnvironment> {
  const { environment } = core.options
  core.environment ??= (async () => {
    if (environment === undefined) return {}
    let cancel = (): void => {}
    try {
      const late = new Promise<RunEnvironment>((resolve) => {
        cancel = core.clock.schedule(() => resolve({}), ENVIRONMENT_MS)
      })
      return await Promise.race([environment(), late])
    } catch (error) {
      core.report(error)
      return {}
    } finally {
      cancel()
    }
  })()
  return core.environment
}
