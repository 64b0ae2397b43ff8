/** What a search knows before it begins: trials that finished in an earlier call, in a store or in a tracker's runs. */
import { invalidArgument } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import { canonicalJson } from '../../core/json'
import type { SearchRun } from './search-run'
import type { SearchTrial } from './trial'
import { type TrialTracker, trialsOfRuns } from './trial-runs'
import { openTrialStore, type SearchIdentity, type TrialStorage, type TrialStore } from './trial-store'

/** Trials that need no fit, and where new ones are kept. */
export interface KnownTrials {
  readonly identity: SearchIdentity
  readonly known: ReadonlyMap<number, SearchTrial>
  readonly store: TrialStore | undefined
}

/** The options of a search that say where trials are. */
export interface TrialPlaces {
  readonly store?: TrialStorage | undefined
  readonly run?: SearchRun | undefined
  readonly resume?: TrialTracker | undefined
  readonly signal?: AbortSignal | undefined
}

/** Whether anything outlives the search, so that its identity must be known. */
export function isKept({ store, run }: TrialPlaces): boolean {
  return store !== undefined || run !== undefined
}

/**
 * Reads the trials of earlier calls.
 *
 * @param facts what makes two searches the same, and the search in words
 * @throws InvalidArgument for `resume` without `run`; Conflict for trials of another search; Corrupt; what storage and tracker throw
 */
export async function knownTrials(
  method: string,
  { store: where, run, resume, signal }: TrialPlaces,
  facts: { readonly identity: unknown; readonly description: string },
): Promise<KnownTrials> {
  if (resume !== undefined && run === undefined) {
    throw invalidArgument(`\`resume\` of ${method} needs \`run\`, the run whose nested runs are the trials`, {
      hint: "tracker.run({ experiment, name: 'my search', resume: true }, (run) => search(…, { run, resume: tracker }))",
    })
  }
  const identity = { fingerprint: sha256Hex(canonicalJson(facts.identity)), description: facts.description }
  const store = where === undefined ? undefined : await openTrialStore(where, identity, signal)
  const tracked = resume === undefined || run === undefined ? [] : await trialsOfRuns(resume, run, identity, signal)
  return { identity, store, known: new Map([...tracked, ...(store?.known ?? [])]) }
}
