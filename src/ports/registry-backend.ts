/** The registry backend port: where registered models, their versions, aliases and history are kept. The nouns are MLflow's. */
import type { Awaitable } from '../core/awaitable'

/** A registered model: a name with versions. */
export interface RegisteredModelRecord {
  readonly name: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly description: string
  readonly tags: Readonly<Record<string, string>>
  /** Alias → version. */
  readonly aliases: Readonly<Record<string, string>>
}

/** One version of a registered model, without its files. */
export interface ModelVersionRecord {
  readonly name: string
  /** A whole number from 1 as text. */
  readonly version: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly description: string
  /** Where the files are, for people and other tools. */
  readonly source: string
  readonly runId?: string | undefined
  /** The logged model that holds the files: `m-` and 32 hexadecimal digits. */
  readonly modelId?: string | undefined
  readonly user?: string | undefined
  readonly tags: Readonly<Record<string, string>>
}

/** What happened to a model. Events are never changed or removed. */
export interface RegistryEvent {
  readonly kind: 'version-registered' | 'alias-moved' | 'alias-deleted' | 'promotion-rejected' | 'version-deleted'
  readonly model: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Who did it, where known. */
  readonly by?: string | undefined
  /** The version it is about; of a moved alias, where it points now. */
  readonly version?: string | undefined
  readonly alias?: string | undefined
  /** Of aliases: where it pointed before; absent where it did not exist. */
  readonly from?: string | undefined
  /** Of moved aliases: by what. */
  readonly how?: 'promote' | 'rollback' | 'set' | undefined
  readonly reason?: string | undefined
  /** What the gates said. */
  readonly verdicts?: readonly GateVerdict[] | undefined
}

/** What one gate said about a candidate. */
export interface GateVerdict {
  readonly gate: string
  readonly passed: boolean
  /** What was asked for: `accuracy ≥ 0.8`. */
  readonly required: string
  /** What was found: `0.74`, `not measured`. */
  readonly measured: string
}

/** What a new version is made of. */
export interface VersionInit {
  readonly createdAt: number
  readonly description: string
  readonly runId?: string | undefined
  /** Of the run, where known. */
  readonly experimentId?: string | undefined
  readonly user?: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
  readonly modelType: string
  /** The files, once the backend knows the model's id: relative path → bytes. */
  readonly files: (modelId: string) => Readonly<Record<string, Uint8Array>>
}

/** Told of a record that is damaged (a `Corrupt` error) while the others are listed. */
export type OnDamaged = (error: unknown) => void

/** What a registry backend can do. */
export interface RegistryBackendCapabilities {
  /** Aliases move by compare-and-set, also between processes. Otherwise only within one process. */
  readonly atomicAliases: boolean
  /** Events are kept. Otherwise `appendEvent` does nothing and `listEvents` is empty. */
  readonly history: boolean
  /** Survives the end of the process. */
  readonly persistent: boolean
}

/**
 * Where registered models are kept.
 *
 * Guarantees (`registryChecks()` checks them through the registry):
 * - **Versions** count up from 1; of concurrent registrations each gets its own number, and no number is used twice, also not after a
 *   deletion. A version is seen only when all its files are stored; files and record never change afterwards, only description and tags do.
 * - **Aliases** move by compare-and-set: of concurrent moves from one state exactly one wins, the others reject with `Conflict`.
 * - **History** is kept in the order of the calls of each process; an event once acknowledged is never lost.
 * - What `persistent` backends acknowledged is there for another process.
 * - Returned records are snapshots: nobody changes them afterwards.
 */
export interface RegistryBackend {
  readonly portVersion: 1
  /** For messages: what and where. Never a secret. */
  readonly name: string
  readonly capabilities: RegistryBackendCapabilities
  /**
   * Where this backend cannot keep every key of a tag or path of a file that the registry takes: refuses the others. Called before
   * anything is written.
   * @throws InvalidArgument
   */
  assertTakes?(given: { readonly tagKeys?: readonly string[]; readonly paths?: readonly string[] }): void
  /** Creates the model if need be. Safe against a race. */
  ensureModel(name: string, init: { readonly createdAt: number }): Awaitable<void>
  /** `undefined` where there is none. */
  getModel(name: string): Awaitable<RegisteredModelRecord | undefined>
  /**
   * In ascending order of name; with a limit the first of them, so that few are read where there are many.
   *
   * @param onDamaged told of each model whose record is damaged, which is then left out; without it the error is thrown
   */
  listModels(limit?: number, onDamaged?: OnDamaged): Awaitable<readonly RegisteredModelRecord[]>
  /** Changes description and tags; a tag of `null` goes. @throws NotFound */
  updateModel(name: string, change: RecordChange): Awaitable<void>
  /** Stores the files, then the version. */
  createVersion(name: string, init: VersionInit, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<ModelVersionRecord>
  /** `undefined` where there is none, or it was deleted. */
  getVersion(name: string, version: string): Awaitable<ModelVersionRecord | undefined>
  /** In ascending order of number, without deleted ones; `onDamaged` as with `listModels`. */
  listVersions(name: string, onDamaged?: OnDamaged): Awaitable<readonly ModelVersionRecord[]>
  /** Changes description and tags; a tag of `null` goes. @throws NotFound */
  updateVersion(name: string, version: string, change: RecordChange): Awaitable<void>
  /** Removes the version from sight; its number stays used. @throws NotFound, InvalidState while an alias points to it */
  deleteVersion(name: string, version: string, options: { readonly at: number; readonly removeFiles: boolean }): Awaitable<void>
  /** Where the alias points. */
  getAlias(name: string, alias: string): Awaitable<string | undefined>
  /**
   * Points the alias to a version, if it still points to `expected` (`undefined`: does not exist).
   * @throws Conflict when it does not, NotFound when there is no such version
   */
  moveAlias(name: string, alias: string, version: string, expected: string | undefined): Awaitable<void>
  /** Removing what is not there is fine. Not a compare-and-set. */
  deleteAlias(name: string, alias: string): Awaitable<void>
  /** Adds an event. */
  appendEvent(event: RegistryEvent): Awaitable<void>
  /** In the order of appending. */
  listEvents(name: string): Awaitable<readonly RegistryEvent[]>
  /** Of backends that can read from the end: the last event that `isMeant` says yes to. Without it, all events are read. */
  findLastEvent?(name: string, isMeant: (event: RegistryEvent) => boolean): Awaitable<RegistryEvent | undefined>
  /** The relative paths of a version's files, ascending. */
  listFiles(version: ModelVersionRecord): Awaitable<readonly string[]>
  /** @throws NotFound */
  readFile(version: ModelVersionRecord, path: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<Uint8Array>
  /** Releases what is held. Idempotent. */
  close(): Promise<void>
}

/** A change of what may change: description and tags. */
export interface RecordChange {
  readonly description?: string | undefined
  /** Key → value, or `null` to remove. */
  readonly tags?: Readonly<Record<string, string | null>> | undefined
  readonly updatedAt: number
}
