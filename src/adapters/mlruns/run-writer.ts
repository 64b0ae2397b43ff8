/** Writes runs: creation, batches, changes of the head. One write to a run at a time. */
import { utf8 } from '../../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { md5Hex } from '../../core/hash'
import { newId } from '../../core/ids'
import { type RunHead, runMeta } from '../../mlruns/run-meta'
import { assertBatch, assertRunId, assertRunKey, assertRunName, paramConflict } from '../../ports/run-keys'
import { assertExperimentActive, assertTagDeletable, assertTakesBatch, endTimeAfter, isEnded } from '../../ports/run-state'
import type { DatasetInput, RunBatch, RunChange, RunInit, RunRecord } from '../../ports/tracker-backend'
import type { Experiments } from './experiments'
import type { KnownFiles } from './known-files'
import { createMetricWriter, type MetricWriter } from './metric-writer'
import type { Place, Places } from './places'
import type { RunReader } from './run-reader'
import { inParallel, type Tree } from './tree'

/** Writes runs. */
export interface RunWriter {
  create(init: RunInit): Promise<RunRecord>
  log(runId: string, batch: RunBatch): Promise<void>
  update(runId: string, change: RunChange): Promise<void>
  setStage(runId: string, stage: RunRecord['lifecycleStage']): Promise<void>
  /** @throws NotFound, InvalidState, InvalidArgument */
  deleteTag(runId: string, key: string): Promise<void>
}

const RUN_NAME = 'mlflow.runName'
/** MLflow finds a run by id only if these folders are there, empty or not. */
const folderNames: readonly string[] = ['metrics', 'params', 'artifacts']

/** What {@link createRunWriter} works with. */
export interface RunWriterInit {
  readonly tree: Tree
  readonly known: KnownFiles
  readonly experiments: Experiments
  readonly places: Places
  readonly reader: RunReader
  /** Whole epoch milliseconds. */
  readonly now: () => number
}

/** A writer over a tree. */
export function createRunWriter({ tree, known: knownFiles, experiments, places, reader, now }: RunWriterInit): RunWriter {
  /** Runs being written to by this process: who waits, and what is known of their files. */
  const open = new Map<
    string,
    {
      queue: Promise<unknown>
      readonly params: Map<string, string>
      metrics: { readonly base: string; readonly writer: MetricWriter } | undefined
    }
  >()

  const stateOf = (runId: string): NonNullable<ReturnType<typeof open.get>> => {
    const held = open.get(runId)
    if (held !== undefined) return held
    const made = { queue: Promise.resolve(), params: new Map<string, string>(), metrics: undefined }
    open.set(runId, made)
    return made
  }

  /** Runs `work` when every earlier write to the run is over. */
  const inTurn = <T>(runId: string, work: () => Promise<T>): Promise<T> => {
    const state = stateOf(runId)
    const result = state.queue.then(work)
    state.queue = result.catch(() => {})
    return result
  }

  const openHead = async (place: Place, runId: string, batch: RunBatch = {}): Promise<RunHead> => {
    const head = await reader.head(place, runId)
    assertTakesBatch(head, batch)
    return head
  }

  const assertParams = async (place: Place, runId: string, params: readonly (readonly [string, string])[]): Promise<void> => {
    const { params: known } = stateOf(runId)
    const unknown = params.filter(([key]) => !known.has(key)).map(([key]) => key)
    const folder = knownFiles.folder(knownFiles.group(place.experiment), runId)
    const there = await knownFiles.look(unknown.map((key) => ({ folder, path: `params/${key}` })))
    for (const [key, value] of params) {
      const held = known.get(key) ?? (there[unknown.indexOf(key)] as string | undefined)
      if (held !== undefined && held !== value) throw paramConflict(runId, key, held, value)
    }
  }

  const writeParam = async (base: string, runId: string, [key, value]: readonly [string, string]): Promise<void> => {
    const { params: known } = stateOf(runId)
    if (known.has(key)) return
    if (!(await tree.writeOnce(`${base}params/${key}`, value))) {
      const held = await tree.read(`${base}params/${key}`)
      if (held !== undefined && held !== value) throw paramConflict(runId, key, held, value)
    }
    known.set(key, value)
  }

  const writeDataset = async ({ base, experiment }: Place, runId: string, input: DatasetInput): Promise<void> => {
    const { name, digest, sourceType, source, schema = null, profile = null, context } = input
    const datasetId = md5Hex(name + digest)
    const meta = { digest, name, profile, schema, source, source_type: sourceType }
    await tree.writeOnce(`${experiment}datasets/${datasetId}/meta.yaml`, tree.yaml(meta))
    const tags = context === undefined ? {} : { 'mlflow.data.context': context }
    // MLflow writes the source's id as the destination's, too.
    const link = { destination_id: datasetId, destination_type: 'RUN', source_id: datasetId, source_type: 'DATASET', tags }
    await tree.writeOnce(`${base}inputs/${md5Hex(datasetId + runId)}/meta.yaml`, tree.yaml(link))
  }

  const writeInputModel = async (base: string, runId: string, modelId: string): Promise<void> => {
    const link = { destination_id: modelId, destination_type: 'RUN', source_id: modelId, source_type: 'MODEL', tags: {} }
    await tree.writeOnce(`${base}inputs/${md5Hex(modelId + runId)}/meta.yaml`, tree.yaml(link))
  }

  const writeOutputModel = async (base: string, modelId: string, step: number): Promise<void> => {
    const link = {
      destination_id: modelId,
      destination_type: 'MODEL_OUTPUT',
      source_id: modelId,
      source_type: 'RUN_OUTPUT',
      step,
      tags: {},
    }
    await tree.writeOnce(`${base}outputs/${modelId}/meta.yaml`, tree.yaml(link))
  }

  const writeHead = (place: Place, head: RunHead, deletedAt?: number | null): Promise<void> =>
    tree.writeMeta(`${place.base}meta.yaml`, runMeta(head, deletedAt))

  const taken = (runId: string): MillwrightError => new MillwrightError('AlreadyExists', `${tree.storage.name} already has a run ${runId}`)

  const isThere = async (runId: string): Promise<boolean> => {
    try {
      await places.run(runId)
      return true
    } catch (error) {
      if (isMillwrightError(error, 'NotFound')) return false
      throw error
    }
  }

  /** Makes the run's folder with what a new run holds: at once where the storage can, else ending with the meta that makes it a run. */
  const makeRun = async ({ base }: Place, head: RunHead, tags: Readonly<Record<string, string>>): Promise<void> => {
    const meta = tree.yaml(runMeta(head, null))
    if (tree.storage.createFolder !== undefined) {
      const files = new Map([
        ['meta.yaml', utf8(meta)],
        ...Object.entries(tags).map(([key, value]) => [`tags/${key}`, utf8(value)] as const),
      ])
      try {
        return await tree.storage.createFolder(base, { files, folders: folderNames })
      } catch (error) {
        if (!isMillwrightError(error, 'Conflict')) throw error
        // Else something lies there that is no run: it is made into one, as long as nothing is in the way.
      }
    }
    // Nothing of a run that is there may be touched.
    if ((await tree.storage.head(`${base}meta.yaml`)) !== undefined) throw taken(head.runId)
    await Promise.all([
      inParallel(folderNames, (name) => tree.ensureFolder(`${base}${name}/`)),
      inParallel(Object.entries(tags), ([key, value]) => tree.write(`${base}tags/${key}`, value)),
    ])
    // This makes it a run: one that a full disk or a crash cut short is never seen.
    if (!(await tree.writeOnce(`${base}meta.yaml`, meta))) throw taken(head.runId)
  }

  const writeBatch = async (place: Place, runId: string, head: RunHead, batch: RunBatch): Promise<void> => {
    const { base } = place
    const params = Object.entries(batch.params ?? {})
    await assertParams(place, runId, params)
    const state = stateOf(runId)
    // The experiment may have been moved to the trash, or back.
    if (state.metrics?.base !== base) state.metrics = { base, writer: createMetricWriter(tree, `${base}metrics/`) }
    const metrics = state.metrics.writer
    const outcomes = await Promise.allSettled([
      inParallel(params, (param) => writeParam(base, runId, param)),
      metrics.add(batch.metrics ?? []),
      inParallel(Object.entries(batch.tags ?? {}), ([key, value]) => tree.write(`${base}tags/${key}`, value)),
      inParallel(batch.datasets ?? [], (input) => writeDataset(place, runId, input)),
      inParallel(batch.inputModels ?? [], (modelId) => writeInputModel(base, runId, modelId)),
      inParallel(batch.outputModels ?? [], ({ modelId, step }) => writeOutputModel(base, modelId, step)),
    ])
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure !== undefined) throw failure.reason
    const runName = batch.tags?.[RUN_NAME]
    if (runName !== undefined && runName !== head.runName) await writeHead(place, { ...head, runName })
  }

  return {
    async create({ experimentId, runName, startTime, user = '', tags = {}, runId: givenId }) {
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
      await inTurn(runId, async () => {
        // An id is one run's, whichever the experiment.
        if (givenId !== undefined && (await isThere(runId))) throw taken(runId)
        await makeRun(place, head, allTags)
        places.remember(runId, place)
      })
      return { ...head, params: {}, tags: allTags, metrics: {}, datasets: [], inputModels: [], outputModels: [] }
    },
    async log(runId, batch) {
      assertBatch(batch)
      const place = await places.run(runId)
      return inTurn(runId, async () => writeBatch(place, runId, await openHead(place, runId, batch), batch))
    },
    async update(runId, change) {
      const { status, runName } = change
      const place = await places.run(runId)
      if (runName !== undefined) assertRunName(runName)
      await inTurn(runId, async () => {
        const { endTime: heldEnd, ...head } = await openHead(place, runId)
        const newStatus = status ?? head.status
        const end = endTimeAfter(change, heldEnd, now)
        if (runName !== undefined) await tree.write(`${place.base}tags/${RUN_NAME}`, runName)
        await writeHead(place, {
          ...head,
          status: newStatus,
          runName: runName ?? head.runName,
          ...(end === undefined ? {} : { endTime: end }),
        })
        if (isEnded(newStatus)) open.delete(runId)
      })
    },
    async setStage(runId, lifecycleStage) {
      const place = await places.run(runId)
      await inTurn(runId, async () => {
        const head = await reader.head(place, runId)
        if (head.lifecycleStage === lifecycleStage) return
        await writeHead(place, { ...head, lifecycleStage }, lifecycleStage === 'deleted' ? now() : null)
        open.delete(runId)
      })
    },
    async deleteTag(runId, key) {
      assertRunKey(key, 'tag')
      assertTagDeletable(runId, key)
      const place = await places.run(runId)
      await inTurn(runId, async () => {
        await openHead(place, runId)
        const file = `${place.base}tags/${key}`
        if ((await tree.storage.head(file)) === undefined) throw new MillwrightError('NotFound', `run ${runId} has no tag ${show(key)}`)
        await tree.storage.delete(file)
      })
    },
  }
}
