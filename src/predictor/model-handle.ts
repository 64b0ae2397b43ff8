/** A model with a count of its users: it is disposed when it has been replaced and no call uses it any more. */
import type { LoadedModel } from '../ports/model'
import { type ColumnSpec, isTensorSide } from '../schema/signature'
import type { Row } from '../schema/table'
import { type AnswerCache, createAnswerCache } from './answer-cache'
import { type AnswerMaker, createAnswerMaker } from './answers'
import { createRowReader, type InputPolicy, type RowReader } from './input-check'
import type { ResultCacheOptions } from './result-cache'
import { createUsage, type Usage } from './usage'

/** A loaded model with its name and a count of the calls that use it. */
export interface ModelHandle {
  readonly model: LoadedModel
  readonly name: string
  /** That of the model, if it was not given. */
  readonly version: string
  readonly loadSeconds: number
  /** The counters of this model. */
  readonly usage: Usage
  /** The input columns; `undefined` when the signature names none, so that any table is accepted. */
  readonly columns: readonly ColumnSpec[] | undefined
  /** A row of input registered with the model, or that the model brings. */
  readonly example?: Row | undefined
  /** Reads rows into cells of the input columns; `undefined` when there are none. */
  readonly readRows: RowReader | undefined
  readonly answers: AnswerMaker
  /** The answers of this model that may be given again; `undefined` without a cache. */
  readonly cache: AnswerCache | undefined
  /** A call begins to use the model, and ends. */
  enter(): void
  leave(): void
  /** Disposes the model once no call uses it, and resolves then. Idempotent. */
  retire(): Promise<void>
}

/** What a handle is made of. */
export interface HandleInit {
  readonly model: LoadedModel
  readonly name: string
  /** @default the model's own, else '0' */
  readonly version: string | undefined
  /** How strict its input is checked. */
  readonly policy: InputPolicy
  readonly cache: ResultCacheOptions | undefined
  readonly loadSeconds?: number | undefined
  /** @default the model's own */
  readonly example?: Row | undefined
}

/** A handle without users. */
export function createModelHandle({
  model,
  name,
  version,
  policy,
  cache,
  loadSeconds = 0,
  example = model.example,
}: HandleInit): ModelHandle {
  const { inputs } = model.signature
  let uses = 0
  let retired: Promise<void> | undefined
  let idle: (() => void) | undefined
  const columns = inputs.length === 0 || isTensorSide(inputs) ? undefined : (inputs as readonly ColumnSpec[])
  return {
    model,
    name,
    get version() {
      return version ?? model.version?.() ?? '0'
    },
    loadSeconds,
    usage: createUsage(),
    columns,
    readRows: columns && createRowReader(columns, policy),
    answers: createAnswerMaker(model),
    cache: cache && createAnswerCache(cache),
    example,
    enter() {
      uses++
    },
    leave() {
      if (--uses === 0) idle?.()
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
