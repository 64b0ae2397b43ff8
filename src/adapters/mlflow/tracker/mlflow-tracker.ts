/** The tracker backend over an MLflow server's REST API 2.0 (checked against MLflow 3). Works wherever `fetch` does. */

import { systemClock } from '../../../core/clock'
import { displayPort } from '../../../core/display'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../../core/errors'
import { newId } from '../../../core/ids'
import { checkOptions } from '../../../core/options'
import { assertUsage } from '../../../core/usage'
import { assertBatch, assertExperimentName, assertModelId, assertModelName, assertRunName, isOnlyTags } from '../../../ports/run-keys'
import { parseRunQuery } from '../../../ports/run-search'
import type { ArtifactOwner, ExperimentRecord, LoggedModelRecord, RunRecord, TrackerBackend } from '../../../ports/tracker-backend'
import { clientOptionRules, type MlflowClient, type MlflowClientOptions, mlflowClient } from '../client/client'
import { createOnce, requestIdTag } from '../client/create-once'
import { logOutputs } from '../client/outputs'
import { list, orUndefined, part, toPairs } from '../client/wire'
import { type ArtifactPlace, downloadArtifact, listServed, uploadArtifact } from './artifacts'
import { splitBatch } from './batches'
import { historyPage } from './history'
import { mlflowLifecycle } from './lifecycle'
import { experimentOf, modelOf, runOf, toDataset } from './records'

export type { MlflowClientOptions } from '../client/client'

/** Options of {@link mlflowTracker}. */
export interface MlflowTrackerOptions extends MlflowClientOptions {}

/** A tracker backend on a server, with what only a server can do. */
export interface MlflowTracker extends TrackerBackend {
  /** Logged models of an experiment that have this tag, at most 50. Key and value must not hold quotes or backticks. */
  findModels(experimentId: string, tag: { readonly key: string; readonly value: string }): Promise<readonly LoggedModelRecord[]>
  /**
   * Any other call of the server's REST API, below `/api/2.0/mlflow/` or (with a leading `/`) below the tracking URI: MLflow's own names and
   * JSON, our way to log in, time limits and errors. Only `GET` is repeated after an answer that was lost.
   */
  request(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, unknown>>
}

const views = { active: 'ACTIVE_ONLY', deleted: 'DELETED_ONLY', all: 'ALL' } as const

/**
 * Experiments and runs on an MLflow tracking server.
 *
 * Creating a run or a model is not idempotent on the server: each carries the tag `millwright.request_id`, by which it is looked for before
 * it is made again (with `retries: 0` there is no tag, and an answer that is lost is an error with `details.mayBeDone`). Everything else is
 * repeated as it is. A batch is split by the server's limits, so `atomicBatch` is false.
 *
 * @example const tracker = createTracker({ backend: mlflowTracker({ url: 'http://127.0.0.1:5000' }) })
 * @throws InvalidArgument without a usable URL, Unsupported where `MLFLOW_TRACKING_AUTH` or `…_AWS_SIGV4` is set
 */
export function mlflowTracker(options: MlflowTrackerOptions = {}): MlflowTracker {
  assertUsage('mlflowTracker', options, {
    write: (url) => `mlflowTracker({ url: ${url} })`,
    text: 'http://127.0.0.1:5000',
    renamed: { uri: 'url', trackingUri: 'url' },
  })
  checkOptions('mlflowTracker', options, clientOptionRules())
  const client = mlflowClient(options)
  const clock = options.clock ?? systemClock()
  /** Artifact roots never change; asking once is enough. */
  const roots = new Map<string, string>()
  let closed = false
  const open = (): MlflowClient => {
    if (closed) throw new MillwrightError('InvalidState', `${backend.name} is closed`)
    return client
  }

  const getRun = async (runId: string): Promise<RunRecord> =>
    runOf(part(await open().call('GET', 'runs/get', { run_id: runId }, { expect: 'run' }), 'run'))

  /** Tags of something about to be made, with one by which it is found again. */
  const findable = (tags: Readonly<Record<string, string>> = {}) => {
    const requestId = newId()
    const isFindable = client.retries > 0
    return {
      tags: toPairs(isFindable ? { ...tags, [requestIdTag]: requestId } : tags),
      filter: `tags.\`${requestIdTag}\` = '${requestId}'`,
    }
  }

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

  const byName = (name: string): Promise<ExperimentRecord | undefined> =>
    orUndefined(
      open()
        .call('GET', 'experiments/get-by-name', { experiment_name: name }, { expect: 'experiment' })
        .then((answer) => experimentOf(part(answer, 'experiment'))),
    )

  const backend: MlflowTracker = {
    portVersion: 1,
    name: `mlflowTracker(${client.url})`,
    capabilities: Object.freeze({ atomicBatch: false, persistent: true, search: true, lifecycle: true, keys: 'mlflow' as const }),

    async ensureExperiment(name, { tags } = {}) {
      assertExperimentName(name)
      assertBatch({ tags }, 'mlflow')
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
      experimentOf(
        part(await open().call('GET', 'experiments/get', { experiment_id: experimentId }, { expect: 'experiment' }), 'experiment'),
      ),

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
      assertBatch({ tags }, 'mlflow')
      if (runId !== undefined)
        throw new MillwrightError('Unsupported', `${backend.name} gives run ids itself; it cannot take ${show(runId)}`)
      if (!Number.isSafeInteger(startTime)) throw invalidArgument(`startTime must be whole milliseconds, got ${show(startTime)}`)
      const own = findable(tags)
      const made = await createOnce(open(), {
        path: 'runs/create',
        body: {
          experiment_id: experimentId,
          start_time: startTime,
          ...(runName === undefined ? {} : { run_name: runName }),
          ...(user === undefined ? {} : { user_id: user }),
          tags: own.tags,
        },
        member: 'run',
        find: async () => {
          const query = { experiment_ids: [experimentId], filter: own.filter, max_results: 1 }
          return list(await open().call('POST', 'runs/search', query), 'runs')[0]
        },
      })
      return runOf(made)
    },

    getRun,

    async logBatch(runId, batch) {
      assertBatch(batch, 'mlflow')
      const { datasets = [], inputModels = [], outputModels = [] } = batch
      if (!isOnlyTags(batch)) await openRun(runId)
      for (const { metrics, params, tags } of splitBatch(batch)) {
        await open().call('POST', 'runs/log-batch', { run_id: runId, metrics, params, tags })
      }
      // The server keeps inputs once by itself.
      if (datasets.length + inputModels.length > 0) {
        await open().call('POST', 'runs/log-inputs', {
          run_id: runId,
          datasets: datasets.map(toDataset),
          models: inputModels.map((modelId) => ({ model_id: modelId })),
        })
      }
      await logOutputs(open(), runId, outputModels)
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

    getMetricHistory: async (runId, key, options = {}) => historyPage(open(), runId, key, options),

    async deleteRun(runId) {
      await open().call('POST', 'runs/delete', { run_id: runId }, { doneBefore: 'InvalidState' })
    },

    putArtifact: async (owner, path, bytes) => uploadArtifact(open(), await placeOf(owner), path, bytes),
    getArtifact: async (owner, path) => downloadArtifact(open(), await placeOf(owner), path),
    listArtifacts: async (owner, path) => listServed(open(), await placeOf(owner), path),

    async createModel({ experimentId, name, sourceRunId, modelType, tags, params }) {
      assertModelName(name)
      assertBatch({ tags, params }, 'mlflow')
      const own = findable(tags)
      const made = await createOnce(open(), {
        path: 'logged-models',
        body: {
          experiment_id: experimentId,
          name,
          source_run_id: sourceRunId,
          model_type: modelType,
          tags: own.tags,
          params: toPairs(params),
        },
        member: 'model',
        find: async () => {
          const query = { experiment_ids: [experimentId], filter: own.filter, max_results: 1 }
          return list(await open().call('POST', 'logged-models/search', query), 'models')[0]
        },
      })
      return modelOf(made)
    },

    async getModel(modelId) {
      assertModelId(modelId)
      return modelOf(part(await open().call('GET', `logged-models/${modelId}`, {}, { expect: 'model' }), 'model'))
    },

    async findModels(experimentId, { key, value }) {
      const answer = await open().call('POST', 'logged-models/search', {
        experiment_ids: [experimentId],
        filter: `tags.\`${key}\` = '${value}'`,
        max_results: 50,
      })
      return list(answer, 'models').map(modelOf)
    },

    ...mlflowLifecycle(open),
    request: async (method, path, body = {}) => open().call(method, path, body, { idempotent: method === 'GET' }),

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
      client.close(new MillwrightError('InvalidState', `${backend.name} is closed`))
    },
  }
  return displayPort('TrackerBackend', backend)
}

function isActive({ lifecycleStage }: ExperimentRecord): boolean {
  return lifecycleStage === 'active'
}

function pageOf<T>(items: readonly T[], token: unknown): { readonly items: readonly T[]; readonly cursor?: string } {
  // A page without items ends the listing even where the server sends a token.
  return items.length > 0 && typeof token === 'string' && token !== '' ? { items, cursor: token } : { items }
}
