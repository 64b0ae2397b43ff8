/** The `meta.yaml` of a run, with MLflow's fields. The status is a number. */
import type { Json } from '../core/json'
import type { RunRecord, RunStatus } from '../ports/tracker-backend'
import { type Meta, numberOf, textOf } from './meta'

/** The part of a run's record that its `meta.yaml` holds. */
export type RunHead = Omit<RunRecord, 'params' | 'tags' | 'metrics' | 'datasets' | 'inputModels' | 'outputModels'>

/** MLflow's number of a status is its position + 1. */
const statuses: readonly RunStatus[] = ['running', 'scheduled', 'finished', 'failed', 'killed']
/** MLflow's `SourceType.LOCAL`. */
const LOCAL = 4

/** The fields of a `meta.yaml`. `deletedAt`: null for a new run, a time for a deleted one; without it the field is omitted, as in MLflow. */
export function runMeta(head: RunHead, deletedAt?: number | null): Readonly<Record<string, Json>> {
  return {
    artifact_uri: head.artifactUri,
    end_time: head.endTime ?? null,
    entry_point_name: '',
    experiment_id: head.experimentId,
    lifecycle_stage: head.lifecycleStage,
    run_id: head.runId,
    run_name: head.runName,
    source_name: '',
    source_type: LOCAL,
    source_version: '',
    start_time: head.startTime,
    status: statuses.indexOf(head.status) + 1,
    tags: [],
    user_id: head.user,
    ...(deletedAt === undefined ? {} : { deleted_time: deletedAt }),
  }
}

/** The head of a run; `undefined` where the meta is not that of the run `runId`. */
export function runHead(meta: Meta, runId: string): RunHead | undefined {
  if ((textOf(meta, 'run_id') ?? textOf(meta, 'run_uuid')) !== runId) return undefined
  const endTime = numberOf(meta, 'end_time')
  return {
    runId,
    runName: textOf(meta, 'run_name') ?? textOf(meta, 'name') ?? '',
    experimentId: textOf(meta, 'experiment_id') ?? '',
    status: statuses[(numberOf(meta, 'status') ?? 1) - 1] ?? 'running',
    startTime: numberOf(meta, 'start_time') ?? 0,
    ...(endTime === undefined ? {} : { endTime }),
    artifactUri: textOf(meta, 'artifact_uri') ?? '',
    lifecycleStage: textOf(meta, 'lifecycle_stage') === 'deleted' ? 'deleted' : 'active',
    user: textOf(meta, 'user_id') ?? '',
  }
}

/** Meta → head. Without this cache, a repeated search would spend most of its time on reading heads. */
const heads = /* @__PURE__ */ new WeakMap<Meta, RunHead>()

/** As {@link runHead}. Cached for each meta object. */
export function headOf(meta: Meta, runId: string): RunHead | undefined {
  const held = heads.get(meta)
  if (held?.runId === runId) return held
  const head = runHead(meta, runId)
  if (head !== undefined) heads.set(meta, head)
  return head
}
