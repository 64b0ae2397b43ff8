/** Matches the experiments and runs of the first backend of a tee with those of a follower, creating them there on first use. */
import { isMillwrightError } from '../../core/errors'
import type { RunInit, RunRecord, TrackerBackend } from '../../ports/tracker-backend'
import { rewriteTags } from '../id-rewrite'

/** The tag that holds a run's id in the first backend, on a follower that assigns run ids itself. */
export const teeIdTag = 'millwright.tee_id'

/** Errors after which a run is created instead: a follower behind a queue cannot look a run up while offline, but accepts it. */
const createAfter: readonly string[] = ['NotFound', 'InvalidArgument', 'Unavailable']

/** The follower's ids of the first backend's experiments and runs. */
export class MatchedRuns {
  readonly #first: TrackerBackend
  readonly #follower: TrackerBackend
  readonly #experiments = new Map<string, string>()
  readonly #runs = new Map<string, string>()
  /** Runs that are being matched. */
  readonly #pending = new Map<string, Promise<string>>()
  /** Whether the follower creates runs under a given id, as far as is known. */
  #acceptsRunIds = true

  constructor(first: TrackerBackend, follower: TrackerBackend) {
    this.#first = first
    this.#follower = follower
  }

  /** The follower's id of an experiment, which is created there if it does not exist. */
  async experimentOf(experimentId: string): Promise<string> {
    const held = this.#experiments.get(experimentId)
    if (held !== undefined) return held
    const { name, tags } = await this.#first.getExperiment(experimentId)
    const found = await this.#follower.ensureExperiment(name, { tags })
    this.#experiments.set(experimentId, found.experimentId)
    return found.experimentId
  }

  /** The follower's id of a run, which is created there if it does not exist. */
  runOf(runId: string): Promise<string> {
    return this.#once(runId, () => this.#findOrCreate(runId))
  }

  /** Creates on the follower a run that the first backend has just created. */
  create(run: RunRecord): Promise<string> {
    return this.#once(run.runId, () => this.#create(run, true))
  }

  /** The follower's id of a run that was matched before. */
  knownRun(runId: string): string | undefined {
    return this.#runs.get(runId)
  }

  /** The follower's id of a parent, or the id unchanged. Does not create the parent, because tags may form a cycle of parents. */
  async parentOf(parent: string, followersExperimentId: string): Promise<string> {
    if (this.#acceptsRunIds || !/^[0-9a-f]{32}$/.test(parent)) return parent
    return this.#runs.get(parent) ?? (await this.#findByTag(followersExperimentId, parent)) ?? parent
  }

  /** Runs `match` for a run that is not matched yet, once for all callers. */
  async #once(runId: string, match: () => Promise<string>): Promise<string> {
    const held = this.#runs.get(runId)
    if (held !== undefined) return held
    const pending = this.#pending.get(runId) ?? match()
    this.#pending.set(runId, pending)
    try {
      const found = await pending
      this.#runs.set(runId, found)
      return found
    } finally {
      this.#pending.delete(runId)
    }
  }

  async #findOrCreate(runId: string): Promise<string> {
    const run = await this.#first.getRun(runId)
    try {
      return (await this.#follower.getRun(runId)).runId
    } catch (error) {
      if (!isMillwrightError(error) || !createAfter.includes(error.code)) throw error
      return this.#create(run, false)
    }
  }

  async #create(run: RunRecord, isNew: boolean): Promise<string> {
    const { runId, runName, startTime, user, tags } = run
    const experimentId = await this.experimentOf(run.experimentId)
    const init: RunInit = { experimentId, runName, startTime, user, tags }
    if (this.#acceptsRunIds) {
      try {
        return (await this.#follower.createRun({ ...init, runId })).runId
      } catch (error) {
        if (isMillwrightError(error, 'AlreadyExists')) return runId
        if (!isMillwrightError(error, 'Unsupported')) throw error
        this.#acceptsRunIds = false
      }
    }
    const found = isNew ? undefined : await this.#findByTag(experimentId, runId)
    if (found !== undefined) return found
    const rewritten = await rewriteTags(tags, (parent) => this.parentOf(parent, experimentId))
    return (await this.#follower.createRun({ ...init, tags: { ...rewritten, [teeIdTag]: runId } })).runId
  }

  async #findByTag(experimentId: string, runId: string): Promise<string | undefined> {
    const filter = `tags.\`${teeIdTag}\` = '${runId}'`
    const { items } = await this.#follower.searchRuns({ experimentIds: [experimentId], filter, view: 'all', limit: 1 })
    return items[0]?.runId
  }
}
