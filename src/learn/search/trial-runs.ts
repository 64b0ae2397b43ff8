/** Finished trials read back from a tracker's runs, so that a search goes on where it was interrupted. */
import { isMillwrightError } from '../../core/errors'
import { forEach } from '../../core/parallel'
import { throwIfAborted } from '../../core/signal'
import type { RunRecord } from '../../ports/tracker-backend'
import { type SearchRun, TRIAL_FILE } from './search-run'
import type { SearchTrial } from './trial'
import { readTrial } from './trial-document'
import { otherSearch, type SearchIdentity } from './trial-store'

/** Where the trials of earlier runs are found: a `Tracker` of `millwright/run` is one. */
export interface TrialTracker {
  search(options: { readonly filter: string; readonly limit: number }): Promise<readonly Pick<RunRecord, 'runId' | 'status' | 'tags'>[]>
  readArtifact(runId: string, path: string): Promise<Uint8Array>
  resumeRun(runId: string): Promise<{ finish(status: 'killed'): Promise<void> }>
}

const MOST_TRIALS = 1_000_000
const READS_AT_A_TIME = 8

/**
 * The finished trials among the runs nested in `run`, by number. Runs of trials that never ended belong to a process that was killed: they end
 * as `killed`, and their trials are tried again.
 *
 * @throws Conflict when a trial belongs to another search; Corrupt for damaged files; what the tracker throws
 */
export async function trialsOfRuns(
  tracker: TrialTracker,
  { runId }: SearchRun,
  identity: SearchIdentity,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, SearchTrial>> {
  const nested = await tracker.search({ filter: `tags.\`mlflow.parentRunId\` = '${runId}'`, limit: MOST_TRIALS })
  const runs = nested.filter(({ tags }) => tags['millwright.trial'] !== undefined)
  const known = new Map<number, SearchTrial>()
  await forEach(runs, READS_AT_A_TIME, async (each) => {
    throwIfAborted(signal)
    if (each.status === 'running') await (await tracker.resumeRun(each.runId)).finish('killed')
    if (each.status !== 'finished') return
    const stored = await trialOfRun(tracker, each.runId)
    if (stored === undefined) return
    if (stored.fingerprint !== identity.fingerprint) {
      const theirs = stored.search ?? (each.tags['millwright.search'] as string)
      throw otherSearch(`the run ${runId}`, theirs, identity.description, 'search in a run of its own')
    }
    known.set(stored.trial.number, stored.trial)
  })
  return known
}

/** The trial of a run; `undefined` where an earlier release logged none. */
async function trialOfRun(tracker: TrialTracker, runId: string): Promise<ReturnType<typeof readTrial> | undefined> {
  try {
    return readTrial(await tracker.readArtifact(runId, TRIAL_FILE), `${TRIAL_FILE} of the run ${runId}`)
  } catch (error) {
    if (isMillwrightError(error, 'NotFound')) return undefined
    throw error
  }
}
