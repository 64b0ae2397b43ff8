/** Records a pipeline run with a tracker: one run, and a child run for each step, with lineage. */
import type { Run, StartRunOptions } from '../run'
import { type PipelineGraph, toMermaid } from './graph'
import type { RunParams } from './params'
import type { PipelineStatus, StepResult, StepStatus } from './result'
import type { StepSpec } from './step'

/** What is used of a tracker. */
export interface RunTracker {
  startRun(options?: StartRunOptions): Promise<Run>
  resumeRun(runId: string): Promise<Run>
}

/** What is recorded of a run. */
export interface TrackedPipeline {
  readonly pipeline: string
  readonly runId: string
  readonly seed: number
  readonly params: RunParams
  readonly graph: PipelineGraph
  /** Tracker run of an earlier, interrupted execution of this run. */
  readonly trackedRun?: string | undefined
  /** Receives failures of the tracker, which do not end the pipeline. */
  readonly onError: (error: unknown) => void
}

/** The tracker's side of a run. Nothing here rejects. */
export interface TrackedRun {
  /** The id of the tracker's run; undefined when it could not be made. */
  readonly trackerRunId: string | undefined
  /** The child run of a step that runs. */
  runOf(step: string): Run | undefined
  /** Begins the child run of a step. */
  begin(spec: StepSpec): Promise<void>
  /** Ends it. Steps that were not looked at, because a needed one has no output, have none. */
  end(spec: StepSpec, result: StepResult, needed: Readonly<Record<string, string | undefined>>): Promise<void>
  finish(status: PipelineStatus, steps: Readonly<Record<string, StepResult>>): Promise<void>
}

/** Starts (or resumes) the tracker's run. */
export async function trackRun(tracker: RunTracker, about: TrackedPipeline): Promise<TrackedRun> {
  const { onError } = about
  const parent = await quietly(onError, () => openRun(tracker, about))
  const children = new Map<string, Run>()
  return {
    trackerRunId: parent?.runId,
    runOf: (step) => children.get(step),
    async begin(spec) {
      const tags = {
        'millwright.step': spec.name,
        ...(spec.needs.length === 0 ? {} : { 'millwright.needs': spec.needs.join(', ').slice(0, 4000) }),
      }
      const child = await quietly(onError, async () => parent?.startChild({ name: spec.name, tags }))
      if (child !== undefined) children.set(spec.name, child)
    },
    async end(spec, result, needed) {
      const child = children.get(spec.name)
      children.delete(spec.name)
      if (child !== undefined) await quietly(onError, () => endStep(child, spec, result, needed, about))
    },
    async finish(status, steps) {
      if (parent === undefined) return
      await quietly(onError, async () => {
        const statuses = Object.values(steps).map((step) => step.status)
        for (const each of new Set<StepStatus>(statuses)) parent.logMetric(`steps_${each}`, statuses.filter((one) => one === each).length)
        parent.setTag('millwright.status', status)
        parent.logJson('pipeline/steps.json', steps)
        await parent.finish(status === 'cancelled' ? 'killed' : status)
      })
    },
  }
}

async function openRun(tracker: RunTracker, about: TrackedPipeline): Promise<Run> {
  const { pipeline, runId, seed, params, graph, trackedRun } = about
  const resumed = trackedRun === undefined ? undefined : await quietly(about.onError, () => tracker.resumeRun(trackedRun))
  if (resumed !== undefined) return resumed
  const tags = { 'millwright.pipeline': pipeline, 'millwright.pipeline_run': runId }
  const run = await tracker.startRun({ experiment: pipeline, name: `${pipeline} ${runId.slice(0, 8)}`, seed, tags })
  run.logParams(params.values)
  run.logText('pipeline/graph.mmd', toMermaid(graph))
  return run
}

async function endStep(
  child: Run,
  spec: StepSpec,
  result: StepResult,
  needed: Readonly<Record<string, string | undefined>>,
  { pipeline, params }: TrackedPipeline,
): Promise<void> {
  const { status, attempts, durationMs, digest, reason, error, items } = result
  child.logParams(Object.fromEntries(spec.params.map((name) => [name, params.values[name]])))
  child.logMetrics({ duration_ms: durationMs, attempts, ...(items === undefined ? {} : { items: items.length }) })
  const tags = { 'millwright.status': status, 'millwright.output': digest, 'millwright.reason': reason, 'millwright.error': error?.message }
  for (const [key, value] of Object.entries(tags)) if (value !== undefined && value !== '') child.setTag(key, value.slice(0, 4000))
  // Lineage: the outputs that went in, by content.
  for (const [need, input] of Object.entries(needed)) {
    if (input !== undefined)
      child.logInput(
        { name: `${pipeline}.${need}`, digest: input, source: `pipelines/${pipeline}/values/${input}` },
        { context: 'step input' },
      )
  }
  await child.finish(status === 'failed' ? 'failed' : status === 'cancelled' ? 'killed' : 'finished')
}

async function quietly<T>(onError: (error: unknown) => void, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    onError(error)
    return undefined
  }
}
