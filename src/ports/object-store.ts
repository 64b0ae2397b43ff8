/** The object store port: named bytes, written atomically. */
import type { Awaitable } from '../core/awaitable'

/** What an object store can do. A frozen plain record. */
export interface ObjectStoreCapabilities {
  /** `put` honours `ifAbsent` and `ifMatch` atomically, also between processes. Otherwise a `put` with either is refused with `Unsupported`. */
  readonly conditionalPut: boolean
  /** `get` can return a part of an object without reading all of it. Otherwise a `get` with `range` is refused with `Unsupported`. */
  readonly rangeRead: boolean
  /** `append` adds to an object atomically: the bytes of concurrent calls do not mix. Otherwise it is refused with `Unsupported`. */
  readonly appendAtomic: boolean
  /** What was written survives the end of the process. */
  readonly persistent: boolean
  /** Largest object, in bytes. */
  readonly maxObjectBytes: number
}

/** Facts about one object. */
export interface ObjectInfo {
  readonly key: string
  readonly sizeBytes: number
  /** Opaque. Changes with every change of the content. */
  readonly etag: string
  /** Epoch milliseconds, by the clock of the store. */
  readonly modifiedAt: number
}

/** Options of {@link ObjectStore.get}. */
export interface GetOptions {
  readonly signal?: AbortSignal | undefined
  /** Where `rangeRead`: the bytes from `start` (included) to `end` (not included), as far as the object has them. */
  readonly range?: { readonly start: number; readonly end?: number | undefined } | undefined
}

/** Options of {@link ObjectStore.put}. At most one condition, and only where `conditionalPut`. */
export interface PutOptions {
  readonly signal?: AbortSignal | undefined
  /** Write only if the key does not exist; otherwise `Conflict`. */
  readonly ifAbsent?: boolean | undefined
  /** Write only if the object still has this etag; otherwise `Conflict` (also when it is gone). */
  readonly ifMatch?: string | undefined
}

/** Options of {@link ObjectStore.list}. */
export interface ListOptions {
  readonly signal?: AbortSignal | undefined
  /** Only keys that start with this text. Need not end at a `/`. @default '' */
  readonly prefix?: string | undefined
  /** Only keys without a further `/` after the prefix. For the others, `prefixes` has the part up to and including that `/`. @default false */
  readonly shallow?: boolean | undefined
  /** Most entries (objects and prefixes together) in the page. @default 1000 */
  readonly limit?: number | undefined
  /** `cursor` of the page before. */
  readonly cursor?: string | undefined
}

/** One query of {@link ObjectStore.getChanged}. */
export interface ChangedQuery {
  /** A key, or the prefix of a folder, ending in `/`. */
  readonly key: string
  /** The stamp of an earlier answer. Without it, or with an empty one, the answer has the content. */
  readonly stamp?: string | undefined
}

/** One answer of {@link ObjectStore.getChanged}. */
export interface ChangedAnswer {
  /**
   * While a key has this stamp, its content is the same. Opaque; may be stored for other processes. Empty where the content changed so
   * recently that another change could give the same stamp: the content must then be read again.
   */
  readonly stamp: string
  /** For a key: the content; absent where the stamp of the query is still valid. */
  readonly bytes?: Uint8Array | undefined
  /** For a folder: the names directly in it, ascending; names of folders, also of empty ones, end in `/`. Absent where `bytes` would be. */
  readonly names?: readonly string[] | undefined
}

/** The content of a new folder. */
export interface FolderContent {
  /** Path below the folder → content. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Paths of folders below the new one, which may be empty, without a slash at the end. Ignored by stores without real folders. */
  readonly folders?: readonly string[] | undefined
}

/** One page of a listing. */
export interface ObjectListing {
  /** In ascending order of key (UTF-16 code units). */
  readonly objects: readonly ObjectInfo[]
  readonly prefixes: readonly string[]
  /** Present where there are more entries: pass it to the next call. */
  readonly cursor?: string | undefined
}

/**
 * Named bytes.
 *
 * Guarantees every implementation gives, checked by `objectStoreChecks()` of `millwright/testing`:
 * - **Keys** are segments joined by `/`, checked with `assertSafeKey`; anything else is refused with `InvalidArgument`.
 *   A store may refuse a key below the key of an object (`a`, then `a/b`) with `Conflict`.
 * - **Atomicity**: a reader gets the whole old object or the whole new one. After a crash the object is one of the two.
 * - **Visibility**: when a promise of `put`, `append` or `delete` resolves, every later call sees the change, also in another process. With
 *   `persistent`, the change survives a crash of the process.
 * - **Conditions**: of concurrent puts of one key with the same condition exactly one succeeds. The others reject with `Conflict`.
 * - **Capabilities**: a store refuses what it does not claim with `Unsupported`. It never ignores a condition or a range.
 * - **Buffers**: the caller may change the bytes it passed to `put` after the promise resolves, and the bytes that `get` returned at any time.
 * - **Abort**: an aborted call rejects with the signal's reason. An aborted `put` has written the whole object or nothing.
 * - **Order**: `list` is ascending by key. Objects that are written or deleted between two pages may or may not appear.
 */
export interface ObjectStore {
  readonly portVersion: 1
  /** For messages: what and where, for example `fsStorage(./mlops)`. Never a secret. */
  readonly name: string
  readonly capabilities: ObjectStoreCapabilities
  /** The absolute URI of a key or prefix, for other tools (`file:///…`). Does no I/O. */
  uri(key: string): string
  /** The facts of an object; `undefined` where there is none. */
  head(key: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<ObjectInfo | undefined>
  /** The bytes. @throws NotFound; Unsupported for a `range` without `rangeRead` */
  get(key: string, options?: GetOptions): Awaitable<Uint8Array>
  /** Writes the whole object. @throws Conflict when a condition does not hold; Unsupported for a condition without `conditionalPut` */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Awaitable<ObjectInfo>
  /** Adds to the end of an object, which is created if need be. @throws Unsupported without `appendAtomic` */
  append(key: string, bytes: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /** One page of keys. */
  list(options?: ListOptions): Awaitable<ObjectListing>
  /** Deletes an object, if there is one. */
  delete(key: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /**
   * Only of stores with real folders: creates the folder at `prefix` (ending in `/`), unless it exists, for tools that need it. Deleting
   * the last object in it may delete the folder.
   * @throws Conflict where the prefix is the key of an object
   */
  ensureFolder?(prefix: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /**
   * Only of stores that can check many small objects fast: the answers in the order of the queries, each with the content if it changed;
   * `undefined` where there is no such object or folder. Detects every change that `get` would show, also by other programs.
   */
  getChanged?(
    queries: readonly ChangedQuery[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Awaitable<readonly (ChangedAnswer | undefined)[]>
  /**
   * Only of stores that can: creates a folder at `prefix` (ending in `/`) with all its content in one step. After a crash there is all of it
   * or nothing.
   * @throws Conflict where an object is at or below the prefix
   */
  createFolder?(prefix: string, content: FolderContent, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /**
   * Only of stores with real folders: moves a folder with all its content in one step. After a crash it is in one of the two places. Both
   * prefixes end in `/`.
   * @throws NotFound where there is no such folder, Conflict where the new place is taken
   */
  moveFolder?(from: string, to: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /** Releases all resources. Idempotent; afterwards every call throws `InvalidState`. */
  close(): Promise<void>
}
