/** The files of a version, read back and checked. */
import { isMillwrightError } from '../core/errors'
import { throwIfAborted } from '../core/signal'
import type { ModelPackage } from '../ports/model'
import type { ModelVersionRecord, RegistryBackend } from '../ports/registry-backend'
import { MANIFEST_FILE, MLMODEL_FILE, type ModelManifest, parseManifest, toPackage, unknownManifest, verifyFile } from './manifest'

/**
 * What is known about a version's model: its manifest, or what MLflow's `MLmodel` file says, or nothing.
 *
 * @throws Corrupt when one of them is there and cannot be read
 */
export async function readManifest(backend: RegistryBackend, version: ModelVersionRecord): Promise<ModelManifest> {
  const own = await readIfThere(backend, version, MANIFEST_FILE)
  if (own !== undefined) return parseManifest(own, `${MANIFEST_FILE} of ${subjectOf(version)}`)
  const mlmodel = await readIfThere(backend, version, MLMODEL_FILE)
  if (mlmodel === undefined) return unknownManifest()
  const { manifestFromMlmodel } = await import('./foreign-model')
  return manifestFromMlmodel(mlmodel, `${MLMODEL_FILE} of ${subjectOf(version)}`)
}

/**
 * The package of a version; every file is checked against the manifest. Of a model that another tool stored all files are read, unchecked.
 *
 * @throws Corrupt naming the file that is missing or differs, and the signal's reason
 */
export async function readPackage(backend: RegistryBackend, version: ModelVersionRecord, signal?: AbortSignal): Promise<ModelPackage> {
  const manifest = await readManifest(backend, version)
  const files: [string, Uint8Array][] = []
  if (manifest.fingerprint === '') {
    for (const path of await backend.listFiles(version)) files.push([path, await backend.readFile(version, path, { signal })])
  }
  for (const file of manifest.files) {
    throwIfAborted(signal)
    const bytes = await readIfThere(backend, version, file.path, signal)
    files.push([file.path, verifyFile(file, bytes, subjectOf(version))])
  }
  return toPackage(manifest, Object.fromEntries(files))
}

async function readIfThere(backend: RegistryBackend, version: ModelVersionRecord, path: string, signal?: AbortSignal) {
  try {
    return await backend.readFile(version, path, { signal })
  } catch (error) {
    // Files that lie outside the storage are not ours to read, but the version can still be shown.
    if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'Unsupported')) return undefined
    throw error
  }
}

function subjectOf({ name, version }: ModelVersionRecord): string {
  return `model ${JSON.stringify(name)} version ${version}`
}
