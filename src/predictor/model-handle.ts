/** A model with a count of its users: it is disposed when it has been replaced and no call uses it any more. */
import type { LoadedModel } from '../ports/model'
import { type ColumnSpec, isTensorSide } from '../schema/signature'
import type { Row } from '../schema/table'
import { createUsage, type Usage } from './usage'

/** A loaded model with its name and a count of the calls that use it. */
export interface ModelHandle {
  readonly model: LoadedModel
  readonly name: string
  readonly version: string
  readonly loadSeconds: number
  /** The counters of this model. */
  readonly usage: Usage
  /** The input columns; `undefined` when the signature names none, so that any table is accepted. */
  readonly columns: readonly ColumnSpec[] | undefined
  /** A row of input registered with the model. */
  readonly example?: Row | undefined
  /** Marks a use; the returned function ends it. */
  use(): () => void
  /** Disposes the model once no call uses it, and resolves then. Idempotent. */
  retire(): Promise<void>
}

/** A handle without users. */
export function createModelHandle(model: LoadedModel, name: string, version: string, loadSeconds = 0): ModelHandle {
  const { inputs } = model.signature
  let uses = 0
  let retired: Promise<void> | undefined
  let idle: (() => void) | undefined
  return {
    model,
    name,
    version,
    loadSeconds,
    usage: createUsage(),
    columns: inputs.length === 0 || isTensorSide(inputs) ? undefined : (inputs as readonly ColumnSpec[]),
    use() {
      uses++
      return () => {
        if (--uses === 0) idle?.()
      }
    },
    retire() {
      retired ??= new Promise<void>((resolve) => {
        if (uses === 0) resolve()
        else idle = resolve
      }).then(() => model.dispose())
      return retired
    },
  }
}
