/** The tracker backend over an MLflow server's REST API 2.0 (checked against MLflow 3). Works wherever `fetch` does. */
import { systemClock } from '../../../core/clock'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../../core/options'
import { assertBatch, assertExperimentName, assertModelId, assertModelName, assertRunName, isOnlyTags } from '../../../ports/run-keys'
import { parseRunQuery } from '../../../ports/run-search'
import type {
  ArtifactOwner,
  ExperimentRecord,
  LoggedModelRecord,
  MetricPoint,
  RunRecord,
  TrackerBackend,
} from '../../../ports/tracker-backend'
import { type MlflowClient, type MlflowClientOptions, mlflowClient } from '../../_mlflow/client'
import { type ArtifactPlace, downloadArtifact, listServed, uploadArtifact } from './artifacts'
import { splitBatch } from './batches'
import { experimentOf, list, modelOf, part, pointOf, runOf, toDataset, toPairs } from './records'

export type { MlflowClientOptions } from '../../_mlflow/client'

/** Options of {@link mlflowTracker}. */
export interface MlflowTrackerOptions extends MlflowClientOptions {
  /** Artifacts of this size and more are uploaded in parts, where the server's artifact store knows parts. @default 100 MiB */
  readonly multipartBytes?: number | undefined
}

/** A tracker backend on a server, with what only a server can do. */
export interface MlflowTracker extends TrackerBackend {
  /** Logged models of an experiment that have this tag, at most 50. Key and value must not hold quotes or backticks. */
  findModels(experimentId: string, tag: { readonly key: string; readonly value: string }): Promise<readonly LoggedModelRecord[]>
}

const views = { active: 'ACTIVE_ONLY', deleted: 'DELETED_ONLY', all: 'ALL' } as const

/**
 * Experiments and runs on an MLflow tracking server.
 *
 * Creating a run is not idempotent on the server; it is retried only where the server refused before doing anything.
 * Everything else is retried. A batch is split by the server's limits, so `atomicBatch` is false.
 *
 * @example const tracker = createTracker({ backend: mlflowTracker({ url: 'http://127.0.0.1:5000' }) })
 * @throws InvalidArgument without a usable URL
 */
export function mlflowTracker(options: MlflowTrackerOptions = {}): MlflowTracker {
  checkOptions('mlflowTracker', options, {
    url: nonEmptyString(),
    username: ofType('string'),
    password: ofType('string'),
    token: ofType('string'),
    workspace: nonEmptyString(),
    headers: ofType('object'),
    retries: wholeNumber(0, 100),
    backoffMs: finiteNumber(0),
    timeoutMs: finiteNumber(1),
    fetch: ofType('function'),
    clock: ofType('object'),
    multipartBytes: wholeNumber(1),
  })
  const { multipartBytes = 100 * 1024 * 1024, ...reach } = options
  const client = mlflowClient(reach)
  const clock = options.clock ?? systemClock()
  /** Artifact roots never change; asking once is enough. */
  const roots = new Map<string, string>()
  let closed = false
  const open = (): MlflowClient => {
    if (closed) throw new MillwrightError('InvalidState', `${backend.name} is closed`)
    return client
  }

  const getRun = async (runId: string): Promise<RunRecord> => runOf(part(await open().call('GET', 'runs/get', { run_id: runId }), 'run'))

  const placeOf = async (owner: ArtifactOwner): Promise<ArtifactPlace> => {
    const id = 'runId' in owner ? owner.runId : owner.modelId
    let uri = roots.get(id)
    if (uri === undefined) {
      uri = 'runId' in owner ? (await getRun(id)).artifactUri : (await backend.getModel(id)).artifactUri
      if (roots.size >= 10_000) roots.clear()
      roots.set(id, uri)
    }
    return { owner, uri }
  }

  const openRun = async (runId: string): Promise<RunRecord> => {
    const run = await getRun(runId)
    if (run.lifecycleStage === 'deleted') throw new MillwrightError('InvalidState', `run ${runId} is deleted`)
    if (run.status !== 'running' && run.status !== 'scheduled') {
      throw new MillwrightError('InvalidState', `run ${runId} is ${run.status} and takes nothing but tags`)
    }
    return run
  }

  const byName = async (name: string): Promise<ExperimentRecord | undefined> => {
    try {
      return experimentOf(part(await open().call('GET', 'experiments/get-by-name', { experiment_name: name }), 'experiment'))
    } catch (error) {
      if (isMillwrightError(error, 'NotFound')) return undefined
      throw error
    }
  }

  const backend: MlflowTracker = {
    portVersion: 1,
    name: `mlflowTracker(${client.url})`,
    capabilities: Object.freeze({ atomicBatch: false, persistent: true, search: true }),

    async ensureExperiment(name, { tags } = {}) {
      assertExperimentName(name)
      assertBatch({ tags })
      const found = await byName(name)
      if (found === undefined) {
        try {
          await open().call('POST', 'experiments/create', { name, tags: toPairs(tags) })
        } catch (error) {
          // Somebody else was faster; theirs is as good as ours.
          if (!isMillwrightError(error, 'AlreadyExists')) throw error
        }
      }
      const experiment = found ?? (await byName(name))
      if (experiment === undefined) throw new MillwrightError('NotFound', `experiment ${show(name)} was created but is not there`)
      if (experiment.lifecycleStage === 'deleted') {
        throw new MillwrightError('InvalidState', `experiment ${show(name)} is deleted, and still holds its name`, {
          hint: 'restore it, or choose another name',
        })
      }
      return experiment
    },

    getExperiment: async (experimentId) =>
      experimentOf(part(await open().call('GET', 'experiments/get', { experiment_id: experimentId }), 'experiment')),

    async listExperiments() {
      const experiments: ExperimentRecord[] = []
      for (let token: unknown; ; ) {
        const answer = await open().call('POST', 'experiments/search', {
          max_results: 1000,
          view_type: 'ALL',
          order_by: ['creation_time ASC', 'experiment_id ASC'],
          ...(token === undefined ? {} : { page_token: token }),
        })
        const page = list(answer, 'experiments')
        experiments.push(...page.map(experimentOf))
        token = answer.next_page_token
        if (page.length === 0 || typeof token !== 'string' || token === '') return experiments
      }
    },

    async createRun({ experimentId, runName, startTime, user, tags, runId }) {
      if (runName !== undefined) assertRunName(runName)
      assertBatch({ tags })
      if (runId !== undefined)
        throw new MillwrightError('Unsupported', `${backend.name} gives run ids itself; it cannot take ${show(runId)}`)
      if (!Number.isSafeInteger(startTime)) throw invalidArgument(`startTime must be whole milliseconds, got ${show(startTime)}`)
      const answer = await open().call(
        'POST',
        'runs/create',
        {
          experiment_id: experimentId,
          start_time: startTime,
          ...(runName === undefined ? {} : { run_name: runName }),
          ...(user === undefined ? {} : { user_id: user }),
          tags: toPairs(tags),
        },
        { idempotent: false },
      )
      return runOf(part(answer, 'run'))
    },

    getRun,

    async logBatch(runId, batch) {
      assertBatch(batch)
      const { datasets = [], inputModels = [], outputModels = [] } = batch
      const held = isOnlyTags(batch) ? undefined : await openRun(runId)
      for (const { metrics, params, tags } of splitBatch(batch)) {
        await open().call('POST', 'runs/log-batch', { run_id: runId, metrics, params, tags })
      }
      // The server keeps inputs once by itself, outputs it refuses to take twice.
      if (datasets.length + inputModels.length > 0) {
        await open().call('POST', 'runs/log-inputs', {
          run_id: runId,
          datasets: datasets.map(toDataset),
          models: inputModels.map((modelId) => ({ model_id: modelId })),
        })
      }
      const made = outputModels.filter(({ modelId }) => !held?.outputModels.some((output) => output.modelId === modelId))
      if (made.length > 0) {
        await open().call('POST', 'runs/outputs', {
          run_id: runId,
          models: made.map(({ modelId, step }) => ({ model_id: modelId, step })),
        })
      }
    },

    async updateRun(runId, { status, endTime, runName }) {
      if (runName !== undefined) assertRunName(runName)
      const isEnd = status !== undefined && status !== 'running' && status !== 'scheduled'
      const end = endTime ?? (isEnd ? ((await getRun(runId)).endTime ?? clock.now()) : undefined)
      await open().call('POST', 'runs/update', {
        run_id: runId,
        ...(status === undefined ? {} : { status: status.toUpperCase() }),
        ...(end === undefined ? {} : { end_time: end }),
        ...(runName === undefined ? {} : { run_name: runName }),
      })
    },

    async searchRuns(query) {
      // The server takes some filters that it misreads; what cannot be read fails here, as with every other backend.
      const { limit, view, order } = parseRunQuery(query)
      const { experimentIds, filter, cursor } = query
      // A key named twice decides nothing the second time, but the server fails on it.
      const isFirst = (at: number): boolean =>
        order.findIndex(({ field, key }) => field === order[at]?.field && key === order[at]?.key) === at
      const orderBy = query.orderBy?.filter((_, at) => isFirst(at))
      const ids = experimentIds ?? (await backend.listExperiments()).filter(isActive).map(({ experimentId }) => experimentId)
      if (ids.length === 0) return { items: [] }
      const answer = await open().call('POST', 'runs/search', {
        experiment_ids: ids,
        ...(filter === undefined ? {} : { filter }),
        ...(orderBy === undefined ? {} : { order_by: orderBy }),
        ...(cursor === undefined ? {} : { page_token: cursor }),
        run_view_type: views[view],
        max_results: limit,
      })
      return pageOf(list(answer, 'runs').map(runOf), answer.next_page_token)
    },

    async getMetricHistory(runId, key, { limit = 25_000, cursor } = {}) {
      // Without max_results, servers 3.4 to 3.13 answer with no points and a token that never advances.
      const answer = await open().call('GET', 'metrics/get-history', {
        run_id: runId,
        metric_key: key,
        max_results: Math.min(limit, 25_000),
        page_token: cursor,
      })
      return pageOf<MetricPoint>(list(answer, 'metrics').map(pointOf), answer.next_page_token)
    },

    async deleteRun(runId) {
      await open().call('POST', 'runs/delete', { run_id: runId })
    },

    putArtifact: async (owner, path, bytes) => uploadArtifact(open(), await placeOf(owner), path, bytes, multipartBytes),
    getArtifact: async (owner, path) => downloadArtifact(open(), await placeOf(owner), path),
    listArtifacts: async (owner, path) => listServed(open(), await placeOf(owner), path),

    async createModel({ experimentId, name, sourceRunId, modelType, tags, params }) {
      assertModelName(name)
      assertBatch({ tags, params })
      const answer = await open().call(
        'POST',
        'logged-models',
        {
          experiment_id: experimentId,
          name,
          source_run_id: sourceRunId,
          model_type: modelType,
          tags: toPairs(tags),
          params: toPairs(params),
        },
        { idempotent: false },
      )
      return modelOf(part(answer, 'model'))
    },

    async getModel(modelId) {
      assertModelId(modelId)
      return modelOf(part(await open().call('GET', `logged-models/${modelId}`), 'model'))
    },

    async findModels(experimentId, { key, value }) {
      const answer = await open().call('POST', 'logged-models/search', {
        experiment_ids: [experimentId],
        filter: `tags.\`${key}\` = '${value}'`,
        max_results: 50,
      })
      return list(answer, 'models').map(modelOf)
    },

    async finishModel(modelId, status) {
      assertModelId(modelId)
      // The id stands in the path and again in the body; without the second the server answers 400.
      await open().call('PATCH', `logged-models/${modelId}`, {
        model_id: modelId,
        status: status === 'ready' ? 'LOGGED_MODEL_READY' : 'LOGGED_MODEL_UPLOAD_FAILED',
      })
    },

    async close() {
      closed = true
    },
  }
  return backend
}

function isActive({ lifecycleStage }: ExperimentRecord): boolean {
  return lifecycleStage === 'active'
}

function pageOf<T>(items: readonly T[], token: unknown): { readonly items: readonly T[]; readonly cursor?: string } {
  // A page without items ends the listing even where the server sends a token.
  return items.length > 0 && typeof token === 'string' && token !== '' ? { items, cursor: token } : { items }
}
