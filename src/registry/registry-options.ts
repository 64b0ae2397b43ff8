/** The options and events of the registry. */
import type { Clock } from '../core/clock'
import type { ObjectStore } from '../ports/object-store'
import type { GateVerdict, RegistryBackend, RegistryEvent } from '../ports/registry-backend'
import type { Approver } from './approval'
import type { Gate } from './gates'
import type { ModelVersion } from './model-version'
import type { OnnxExporter } from './onnx-export'

/** Options of `ModelRegistry`: exactly one of `storage` and `backend`. */
export interface ModelRegistryOptions {
  /** The storage of the embedded registry, in MLflow's `mlruns` layout. */
  readonly storage?: ObjectStore | undefined
  /** A backend of another kind. */
  readonly backend?: RegistryBackend | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
  /** The user, recorded with versions and in the history. */
  readonly user?: string | undefined
  /** Writes the ONNX file of `register({ onnx: true })`. @default the ONNX writer of this library, loaded on first use */
  readonly onnxExporter?: OnnxExporter | undefined
}

/** A version: its number, the number as text, or the record that `registry.register` returned. */
export type VersionReference = string | number | Pick<ModelVersion, 'version'>

/** Options of `registry.promote`. */
export interface PromoteOptions {
  /** Gates that must all pass. */
  readonly gates?: readonly Gate[] | undefined
  /** Called after all gates have passed. Its answer is recorded as a verdict. */
  readonly approve?: Approver | undefined
  /** The version that the alias must point to now; `null` where it must not exist. @default the version it points to when the call begins */
  readonly expected?: VersionReference | null | undefined
  readonly reason?: string | undefined
  /** The user. @default the registry's `user` */
  readonly by?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of `registry.rollback`. */
export interface RollbackOptions {
  /** The version to go back to. @default the version the alias pointed to before */
  readonly to?: VersionReference | undefined
  readonly reason?: string | undefined
  readonly by?: string | undefined
}

/** The events of the registry: name → what listeners receive. */
export interface RegistryEvents {
  'version-registered': { readonly version: ModelVersion }
  'alias-moved': RegistryEvent
  'promotion-rejected': RegistryEvent & { readonly verdicts: readonly GateVerdict[] }
  error: unknown
}

/** A move of an alias that is not yet in the history. @internal */
export interface AliasMove extends Omit<RegistryEvent, 'kind' | 'at'> {
  readonly alias: string
  readonly version: string
}
