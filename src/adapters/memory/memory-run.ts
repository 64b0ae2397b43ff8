/** One run of the memory tracker: what is held of it, how a batch is added, what is told of it. */
import { isLaterPoint, pointIdentity } from '../../ports/metric-points'
import type { DatasetInput, MetricPoint, RunBatch, RunRecord } from '../../ports/tracker-backend'

/** A run as it is held. */
export interface HeldRun {
  /** Without what is kept beside it. */
  head: Omit<RunRecord, 'params' | 'tags' | 'metrics' | 'datasets' | 'inputModels' | 'outputModels'>
  readonly params: Map<string, string>
  readonly tags: Map<string, string>
  /** Key → identity → point; `sorted` is dropped by every change. */
  readonly metrics: Map<string, { readonly points: Map<string, MetricPoint>; last: MetricPoint; sorted: MetricPoint[] | undefined }>
  readonly datasets: Map<string, DatasetInput>
  readonly inputModels: Set<string>
  readonly outputModels: Map<string, number>
}

/** Adds a checked batch: nothing here can fail. */
export function apply(run: HeldRun, batch: RunBatch): void {
  for (const point of batch.metrics ?? []) {
    const { key, value, timestamp, step } = point
    const copy: MetricPoint = { key, value, timestamp, step }
    const held = run.metrics.get(key)
    if (held === undefined) {
      run.metrics.set(key, { points: new Map([[pointIdentity(copy), copy]]), last: copy, sorted: undefined })
      continue
    }
    held.points.set(pointIdentity(copy), copy)
    held.sorted = undefined
    if (isLaterPoint(copy, held.last)) held.last = copy
  }
  for (const [key, value] of Object.entries(batch.params ?? {})) run.params.set(key, value)
  for (const [key, value] of Object.entries(batch.tags ?? {})) {
    run.tags.set(key, value)
    if (key === 'mlflow.runName') run.head = { ...run.head, runName: value }
  }
  for (const dataset of batch.datasets ?? []) {
    const identity = `${dataset.name}\n${dataset.digest}`
    if (!run.datasets.has(identity)) run.datasets.set(identity, { ...dataset })
  }
  for (const modelId of batch.inputModels ?? []) run.inputModels.add(modelId)
  for (const { modelId, step } of batch.outputModels ?? []) {
    if (!run.outputModels.has(modelId)) run.outputModels.set(modelId, step)
  }
}

/** A snapshot. */
export function recordOf(run: HeldRun): RunRecord {
  return {
    ...run.head,
    params: Object.fromEntries(run.params),
    tags: Object.fromEntries(run.tags),
    metrics: Object.fromEntries([...run.metrics].map(([key, { last }]) => [key, last])),
    datasets: [...run.datasets.values()],
    inputModels: [...run.inputModels],
    outputModels: [...run.outputModels].map(([modelId, step]) => ({ modelId, step })),
  }
}
