/** Reads runs by search, and histories of metrics. Loaded on first use. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { wholeHistory } from '../ports/metric-points'
import type { MetricPoint, RunRecord } from '../ports/tracker-backend'
import { displayRuns } from './display-runs'
import type { StartRunOptions } from './run-options'
import type { TrackerCore } from './tracker-core'
import { checkSearchOptions, type SearchRunsOptions } from './tracker-options'

/** See `tracker.search`. */
export async function searchRuns({ backend, settle }: TrackerCore, options: SearchRunsOptions): Promise<readonly RunRecord[]> {
  checkSearchOptions(options)
  if (!backend.capabilities.search) throw new MillwrightError('Unsupported', `${backend.name} cannot search runs`)
  await settle()
  const { experiment, filter, orderBy, limit = 1000, view } = options
  let experimentIds: readonly string[] | undefined
  if (experiment !== undefined) {
    const names = [experiment].flat()
    experimentIds = (await backend.listExperiments()).filter(({ name }) => names.includes(name)).map(({ experimentId }) => experimentId)
    if (experimentIds.length === 0) return displayRuns([])
  }
  const order = orderBy === undefined ? undefined : [orderBy].flat()
  const found: RunRecord[] = []
  let cursor: string | undefined
  do {
    const most = Math.min(1000, limit - found.length)
    const page = await backend.searchRuns({ experimentIds, filter, orderBy: order, limit: most, cursor, view })
    found.push(...page.items)
    cursor = page.items.length === 0 ? undefined : page.cursor
  } while (cursor !== undefined && found.length < limit)
  return displayRuns(found)
}

/** The newest run of a name in its experiment, or nested in its parent; see `resume` of `tracker.startRun`. @throws InvalidArgument; Unsupported */
export async function earlierRun(
  core: TrackerCore,
  { name = '', experiment, parent }: Pick<StartRunOptions, 'name' | 'experiment' | 'parent'>,
): Promise<RunRecord | undefined> {
  const quote = ["'", '"'].find((mark) => !name.includes(mark))
  if (quote === undefined) throw invalidArgument(`\`resume\` takes a \`name\` with one kind of quotation marks, got ${show(name)}`)
  const found = await searchRuns(core, {
    filter: `attributes.run_name = ${quote}${name}${quote}`,
    ...(parent === undefined || experiment !== undefined ? { experiment: experiment ?? 'Default' } : {}),
  })
  return found.find((run) => run.runName === name && run.tags['mlflow.parentRunId'] === parent?.runId)
}

/** See `tracker.metricHistory`. */
export async function metricHistory({ backend, settle }: TrackerCore, runId: string, key: string): Promise<readonly MetricPoint[]> {
  await settle()
  return wholeHistory(backend, runId, key)
}
