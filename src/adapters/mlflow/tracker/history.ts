/** The history of a metric, page by page. Servers before 3.4 answer with the whole history, which is divided into pages here. */
import type { MetricPoint, Page } from '../../../ports/tracker-backend'
import { type MlflowClient, nextPageToken } from '../client/client'
import { list } from '../client/wire'
import { pointOf } from './records'

/** The largest page that the server accepts, and our default. */
const maxPage = 25_000
/** The form of our own cursors. Those of servers are base64, which has no colon. */
const ownCursor = /^cut:(\d+)$/

/** One page. @throws NotFound (run) */
export async function historyPage(
  client: MlflowClient,
  runId: string,
  key: string,
  { limit = maxPage, cursor }: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
): Promise<Page<MetricPoint>> {
  const size = Math.min(limit, maxPage)
  const start = ownCursor.exec(cursor ?? '')?.[1]
  const answer = await client.call('GET', 'metrics/get-history', {
    run_id: runId,
    metric_key: key,
    // Without max_results, servers 3.4 to 3.13 answer with no points and a token that never advances.
    max_results: size,
    page_token: start === undefined ? cursor : undefined,
  })
  const items = list(answer, 'metrics').map(pointOf)
  const token = nextPageToken(answer, items)
  // Servers before 3.4 answer with an empty history when there is no such run; this call then throws NotFound.
  if (items.length === 0 && cursor === undefined) await client.call('GET', 'runs/get', { run_id: runId })
  if (token !== undefined) return { items, cursor: token }
  return pageOfWhole(items, Number(start ?? 0), size)
}

/** A page of a whole history, or of the last page of a server's, in the order of newer servers. */
function pageOfWhole(items: MetricPoint[], start: number, size: number): Page<MetricPoint> {
  items.sort((a, b) => a.timestamp - b.timestamp || a.step - b.step || a.value - b.value || 0)
  const end = start + size
  return { items: items.slice(start, end), ...(end < items.length ? { cursor: `cut:${end}` } : {}) }
}
