/** The registry backend port: stores registered models, their versions, aliases and history. The terms are MLflow's. */
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
  /** URI of the folder that holds the files, for people and other tools. */
  readonly source: string
  readonly runId?: string | undefined
  /** The logged model that holds the files: `m-` and 32 hexadecimal digits. */
  readonly modelId?: string | undefined
  readonly user?: string | undefined
  readonly tags: Readonly<Record<string, string>>
}

/** An event in the history of a model. Events are never changed or removed. */
export interface RegistryEvent {
  readonly kind: 'version-registered' | 'alias-moved' | 'alias-deleted' | 'promotion-rejected' | 'version-deleted'
  readonly model: string
  /** Epoch milliseconds. */
  readonly at: number
  /** The user who caused it, where known. */
  readonly by?: string | undefined
  /** The version of the event; for a moved alias the version that it points to now. */
  readonly version?: string | undefined
  readonly alias?: string | undefined
  /** The version that the alias pointed to before; absent where the alias did not exist. */
  readonly from?: string | undefined
  /** The call that moved the alias. */
  readonly how?: 'promote' | 'rollback' | 'set' | undefined
  readonly reason?: string | undefined
  /** The verdicts of the gates. */
  readonly verdicts?: readonly GateVerdict[] | undefined
}

/** The verdict of one gate on a candidate. */
export interface GateVerdict {
  readonly gate: string
  readonly passed: boolean
  /** The requirement: `accuracy ≥ 0.8`. */
  readonly required: string
  /** The measured value: `0.74`, `not measured`. */
  readonly measured: string
}

/** A new version. */
export interface VersionInit {
  readonly createdAt: number
  readonly description: string
  readonly runId?: string | undefined
  /** The experiment of the run, where known. */
  readonly experimentId?: string | undefined
  readonly user?: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
  readonly modelType: string
  /** Gives the files for the model id that the backend assigned: relative path → bytes. */
  readonly files: (modelId: string) => Readonly<Record<string, Uint8Array>>
}

/** Called with the `Corrupt` error of each damaged record while the others are listed. */
export type OnDamaged = (error: unknown) => void

/** What a registry backend can do. A frozen plain record. */
export interface RegistryBackendCapabilities {
  /** Aliases move by compare-and-set, also between processes. Otherwise only within one process. */
  readonly atomicAliases: boolean
  /** Events are stored. Otherwise `appendEvent` does nothing and `listEvents` is empty. */
  readonly history: boolean
  /** What was stored survives the end of the process. */
  readonly persistent: boolean
}

/**
 * Stores registered models.
 *
 * Guarantees every implementation gives, checked by `registryChecks()` of `millwright/testing`:
 * - **Versions** are numbered from 1. Concurrent registrations get different numbers, and no number is used again after a deletion. A version
 *   can be read only after all its files are stored. Afterwards only its description and tags change.
 * - **Aliases** move by compare-and-set: of concurrent moves from one state exactly one wins, the others reject with `Conflict`.
 * - **History** is in the order of the calls of each process. An acknowledged event is never lost.
 * - **Persistence**: with `persistent`, another process can read what was acknowledged.
 * - **Records**: a returned record is a snapshot that does not change.
 */
export interface RegistryBackend {
  readonly portVersion: 1
  /** For messages: what and where. Never a secret. */
  readonly name: string
  readonly capabilities: RegistryBackendCapabilities
  /**
   * Only of backends that cannot store every key of a tag or path of a file that the registry accepts: refuses the others. Called before
   * anything is written.
   * @throws InvalidArgument
   */
  assertTakes?(given: { readonly tagKeys?: readonly string[]; readonly paths?: readonly string[] }): void
  /** Creates the model unless it exists. Concurrent calls are safe. */
  ensureModel(name: string, init: { readonly createdAt: number }): Awaitable<void>
  /** The model; `undefined` where there is none. */
  getModel(name: string): Awaitable<RegisteredModelRecord | undefined>
  /**
   * The models in ascending order of name, at most `limit` of them.
   *
   * @param onDamaged called with the error of each damaged record, which is then left out; without it the error is thrown
   */
  listModels(limit?: number, onDamaged?: OnDamaged): Awaitable<readonly RegisteredModelRecord[]>
  /** Changes description and tags; `null` removes a tag. @throws NotFound */
  updateModel(name: string, change: RecordChange): Awaitable<void>
  /** Stores the files, and then the version. */
  createVersion(name: string, init: VersionInit, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<ModelVersionRecord>
  /** The version; `undefined` where there is none, or where it was deleted. */
  getVersion(name: string, version: string): Awaitable<ModelVersionRecord | undefined>
  /** The versions in ascending order of number, without deleted ones; `onDamaged` as in `listModels`. */
  listVersions(name: string, onDamaged?: OnDamaged): Awaitable<readonly ModelVersionRecord[]>
  /** Changes description and tags; `null` removes a tag. @throws NotFound */
  updateVersion(name: string, version: string, change: RecordChange): Awaitable<void>
  /** Deletes a version. Its number is not used again. @throws NotFound, InvalidState while an alias points to it */
  deleteVersion(name: string, version: string, options: { readonly at: number; readonly removeFiles: boolean }): Awaitable<void>
  /** The version that an alias points to; `undefined` where there is no such alias. */
  getAlias(name: string, alias: string): Awaitable<string | undefined>
  /**
   * Points the alias to a version, if it still points to `expected` (`undefined`: if it does not exist).
   * @throws Conflict when it points to another version, NotFound when there is no such version
   */
  moveAlias(name: string, alias: string, version: string, expected: string | undefined): Awaitable<void>
  /** Deletes an alias, if it exists. Not a compare-and-set. */
  deleteAlias(name: string, alias: string): Awaitable<void>
  /** Adds an event. */
  appendEvent(event: RegistryEvent): Awaitable<void>
  /** All events, in the order of appending. */
  listEvents(name: string): Awaitable<readonly RegistryEvent[]>
  /** The last event for which `isMeant` returns true. Only of backends that can read the history from its end; otherwise `listEvents` is used. */
  findLastEvent?(name: string, isMeant: (event: RegistryEvent) => boolean): Awaitable<RegistryEvent | undefined>
  /** The relative paths of a version's files, ascending. */
  listFiles(version: ModelVersionRecord): Awaitable<readonly string[]>
  /** The bytes of one file. @throws NotFound */
  readFile(version: ModelVersionRecord, path: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<Uint8Array>
  /** Releases all resources. Idempotent. */
  close(): Promise<void>
}

/** A change of the description and tags of a model or version. */
export interface RecordChange {
  readonly description?: string | undefined
  /** Key → value, or `null` to remove. */
  readonly tags?: Readonly<Record<string, string | null>> | undefined
  readonly updatedAt: number
}
