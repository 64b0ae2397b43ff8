/** What a dataset store keeps beside the chunks: versions, tags, and the marks of commits and garbage collections under way. */
import * as z from 'zod/mini'
import { storedDigest, storedFormat } from '../../core/stored'
import { columnTypes } from '../../schema/column'

/** Everything lies below this folder of the store. */
const ROOT = 'datasets'

/** Keys of the store. */
export const keys = {
  chunks: `${ROOT}/chunks/`,
  chunk: (digest: string): string => `${ROOT}/chunks/${digest.slice(0, 2)}/${digest.slice(2)}`,
  versions: `${ROOT}/versions/`,
  versionsOf: (name: string): string => `${ROOT}/versions/${name}/`,
  version: (name: string, version: number): string => `${ROOT}/versions/${name}/${String(version).padStart(8, '0')}.json`,
  tagsOf: (name: string): string => `${ROOT}/tags/${name}/`,
  tag: (name: string, tag: string): string => `${ROOT}/tags/${name}/${tag}.json`,
  commits: `${ROOT}/commits/`,
  commit: (id: string): string => `${ROOT}/commits/${id}.json`,
  sweep: `${ROOT}/sweep.json`,
  condemned: `${ROOT}/condemned.json`,
}

/** The digest of a chunk, from its key; `undefined` for what is no chunk. */
export function digestOfKey(key: string): string | undefined {
  const [, head, rest] = /^datasets\/chunks\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(key) ?? []
  return head === undefined || rest === undefined ? undefined : head + rest
}

/** A part of a column: `count` is its rows; a part of a file: `count` is its bytes. */
const chunkRef = () => z.object({ digest: storedDigest(), count: natural(), bytes: natural() })
const natural = () => z.int().check(z.gte(0))

const common = () => ({
  formatVersion: z.literal(1),
  name: z.string(),
  version: z.int().check(z.gte(1)),
  createdAt: z.number(),
  /** Unique to the commit, so that it is told from one that wrote the same. */
  commitId: z.string(),
})
const described = () => ({
  ...common(),
  digest: storedDigest(),
  message: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  runId: z.optional(z.string()),
  parents: z.array(z.object({ name: z.string(), version: z.int().check(z.gte(1)) })),
  sizeBytes: natural(),
})

/** One version: of a table, of files, or the place of a version that was removed. */
export const versionFormat = /* @__PURE__ */ storedFormat(
  () =>
    z.discriminatedUnion('kind', [
      z.looseObject({
        kind: z.literal('table'),
        ...described(),
        numRows: natural(),
        columns: z.array(
          z.object({ name: z.string(), type: z.enum([...columnTypes]), required: z.boolean(), chunks: z.array(chunkRef()) }),
        ),
      }),
      z.looseObject({
        kind: z.literal('files'),
        ...described(),
        files: z.array(z.object({ path: z.string(), sizeBytes: natural(), digest: storedDigest(), chunks: z.array(chunkRef()) })),
      }),
      z.looseObject({ kind: z.literal('removed'), ...common(), removedAt: z.number() }),
    ]),
  { field: 'formatVersion', reads: 1 },
)
type StoredUnion = typeof versionFormat extends { readonly schema: () => z.ZodMiniType<infer T> } ? T : never
/** A version as it is stored. */
export type StoredVersion = StoredUnion
/** A version that holds data. */
export type StoredData = Exclude<StoredVersion, { readonly kind: 'removed' }>
/** A version of a table. */
export type StoredTable = Extract<StoredVersion, { readonly kind: 'table' }>
/** A version of files. */
export type StoredFiles = Extract<StoredVersion, { readonly kind: 'files' }>
/** A part of a column or file. */
export type ChunkRef = StoredTable['columns'][number]['chunks'][number]

/** Where a tag points. */
export const tagFormat = /* @__PURE__ */ storedFormat(
  () => z.looseObject({ formatVersion: z.literal(1), tag: z.string(), version: z.int().check(z.gte(1)), movedAt: z.number() }),
  { field: 'formatVersion', reads: 1 },
)

/** Somebody is at work: a commit, or the deleting part of a garbage collection. */
export const markFormat = /* @__PURE__ */ storedFormat(
  () => z.looseObject({ formatVersion: z.literal(1), id: z.string(), renewedAt: z.number(), lifeMs: z.number() }),
  { field: 'formatVersion', reads: 1 },
)

/** Chunks that no version referenced when a garbage collection looked, and when that was. */
export const condemnedFormat = /* @__PURE__ */ storedFormat(
  () => z.looseObject({ formatVersion: z.literal(1), chunks: z.record(z.string(), z.number()) }),
  { field: 'formatVersion', reads: 1 },
)

/** Every chunk that a version needs. */
export function chunksOf(version: StoredVersion): readonly ChunkRef[] {
  if (version.kind === 'table') return version.columns.flatMap(({ chunks }) => chunks)
  return version.kind === 'files' ? version.files.flatMap(({ chunks }) => chunks) : []
}
