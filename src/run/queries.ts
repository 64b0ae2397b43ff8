/** Reads runs by search, and histories of metrics. Loaded on first use. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { wholeHistory } from '../ports/metric-points'
import type { MetricPoint, RunRecord } from '../ports/tracker-backend'
import { displayRuns } from './display-runs'
import type { StartRunOptions } from './run-options'
import type { TrackerCore } from './tracker-core'
import { checkSearchOptions, type SearchRunsOptions } from './tracker-options'

/** The most runs of a page. */
const PAGE = 1000

/** See `tracker.search`. */
export async function searchRuns(core: TrackerCore, options: SearchRunsOptions): Promise<readonly RunRecord[]> {
  const nextPage = await openSearch(core, options)
  const { limit = 1000 } = options
  const found: RunRecord[] = []
  while (found.length < limit) {
    const page = await nextPage(Math.min(PAGE, limit - found.length))
    if (page === undefined) break
    found.push(...page)
  }
  return displayRuns(found)
}

/** Begins a search. @returns reads the next runs, at most so many; `undefined` after the last */
async function openSearch(
  { backend, settle }: TrackerCore,
  options: SearchRunsOptions,
): Promise<(limit: number) => Promise<readonly RunRecord[] | undefined>> {
  checkSearchOptions(options)
  if (!backend.capabilities.search) throw new MillwrightError('Unsupported', `${backend.name} cannot search runs`)
  await settle()
  const { experiment, filter, orderBy, view } = options
  let experimentIds: readonly string[] | undefined
  if (experiment !== undefined) {
    const names = [experiment].flat()
    experimentIds = (await backend.listExperiments()).filter(({ name }) => names.includes(name)).map(({ experimentId }) => experimentId)
    if (experimentIds.length === 0) return async () => undefined
  }
  const order = orderBy === undefined ? undefined : [orderBy].flat()
  let cursor: string | undefined
  let isAtEnd = false
  return async (limit) => {
    if (isAtEnd) return undefined
    const { items, cursor: next } = await backend.searchRuns({ experimentIds, filter, orderBy: order, limit, cursor, view })
    cursor = next
    isAtEnd = items.length === 0 || next === undefined
    return items
  }
}

/** The newest run of a name in its experiment, or nested in its parent; see `resume` of `tracker.startRun`. @throws InvalidArgument; Unsupported */
export async function earlierRun(
  core: TrackerCore,
  { name = '', experiment, parent }: Pick<StartRunOptions, 'name' | 'experiment' | 'parent'>,
): Promise<RunRecord | undefined> {
  const quote = ["'", '"'].find((mark) => !name.includes(mark))
  if (quote === undefined) throw invalidArgument(`\`resume\` takes a \`name\` with one kind of quotation marks, got ${show(name)}`)
  const nested = parent === undefined ? '' : ` AND tags.\`mlflow.parentRunId\` = '${parent.runId}'`
  const nextPage = await openSearch(core, {
    filter: `attributes.run_name = ${quote}${name}${quote}${nested}`,
    ...(parent === undefined || experiment !== undefined ? { experiment: experiment ?? 'Default' } : {}),
  })
  // Mostly the first run is the one. No filter that every backend knows leaves out nested runs of the name, nor names in other letter case.
  for (let size = 5; ; size = Math.min(PAGE, 4 * size)) {
    const page = await nextPage(size)
    const found = page?.find((run) => run.runName === name && run.tags['mlflow.parentRunId'] === parent?.runId)
    if (found !== undefined || page === undefined) return found
  }
}

/** See `tracker.metricHistory`. */
export async function metricHistory({ backend, settle }: TrackerCore, runId: string, key: string): Promise<readonly MetricPoint[]> {
  await settle()
  return wholeHistory(backend, runId, key)
}
