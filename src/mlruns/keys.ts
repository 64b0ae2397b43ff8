/** The keys of MLflow's `mlruns` tree in an object store. Keys of folders end in `/`. */

/** The default folder of the tree. */
export const TREE = 'mlruns'
/** The folder of all registered models. */
export const MODELS_ROOT = `${TREE}/models/`

/** The folder of an experiment. */
export function experimentFolder(experimentId: string | number): string {
  return `${TREE}/${experimentId}/`
}

/** The folder of a run. */
export function runFolder(experimentId: string, runId: string): string {
  return `${experimentFolder(experimentId)}${runId}/`
}

/** The folder of a logged model. */
export function loggedModelFolder(experimentId: string | number, modelId: string): string {
  return `${experimentFolder(experimentId)}models/${modelId}/`
}

/** The folder of a registered model. */
export function modelFolder(name: string): string {
  return `${MODELS_ROOT}${name}/`
}

/** The folder of a version of a registered model. */
export function versionFolder(name: string, version: string): string {
  return `${modelFolder(name)}version-${version}/`
}

/** The folder of a registered model's history: one object for each event. MLflow ignores it. */
export function historyFolder(name: string): string {
  return `${modelFolder(name)}history/`
}

/**
 * The key of a URI or path, whose tree may have been moved since: the part that begins with `mlruns/`, with a slash at the end. `undefined`
 * where there is no such part.
 */
export function keyInMovedTree(uri: string): string | undefined {
  const at = uri.lastIndexOf(`/${TREE}/`)
  return at < 0 ? undefined : `${uri.slice(at + 1).replace(/\/+$/, '')}/`
}
