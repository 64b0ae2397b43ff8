/** The object store port: named bytes, written atomically. */
import type { Awaitable } from '../core/awaitable'

/** What an object store can do beyond the mandatory. A frozen plain record. */
export interface ObjectStoreCapabilities {
  /** `put` honours `ifAbsent` and `ifMatch` atomically, also between processes. Otherwise a `put` with either is refused with `Unsupported`. */
  readonly conditionalPut: boolean
  /** `get` can return a part of an object without reading all of it. Otherwise a `get` with `range` is refused with `Unsupported`. */
  readonly rangeRead: boolean
  /** `append` adds to an object atomically: no interleaving, no torn line among concurrent appenders. Otherwise it is refused with `Unsupported`. */
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
  /** Opaque; equal only while the content is equal. Changes with every content change. */
  readonly etag: string
  /** Epoch milliseconds, as the store knows it. */
  readonly modifiedAt: number
}

/** Options of {@link ObjectStore.get}. */
export interface GetOptions {
  readonly signal?: AbortSignal | undefined
  /** Where `rangeRead`: bytes from `start` (included) to `end` (not included, clipped to the size). `start` beyond the size gives no bytes. */
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
  /** Stop at the next `/` after the prefix: `prefixes` then holds what lies deeper, each ending in `/`. @default false */
  readonly shallow?: boolean | undefined
  /** Most entries (objects and prefixes together) in the page. @default 1000 */
  readonly limit?: number | undefined
  /** `cursor` of the page before. */
  readonly cursor?: string | undefined
}

/** One question of {@link ObjectStore.getChanged}. */
export interface ChangedQuery {
  /** A key, or the prefix of a folder, ending in `/`. */
  readonly key: string
  /** The stamp of an earlier answer; without it, or when it is empty, the answer holds whatever is there. */
  readonly stamp?: string | undefined
}

/** One answer of {@link ObjectStore.getChanged}. */
export interface ChangedAnswer {
  /**
   * As long as the stamp of a key is one that came with its content, the content is the same. Opaque, may be kept for later processes.
   * Empty: changed so recently that another change might not show, so the content has to be asked for again.
   */
  readonly stamp: string
  /** Of a key: the content; missing where the stamp that was handed in still holds. */
  readonly bytes?: Uint8Array | undefined
  /** Of a folder: the names directly in it, ascending, those of folders ending in `/` (empty ones too); missing as `bytes` is. */
  readonly names?: readonly string[] | undefined
}

/** What {@link ObjectStore.createFolder} makes. */
export interface FolderContent {
  /** Path below the folder → content. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Paths of folders (without a slash at the end) that other tools look for, empty or not; ignored where there are no real folders. */
  readonly folders?: readonly string[] | undefined
}

/** One page of a listing. */
export interface ObjectListing {
  /** In ascending order of key (UTF-16 code units). */
  readonly objects: readonly ObjectInfo[]
  readonly prefixes: readonly string[]
  /** There is more: pass it to the next call. */
  readonly cursor?: string | undefined
}

/**
 * Named bytes.
 *
 * Guarantees every implementation gives, checked by `objectStoreChecks()` of `millwright/testing`:
 * - **Keys** are segments joined by `/`, checked with `assertSafeKey`; anything else is refused with `InvalidArgument`.
 *   A key and a longer key beneath it (`a`, `a/b`) may not both exist; the store may refuse the second with `Conflict`.
 * - **Atomicity**: a reader sees the whole old object or the whole new one. A crash leaves one of the two.
 * - **Visibility**: when a promise of `put`, `append` or `delete` resolves, every later call sees it, also from another
 *   process; where `persistent`, it survives a crash of the process.
 * - **Conditions**: of concurrent conditional puts on one key exactly one wins, the others reject with `Conflict`.
 * - **Capabilities**: what a store does not claim it refuses with `Unsupported`; it never ignores a condition or a range.
 * - **Buffers**: what `put` was given may be changed by the caller after the promise resolves; what `get` returned is the caller's own.
 * - **Abort**: an aborted call rejects with the signal's reason; an aborted `put` has happened wholly or not at all.
 * - **Order**: `list` is ascending by key; objects written or deleted while paging may or may not appear.
 */
export interface ObjectStore {
  readonly portVersion: 1
  /** For messages: what and where, for example `fsStorage(./mlops)`. Never a secret. */
  readonly name: string
  readonly capabilities: ObjectStoreCapabilities
  /** An absolute URI for a key, or for a prefix: what other tools are told (`file:///…`). Never touches the store. */
  uri(key: string): string
  /** Facts, or `undefined` where there is no such object. */
  head(key: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<ObjectInfo | undefined>
  /** The bytes. @throws NotFound; Unsupported for a `range` without `rangeRead` */
  get(key: string, options?: GetOptions): Awaitable<Uint8Array>
  /** Writes the whole object. @throws Conflict when a condition does not hold; Unsupported for a condition without `conditionalPut` */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Awaitable<ObjectInfo>
  /** Adds to the end, creating the object if need be. @throws Unsupported where `appendAtomic` is false */
  append(key: string, bytes: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /** One page of keys. */
  list(options?: ListOptions): Awaitable<ObjectListing>
  /** Removes; removing what is not there is fine. */
  delete(key: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /**
   * Of stores with real folders: makes the empty folder at `prefix` (ending in `/`) exist, for other tools that look for it. Deleting
   * an object in it may remove it again. Absent where folders are only a way to read keys.
   */
  ensureFolder?(prefix: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /**
   * Of stores that can look at many small objects cheaply: the content of those that changed, in the order of the questions, `undefined`
   * where there is no such object or folder. Notices whatever `get` would show, also what other programs wrote in place.
   */
  getChanged?(
    queries: readonly ChangedQuery[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Awaitable<readonly (ChangedAnswer | undefined)[]>
  /**
   * Of stores that can: makes a folder appear at `prefix` (ending in `/`) with everything in it at once; a crash leaves all of it or nothing.
   * @throws Conflict where an object is at or below the prefix
   */
  createFolder?(prefix: string, content: FolderContent, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /**
   * Of stores with real folders: moves a folder with everything in it at once; a crash leaves it in one place or the other. Both end in `/`.
   * @throws NotFound where no such folder is, Conflict where something is in the new place
   */
  moveFolder?(from: string, to: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /** Releases what is held. Idempotent; afterwards every call throws `InvalidState`. */
  close(): Promise<void>
}
