/** Creates the folder of a new run. */
import { utf8 } from '../../core/bytes'
import { isMillwrightError, MillwrightError } from '../../core/errors'
import { type RunHead, runMeta } from '../../mlruns/run-meta'
import { inParallel, type Tree } from './tree'

/** MLflow finds a run by its id only if these folders exist, empty or not. */
const folderNames: readonly string[] = ['metrics', 'params', 'artifacts']

/**
 * Creates a run's folder with its `meta.yaml` and tags: in one step if the storage can, otherwise with `meta.yaml` last, so that a run whose
 * creation was interrupted is never seen.
 *
 * @param base the key prefix of the run, ending in `/`
 * @throws AlreadyExists
 */
export async function createRunFolder(tree: Tree, base: string, head: RunHead, tags: Readonly<Record<string, string>>): Promise<void> {
  const meta = tree.yaml(runMeta(head, null))
  if (await createAtOnce(tree, base, meta, tags)) return
  // The files of an existing run must not be overwritten.
  if ((await tree.storage.head(`${base}meta.yaml`)) !== undefined) throw runExists(tree, head.runId)
  await Promise.all([
    inParallel(folderNames, (name) => tree.ensureFolder(`${base}${name}/`)),
    inParallel(Object.entries(tags), ([key, value]) => tree.write(`${base}tags/${key}`, value)),
  ])
  if (!(await tree.writeOnce(`${base}meta.yaml`, meta))) throw runExists(tree, head.runId)
}

/** `AlreadyExists`: a run has this id. */
export function runExists(tree: Tree, runId: string): MillwrightError {
  return new MillwrightError('AlreadyExists', `${tree.storage.name} already has a run ${runId}`)
}

/** Returns `false` if the storage cannot create folders, or if there is a folder already. That may be one without a run. */
async function createAtOnce(tree: Tree, base: string, meta: string, tags: Readonly<Record<string, string>>): Promise<boolean> {
  if (tree.storage.createFolder === undefined) return false
  const files = new Map([['meta.yaml', utf8(meta)], ...Object.entries(tags).map(([key, value]) => [`tags/${key}`, utf8(value)] as const)])
  try {
    await tree.storage.createFolder(base, { files, folders: folderNames })
    return true
  } catch (error) {
    if (!isMillwrightError(error, 'Conflict')) throw error
    return false
  }
}
