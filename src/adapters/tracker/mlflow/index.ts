/** The tracker backend over an MLflow server's REST API 2.0 (checked against MLflow 3). Works wherever `fetch` does. */
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../../../core/options'
import type { ArtifactOwner, ExperimentRecord, MetricPoint, RunRecord, RunStatus, TrackerBackend } from '../../../ports/tracker-backend'
import { downloadArtifact, listProxied, uploadArtifact } from './artifacts'
import { splitBatch } from './batches'
import { type MlflowClient, type MlflowClientOptions, mlflowClient } from './client'
import { experimentOf, list, modelOf, part, pointOf, runOf, toDataset, toPairs } from './records'

export type { MlflowClientOptions } from './client'

/** Options of {@link mlflowTracker}. */
export interface MlflowTrackerOptions extends MlflowClientOptions {}

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
export function mlflowTracker(options: MlflowTrackerOptions = {}): TrackerBackend {
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
  })
  const client = mlflowClient(options)
  /** Artifact roots never change; asking once is enough. */
  const roots = new Map<string, string>()
  let closed = false
  const open = (): MlflowClient => {
    if (closed) throw new MillwrightError('InvalidState', `mlflowTracker(${client.url}) is closed`)
    return client
  }

  const getRun = async (runId: string): Promise<RunRecord> => runOf(part(await open().call('GET', 'runs/get', { run_id: runId }), 'run'))

  const rootOf = async (owner: ArtifactOwner): Promise<string> => {
    const id = 'runId' in owner ? owner.runId : owner.modelId
    const known = roots.get(id)
    if (known !== undefined) return known
    const root = 'runId' in owner ? (await getRun(id)).artifactUri : (await backend.getModel(id)).artifactUri
    roots.set(id, root)
    return root
  }

  const assertOpenRun = async (runId: string): Promise<void> => {
    const { status } = await getRun(runId)
    if (status !== 'running' && status !== 'scheduled')
      throw new MillwrightError('InvalidState', `run ${runId} has ended (${status}); it takes no more than tags`)
  }

  const byName = async (name: string): Promise<ExperimentRecord | undefined> => {
    try {
      return experimentOf(part(await open().call('GET', 'experiments/get-by-name', { experiment_name: name }), 'experiment'))
    } catch (error) {
      if (isMillwrightError(error, 'NotFound')) return undefined
      throw error
    }
  }

  const backend: TrackerBackend = {
    portVersion: 1,
    name: `mlflowTracker(${client.url.replace(/\/\/[^/@]*@/, '//')})`,
    capabilities: Object.freeze({ atomicBatch: false, persistent: true, search: true }),

    async ensureExperiment(name, { tags } = {}) {
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
          ...(token === undefined ? {} : { page_token: token }),
        })
        const page = list(answer, 'experiments')
        experiments.push(...page.map(experimentOf))
        token = answer.next_page_token
        if (page.length === 0 || typeof token !== 'string' || token === '') return experiments
      }
    },

    async createRun({ experimentId, runName, startTime, user, tags, runId }) {
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
      const { datasets = [], inputModels = [], outputModels = [] } = batch
      const onlyTags =
        !batch.metrics?.length &&
        Object.keys(batch.params ?? {}).length === 0 &&
        datasets.length + inputModels.length + outputModels.length === 0
      if (!onlyTags) await assertOpenRun(runId)
      try {
        for (const { metrics, params, tags } of splitBatch(batch))
          await open().call('POST', 'runs/log-batch', { run_id: runId, metrics, params, tags })
      } catch (error) {
        if (isMillwrightError(error, 'InvalidArgument') && /Changing param values is not allowed/i.test(error.message)) {
          throw new MillwrightError('Conflict', error.message, { cause: error })
        }
        throw error
      }
      if (datasets.length + inputModels.length > 0) {
        await open().call('POST', 'runs/log-inputs', {
          run_id: runId,
          datasets: datasets.map(toDataset),
          models: inputModels.map((modelId) => ({ model_id: modelId })),
        })
      }
      if (outputModels.length > 0) {
        await open().call('POST', 'runs/outputs', {
          run_id: runId,
          models: outputModels.map(({ modelId, step }) => ({ model_id: modelId, step })),
        })
      }
    },

    async updateRun(runId, { status, endTime, runName }) {
      const change: Record<string, unknown> = { run_id: runId }
      if (status !== undefined) change.status = wireStatus(status)
      if (endTime !== undefined) change.end_time = endTime
      if (runName !== undefined) change.run_name = runName
      await open().call('POST', 'runs/update', change)
    },

    async searchRuns({ experimentIds, filter, orderBy, limit = 1000, cursor, view = 'active' }) {
      const ids = experimentIds ?? (await backend.listExperiments()).map(({ experimentId }) => experimentId)
      const answer = await open().call('POST', 'runs/search', {
        experiment_ids: ids,
        ...(filter === undefined ? {} : { filter }),
        ...(orderBy === undefined ? {} : { order_by: orderBy }),
        ...(cursor === undefined ? {} : { page_token: cursor }),
        run_view_type: views[view],
        max_results: Math.min(limit, 50_000),
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

    putArtifact: async (owner, path, bytes) => uploadArtifact(open(), await rootOf(owner), path, bytes),
    getArtifact: async (owner, path) => downloadArtifact(open(), await rootOf(owner), path),
    listArtifacts: async (owner, path) => listProxied(open(), await rootOf(owner), path),

    async createModel({ experimentId, name, sourceRunId, modelType, tags, params }) {
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

    getModel: async (modelId) => modelOf(part(await open().call('GET', `logged-models/${encodeURIComponent(modelId)}`), 'model')),

    async finishModel(modelId, status) {
      // The id stands in the path and again in the body; without the second the server answers 400.
      await open().call('PATCH', `logged-models/${encodeURIComponent(modelId)}`, {
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

function wireStatus(status: RunStatus): string {
  return status.toUpperCase()
}

function pageOf<T>(items: readonly T[], token: unknown): { readonly items: readonly T[]; readonly cursor?: string } {
  // A page without items ends the listing even where the server sends a token.
  return items.length > 0 && typeof token === 'string' && token !== '' ? { items, cursor: token } : { items }
}
