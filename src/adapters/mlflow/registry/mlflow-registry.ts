/** The registry backend over an MLflow server's REST API 2.0 (checked against MLflow 3). Works wherever `fetch` does. */
import { displayPort } from '../../../core/display'
import { MillwrightError } from '../../../core/errors'
import { inOrderByKey } from '../../../core/in-order'
import { checkOptions, ofType, oneOf } from '../../../core/options'
import { throwIfAborted } from '../../../core/signal'
import { assertUsage } from '../../../core/usage'
import type { RegistryBackend } from '../../../ports/registry-backend'
import { assertRunKey } from '../../../ports/run-keys'
import { clientOptionRules, type MlflowClientOptions, mlflowClient } from '../client/client'
import { assertServerPath } from '../client/wire'
import { type AliasStages, modelAliases } from './aliases'
import { downloadFile, listVersionFiles, versionPlaces } from './files'
import { modelHistory } from './history'
import { registeredModels } from './models'

import { modelVersions } from './versions'

export type { MlflowClientOptions } from '../client/client'
export type { AliasStages } from './aliases'

/** Options of {@link mlflowRegistry}. Without `url`, `MLFLOW_REGISTRY_URI` is read before `MLFLOW_TRACKING_URI`. */
export interface MlflowRegistryOptions extends MlflowClientOptions {
  /**
   * Where the history of a model is stored, for which the server has no place of its own: in tags of the registered model, or nowhere
   * (`rollback` then needs `to`). @default 'tags'
   */
  readonly history?: 'tags' | 'none' | undefined
  /**
   * Alias → stage (`{ champion: 'Production' }`), for tools that still read stages: moving the alias also moves the version to the stage
   * and archives the version that was in it; deleting the alias archives its version. Ignored on servers without stages. @default none
   */
  readonly stages?: AliasStages | undefined
}

/** A registry backend on a server, with access to the rest of the server's API. */
export interface MlflowRegistry extends RegistryBackend {
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
 * Registered models on an MLflow server (3.0 or later).
 *
 * The files of a version are a logged model in the run's experiment (or in the default one). They are uploaded through the server's artifact
 * proxy, and the version is created after the last one. The server has no compare-and-set: `moveAlias` reads the alias, sets it and reads it
 * again. That is exact within one process; of two processes that move an alias at the same moment both may succeed. So `atomicAliases` is
 * false.
 *
 * @example const registry = new ModelRegistry({ backend: mlflowRegistry({ url: 'http://127.0.0.1:5000' }) })
 * @throws InvalidArgument without a usable URL
 */
export function mlflowRegistry(options: MlflowRegistryOptions = {}): MlflowRegistry {
  assertUsage('mlflowRegistry', options, {
    write: (url) => `mlflowRegistry({ url: ${url} })`,
    text: 'http://127.0.0.1:5000',
    renamed: { uri: 'url', trackingUri: 'url' },
  })
  checkOptions('mlflowRegistry', options, {
    ...clientOptionRules(),
    history: oneOf('tags', 'none'),
    stages: ofType('object'),
  })
  const { history = 'tags', stages = {}, ...clientOptions } = options
  const client = mlflowClient(clientOptions, ['MLFLOW_REGISTRY_URI', 'MLFLOW_TRACKING_URI'])
  const name = `mlflowRegistry(${client.url})`
  const inOrder = inOrderByKey()
  const placeOf = versionPlaces(client)

  return displayPort('RegistryBackend', {
    portVersion: 1,
    name,
    capabilities: Object.freeze({ atomicAliases: false, history: history === 'tags', persistent: true }),
    assertTakes({ tagKeys = [], paths = [] }) {
      for (const key of tagKeys) assertRunKey(key, 'tag', 'mlflow')
      for (const path of paths) assertServerPath(path, 'a file name of a model')
    },
    ...registeredModels(client, name),
    ...modelVersions(client, { name, inOrder, placeOf }),
    ...modelAliases(client, { name, stages, inOrder }),
    ...modelHistory(client, { name, isKept: history === 'tags', inOrder }),
    request: async (method, path, body = {}) => client.call(method, path, body, { idempotent: method === 'GET' }),
    async listFiles(version) {
      return listVersionFiles(client, await placeOf(version))
    },
    async readFile(version, path, { signal } = {}) {
      throwIfAborted(signal)
      return downloadFile(client, await placeOf(version), path, { signal })
    },
    async close() {
      client.close(new MillwrightError('InvalidState', `${name} is closed`))
    },
  })
}
