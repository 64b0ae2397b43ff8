/** What the registry is made with, asked for, and tells. */
import type { Clock } from '../core/clock'
import type { ObjectStore } from '../ports/object-store'
import type { GateVerdict, RegistryBackend, RegistryEvent } from '../ports/registry-backend'
import type { Approver } from './approval'
import type { Gate } from './gates'
import type { ModelVersion } from './model-version'

/** Options of `ModelRegistry`: exactly one of `storage` and `backend`. */
export interface ModelRegistryOptions {
  /** Where the embedded registry keeps its files, in MLflow's `mlruns` layout. */
  readonly storage?: ObjectStore | undefined
  /** A backend of another kind. */
  readonly backend?: RegistryBackend | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
  /** Noted with versions and in the history. */
  readonly user?: string | undefined
}

/** A version by number, as text, or as the record that `registry.register` gave. */
export type VersionReference = string | number | Pick<ModelVersion, 'version'>

/** Options of `registry.promote`. */
export interface PromoteOptions {
  /** All of them must say yes. */
  readonly gates?: readonly Gate[] | undefined
  /** Asked once all gates have said yes; its answer is a verdict like theirs. */
  readonly approve?: Approver | undefined
  /** The version the alias must point to now, `null` for none. @default where it points when the call begins */
  readonly expected?: VersionReference | null | undefined
  readonly reason?: string | undefined
  /** Who. @default the registry's `user` */
  readonly by?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of `registry.rollback`. */
export interface RollbackOptions {
  /** The version to go back to. @default the one the alias pointed to before */
  readonly to?: VersionReference | undefined
  readonly reason?: string | undefined
  readonly by?: string | undefined
}

/** What the registry tells: event name → what listeners receive. */
export interface RegistryEvents {
  'version-registered': { readonly version: ModelVersion }
  'alias-moved': RegistryEvent
  'promotion-rejected': RegistryEvent & { readonly verdicts: readonly GateVerdict[] }
  error: unknown
}

/** A move of an alias, not yet in the history. @internal */
export interface AliasMove extends Omit<RegistryEvent, 'kind' | 'at'> {
  readonly alias: string
  readonly version: string
}
