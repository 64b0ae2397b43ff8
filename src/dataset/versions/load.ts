/** Reads what a version holds. */
import { concatBytes } from '../../core/bytes'
import { damaged } from '../../core/damage'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import type { ObjectStore } from '../../ports/object-store'
import type { Column } from '../../schema/column'
import { Dataset } from '../dataset'
import { getChunk } from './chunk-store'
import { columnFromChunks, type ReadChunk } from './column-chunks'
import { type ChunkRef, keys, type StoredData, type StoredFiles, type StoredTable } from './format'

/** How chunks are read. */
export interface ReadSettings {
  readonly store: ObjectStore
  readonly jobs: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress<'read'> | undefined
}

/** The columns of a table, those called `names` where given, in their order. @throws Corrupt, NotFound for an unknown name */
export async function readTable(settings: ReadSettings, stored: StoredTable, names?: readonly string[]): Promise<Dataset> {
  const columns = names === undefined ? stored.columns : names.map((name) => columnOf(stored, name))
  const report = progressReporter(settings.onProgress)
  const total = columns.length * stored.numRows
  let done = 0
  const made: Column[] = []
  for (const { name, type, chunks } of columns) {
    throwIfAborted(settings.signal)
    const rows = chunks.reduce((sum, { count }) => sum + count, 0)
    if (rows !== stored.numRows) {
      throw damaged(keys.version(stored.name, stored.version), ['columns', name, 'chunks'], `chunks of ${stored.numRows} rows in all`, rows)
    }
    made.push(columnFromChunks(name, type, await readChunks(settings, chunks)))
    done += rows
    report({ phase: 'read', done, total, unit: 'rows' })
  }
  if (total === 0) report({ phase: 'read', done: 0, total: 0, unit: 'rows' })
  return new Dataset(made)
}

function columnOf(stored: StoredTable, name: string): StoredTable['columns'][number] {
  const column = stored.columns.find((one) => one.name === name)
  if (column !== undefined) return column
  throw new MillwrightError('NotFound', `${stored.name}@${stored.version} has no column ${show(name)}`, { details: { column: name } })
}

async function readChunks({ store, jobs, signal }: ReadSettings, refs: readonly ChunkRef[]): Promise<readonly ReadChunk[]> {
  const chunks: ReadChunk[] = []
  await forEach(refs, jobs, async ({ digest, count }, i) => {
    chunks[i] = { rows: count, bytes: await getChunk(store, digest, signal), key: keys.chunk(digest) }
  })
  return chunks
}

/** The content of one file. @throws Corrupt */
export async function readStoredFile(settings: ReadSettings, file: StoredFiles['files'][number], subject: string): Promise<Uint8Array> {
  const parts = (await readChunks(settings, file.chunks)).map(({ bytes }) => bytes)
  const bytes = concatBytes(parts)
  if (bytes.length !== file.sizeBytes) throw damaged(subject, ['files', file.path], `${file.sizeBytes} bytes`, bytes.length)
  return bytes
}

/** Refuses a version of files. @throws InvalidArgument */
export function assertIsTable(stored: StoredData, operation: string): asserts stored is StoredTable {
  if (stored.kind === 'table') return
  throw invalidArgument(`${operation}: ${stored.name}@${stored.version} holds files, not a table`, {
    hint: 'store.readFile(reference, path), store.readFiles(reference)',
  })
}

/** Refuses a version of a table. @throws InvalidArgument */
export function assertIsFiles(stored: StoredData, operation: string): asserts stored is StoredFiles {
  if (stored.kind === 'files') return
  throw invalidArgument(`${operation}: ${stored.name}@${stored.version} holds a table, not files`, { hint: 'store.load(reference)' })
}
