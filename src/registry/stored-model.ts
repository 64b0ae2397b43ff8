/** Reads and checks the files of a version. */
import { isMillwrightError } from '../core/errors'
import { throwIfAborted } from '../core/signal'
import type { ModelPackage } from '../ports/model'
import type { ModelVersionRecord, RegistryBackend } from '../ports/registry-backend'
import { MANIFEST_FILE, MLMODEL_FILE, type ModelManifest, parseManifest, toPackage, unknownManifest, verifyFile } from './manifest'

/**
 * The manifest of a version. Without one it is made from MLflow's file `MLmodel`, or is that of an unknown model.
 *
 * @throws Corrupt for a damaged manifest or `MLmodel` file
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
 * The package of a version. Each file is checked against the manifest. A model of another tool has no digests: all its files are read without a check.
 *
 * @throws Corrupt naming the file that is missing or differs; the signal's reason
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
    // Files outside the storage cannot be read, but the version can be shown.
    if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'Unsupported')) return undefined
    throw error
  }
}

function subjectOf({ name, version }: ModelVersionRecord): string {
  return `model ${JSON.stringify(name)} version ${version}`
}
