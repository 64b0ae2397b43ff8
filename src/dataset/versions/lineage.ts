/** Which runs and models a version belongs to, found by its digest and by what runs and registrations say. */
import type { DatasetVersion } from './records'

/** What lineage asks of a tracker; `Tracker` has it. */
export interface LineageTracker {
  search(options: { readonly filter: string }): Promise<readonly { readonly runId: string }[]>
}

/** What lineage asks of a registry; `ModelRegistry` has it. */
export interface LineageRegistry {
  listModels(): Promise<readonly { readonly name: string }[]>
  listVersions(name: string): Promise<
    readonly {
      readonly version: string
      readonly lineage: {
        readonly runId?: string | undefined
        readonly dataset?: { readonly fingerprint: string } | undefined
      }
    }[]
  >
}

/** Where a version comes from and where it went. */
export interface DatasetLineage {
  readonly reference: string
  /** The run that made it. */
  readonly madeBy: string | undefined
  /** Versions that it was made of. */
  readonly parents: readonly string[]
  /** Versions that were made of it. */
  readonly children: readonly string[]
  /** Runs that logged it as an input (`run.logInput`). Empty without a tracker. */
  readonly readBy: readonly string[]
  /** Models whose registration names it (`dataset: { fingerprint }`) or a run that read it: `name@version`. Empty without a registry. */
  readonly models: readonly string[]
}

/** MLflow keeps so many characters of a digest. */
const MLFLOW_DIGEST = 36

/** Asks tracker and registry. */
export async function lineageOf(
  version: DatasetVersion,
  children: readonly string[],
  { tracker, registry }: { readonly tracker: LineageTracker | undefined; readonly registry: LineageRegistry | undefined },
): Promise<DatasetLineage> {
  const runs = (await tracker?.search({ filter: `dataset.digest = '${version.digest.slice(0, MLFLOW_DIGEST)}'` })) ?? []
  const readBy = runs.map(({ runId }) => runId)
  const models: string[] = []
  for (const { name } of (await registry?.listModels()) ?? []) {
    for (const model of (await registry?.listVersions(name)) ?? []) {
      const { runId, dataset } = model.lineage
      if (dataset?.fingerprint === version.digest || (runId !== undefined && readBy.includes(runId)))
        models.push(`${name}@${model.version}`)
    }
  }
  return { reference: version.reference, madeBy: version.runId, parents: version.parents, children, readBy, models }
}
