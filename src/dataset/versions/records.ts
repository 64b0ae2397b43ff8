/** Versions and tags as they are stored: found, read, published. */
import { utf8 } from '../../core/bytes'
import { damaged } from '../../core/damage'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { throwIfAborted } from '../../core/signal'
import { parseStored } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { ownObject } from '../../ports/own-object'
import { listAll, readOptional } from '../../ports/stored-objects'
import type { TableSchema } from '../../schema/schema'
import { keys, type StoredData, type StoredVersion, tagFormat, versionFormat } from './format'
import { type DatasetReference, parseDatasetReference } from './reference'

/** One version of a dataset. It never changes. */
export interface DatasetVersion {
  /** `flights@3` */
  readonly reference: string
  readonly name: string
  readonly version: number
  readonly kind: 'table' | 'files'
  /** Of a table its `fingerprint`; of files the SHA-256 of their paths and digests. Equal content has equal digests. */
  readonly digest: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly message: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Tags that point to it now. */
  readonly tags: readonly string[]
  /** The run that made it. */
  readonly runId: string | undefined
  /** References of the versions that it was made of. */
  readonly parents: readonly string[]
  /** Bytes of its content, before chunks are shared. */
  readonly sizeBytes: number
  /** Of a table. */
  readonly numRows: number | undefined
  /** Of a table. */
  readonly schema: TableSchema | undefined
  /** Of files. */
  readonly fileCount: number | undefined
}

/** The numbers of a dataset's versions, ascending, those removed included. */
export async function versionNumbers(store: ObjectStore, name: string): Promise<readonly number[]> {
  const prefix = keys.versionsOf(name)
  const objects = await listAll(store, prefix)
  return objects.flatMap(({ key }) => {
    const digits = /^(\d{8})\.json$/.exec(key.slice(prefix.length))?.[1]
    return digits === undefined ? [] : [Number(digits)]
  })
}

/** A version as stored; `undefined` where there is none. @throws Corrupt */
export async function readVersion(store: ObjectStore, name: string, version: number): Promise<StoredVersion | undefined> {
  const key = keys.version(name, version)
  const bytes = await readOptional(store, key)
  if (bytes === undefined) return undefined
  const stored = parseStored(versionFormat, bytes, key)
  if (stored.name !== name) throw damaged(key, ['name'], show(name), stored.name)
  if (stored.version !== version) throw damaged(key, ['version'], String(version), stored.version)
  return stored
}

/** The newest of these versions that was not removed. */
export async function latestOf(store: ObjectStore, name: string, numbers: readonly number[]): Promise<StoredData | undefined> {
  for (const number of [...numbers].reverse()) {
    const stored = await readVersion(store, name, number)
    if (stored !== undefined && stored.kind !== 'removed') return stored
  }
  return undefined
}

/** The version that a reference names. @throws NotFound */
export async function resolveVersion(store: ObjectStore, reference: unknown, operation: string): Promise<StoredData> {
  const parsed = parseDatasetReference(reference, operation)
  const { name, version } = parsed
  const number = parsed.tag === undefined ? version : (await readTag(store, name, parsed.tag))?.version
  const stored =
    number === undefined && parsed.tag === undefined
      ? await latestOf(store, name, await versionNumbers(store, name))
      : await readNumber(store, name, number)
  if (stored !== undefined && stored.kind !== 'removed') return stored
  throw await notFound(store, parsed, { operation, wasRemoved: stored !== undefined })
}

async function readNumber(store: ObjectStore, name: string, number: number | undefined): Promise<StoredVersion | undefined> {
  return number === undefined ? undefined : readVersion(store, name, number)
}

async function notFound(
  store: ObjectStore,
  { name, tag, version }: DatasetReference,
  { operation, wasRemoved }: { readonly operation: string; readonly wasRemoved: boolean },
): Promise<MillwrightError> {
  const numbers = await versionNumbers(store, name)
  if (numbers.length === 0)
    return new MillwrightError('NotFound', `${operation}: ${store.name} has no dataset ${show(name)}`, { details: { name } })
  const what = tag === undefined ? (version === undefined ? 'versions' : `version ${version}`) : `tag ${show(tag)}`
  const there = wasRemoved ? 'it was removed' : `there are versions 1 to ${numbers.at(-1)}`
  return new MillwrightError('NotFound', `${operation}: the dataset ${show(name)} has no ${what}: ${there}`, {
    details: { name, tag, version },
  })
}

/** What the caller sees of a version. */
export async function describeVersion(store: ObjectStore, stored: StoredData): Promise<DatasetVersion> {
  return describeWith(stored, await tagsOf(store, stored.name))
}

/** What the caller sees of a version, with the tags of its dataset. */
export function describeWith(stored: StoredData, tags: ReadonlyMap<string, number>): DatasetVersion {
  const { name, version, kind, digest, createdAt, message, metadata, runId, parents, sizeBytes } = stored
  const isTable = stored.kind === 'table'
  return {
    reference: `${name}@${version}`,
    ...{ name, version, kind, digest, createdAt, message, metadata },
    tags: [...tags].filter(([, target]) => target === version).map(([tag]) => tag),
    runId,
    parents: parents.map((parent) => `${parent.name}@${parent.version}`),
    sizeBytes,
    numRows: isTable ? stored.numRows : undefined,
    schema: isTable ? stored.columns.map(({ name: column, type, required }) => ({ name: column, type, required })) : undefined,
    fileCount: stored.kind === 'files' ? stored.files.length : undefined,
  }
}

/** The tags of a dataset → the version that each points to. */
export async function tagsOf(store: ObjectStore, name: string): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for (const { key } of await listAll(store, keys.tagsOf(name))) {
    const bytes = await readOptional(store, key)
    if (bytes === undefined) continue
    const { tag, version } = parseStored(tagFormat, bytes, key)
    found.set(tag, version)
  }
  return found
}

async function readTag(store: ObjectStore, name: string, tag: string): Promise<{ readonly version: number } | undefined> {
  const key = keys.tag(name, tag)
  const bytes = await readOptional(store, key)
  return bytes === undefined ? undefined : parseStored(tagFormat, bytes, key)
}

/**
 * Points a tag to a version.
 *
 * @param expected the version that it must point to until now, `null` for none; without it the last caller wins
 * @throws Conflict
 */
export async function moveTag(
  store: ObjectStore,
  { name, tag, version, movedAt, expected }: TagMove,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = keys.tag(name, tag)
  const bytes = utf8(JSON.stringify({ formatVersion: 1, tag, version, movedAt }))
  throwIfAborted(signal)
  if (expected === undefined) {
    await store.put(key, bytes, { signal })
    return
  }
  const info = await store.head(key, { signal })
  const now = await readTag(store, name, tag)
  const isExpected = expected === null ? info === undefined : now?.version === expected
  try {
    if (isExpected) {
      await store.put(key, bytes, { signal, ...(info === undefined ? { ifAbsent: true } : { ifMatch: info.etag }) })
      return
    }
  } catch (error) {
    if (!isMillwrightError(error, 'Conflict')) throw error
  }
  const found = (await readTag(store, name, tag))?.version
  throw new MillwrightError(
    'Conflict',
    `tag: ${show(tag)} of ${show(name)} was expected at ${expected === null ? 'no version' : `version ${expected}`}, it is at ${found === undefined ? 'none' : `version ${found}`}`,
    { details: { name, tag, expected, found: found ?? null } },
  )
}

/** Where a tag goes. */
export interface TagMove {
  readonly name: string
  readonly tag: string
  readonly version: number
  readonly movedAt: number
  readonly expected?: number | null | undefined
}

/** Writes a version under its number, once and for all. Gives whether it was free. */
export async function publish(store: ObjectStore, record: StoredVersion, signal: AbortSignal | undefined): Promise<boolean> {
  const key = keys.version(record.name, record.version)
  const bytes = utf8(JSON.stringify(record))
  try {
    await store.put(key, bytes, { ifAbsent: true, signal })
    return true
  } catch (error) {
    if (!isMillwrightError(error, 'Conflict')) throw error
    // A retry layer may have lost the answer to a put that succeeded.
    return (await ownObject(store, key, bytes, signal)) !== undefined
  }
}
