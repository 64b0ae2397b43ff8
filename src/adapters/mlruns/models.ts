/** Logged models: the folders `models/<id>/` of an experiment. */
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { type Meta, numberOf, textOf } from '../../mlruns/meta'
import { assertBatch, assertModelName } from '../../ports/run-keys'
import { assertExperimentActive } from '../../ports/run-state'
import type { LoggedModelInit, LoggedModelRecord } from '../../ports/tracker-backend'
import type { Experiments } from './experiments'
import type { Places } from './places'
import { inParallel, type Tree } from './tree'

/** Stores logged models. */
export interface Models {
  create(init: LoggedModelInit): Promise<LoggedModelRecord>
  /** @throws NotFound */
  get(modelId: string): Promise<LoggedModelRecord>
  /** @throws NotFound */
  finish(modelId: string, status: 'ready' | 'failed'): Promise<void>
}

/** MLflow's number of a status is its position + 1. */
const statuses: readonly LoggedModelRecord['status'][] = ['pending', 'ready', 'failed']

/** The logged models of `tree`. */
export function createModels(tree: Tree, experiments: Experiments, places: Places, now: () => number): Models {
  const write = (base: string, model: LoggedModelRecord, updatedAt: number): Promise<void> =>
    tree.writeMeta(`${base}meta.yaml`, {
      artifact_location: model.artifactUri,
      creation_timestamp: model.createdAt,
      experiment_id: model.experimentId,
      last_updated_timestamp: updatedAt,
      lifecycle_stage: 'active',
      model_id: model.modelId,
      model_type: model.modelType ?? null,
      name: model.name,
      source_run_id: model.sourceRunId ?? null,
      status: statuses.indexOf(model.status) + 1,
      status_message: null,
    })

  const read = async (modelId: string): Promise<{ readonly model: LoggedModelRecord; readonly base: string }> => {
    const { base } = await places.model(modelId)
    const meta = await tree.readMeta(`${base}meta.yaml`)
    if (meta === undefined || textOf(meta, 'model_id') !== modelId || textOf(meta, 'lifecycle_stage') === 'deleted') {
      throw new MillwrightError('NotFound', `${tree.storage.name} has no model ${show(modelId)}`)
    }
    const [tags, params] = await Promise.all([tree.texts(`${base}tags/`), tree.texts(`${base}params/`)])
    return { model: recordOf(meta, modelId, tags, params), base }
  }

  return {
    async create({ experimentId, name, sourceRunId, modelType, tags = {}, params = {}, createdAt }) {
      assertModelName(name)
      assertBatch({ tags, params })
      const { record: experiment, base: experimentBase } = await experiments.get(experimentId)
      assertExperimentActive(experiment)
      const modelId = `m-${newId()}`
      const base = `${experimentBase}models/${modelId}/`
      const model: LoggedModelRecord = {
        modelId,
        experimentId,
        name,
        artifactUri: tree.storage.uri(`${base}artifacts`),
        status: 'pending',
        ...(sourceRunId === undefined ? {} : { sourceRunId }),
        ...(modelType === undefined ? {} : { modelType }),
        createdAt,
        tags: { ...tags },
        params: { ...params },
      }
      await write(base, model, createdAt)
      places.remember(modelId, { experiment: experimentBase, base })
      const files = [
        ...Object.entries(tags).map(([key, value]) => [`${base}tags/${key}`, value] as const),
        ...Object.entries(params).map(([key, value]) => [`${base}params/${key}`, value] as const),
      ]
      await inParallel(files, ([key, value]) => tree.write(key, value))
      return model
    },
    get: async (modelId) => (await read(modelId)).model,
    async finish(modelId, status) {
      const { model, base } = await read(modelId)
      await write(base, { ...model, status }, now())
    },
  }
}

function recordOf(
  meta: Meta,
  modelId: string,
  tags: Readonly<Record<string, string>>,
  params: Readonly<Record<string, string>>,
): LoggedModelRecord {
  const sourceRunId = textOf(meta, 'source_run_id')
  const modelType = textOf(meta, 'model_type')
  return {
    modelId,
    experimentId: textOf(meta, 'experiment_id') ?? '',
    name: textOf(meta, 'name') ?? '',
    artifactUri: textOf(meta, 'artifact_location') ?? '',
    status: statuses[(numberOf(meta, 'status') ?? 1) - 1] ?? 'pending',
    ...(sourceRunId === undefined ? {} : { sourceRunId }),
    ...(modelType === undefined || modelType === '' ? {} : { modelType }),
    createdAt: numberOf(meta, 'creation_timestamp') ?? 0,
    tags,
    params,
  }
}
