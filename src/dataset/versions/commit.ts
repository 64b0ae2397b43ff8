/** Commits: content into chunks, then the version that names them. */

import { utf8 } from '../../core/bytes'
import type { Clock } from '../../core/clock'
import { invalidArgument, isPromise, MillwrightError, show } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import { assertSafeKey } from '../../core/ids'
import { canonicalJson } from '../../core/json'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted, yieldToEventLoop } from '../../core/signal'
import type { ObjectStore } from '../../ports/object-store'
import { isTable, type Table } from '../../schema/table'
import { fingerprint } from '../fingerprint'
import { byteChunkEnds } from './boundaries'
import { digestOf, putChunk } from './chunk-store'
import { columnChunks } from './column-chunks'
import type { ChunkRef, StoredData, StoredFiles, StoredTable } from './format'
import { beginCommit, type CommitMark } from './marks'
import { latestOf, publish, resolveVersion, versionNumbers } from './records'

/** Files to commit: pairs of a path and its bytes, as `folderFiles` gives them, a Map, or an object by path. Text is written as UTF-8. */
export type DatasetFiles =
  | AsyncIterable<readonly [path: string, bytes: Uint8Array | string]>
  | Iterable<readonly [path: string, bytes: Uint8Array | string]>
  | Readonly<Record<string, Uint8Array | string>>

/** How a store commits. */
export interface CommitSettings {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly graceMs: number
  readonly jobs: number
  readonly chunkRows: number
  readonly chunkBytes: number
}

/** What is said of a commit beside its content. */
export interface CommitDetails {
  readonly message: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly runId: string | undefined
  readonly parents: readonly string[]
  readonly expectedLatest: number | null | undefined
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress<'chunk'> | undefined
}

/** What a commit stored. */
export interface CommitOutcome {
  readonly stored: StoredData
  /** False where the newest version has the same content: then no version is made. */
  readonly isNew: boolean
  readonly newChunks: number
  readonly newBytes: number
}

/** Keeps chunks and counts those that were new. */
interface ChunkKeeper {
  keep(bytes: Uint8Array, count: number): Promise<ChunkRef>
  readonly counts: { newChunks: number; newBytes: number }
}

type Content =
  | Pick<StoredTable, 'kind' | 'digest' | 'sizeBytes' | 'numRows' | 'columns'>
  | Pick<StoredFiles, 'kind' | 'digest' | 'sizeBytes' | 'files'>

/** Commits a table or files as the next version of `name`. */
export async function commitData(
  settings: CommitSettings,
  name: string,
  data: Table | DatasetFiles,
  details: CommitDetails,
): Promise<CommitOutcome> {
  const { store, clock, graceMs } = settings
  const { signal } = details
  const parents = await Promise.all(details.parents.map(async (parent) => resolveVersion(store, parent, 'commit: `parents`')))
  const mark = await beginCommit(store, { clock, graceMs, signal })
  try {
    const keeper = chunkKeeper(store, mark, signal)
    const content = isTable(data)
      ? await tableContent(settings, data, keeper, details)
      : await filesContent(settings, data, keeper, details)
    const described = {
      message: details.message,
      metadata: details.metadata,
      ...(details.runId === undefined ? {} : { runId: details.runId }),
      parents: parents.map((parent) => ({ name: parent.name, version: parent.version })),
    }
    const { stored, isNew } = await publishNext({ ...settings, mark }, name, { ...content, ...described }, details)
    return { stored, isNew, ...keeper.counts }
  } finally {
    await mark.end()
  }
}

function chunkKeeper(store: ObjectStore, mark: CommitMark, signal: AbortSignal | undefined): ChunkKeeper {
  const counts = { newChunks: 0, newBytes: 0 }
  const underWay = new Map<string, Promise<boolean>>()
  return {
    counts,
    async keep(bytes, count) {
      throwIfAborted(signal)
      await mark.renew()
      const digest = await digestOf(bytes)
      const before = underWay.get(digest)
      const put = before ?? putChunk(store, digest, bytes, signal)
      underWay.set(digest, put)
      const isNew = await put
      if (isNew && before === undefined) {
        counts.newChunks++
        counts.newBytes += bytes.length
      }
      return { digest, count, bytes: bytes.length }
    },
  }
}

async function tableContent(settings: CommitSettings, table: Table, keeper: ChunkKeeper, details: CommitDetails): Promise<Content> {
  const { jobs, chunkRows } = settings
  const report = progressReporter(details.onProgress, { clock: settings.clock })
  const total = table.numRows * table.columnNames.length
  const chunks: ChunkRef[][] = table.columnNames.map(() => [])
  let done = 0
  for (const [place, name] of table.columnNames.entries()) {
    const column = table.column(name)
    const batch: { readonly at: number; readonly rows: number; readonly bytes: Uint8Array }[] = []
    const flush = async (): Promise<void> => {
      await forEach(batch.splice(0), jobs, async ({ at, rows, bytes }) => {
        ;(chunks[place] as ChunkRef[])[at] = await keeper.keep(bytes, rows)
        done += rows
        report({ phase: 'chunk', done, total, unit: 'rows' })
      })
    }
    let at = 0
    for (const { rows, bytes } of columnChunks(column, { mean: chunkRows })) {
      batch.push({ at: at++, rows, bytes })
      if (batch.length >= jobs) await flush()
    }
    await flush()
    await yieldToEventLoop()
  }
  if (total === 0) report({ phase: 'chunk', done: 0, total: 0, unit: 'rows' })
  const columns = table.columnNames.map((name, place) => {
    const { type, nullCount } = table.column(name)
    return { name, type, required: nullCount === 0, chunks: chunks[place] as ChunkRef[] }
  })
  const sizeBytes = chunks.flat().reduce((sum, { bytes }) => sum + bytes, 0)
  return { kind: 'table', digest: fingerprint(table), sizeBytes, numRows: table.numRows, columns }
}

async function filesContent(settings: CommitSettings, data: DatasetFiles, keeper: ChunkKeeper, details: CommitDetails): Promise<Content> {
  const report = progressReporter(details.onProgress, { clock: settings.clock })
  const files: StoredFiles['files'] = []
  const seen = new Set<string>()
  let done = 0
  for await (const pair of entriesOf(data)) {
    const [path, given] = pair
    const bytes = typeof given === 'string' ? utf8(given) : given
    assertPath(path, seen)
    if (!(bytes instanceof Uint8Array)) throw invalidArgument(`commit: the file ${show(path)} must be bytes or a text, got ${show(given)}`)
    const ends = byteChunkEnds(bytes, { mean: settings.chunkBytes })
    const chunks: ChunkRef[] = []
    await forEach(ends, settings.jobs, async (end, i) => {
      const part = bytes.subarray(i === 0 ? 0 : ends[i - 1], end)
      chunks[i] = await keeper.keep(part, part.length)
      done += part.length
      report({ phase: 'chunk', done, unit: 'bytes' })
    })
    files.push({ path, sizeBytes: bytes.length, digest: await digestOf(bytes), chunks })
  }
  report({ phase: 'chunk', done, total: done, unit: 'bytes' })
  files.sort((a, b) => (a.path < b.path ? -1 : 1))
  const digest = sha256Hex(canonicalJson(['millwright-files-1', files.map((file) => [file.path, file.digest])]))
  return { kind: 'files', digest, sizeBytes: done, files }
}

async function* entriesOf(data: DatasetFiles): AsyncGenerator<readonly [string, Uint8Array | string], void> {
  if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data) || isPromise(data)) {
    throw invalidArgument(`commit takes a Dataset, or files by path, got ${show(data)}`)
  }
  const source = Symbol.asyncIterator in data || Symbol.iterator in data ? data : Object.entries(data)
  for await (const pair of source as AsyncIterable<readonly [string, Uint8Array | string]>) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw invalidArgument(`commit: files come as pairs of a path and bytes, got ${show(pair)}`)
    yield pair as unknown as readonly [string, Uint8Array | string]
  }
}

/** No path may be another one's folder, so that the files can be written to a disk. */
function assertPath(path: unknown, seen: Set<string>): void {
  assertSafeKey(path as string, 'the path of a file')
  if (seen.has(path as string)) throw invalidArgument(`commit: the file ${show(path)} is given twice`)
  seen.add(path as string)
}

async function publishNext(
  { store, clock, mark }: CommitSettings & { readonly mark: CommitMark },
  name: string,
  content: Content & Pick<StoredData, 'message' | 'metadata' | 'runId' | 'parents'>,
  { expectedLatest, signal }: CommitDetails,
): Promise<{ readonly stored: StoredData; readonly isNew: boolean }> {
  for (;;) {
    await mark.renew()
    throwIfAborted(signal)
    const numbers = await versionNumbers(store, name)
    const latest = await latestOf(store, name, numbers)
    assertExpected(name, expectedLatest, latest?.version)
    if (latest?.digest === content.digest) return { stored: latest, isNew: false }
    // Of the same listing: a version that came meanwhile takes this number, and is looked at.
    const number = (numbers.at(-1) ?? 0) + 1
    const facts = { formatVersion: 1, name, version: number, createdAt: clock.now(), commitId: mark.id } as const
    const record = { ...facts, ...content } as StoredData
    if (await publish(store, record, signal)) return { stored: record, isNew: true }
    // Another process took the number: the next one, unless the caller wanted to come right behind a certain version.
  }
}

function assertExpected(name: string, expected: number | null | undefined, found: number | undefined): void {
  if (expected === undefined || expected === (found ?? null)) return
  throw new MillwrightError(
    'Conflict',
    `commit: the newest version of ${show(name)} was expected to be ${expected === null ? 'none' : expected}, it is ${found ?? 'none'}`,
    { details: { name, expected, found: found ?? null } },
  )
}
