/** The tracker backend over an MLflow server's REST API 2.0 (checked against MLflow 3). Works wherever `fetch` does. */
import { systemClock } from '../../../core/clock'
import { displayPort } from '../../../core/display'
import { MillwrightError } from '../../../core/errors'
import { checkOptions } from '../../../core/options'
import { assertUsage } from '../../../core/usage'
import type { LoggedModelRecord, TrackerBackend } from '../../../ports/tracker-backend'
import { clientOptionRules, type MlflowClientOptions, mlflowClient } from '../client/client'
import { serverArtifacts } from './artifacts'
import { serverExperiments } from './experiments'
import { historyPage } from './history'
import { serverModels } from './models'
import { serverRuns } from './runs'

export type { MlflowClientOptions } from '../client/client'

/** Options of {@link mlflowTracker}. */
export interface MlflowTrackerOptions extends MlflowClientOptions {}

/** A tracker backend on a server, with access to the rest of the server's API. */
export interface MlflowTracker extends TrackerBackend {
  /** Logged models of an experiment that have this tag, at most 50. Key and value must not hold quotes or backticks. */
  findModels(experimentId: string, tag: { readonly key: string; readonly value: string }): Promise<readonly LoggedModelRecord[]>
  /**
   * Any other call of the server's REST API, below `/api/2.0/mlflow/` or (with a leading `/`) below the tracking URI: with MLflow's own
   * names and JSON, and with our authentication, time limits and errors. Only `GET` is repeated after a lost answer.
   */
  request(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, unknown>>
}

/**
 * Experiments and runs on an MLflow tracking server.
 *
 * Creating a run or a model is not idempotent on the server. So each gets the tag `millwright.request_id`, and when the answer is lost, it is
 * looked for by this tag before it is created again. With `retries: 0` there is no tag, and a lost answer is an error with
 * `details.mayBeDone`. Every other call is simply repeated. A batch is split by the server's limits, so `atomicBatch` is false.
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
  const name = `mlflowTracker(${client.url})`
  return displayPort('TrackerBackend', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({ atomicBatch: false, persistent: true, search: true, lifecycle: true, keys: 'mlflow' as const }),
    ...serverExperiments(client),
    ...serverRuns(client, { name, clock }),
    ...serverModels(client),
    ...serverArtifacts(client),
    getMetricHistory: async (runId, key, page = {}) => historyPage(client, runId, key, page),
    request: async (method, path, body = {}) => client.call(method, path, body, { idempotent: method === 'GET' }),
    async close() {
      client.close(new MillwrightError('InvalidState', `${name} is closed`))
    },
  } satisfies MlflowTracker)
}
