/** Splitting a batch by the server's limits: 1000 entries, 100 params, 100 tags and about 1 MB a request. */
import type { RunBatch } from '../../../ports/tracker-backend'
import { toPairs, toPoint } from './records'

type Wire = Record<string, unknown>

/** One request's worth of `runs/log-batch`. */
export interface WireBatch {
  readonly metrics: readonly Wire[]
  readonly params: readonly Wire[]
  readonly tags: readonly Wire[]
}

const maxBytes = 900_000

/** The requests that carry a batch, in order: params and tags first, so that they are there when points are looked at. */
export function splitBatch({ metrics = [], params, tags }: RunBatch): WireBatch[] {
  const points = metrics.map(toPoint)
  return [
    ...chunks(toPairs(params), 100).map((part) => ({ metrics: [], params: part, tags: [] })),
    ...chunks(toPairs(tags), 100).map((part) => ({ metrics: [], params: [], tags: part })),
    ...chunks(points, 1000).map((part) => ({ metrics: part, params: [], tags: [] })),
  ]
}

/** Runs of at most `size` items and about `maxBytes` of JSON. */
function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  let part: T[] = []
  let bytes = 0
  for (const item of items) {
    // A UTF-16 unit is at most three UTF-8 bytes.
    const own = JSON.stringify(item).length * 3
    if (part.length === size || (part.length > 0 && bytes + own > maxBytes)) {
      parts.push(part)
      part = []
      bytes = 0
    }
    part.push(item)
    bytes += own
  }
  if (part.length > 0) parts.push(part)
  return parts
}
