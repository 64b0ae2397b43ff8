/** Renaming, tagging, deleting and restoring experiments of the tree, as MLflow's file store does: deleted ones lie in `.trash/`. */
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../core/errors'
import type { Meta } from '../../mlruns/meta'
import { headOf } from '../../mlruns/run-meta'
import type { ObjectStore } from '../../ports/object-store'
import { assertBatch, assertExperimentName } from '../../ports/run-keys'
import { assertExperimentActive, deletedExperiment } from '../../ports/run-state'
import type { ExperimentChange, ExperimentRecord } from '../../ports/tracker-backend'
import { DEFAULT_ID, type Experiments, experimentMeta, type PlacedExperiment, TRASH } from './experiments'
import type { KnownFiles } from './known-files'
import type { Places } from './places'
import { runNames } from './run-finder'
import type { RunWriter } from './run-writer'
import { inParallel, type Tree } from './tree'

/** What {@link createLifecycle} works with. */
export interface LifecycleInit {
  readonly tree: Tree
  readonly known: KnownFiles
  readonly experiments: Experiments
  readonly places: Places
  readonly writer: RunWriter
  /** Whole epoch milliseconds. */
  readonly now: () => number
}

/** Changes what is there. */
export interface Lifecycle {
  /** @throws NotFound, InvalidState */
  restoreRun(runId: string): Promise<void>
  /**
   * Of a deletion or restoration that a crash cut short the experiment is deleted; asking again completes it.
   * @throws NotFound, AlreadyExists, InvalidState, InvalidArgument (experiment 0 cannot be deleted); Conflict (both in its place and in the trash)
   */
  changeExperiment(experimentId: string, change: ExperimentChange): Promise<ExperimentRecord>
}

/** Changes in `tree`. */
export function createLifecycle({ tree, known, experiments, places, writer, now }: LifecycleInit): Lifecycle {
  const { root, storage } = tree

  const writeMeta = (base: string, record: ExperimentRecord): Promise<void> => tree.writeMeta(`${base}meta.yaml`, experimentMeta(record))

  /** Gives all runs of an experiment a stage. */
  const setRuns = async (base: string, stage: ExperimentRecord['lifecycleStage']): Promise<void> => {
    const group = known.group(base)
    const names = await runNames(known, group)
    const metas = (await known.read(names.map((name) => ({ folder: known.folder(group, name), path: 'meta.yaml' })))) as (
      | Meta
      | null
      | undefined
    )[]
    const others = names.filter((name, i) => {
      const meta = metas[i]
      const head = meta === undefined || meta === null ? undefined : headOf(meta, name)
      return head !== undefined && head.lifecycleStage !== stage
    })
    for (const runId of others) places.remember(runId, { experiment: base, base: `${base}${runId}/` })
    await inParallel(others, (runId) => writer.setStage(runId, stage))
  }

  const remove = async ({ record, base }: PlacedExperiment): Promise<ExperimentRecord> => {
    const { experimentId } = record
    const deleted: ExperimentRecord = { ...record, lifecycleStage: 'deleted' }
    // From here on it takes no runs.
    await writeMeta(base, deleted)
    await setRuns(base, 'deleted')
    await move(storage, experimentId, base, `${root}${TRASH}${experimentId}/`)
    return deleted
  }

  const restore = async ({ record, base }: PlacedExperiment): Promise<ExperimentRecord> => {
    const there = await move(storage, record.experimentId, base, `${root}${record.experimentId}/`)
    await setRuns(there, 'active')
    const active: ExperimentRecord = { ...record, lifecycleStage: 'active' }
    await writeMeta(there, active)
    return active
  }

  const assertFree = async (name: string, { record }: PlacedExperiment): Promise<void> => {
    const others = (await experiments.list()).filter((one) => one.record.experimentId !== record.experimentId)
    const other = others.find((one) => one.record.name === name)?.record
    if (other === undefined) return
    throw new MillwrightError('AlreadyExists', `${storage.name} already has an experiment ${show(name)} (${other.lifecycleStage})`)
  }

  return {
    async restoreRun(runId) {
      const { experiment } = await places.run(runId)
      const { record } = await experiments.at(experiment)
      assertExperimentActive(record)
      await writer.setStage(runId, 'active')
    },
    async changeExperiment(experimentId, { name, lifecycleStage, tags = {} }) {
      if (name !== undefined) assertExperimentName(name)
      assertBatch({ tags })
      if (experimentId === DEFAULT_ID && lifecycleStage === 'deleted') {
        throw invalidArgument('experiment 0 is where runs without another go: it cannot be deleted')
      }
      const placed = await experiments.get(experimentId)
      const { record: held, base } = placed
      const isChanged = name !== undefined || Object.keys(tags).length > 0
      if (held.lifecycleStage === 'deleted' && lifecycleStage !== 'active' && isChanged) throw deletedExperiment(held)
      if (name !== undefined) await assertFree(name, placed)
      await inParallel(Object.entries(tags), ([key, value]) => tree.write(`${base}tags/${key}`, value))
      const updatedAt = Math.max(now(), held.updatedAt)
      const record = { ...held, name: name ?? held.name, updatedAt, tags: { ...held.tags, ...tags } }
      if (lifecycleStage === 'deleted') return remove({ record, base })
      if (held.lifecycleStage === 'deleted') return lifecycleStage === 'active' ? restore({ record, base }) : held
      if (isChanged) await writeMeta(base, record)
      return isChanged ? record : held
    },
  }
}

/** Moves an experiment's folder. A storage that cannot move folders leaves it in place, marked only in its `meta.yaml`. */
async function move(storage: ObjectStore, experimentId: string, from: string, to: string): Promise<string> {
  if (storage.moveFolder === undefined || from === to) return from
  try {
    await storage.moveFolder(from, to)
  } catch (cause) {
    if (!isMillwrightError(cause, 'Conflict')) throw cause
    throw new MillwrightError('Conflict', `${storage.name}: experiment ${experimentId} cannot be moved from ${from} to ${to}`, { cause })
  }
  return to
}
