/** Writes runs: creation, batches, changes of the head. One write to a run at a time. */
import { MillwrightError } from '../../../core/errors'
import { newId } from '../../../core/ids'
import { assertBatch, assertRunId, isOnlyTags, paramConflict } from '../../../ports/run-keys'
import type { DatasetInput, RunBatch, RunChange, RunInit, RunRecord } from '../../../ports/tracker-backend'
import type { Experiments } from './experiments'
import { md5Hex } from './md5'
import { createMetricWriter, type MetricWriter } from './metric-writer'
import type { Place, Places } from './places'
import { type RunHead, runMeta } from './run-meta'
import type { RunReader } from './run-reader'
import { inParallel, type Tree } from './tree'

/** Writes runs. */
export interface RunWriter {
  create(init: RunInit): Promise<RunRecord>
  log(runId: string, batch: RunBatch): Promise<void>
  update(runId: string, change: RunChange): Promise<void>
  delete(runId: string): Promise<void>
}

const RUN_NAME = 'mlflow.runName'

/** A writer over `tree`. */
export function createRunWriter(tree: Tree, experiments: Experiments, places: Places, reader: RunReader, now: () => number): RunWriter {
  /** Runs being written to by this process: who waits, and what is known of their files. */
  const open = new Map<string, { queue: Promise<unknown>; readonly params: Map<string, string>; metrics: MetricWriter | undefined }>()

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

  const openHead = async (place: Place, runId: string, allowsEnded: boolean): Promise<RunHead> => {
    const head = await reader.head(place, runId)
    if (head.lifecycleStage === 'deleted') throw new MillwrightError('InvalidState', `run ${runId} is deleted`)
    if (!allowsEnded && head.status !== 'running' && head.status !== 'scheduled') {
      throw new MillwrightError('InvalidState', `run ${runId} is ${head.status} and takes nothing but tags`)
    }
    return head
  }

  const assertParams = async (base: string, runId: string, params: readonly (readonly [string, string])[]): Promise<void> => {
    const { params: known } = stateOf(runId)
    await inParallel(params, async ([key, value]) => {
      const held = known.get(key) ?? (await tree.read(`${base}params/${key}`))
      if (held !== undefined && held !== value) throw paramConflict(runId, key, held, value)
    })
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

  const writeBatch = async (place: Place, runId: string, head: RunHead, batch: RunBatch): Promise<void> => {
    const { base } = place
    const params = Object.entries(batch.params ?? {})
    await assertParams(base, runId, params)
    const state = stateOf(runId)
    state.metrics ??= createMetricWriter(tree, `${base}metrics/`)
    const { metrics } = state
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
    async create({ experimentId, runName, startTime, user = '', tags = {}, runId = newId() }) {
      assertRunId(runId)
      assertBatch({ tags })
      const { record: experiment, base: experimentBase } = await experiments.get(experimentId)
      if (experiment.lifecycleStage === 'deleted') {
        throw new MillwrightError('InvalidState', `experiment ${experimentId} is deleted and takes no runs`)
      }
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
      if (!(await tree.writeOnce(`${place.base}meta.yaml`, tree.yaml(runMeta(head, null))))) {
        throw new MillwrightError('AlreadyExists', `${tree.storage.name} already has a run ${runId}`)
      }
      places.remember(runId, place)
      const allTags = { ...tags, [RUN_NAME]: head.runName }
      // MLflow finds a run by id only if these three folders are there, empty or not.
      await Promise.all([
        inParallel(['metrics', 'params', 'artifacts'], (name) => tree.ensureFolder(`${place.base}${name}/`)),
        inParallel(Object.entries(allTags), ([key, value]) => tree.write(`${place.base}tags/${key}`, value)),
      ])
      return { ...head, params: {}, tags: allTags, metrics: {}, datasets: [], inputModels: [], outputModels: [] }
    },
    async log(runId, batch) {
      assertBatch(batch)
      const place = await places.run(runId)
      return inTurn(runId, async () => writeBatch(place, runId, await openHead(place, runId, isOnlyTags(batch)), batch))
    },
    async update(runId, { status, endTime, runName }) {
      const place = await places.run(runId)
      if (runName !== undefined) assertBatch({ tags: { [RUN_NAME]: runName } })
      await inTurn(runId, async () => {
        const { endTime: heldEnd, ...head } = await openHead(place, runId, true)
        const newStatus = status ?? head.status
        const isOpen = newStatus === 'running' || newStatus === 'scheduled'
        const end = isOpen ? (status === undefined ? (endTime ?? heldEnd) : undefined) : (endTime ?? heldEnd ?? now())
        if (runName !== undefined) await tree.write(`${place.base}tags/${RUN_NAME}`, runName)
        await writeHead(place, {
          ...head,
          status: newStatus,
          runName: runName ?? head.runName,
          ...(end === undefined ? {} : { endTime: end }),
        })
        if (!isOpen) open.delete(runId)
      })
    },
    async delete(runId) {
      const place = await places.run(runId)
      await inTurn(runId, async () => {
        const head = await reader.head(place, runId)
        await writeHead(place, { ...head, lifecycleStage: 'deleted' }, now())
        open.delete(runId)
      })
    },
  }
}
