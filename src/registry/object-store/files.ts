/** The files of versions: each version has a logged model of MLflow, whose artifacts they are. */
import { utf8 } from '../../core/bytes'
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { experimentFolder, keyInMovedTree, loggedModelFolder, runFolder } from '../../mlruns/keys'
import { defaultExperimentMeta, loggedModelMeta, runOutputMeta } from '../../mlruns/model-meta'
import type { ObjectStore } from '../../ports/object-store'
import type { ModelVersionRecord, RegistryBackend, VersionInit } from '../../ports/registry-backend'
import { listAll } from '../../ports/stored-objects'
import { putOnce } from './stored-records'

/** MLflow's numbers for the status of a logged model. */
const PENDING = 1
const READY = 2

/** The calls on the files of a version. */
export function storedFiles(store: ObjectStore): Pick<RegistryBackend, 'listFiles' | 'readFile'> {
  return {
    async listFiles(version) {
      const folder = artifactsFolder(store, version)
      return (await listAll(store, folder)).map(({ key }) => key.slice(folder.length))
    },
    readFile: async (version, path, options) => store.get(artifactsFolder(store, version) + path, options),
  }
}

/**
 * The key, with a slash at the end, of the folder that holds the files of a version. When the whole tree was moved, the part of the URI below
 * `mlruns/` is still the key.
 *
 * @throws Unsupported for files outside the store
 */
export function artifactsFolder(store: ObjectStore, { name, version, source }: ModelVersionRecord): string {
  const key = keyInMovedTree(decodeUri(source))
  if (key !== undefined) return key
  throw new MillwrightError('Unsupported', `the files of ${show(name)} version ${version} lie outside ${store.name}: ${source}`)
}

/** Stores the files of a new version as a logged model, and links the model with its run. */
export async function storeModelFiles(
  store: ObjectStore,
  name: string,
  init: VersionInit,
  signal: AbortSignal | undefined,
): Promise<{ readonly modelId: string; readonly source: string }> {
  const experimentId = init.experimentId ?? '0'
  const modelId = `m-${newId()}`
  const folder = loggedModelFolder(experimentId, modelId)
  const source = store.uri(`${folder}artifacts`)
  if (experimentId === '0') {
    const experiment = experimentFolder('0')
    await putOnce(store, `${experiment}meta.yaml`, defaultExperimentMeta(store.uri(experiment.slice(0, -1)), init.createdAt))
  }
  const putMeta = async (status: 1 | 2): Promise<void> => {
    await store.put(`${folder}meta.yaml`, loggedModelMeta(name, modelId, experimentId, source, init, status), { signal })
  }
  await putMeta(PENDING)
  for (const [path, bytes] of Object.entries(init.files(modelId))) await store.put(`${folder}artifacts/${path}`, bytes, { signal })
  if (init.runId !== undefined) await linkRun(store, { experimentId, runId: init.runId, modelId }, init)
  await putMeta(READY)
  return { modelId, source }
}

/** Adds the model to the outputs of its run, where the store holds the run, and the metrics to the model. */
async function linkRun(
  store: ObjectStore,
  { experimentId, runId, modelId }: { readonly experimentId: string; readonly runId: string; readonly modelId: string },
  { metrics, createdAt }: VersionInit,
): Promise<void> {
  const run = runFolder(experimentId, runId)
  if ((await store.head(`${run}meta.yaml`)) === undefined) return
  await store.put(`${run}outputs/${modelId}/meta.yaml`, runOutputMeta(modelId))
  for (const [name, value] of Object.entries(metrics)) {
    // A metric whose name cannot be a file name is only in the manifest.
    if (!/^[\w.-]+$/.test(name)) continue
    const line = `${createdAt} ${Number.isNaN(value) ? 'nan' : value} 0 ${runId}\n`
    await store.put(`${loggedModelFolder(experimentId, modelId)}metrics/${name}`, utf8(line))
  }
}

function decodeUri(uri: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(uri)) return uri
  try {
    return decodeURIComponent(uri)
  } catch {
    return uri
  }
}
