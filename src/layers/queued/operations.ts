/** Queued operations: each is one call of the tracker port. Encodes them as JSON. */
import * as z from 'zod/mini'
import { fromUtf8, utf8 } from '../../core/bytes'
import { MillwrightError } from '../../core/errors'
import { readStored, storedFormat, storedNumber } from '../../core/stored'
import type { ArtifactOwner, LoggedModelInit, MetricPoint, RunBatch, RunChange, RunInit } from '../../ports/tracker-backend'

/** One queued call. Ids may be local ones, assigned while the backend did not answer. */
export type QueuedOperation =
  | {
      readonly kind: 'experiment'
      readonly localId: string
      readonly name: string
      readonly tags?: Readonly<Record<string, string>> | undefined
    }
  | { readonly kind: 'run'; readonly localId: string; readonly init: RunInit }
  | { readonly kind: 'batch'; readonly runId: string; readonly batch: RunBatch }
  | { readonly kind: 'update'; readonly runId: string; readonly change: RunChange }
  | { readonly kind: 'delete'; readonly runId: string }
  | { readonly kind: 'artifact'; readonly owner: ArtifactOwner; readonly path: string }
  | { readonly kind: 'model'; readonly localId: string; readonly init: LoggedModelInit }
  | { readonly kind: 'finish'; readonly modelId: string; readonly status: 'ready' | 'failed' }

/** A metric point as stored. */
type WirePoint = [key: string, value: number | string, timestamp: number, step: number]

/** The schema of a stored operation. */
const operationFormat = /* @__PURE__ */ storedFormat(() => {
  const id = z.string()
  const text = z.optional(z.string())
  const texts = z.optional(z.record(z.string(), z.string()))
  const kindOf = <K extends QueuedOperation['kind'], S extends z.core.$ZodShape>(kind: K, shape: S) =>
    z.looseObject({ kind: z.literal(kind), ...shape })
  const dataset = z.looseObject({
    ...{ name: z.string(), digest: z.string(), sourceType: z.string(), source: z.string() },
    ...{ schema: text, profile: text, context: text },
  })
  const batch = z.looseObject({
    metrics: z.optional(z.array(z.tuple([z.string(), storedNumber(), z.number(), z.number()]) as z.ZodMiniType<WirePoint>)),
    params: texts,
    tags: texts,
    datasets: z.optional(z.array(dataset)),
    inputModels: z.optional(z.array(z.string())),
    outputModels: z.optional(z.array(z.looseObject({ modelId: id, step: z.number() }))),
  })
  const run = z.looseObject({ experimentId: id, runName: text, startTime: z.number(), user: text, tags: texts, runId: text })
  const change = z.looseObject({
    status: z.optional(z.enum(['running', 'scheduled', 'finished', 'failed', 'killed'])),
    endTime: z.optional(z.number()),
    runName: text,
  })
  const model = z.looseObject({
    ...{ experimentId: id, name: z.string(), sourceRunId: text, modelType: text },
    ...{ tags: texts, params: texts, createdAt: z.number() },
  })
  return z.discriminatedUnion('kind', [
    kindOf('experiment', { localId: id, name: z.string(), tags: texts }),
    kindOf('run', { localId: id, init: run }),
    kindOf('batch', { runId: id, batch }),
    kindOf('update', { runId: id, change }),
    kindOf('delete', { runId: id }),
    kindOf('artifact', { owner: z.union([z.looseObject({ runId: id }), z.looseObject({ modelId: id })]), path: z.string() }),
    kindOf('model', { localId: id, init: model }),
    kindOf('finish', { modelId: id, status: z.enum(['ready', 'failed']) }),
  ])
})

/** Encodes an operation as JSON. A point becomes an array; `NaN` and the infinities become strings. */
export function encodeOperation(operation: QueuedOperation): Uint8Array {
  if (operation.kind !== 'batch') return utf8(JSON.stringify(operation))
  const metrics = operation.batch.metrics?.map(
    ({ key, value, timestamp, step }): WirePoint => [key, Number.isFinite(value) ? value : String(value), timestamp, step],
  )
  return utf8(JSON.stringify({ ...operation, batch: { ...operation.batch, metrics } }))
}

/** Decodes an operation. `subject`: the key, for the message. @throws Corrupt */
export function decodeOperation(bytes: Uint8Array, subject: string): QueuedOperation {
  const parsed = readStored(operationFormat, ownJson(bytes, subject), subject)
  if (parsed.kind !== 'batch') return parsed
  const metrics = parsed.batch.metrics?.map(
    ([key, value, timestamp, step]): MetricPoint => ({ key, value: Number(value), timestamp, step }),
  )
  return { ...parsed, batch: { ...parsed.batch, metrics } }
}

/** Parses JSON that this queue wrote. A key may be `__proto__`, which `JSON.parse` makes an ordinary member. */
function ownJson(bytes: Uint8Array, subject: string): unknown {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch (cause) {
    throw new MillwrightError('Corrupt', `${subject} is not valid JSON: ${(cause as Error).message}`, { cause })
  }
}
