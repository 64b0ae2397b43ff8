/** Writes runs: creates them, adds batches, changes their `meta.yaml`. */
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { type RunHead, runMeta } from '../../mlruns/run-meta'
import { assertBatch, assertRunId, assertRunKey, assertRunName } from '../../ports/run-keys'
import { assertExperimentActive, assertTagDeletable, assertTakesBatch, endTimeAfter, isEnded } from '../../ports/run-state'
import type { RunBatch, RunChange, RunInit, RunRecord } from '../../ports/tracker-backend'
import type { Experiments } from './experiments'
import type { KnownFiles } from './known-files'
import { OpenRuns } from './open-runs'
import type { Place, Places } from './places'
import { createRunFolder, runExists } from './run-folder'
import { writeDataset, writeInputModel, writeOutputModel } from './run-links'
import type { RunReader } from './run-reader'
import { inParallel, type Tree } from './tree'

const RUN_NAME = 'mlflow.runName'

/** What a {@link RunWriter} works with. */
export interface RunWriterOptions {
  readonly tree: Tree
  readonly known: KnownFiles
  readonly experiments: Experiments
  readonly places: Places
  readonly reader: RunReader
  /** The present time, whole epoch milliseconds. */
  readonly now: () => number
}

/** Writes the runs of one tree, one write to a run at a time. */
export class RunWriter {
  readonly #options: RunWriterOptions
  readonly #open: OpenRuns

  constructor(options: RunWriterOptions) {
    this.#options = options
    this.#open = new OpenRuns(options.tree, options.known)
  }

  /** @throws NotFound or InvalidState (experiment), AlreadyExists, InvalidArgument */
  async create({ experimentId, runName, startTime, user = '', tags = {}, runId: givenId }: RunInit): Promise<RunRecord> {
    const { tree, experiments, places } = this.#options
    const runId = givenId ?? newId()
    assertRunId(runId)
    assertBatch({ tags })
    if (runName !== undefined) assertRunName(runName)
    const { record: experiment, base: experimentBase } = await experiments.get(experimentId)
    assertExperimentActive(experiment)
    const place = { experiment: experimentBase, base: `${experimentBase}${runId}/` }
    const head: RunHead = {
      runId,
      runName: runName ?? tags[RUN_NAME] ?? runId.slice(0, 8),
      experimentId,
      status: 'running',
      startTime,
      artifactUri: tree.storage.uri(`${place.base}artifacts`),
      lifecycleStage: 'active',
      user,
    }
    const allTags = { ...tags, [RUN_NAME]: head.runName }
    await this.#open.inTurn(runId, async () => {
      // An id belongs to one run in all experiments.
      if (givenId !== undefined && (await this.#exists(runId))) throw runExists(tree, runId)
      await createRunFolder(tree, place.base, head, allTags)
      places.remember(runId, place)
    })
    return { ...head, params: {}, tags: allTags, metrics: {}, datasets: [], inputModels: [], outputModels: [] }
  }

  /** @throws NotFound, InvalidState, Conflict (params), InvalidArgument */
  async log(runId: string, batch: RunBatch): Promise<void> {
    assertBatch(batch)
    const place = await this.#options.places.run(runId)
    return this.#open.inTurn(runId, async () => {
      const head = await this.#writableHead(place, runId, batch)
      await this.#open.assertParams(place, runId, Object.entries(batch.params ?? {}))
      await this.#writeBatch(place, runId, batch)
      const runName = batch.tags?.[RUN_NAME]
      if (runName !== undefined && runName !== head.runName) await this.#writeHead(place, { ...head, runName })
    })
  }

  /** @throws NotFound, InvalidState, InvalidArgument */
  async update(runId: string, change: RunChange): Promise<void> {
    const { status, runName } = change
    const { tree, places, now } = this.#options
    const place = await places.run(runId)
    if (runName !== undefined) assertRunName(runName)
    await this.#open.inTurn(runId, async () => {
      const { endTime: heldEnd, ...head } = await this.#writableHead(place, runId)
      const newStatus = status ?? head.status
      const end = endTimeAfter(change, heldEnd, now)
      if (runName !== undefined) await tree.write(`${place.base}tags/${RUN_NAME}`, runName)
      await this.#writeHead(place, {
        ...head,
        status: newStatus,
        runName: runName ?? head.runName,
        ...(end === undefined ? {} : { endTime: end }),
      })
      if (isEnded(newStatus)) this.#open.close(runId)
    })
  }

  /** Marks a run as deleted or active. @throws NotFound */
  async setStage(runId: string, lifecycleStage: RunRecord['lifecycleStage']): Promise<void> {
    const { places, reader, now } = this.#options
    const place = await places.run(runId)
    await this.#open.inTurn(runId, async () => {
      const head = await reader.head(place, runId)
      if (head.lifecycleStage === lifecycleStage) return
      await this.#writeHead(place, { ...head, lifecycleStage }, lifecycleStage === 'deleted' ? now() : null)
      this.#open.close(runId)
    })
  }

  /** @throws NotFound, InvalidState, InvalidArgument */
  async deleteTag(runId: string, key: string): Promise<void> {
    assertRunKey(key, 'tag')
    assertTagDeletable(runId, key)
    const { tree, places } = this.#options
    const place = await places.run(runId)
    await this.#open.inTurn(runId, async () => {
      await this.#writableHead(place, runId)
      const file = `${place.base}tags/${key}`
      if ((await tree.storage.head(file)) === undefined) throw new MillwrightError('NotFound', `run ${runId} has no tag ${show(key)}`)
      await tree.storage.delete(file)
    })
  }

  /** Reads the head of a run that accepts `batch`. @throws InvalidState */
  async #writableHead(place: Place, runId: string, batch: RunBatch = {}): Promise<RunHead> {
    const head = await this.#options.reader.head(place, runId)
    assertTakesBatch(head, batch)
    return head
  }

  /** @throws the first failure, after every part was tried */
  async #writeBatch(place: Place, runId: string, batch: RunBatch): Promise<void> {
    const { tree } = this.#options
    const { base } = place
    const outcomes = await Promise.allSettled([
      inParallel(Object.entries(batch.params ?? {}), (param) => this.#open.writeParam(base, runId, param)),
      this.#open.metricWriter(runId, base).add(batch.metrics ?? []),
      inParallel(Object.entries(batch.tags ?? {}), ([key, value]) => tree.write(`${base}tags/${key}`, value)),
      inParallel(batch.datasets ?? [], (input) => writeDataset(tree, place, runId, input)),
      inParallel(batch.inputModels ?? [], (modelId) => writeInputModel(tree, base, runId, modelId)),
      inParallel(batch.outputModels ?? [], ({ modelId, step }) => writeOutputModel(tree, base, modelId, step)),
    ])
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  #writeHead({ base }: Place, head: RunHead, deletedAt?: number | null): Promise<void> {
    return this.#options.tree.writeMeta(`${base}meta.yaml`, runMeta(head, deletedAt))
  }

  async #exists(runId: string): Promise<boolean> {
    try {
      await this.#options.places.run(runId)
      return true
    } catch (error) {
      if (isMillwrightError(error, 'NotFound')) return false
      throw error
    }
  }
}
