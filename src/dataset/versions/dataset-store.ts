/** Versions of datasets in any object store. */

import { utf8 } from '../../core/bytes'
import { type Clock, systemClock } from '../../core/clock'
import { attachDisplay } from '../../core/display'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import {
  anything,
  arrayOf,
  checkOptions,
  either,
  finiteNumber,
  nonEmptyString,
  ofType,
  oneOf,
  requireOptions,
  wholeNumber,
} from '../../core/options'
import type { OnProgress } from '../../core/progress'
import { assertUsage } from '../../core/usage'
import type { ObjectStore } from '../../ports/object-store'
import type { Table } from '../../schema/table'
import type { Dataset } from '../dataset'
import { type CommitSettings, commitData, type DatasetFiles } from './commit'
import { diffFiles, diffTables } from './diff'
import type { DatasetDiff, FileFacts } from './diff-result'
import { keys } from './format'
import { collectGarbage, type GarbageReport } from './gc'
import { type DatasetLineage, type LineageRegistry, type LineageTracker, lineageOf } from './lineage'
import { assertIsFiles, assertIsTable, type ReadSettings, readStoredFile, readTable } from './load'
import { type DatasetVersion, describeVersion, describeWith, moveTag, readVersion, resolveVersion, tagsOf, versionNumbers } from './records'
import { assertDatasetName, assertDatasetTag, parseDatasetReference } from './reference'
import { type DatasetProblem, verifyVersions } from './verify'

/** Options of {@link DatasetStore}. */
export interface DatasetStoreOptions {
  /** Must be able to put on conditions (`conditionalPut`) to commit; without it the store can only be read. */
  readonly storage: ObjectStore
  /** Mean rows of a chunk of a column. Stores share no chunks with versions that another value cut. @default 65536 */
  readonly chunkRows?: number | undefined
  /** Mean bytes of a chunk of a file. @default 524288 */
  readonly chunkBytes?: number | undefined
  /** How long a commit may stand still and what was written stays, before `gc` takes it for left over; at least 1000. @default 3600000 */
  readonly graceMs?: number | undefined
  /** Chunks written or read at the same time. @default 8 */
  readonly jobs?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** What every operation takes. */
export interface DatasetStoreCallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link DatasetStore.commit}. */
export interface DatasetCommitOptions extends DatasetStoreCallOptions {
  /** @default '' */
  readonly message?: string | undefined
  /** Tags to point to the version. */
  readonly tags?: readonly string[] | undefined
  /** Anything that JSON can hold. @default {} */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /** The run that made the data. */
  readonly runId?: string | undefined
  /** Versions that the data was made of: `['raw@3']`. They must be in this store. */
  readonly parents?: readonly string[] | undefined
  /** The version that must be the newest until now, `null` for none; otherwise `Conflict`. @default any */
  readonly expectedLatest?: number | null | undefined
  readonly onProgress?: OnProgress<'chunk'> | undefined
}

/** What a commit gives. */
export interface DatasetCommit extends DatasetVersion {
  /** False where the newest version has this content already: it is given, and none is made. */
  readonly isNew: boolean
  /** Chunks that the store did not have, and their bytes. */
  readonly newChunks: number
  readonly newBytes: number
}

/** Options of {@link DatasetStore.load} and of reading files. */
export interface DatasetLoadOptions extends DatasetStoreCallOptions {
  /** Read only these columns, in this order. @default all */
  readonly columns?: readonly string[] | undefined
  readonly onProgress?: OnProgress<'read'> | undefined
}

/** Options of {@link DatasetStore.diff}. */
export interface DatasetDiffOptions extends DatasetStoreCallOptions {
  /** Columns that tell rows apart. Without them rows are only counted. */
  readonly key?: string | readonly string[] | undefined
  /** Rows of each kind to list. @default 20 */
  readonly maxRows?: number | undefined
  readonly onProgress?: OnProgress<'read'> | undefined
}

/** Options of {@link DatasetStore.gc}. */
export interface DatasetGcOptions extends DatasetStoreCallOptions {
  /** @default the store's */
  readonly graceMs?: number | undefined
  /** Say what would be deleted, and change nothing. @default false */
  readonly dryRun?: boolean | undefined
  readonly onProgress?: OnProgress<'delete'> | undefined
}

const signalRule = { signal: ofType('object') }
const progressRule = { ...signalRule, onProgress: ofType('function') }
const texts = arrayOf(nonEmptyString())
const versionOrNull = either(wholeNumber(1), oneOf(null))

/**
 * Versions of datasets: tables, or files of a folder. Each commit is a numbered version that never changes. Content is kept in chunks named
 * by their SHA-256, so that a version costs what is new in it: appended rows, inserted rows or one changed column share every other chunk.
 *
 * Any number of processes may use one store: two commits get two numbers, none is lost. A killed process leaves nothing half: a version is
 * there whole, or not at all. Every chunk is checked against its digest when it is read.
 *
 * @example
 * const store = new DatasetStore({ storage })
 * await store.commit('flights', flights, { message: 'January', tags: ['prod'] })
 * const again = await store.load('flights@prod')
 * console.log(String(await store.diff('flights@1', 'flights@2', { key: 'id' })))
 */
export class DatasetStore {
  readonly #storage: ObjectStore
  readonly #settings: CommitSettings

  /** @throws InvalidArgument on a wrong or unknown option */
  constructor(options: DatasetStoreOptions) {
    assertUsage('DatasetStore', options, {
      write: (path) => `new DatasetStore({ storage: fsStorage({ root: ${path} }) })`,
      text: './data',
      renamed: { store: 'storage' },
    })
    checkOptions('DatasetStore', options, {
      storage: ofType('object'),
      chunkRows: wholeNumber(16, 2 ** 24),
      chunkBytes: wholeNumber(256, 2 ** 28),
      graceMs: finiteNumber(1000),
      jobs: wholeNumber(1, 256),
      clock: anything(),
    })
    requireOptions('DatasetStore', options, ['storage'])
    const { storage, clock = systemClock(), graceMs = 3_600_000, jobs = 8, chunkRows = 65_536, chunkBytes = 524_288 } = options
    this.#storage = storage
    this.#settings = { store: storage, clock, graceMs, jobs, chunkRows, chunkBytes }
    attachDisplay(this, { text: () => `DatasetStore: ${storage.name}` })
  }

  /**
   * Commits a table or files as the next version of `name`. Where the newest version has the same content, that one is given. When the promise
   * resolves, the version is stored and its tags point to it. An abort, a crash or a kill before leaves the versions that were there.
   *
   * @param data a Dataset or another table; files as pairs of path and bytes (`folderFiles('./images')`), a Map, or an object by path
   * @throws Conflict where `expectedLatest` does not hold, or the commit stood still for longer than `graceMs`; NotFound for an unknown parent;
   * Unsupported where the storage cannot put on conditions
   */
  async commit(name: string, data: Table | DatasetFiles, options: DatasetCommitOptions = {}): Promise<DatasetCommit> {
    assertDatasetName(name)
    checkOptions('commit', options, {
      ...progressRule,
      message: ofType('string'),
      tags: texts,
      metadata: ofType('object'),
      runId: nonEmptyString(),
      parents: texts,
      expectedLatest: versionOrNull,
    })
    const { message = '', tags = [], metadata = {}, runId, parents = [], expectedLatest, signal, onProgress } = options
    tags.forEach(assertDatasetTag)
    assertJson(metadata)
    this.#assertWritable('commit')
    const outcome = await commitData(this.#settings, name, data, { message, metadata, runId, parents, expectedLatest, signal, onProgress })
    const { stored, isNew, newChunks, newBytes } = outcome
    const movedAt = this.#settings.clock.now()
    for (const tag of tags) await moveTag(this.#storage, { name, tag, version: stored.version, movedAt }, signal)
    return { ...(await describeVersion(this.#storage, stored)), isNew, newChunks, newBytes }
  }

  /** Names of the datasets, ascending. */
  async list(options: DatasetStoreCallOptions = {}): Promise<readonly string[]> {
    checkOptions('list', options, signalRule)
    const names: string[] = []
    let cursor: string | undefined
    do {
      const page = await this.#storage.list({ prefix: keys.versions, shallow: true, cursor, signal: options.signal })
      names.push(...page.prefixes.map((prefix) => prefix.slice(keys.versions.length, -1)))
      cursor = page.cursor
    } while (cursor !== undefined)
    return names
  }

  /** The versions of a dataset, oldest first; removed ones are left out. @throws NotFound for an unknown dataset, Corrupt */
  async versions(name: string, options: DatasetStoreCallOptions = {}): Promise<readonly DatasetVersion[]> {
    assertDatasetName(name)
    checkOptions('versions', options, signalRule)
    const numbers = await versionNumbers(this.#storage, name)
    if (numbers.length === 0) throw new MillwrightError('NotFound', `versions: ${this.#storage.name} has no dataset ${show(name)}`)
    const tags = await tagsOf(this.#storage, name)
    const stored = await Promise.all(numbers.map(async (number) => readVersion(this.#storage, name, number)))
    return stored.flatMap((one) => (one === undefined || one.kind === 'removed' ? [] : [describeWith(one, tags)]))
  }

  /** One version: `name@3`, `name@tag`, or `name` for the newest. @throws NotFound, Corrupt */
  async version(reference: string, options: DatasetStoreCallOptions = {}): Promise<DatasetVersion> {
    checkOptions('version', options, signalRule)
    return describeVersion(this.#storage, await resolveVersion(this.#storage, reference, 'version'))
  }

  /** The table of a version: `name@3`, `name@tag`, or `name` for the newest. @throws NotFound, Corrupt; InvalidArgument for a version of files */
  async load(reference: string, options: DatasetLoadOptions = {}): Promise<Dataset> {
    checkOptions('load', options, { ...progressRule, columns: texts })
    const stored = await resolveVersion(this.#storage, reference, 'load')
    assertIsTable(stored, 'load')
    return readTable(this.#reading(options), stored, options.columns)
  }

  /** The files of a version, ascending by path. @throws NotFound, Corrupt; InvalidArgument for a version of a table */
  async files(reference: string, options: DatasetStoreCallOptions = {}): Promise<readonly FileFacts[]> {
    checkOptions('files', options, signalRule)
    const stored = await resolveVersion(this.#storage, reference, 'files')
    assertIsFiles(stored, 'files')
    return stored.files.map(({ path, sizeBytes, digest }) => ({ path, sizeBytes, digest }))
  }

  /** The content of one file of a version. @throws NotFound, Corrupt */
  async readFile(reference: string, path: string, options: DatasetStoreCallOptions = {}): Promise<Uint8Array> {
    checkOptions('readFile', options, signalRule)
    const stored = await resolveVersion(this.#storage, reference, 'readFile')
    assertIsFiles(stored, 'readFile')
    const file = stored.files.find((one) => one.path === path)
    const subject = `${stored.name}@${stored.version}`
    if (file === undefined) throw new MillwrightError('NotFound', `readFile: ${subject} has no file ${show(path)}`, { details: { path } })
    return readStoredFile(this.#reading(options), file, keys.version(stored.name, stored.version))
  }

  /** Every file of a version with its content, one after the other. @throws NotFound, Corrupt */
  async *readFiles(
    reference: string,
    options: DatasetStoreCallOptions = {},
  ): AsyncGenerator<readonly [path: string, bytes: Uint8Array], void> {
    checkOptions('readFiles', options, signalRule)
    const stored = await resolveVersion(this.#storage, reference, 'readFiles')
    assertIsFiles(stored, 'readFiles')
    for (const file of stored.files) {
      yield [file.path, await readStoredFile(this.#reading(options), file, keys.version(stored.name, stored.version))]
    }
  }

  /**
   * Points a tag to a version.
   *
   * @param options `expected`: the version that the tag must point to until now, `null` for none; without it the last caller wins
   * @throws NotFound; Conflict where `expected` does not hold
   */
  async tag(
    reference: string,
    tag: string,
    options: DatasetStoreCallOptions & { readonly expected?: number | null | undefined } = {},
  ): Promise<void> {
    checkOptions('tag', options, { ...signalRule, expected: versionOrNull })
    assertDatasetTag(tag)
    const { name, version } = await resolveVersion(this.#storage, reference, 'tag')
    const { expected, signal } = options
    await moveTag(this.#storage, { name, tag, version, movedAt: this.#settings.clock.now(), expected }, signal)
  }

  /** Removes a tag; removing what is not there is fine. */
  async untag(name: string, tag: string, options: DatasetStoreCallOptions = {}): Promise<void> {
    checkOptions('untag', options, signalRule)
    assertDatasetName(name)
    await this.#storage.delete(keys.tag(name, assertDatasetTag(tag)), options)
  }

  /** What changed between two versions of one kind, of one dataset or of two. @throws NotFound, Corrupt; InvalidArgument for a key that does not tell rows apart */
  async diff(before: string, after: string, options: DatasetDiffOptions = {}): Promise<DatasetDiff> {
    checkOptions('diff', options, { ...progressRule, key: either(nonEmptyString(), texts), maxRows: wholeNumber(0, 1000) })
    const [old, now] = [await resolveVersion(this.#storage, before, 'diff'), await resolveVersion(this.#storage, after, 'diff')]
    const versions = { before: await describeVersion(this.#storage, old), after: await describeVersion(this.#storage, now) }
    if (old.kind === 'files' && now.kind === 'files') return diffFiles({ before: old, after: now }, versions)
    assertIsTable(old, 'diff')
    assertIsTable(now, 'diff')
    const { key = [], maxRows = 20 } = options
    return diffTables({ ...this.#reading(options), key: [key].flat(), maxRows }, { before: old, after: now }, versions)
  }

  /**
   * Where a version comes from and where it went: the run that made it, versions it was made of and those made of it, runs that logged it as
   * an input, models that were trained on it. Runs are found by digest: `run.logInput(await store.load('flights@3'))`.
   */
  async lineage(
    reference: string,
    options: DatasetStoreCallOptions & {
      readonly tracker?: LineageTracker | undefined
      readonly registry?: LineageRegistry | undefined
    } = {},
  ): Promise<DatasetLineage> {
    checkOptions('lineage', options, { ...signalRule, tracker: ofType('object'), registry: ofType('object') })
    const version = await this.version(reference)
    const children: string[] = []
    for (const name of await this.list()) {
      for (const other of await this.versions(name)) if (other.parents.includes(version.reference)) children.push(other.reference)
    }
    return lineageOf(version, children, { tracker: options.tracker, registry: options.registry })
  }

  /**
   * Removes a version. Its number is not used again; its chunks stay until `gc` finds that no other version needs them.
   *
   * @throws NotFound; Conflict while a tag points to it
   */
  async remove(reference: string, options: DatasetStoreCallOptions = {}): Promise<void> {
    checkOptions('remove', options, signalRule)
    if (parseDatasetReference(reference, 'remove').version === undefined) {
      throw invalidArgument(`remove takes a version by its number, such as 'name@3', got ${show(reference)}`)
    }
    const { name, version, commitId, createdAt } = await resolveVersion(this.#storage, reference, 'remove')
    const tags = [...(await tagsOf(this.#storage, name))].filter(([, target]) => target === version).map(([tag]) => tag)
    if (tags.length > 0) {
      throw new MillwrightError('Conflict', `remove: ${name}@${version} is tagged ${tags.map(show).join(', ')}`, {
        hint: 'store.untag(name, tag)',
      })
    }
    const removed = { formatVersion: 1, kind: 'removed', name, version, commitId, createdAt, removedAt: this.#settings.clock.now() }
    await this.#storage.put(keys.version(name, version), utf8(JSON.stringify(removed)), options)
  }

  /**
   * Deletes chunks that no version needs, in two phases: what a collection finds unneeded it notes; a collection at least `graceMs` later
   * deletes it, if it still is. Nothing is deleted while a commit is under way in any process, nor what was written within `graceMs`.
   *
   * @throws Conflict while another collection is under way; Corrupt for a version that cannot be read, before anything is deleted
   */
  async gc(options: DatasetGcOptions = {}): Promise<GarbageReport> {
    checkOptions('gc', options, { ...progressRule, graceMs: finiteNumber(0), dryRun: ofType('boolean') })
    this.#assertWritable('gc')
    const { graceMs = this.#settings.graceMs, dryRun = false, signal, onProgress } = options
    const { store, clock, jobs } = this.#settings
    return collectGarbage({ store, clock, jobs, graceMs, dryRun, signal, onProgress })
  }

  /** Reads every version, tag and chunk, or those of one dataset or version; what is missing or damaged. */
  async verify(
    options: DatasetStoreCallOptions & {
      readonly reference?: string | undefined
      readonly onProgress?: OnProgress<'verify'> | undefined
    } = {},
  ): Promise<readonly DatasetProblem[]> {
    checkOptions('verify', options, { ...progressRule, reference: nonEmptyString() })
    const { reference, signal, onProgress } = options
    const parsed = reference === undefined ? undefined : parseDatasetReference(reference, 'verify')
    const isOne = parsed?.tag !== undefined || parsed?.version !== undefined
    const versions: { readonly name: string; readonly version: number }[] = []
    if (isOne) versions.push(await resolveVersion(this.#storage, reference, 'verify'))
    else {
      for (const name of parsed === undefined ? await this.list({ signal }) : [parsed.name]) {
        for (const version of await versionNumbers(this.#storage, name)) versions.push({ name, version })
      }
    }
    return verifyVersions({ store: this.#storage, jobs: this.#settings.jobs, signal, onProgress }, versions)
  }

  #reading({ signal, onProgress }: DatasetLoadOptions): ReadSettings {
    return { store: this.#storage, jobs: this.#settings.jobs, signal, onProgress }
  }

  #assertWritable(operation: string): void {
    if (this.#storage.capabilities.conditionalPut) return
    throw new MillwrightError(
      'Unsupported',
      `${operation}: ${this.#storage.name} cannot put on conditions, without which two processes could overwrite each other`,
    )
  }
}

/** Refuses what would come back as something else. */
function assertJson(metadata: Readonly<Record<string, unknown>>): void {
  let text: string | undefined
  try {
    text = JSON.stringify(metadata)
  } catch (cause) {
    throw invalidArgument(`\`metadata\` of commit must be JSON, got ${show(metadata)}`, { cause })
  }
  if (text === undefined || Array.isArray(metadata))
    throw invalidArgument(`\`metadata\` of commit must be an object of JSON, got ${show(metadata)}`)
}
