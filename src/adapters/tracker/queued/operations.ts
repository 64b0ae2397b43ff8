/** What waits in the queue: one call of the tracker port each, and its JSON. */
import { fromUtf8, utf8 } from '../../../core/bytes'
import { MillwrightError } from '../../../core/errors'
import type { ArtifactOwner, LoggedModelInit, MetricPoint, RunBatch, RunChange, RunInit } from '../../../ports/tracker-backend'

/** One call that waits. Ids may be local ones, given out while the server could not be asked. */
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

const kinds: readonly string[] = ['experiment', 'run', 'batch', 'update', 'delete', 'artifact', 'model', 'finish']

type WirePoint = readonly [key: string, value: number | string, timestamp: number, step: number]

/** An operation as JSON bytes. Points are short lists; `NaN` and the infinities are strings. */
export function encodeOperation(operation: QueuedOperation): Uint8Array {
  if (operation.kind !== 'batch') return utf8(JSON.stringify(operation))
  const metrics = operation.batch.metrics?.map(
    ({ key, value, timestamp, step }): WirePoint => [key, Number.isFinite(value) ? value : String(value), timestamp, step],
  )
  return utf8(JSON.stringify({ ...operation, batch: { ...operation.batch, metrics } }))
}

/** An operation from its bytes. @throws Corrupt */
export function decodeOperation(bytes: Uint8Array, subject: string): QueuedOperation {
  const parsed = ownJson(bytes, subject) as QueuedOperation | null
  if (parsed === null || typeof parsed !== 'object' || !kinds.includes(parsed.kind)) {
    throw new MillwrightError('Corrupt', `${subject} is not a queued operation`)
  }
  if (parsed.kind !== 'batch') return parsed
  const points = parsed.batch.metrics as readonly WirePoint[] | undefined
  const metrics = points?.map(([key, value, timestamp, step]): MetricPoint => ({ key, value: Number(value), timestamp, step }))
  return { ...parsed, batch: { ...parsed.batch, metrics } }
}

/** What this queue wrote itself, where a key may be called `__proto__`: `JSON.parse` makes it a plain member. */
function ownJson(bytes: Uint8Array, subject: string): unknown {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch (cause) {
    throw new MillwrightError('Corrupt', `${subject} is not valid JSON: ${(cause as Error).message}`, { cause })
  }
}
