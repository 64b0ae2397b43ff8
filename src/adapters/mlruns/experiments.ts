/** Experiments of the tree: `<id>/meta.yaml`, deleted ones whole in `.trash/`. */
import { MillwrightError, show } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import type { Json } from '../../core/json'
import { type Meta, numberOf, textOf } from '../../mlruns/meta'
import type { ObjectStore } from '../../ports/object-store'
import { assertBatch, assertExperimentName } from '../../ports/run-keys'
import { assertNameUsable } from '../../ports/run-state'
import type { ExperimentRecord } from '../../ports/tracker-backend'
import type { KnownFiles, KnownFolder } from './known-files'
import { inParallel, type Tree } from './tree'

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

  /** The experiments at `bases` whose `meta.yaml` belongs to the folder it lies in; with a name, only those that bear it. */
  const readAll = async (bases: readonly string[], name?: string): Promise<PlacedExperiment[]> => {
    const metas = await knownFiles.read(bases.map((base) => ({ folder: folderOf(knownFiles, base), path: 'meta.yaml' })))
    const own = bases.flatMap((base, i) => {
      const meta = (metas[i] ?? undefined) as Meta | undefined
      if (meta === undefined || textOf(meta, 'experiment_id') !== idOf(base)) return []
      return name === undefined || textOf(meta, 'name') === name ? [{ base, meta }] : []
    })
    const tags = await knownFiles.entriesBelow(
      own.map(({ base }) => folderOf(knownFiles, base)),
      'tags/',
    )
    return own.map(({ base, meta }, i) => ({ record: recordOf(storage, base, meta, tags[i] ?? []), base }))
  }

  const read = async (base: string): Promise<PlacedExperiment | undefined> => (await readAll([base]))[0]

  const bases = (): Promise<readonly string[]> => findBases(tree, knownFiles)

  const list = async (): Promise<PlacedExperiment[]> => (await readAll(await bases())).sort(byAge)

  /** Writes a new experiment; `false` when the key is taken. */
  const create = async (id: string, name: string): Promise<boolean> => {
    const at = now()
    const artifactUri = storage.uri(`${root}${id}`)
    const meta = experimentMeta({ experimentId: id, name, artifactUri, lifecycleStage: 'active', createdAt: at, updatedAt: at })
    return tree.writeOnce(`${root}${id}/meta.yaml`, tree.yaml(meta))
  }

  const findByName = async (name: string): Promise<PlacedExperiment | undefined> => {
    const held = known.get(name) ?? `${root}${idFor(name, 0)}/`
    const placed = await read(held)
    if (placed?.record.name === name && placed.record.lifecycleStage === 'active') return placed
    const found = (await readAll(await bases(), name)).sort(byAge)
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
          assertNameUsable(found.record)
          return found.record
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

function folderOf(knownFiles: KnownFiles, base: string): KnownFolder {
  return knownFiles.folder(knownFiles.group(base), '')
}

/** Names of the folders at a prefix, including empty ones. */
async function foldersAt(tree: Tree, knownFiles: KnownFiles, prefix: string): Promise<readonly string[]> {
  if (prefix === '') return tree.folders(prefix)
  const names = ((await knownFiles.read([{ folder: folderOf(knownFiles, prefix), path: '' }]))[0] ?? []) as readonly string[]
  return names.flatMap((name) => (name.endsWith('/') ? [name.slice(0, -1)] : []))
}

/** Key prefixes of all experiments, active ones first. */
async function findBases(tree: Tree, knownFiles: KnownFiles): Promise<readonly string[]> {
  const { root } = tree
  const names = await foldersAt(tree, knownFiles, root)
  const active = names.filter((name) => idShape.test(name) && name !== 'models').map((name) => `${root}${name}/`)
  if (!names.includes('.trash')) return active
  const deleted = await foldersAt(tree, knownFiles, root + TRASH)
  return [...active, ...deleted.filter((name) => idShape.test(name)).map((name) => `${root}${TRASH}${name}/`)]
}

function recordOf(storage: ObjectStore, base: string, meta: Meta, tags: readonly (readonly [string, unknown])[]): ExperimentRecord {
  const createdAt = numberOf(meta, 'creation_time') ?? 0
  return {
    experimentId: idOf(base),
    name: textOf(meta, 'name') ?? '',
    artifactUri: textOf(meta, 'artifact_location') ?? storage.uri(base.slice(0, -1)),
    lifecycleStage: textOf(meta, 'lifecycle_stage') === 'deleted' ? 'deleted' : 'active',
    createdAt,
    updatedAt: numberOf(meta, 'last_update_time') ?? createdAt,
    tags: Object.fromEntries(tags as readonly [string, string][]),
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
