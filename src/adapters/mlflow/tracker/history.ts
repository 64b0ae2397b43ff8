/** A metric's history from a server, page by page; servers before 3.4 know no pages, so theirs are cut here. */
import type { MetricPoint, Page } from '../../../ports/tracker-backend'
import type { MlflowClient } from '../client/client'
import { list } from '../client/wire'
import { pointOf } from './records'

/** What the server takes at most, and what is asked for by default. */
const maxPage = 25_000
/** A cursor of our own; the servers' are base64, which knows no colon. */
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
  const token = answer.next_page_token
  // Servers before 3.4 answer with nothing where there is no such run.
  if (items.length === 0 && cursor === undefined) await client.call('GET', 'runs/get', { run_id: runId })
  // A page without items ends the listing even where the server sends a token.
  if (items.length > 0 && typeof token === 'string' && token !== '') return { items, cursor: token }
  return cut(items, Number(start ?? 0), size)
}

/** A page of a whole history (or all of a last page), in the order in which later servers give it. */
function cut(items: MetricPoint[], start: number, size: number): Page<MetricPoint> {
  items.sort((a, b) => a.timestamp - b.timestamp || a.step - b.step || a.value - b.value || 0)
  const end = start + size
  return { items: items.slice(start, end), ...(end < items.length ? { cursor: `cut:${end}` } : {}) }
}
