/** Experiments of the tree: `<id>/meta.yaml`, deleted ones whole in `.trash/`. */
import { MillwrightError, show } from '../../../core/errors'
import { sha256Hex } from '../../../core/hash'
import type { Json } from '../../../core/json'
import { assertBatch, assertExperimentName } from '../../../ports/run-keys'
import type { ExperimentRecord } from '../../../ports/tracker-backend'
import type { KnownFiles } from './known-files'
import { inParallel, type Meta, numberOf, type Tree, textOf } from './tree'

/** An experiment and where it lies. */
export interface PlacedExperiment {
  readonly record: ExperimentRecord
  /** Key prefix, ending in `/`. */
  readonly base: string
}

/** The experiments of a tree. */
export interface Experiments {
  ensure(name: string, tags: Readonly<Record<string, string>>): Promise<ExperimentRecord>
  /** @throws NotFound */
  get(experimentId: string): Promise<PlacedExperiment>
  /** The one that lies at a base. @throws NotFound */
  at(base: string): Promise<PlacedExperiment>
  list(): Promise<readonly PlacedExperiment[]>
  /** Key prefixes of all experiments, active ones first. */
  bases(): Promise<readonly string[]>
}

const idShape = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
/** Where deleted experiments lie, below the root. */
export const TRASH = '.trash/'
/** The experiment of runs that name none. */
export const DEFAULT_ID = '0'
const DEFAULT_NAME = 'Default'

/**
 * Experiments over `tree`.
 *
 * A new experiment's id is made from its name, so that two processes that create it at once write the same key, and
 * one of them finds the other's. MLflow makes random ids; both are found.
 */
export function createExperiments(tree: Tree, knownFiles: KnownFiles, now: () => number): Experiments {
  const { root, storage } = tree
  const known = new Map<string, string>()

  /** What `meta.yaml` says, if it belongs to the folder it lies in. */
  const readOwn = async (base: string): Promise<Meta | undefined> => {
    const group = knownFiles.group(base)
    const meta = (await knownFiles.look(group, [{ folder: knownFiles.folder(group, ''), path: 'meta.yaml' }]))[0] as Meta | null | undefined
    return meta !== undefined && meta !== null && textOf(meta, 'experiment_id') === idOf(base) ? meta : undefined
  }

  const tagsOf = async (base: string): Promise<Record<string, string>> => {
    const group = knownFiles.group(base)
    const folder = knownFiles.folder(group, '')
    const paths = (await knownFiles.filesBelow(group, [folder], 'tags/'))[0] ?? []
    const texts = await knownFiles.look(
      group,
      paths.map((path) => ({ folder, path })),
    )
    return Object.fromEntries(paths.flatMap((path, i) => (typeof texts[i] === 'string' ? [[path.slice('tags/'.length), texts[i]]] : [])))
  }

  const read = async (base: string): Promise<PlacedExperiment | undefined> => {
    const meta = await readOwn(base)
    if (meta === undefined) return undefined
    const experimentId = idOf(base)
    const createdAt = numberOf(meta, 'creation_time') ?? 0
    const record: ExperimentRecord = {
      experimentId,
      name: textOf(meta, 'name') ?? '',
      artifactUri: textOf(meta, 'artifact_location') ?? storage.uri(base.slice(0, -1)),
      lifecycleStage: textOf(meta, 'lifecycle_stage') === 'deleted' ? 'deleted' : 'active',
      createdAt,
      updatedAt: numberOf(meta, 'last_update_time') ?? createdAt,
      tags: await tagsOf(base),
    }
    return { record, base }
  }

  const bases = async (): Promise<string[]> => {
    const names = await tree.folders(root)
    const active = names.filter((name) => idShape.test(name) && name !== 'models').map((name) => `${root}${name}/`)
    if (!names.includes('.trash')) return active
    const deleted = await tree.folders(root + TRASH)
    return [...active, ...deleted.filter((name) => idShape.test(name)).map((name) => `${root}${TRASH}${name}/`)]
  }

  const list = async (): Promise<PlacedExperiment[]> => {
    const found = (await inParallel(await bases(), read)).filter((placed) => placed !== undefined)
    return found.sort(byAge)
  }

  /** Writes a new experiment; `false` when the key is taken. */
  const create = async (id: string, name: string): Promise<boolean> => {
    const at = now()
    const artifactUri = storage.uri(`${root}${id}`)
    const meta = experimentMeta({ experimentId: id, name, artifactUri, lifecycleStage: 'active', createdAt: at, updatedAt: at })
    return tree.writeOnce(`${root}${id}/meta.yaml`, tree.yaml(meta))
  }

  const usable = ({ record }: PlacedExperiment): ExperimentRecord => {
    if (record.lifecycleStage === 'active') return record
    throw new MillwrightError('InvalidState', `experiment ${show(record.name)} is deleted and holds its name`, {
      details: { experimentId: record.experimentId },
      hint: 'restore it, or take another name',
    })
  }

  const findByName = async (name: string): Promise<PlacedExperiment | undefined> => {
    const held = known.get(name) ?? `${root}${idFor(name, 0)}/`
    const placed = await read(held)
    if (placed?.record.name === name && placed.record.lifecycleStage === 'active') return placed
    // Only those that bear the name are read whole.
    const named = await inParallel(await bases(), async (base) => {
      const meta = await readOwn(base)
      return meta !== undefined && textOf(meta, 'name') === name ? read(base) : undefined
    })
    const found = named.filter((one) => one !== undefined).sort(byAge)
    return found.find(({ record }) => record.lifecycleStage === 'active') ?? found[0]
  }

  return {
    async ensure(name, tags) {
      assertExperimentName(name)
      assertBatch({ tags })
      for (let attempt = 0; attempt < 100; attempt++) {
        const found = await findByName(name)
        if (found !== undefined) {
          known.set(name, found.base)
          return usable(found)
        }
        await create(DEFAULT_ID, DEFAULT_NAME)
        const id = idFor(name, attempt)
        if (name === DEFAULT_NAME || !(await create(id, name))) continue
        await inParallel(Object.entries(tags), ([key, value]) => tree.write(`${root}${id}/tags/${key}`, value))
      }
      throw new MillwrightError('Conflict', `${storage.name}: experiment ${show(name)} cannot be created, its ids are taken`)
    },
    async get(experimentId) {
      if (idShape.test(experimentId) && experimentId !== 'models') {
        for (const base of [`${root}${experimentId}/`, `${root}${TRASH}${experimentId}/`]) {
          const placed = await read(base)
          if (placed !== undefined) return placed
        }
      }
      throw new MillwrightError('NotFound', `${storage.name} has no experiment ${show(experimentId)}`)
    },
    async at(base) {
      const placed = await read(base)
      if (placed === undefined) throw new MillwrightError('NotFound', `${storage.name} has no experiment at ${base}`)
      return placed
    },
    list,
    bases,
  }
}

/** The fields of `meta.yaml`. */
export function experimentMeta(record: Omit<ExperimentRecord, 'tags'>): Readonly<Record<string, Json>> {
  return {
    artifact_location: record.artifactUri,
    creation_time: record.createdAt,
    experiment_id: record.experimentId,
    last_update_time: record.updatedAt,
    lifecycle_stage: record.lifecycleStage,
    name: record.name,
    trace_location: null,
    workspace: 'default',
  }
}

/** 18 digits, as MLflow's ids have, from the name; `attempt` counts up when another experiment has them. */
function idFor(name: string, attempt: number): string {
  const digits = BigInt(`0x${sha256Hex(`${attempt}:${name}`).slice(0, 24)}`)
  return String(100_000_000_000_000_000n + (digits % 900_000_000_000_000_000n))
}

/** The name of the folder, which is the id. */
function idOf(base: string): string {
  return base.slice(base.lastIndexOf('/', base.length - 2) + 1, -1)
}

function byAge({ record: a }: PlacedExperiment, { record: b }: PlacedExperiment): number {
  return a.createdAt - b.createdAt || (a.experimentId < b.experimentId ? -1 : 1)
}
