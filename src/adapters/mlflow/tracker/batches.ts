/** Splitting a batch by the server's limits: 1000 entries, 100 params, 100 tags and about 1 MB a request. */
import type { RunBatch } from '../../../ports/tracker-backend'
import { toPairs, type Wire } from '../client/wire'
import { toPoint } from './records'

type Part = 'params' | 'tags' | 'metrics'

/** One request's worth of `runs/log-batch`. */
export type WireBatch = Readonly<Record<Part, readonly Wire[]>>

const maxBytes = 900_000
const maxEntries = 1000
const maxOf: Readonly<Record<Part, number>> = { params: 100, tags: 100, metrics: 1000 }

/** The requests that carry a batch, as few as the limits allow; params and tags first, so that they are there when points are looked at. */
export function splitBatch({ metrics = [], params, tags }: RunBatch): WireBatch[] {
  const items: (readonly [Part, Wire])[] = [
    ...toPairs(params).map((pair) => ['params', pair] as const),
    ...toPairs(tags).map((pair) => ['tags', pair] as const),
    ...metrics.map((point) => ['metrics', toPoint(point)] as const),
  ]
  const requests: Record<Part, Wire[]>[] = []
  let request: Record<Part, Wire[]> | undefined
  let entries = 0
  let bytes = 0
  for (const [part, item] of items) {
    // A UTF-16 unit is at most three UTF-8 bytes.
    const own = JSON.stringify(item).length * 3
    if (request === undefined || entries === maxEntries || request[part].length === maxOf[part] || bytes + own > maxBytes) {
      request = { params: [], tags: [], metrics: [] }
      requests.push(request)
      entries = 0
      bytes = 0
    }
    request[part].push(item)
    entries++
    bytes += own
  }
  return requests
}
