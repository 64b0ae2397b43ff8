/** Searches runs. Reads the heads of all runs, then one metric, param or tag of the filter after another, each only for the runs that still match. */

import { isMillwrightError } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import type { Meta } from '../../mlruns/meta'
import { headOf, type RunHead } from '../../mlruns/run-meta'
import { compareRunsBy, isAttribute, matchesFilter, type ParsedRunQuery, pageOfRuns, parseRunQuery } from '../../ports/run-search'
import type { MetricPoint, Page, RunQuery, RunRecord } from '../../ports/tracker-backend'
import type { Experiments } from './experiments'
import type { KnownFiles, KnownFolder, KnownGroup } from './known-files'
import type { RunIndex } from './run-index'
import { forgetStarts, runStarts, startOfPage } from './run-starts'
import { inParallel } from './tree'

/** What {@link searchRuns} works with. */
export interface RunFinderInit {
  readonly known: KnownFiles
  readonly index: RunIndex
  readonly experiments: Experiments
  /** Reads the complete records of runs of one experiment. */
  readonly records: (group: KnownGroup, heads: readonly RunHead[]) => Promise<RunRecord[]>
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** A run that may match. Its record holds only what was read so far. */
interface Candidate {
  readonly runId: string
  readonly head: RunHead
  readonly group: KnownGroup
  readonly folder: KnownFolder
  run: Writable<RunRecord>
}

/** A metric, param or tag that a clause or sort key uses. */
interface Part {
  readonly field: 'metric' | 'param' | 'tag'
  readonly key: string
}

/** The names of an experiment's runs. */
interface ListedRuns {
  readonly group: KnownGroup
  readonly names: readonly string[]
}

/** Folders of an experiment that are not runs. */
const notRuns: readonly string[] = ['tags', 'datasets', 'traces', 'models']
const folderOf = { metric: 'metrics/', param: 'params/', tag: 'tags/' } as const

/** One page of runs. @throws InvalidArgument for a wrong query, NotFound (experiment) */
export async function searchRuns(init: RunFinderInit, query: RunQuery): Promise<Page<RunRecord>> {
  const { known, index, experiments, records } = init
  const parsed = parseRunQuery(query)
  const placed =
    query.experimentIds === undefined
      ? (await experiments.list()).filter(({ record }) => record.lifecycleStage === 'active')
      : await inParallel([...new Set(query.experimentIds)], experiments.get)
  const listed: ListedRuns[] = []
  for (const { base } of placed) {
    const group = known.group(base)
    await index.load(group)
    listed.push({ group, names: await runNames(known, group) })
  }
  const page = (await newestPage(init, parsed, listed)) ?? (await sortedPage(init, parsed, listed))
  const items = (await withRecords(records, page.items)).map(({ run }) => run)
  for (const { group, names } of listed) index.saveIfNew(group, names)
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor }
}

/** A page in any order. Reads what the filter and the sort keys need, for all runs. */
async function sortedPage(init: RunFinderInit, query: ParsedRunQuery, listed: readonly ListedRuns[]): Promise<Page<Candidate>> {
  const left: Candidate[] = []
  for (const { group, names } of listed) left.push(...(await matching(init, query, group, names)))
  for (const part of partsOf(query.order)) await readPart(init.known, left, part)
  const byOrder = compareRunsBy(query.order)
  return pageOfRuns(
    left.sort((a, b) => byOrder(a.run, b.run)),
    query.limit,
    query.cursor,
  )
}

/**
 * A page of the newest runs of one experiment. Reads runs in the order of their start times, which do not change, until the page is full.
 * `undefined` for another query, or when a start time has changed.
 */
async function newestPage(
  init: RunFinderInit,
  query: ParsedRunQuery,
  [listed, ...others]: readonly ListedRuns[],
): Promise<Page<Candidate> | undefined> {
  if (listed === undefined || others.length > 0 || query.order.length > 0) return undefined
  const { group, names } = listed
  const started = await runStarts(init.known, group, names)
  const from = startOfPage(started, query.cursor)
  if (from === undefined) return undefined
  const found: Candidate[] = []
  for (let at = from.at, count = 2 * query.limit; at < started.length && found.length <= query.limit; at += count, count *= 2) {
    const chunk = started.slice(at, at + count)
    const starts = new Map(chunk.map(({ runId, startTime }) => [runId, startTime]))
    const matched = await matching(init, query, group, [...starts.keys()])
    if (matched.some(({ runId, head }) => head.startTime !== starts.get(runId))) {
      forgetStarts(names)
      return undefined
    }
    found.push(...matched)
  }
  const items = found.slice(0, query.limit)
  const last = items.at(-1)
  return last === undefined || found.length <= query.limit ? { items } : { items, cursor: `${from.offset + items.length}:${last.runId}` }
}

/** The runs with these names that match all clauses, in the order of the names. */
async function matching(
  { known, records }: RunFinderInit,
  { clauses, view }: ParsedRunQuery,
  group: KnownGroup,
  names: readonly string[],
): Promise<Candidate[]> {
  const attributes = clauses.filter(isAttribute)
  let left = (await candidates(known, group, names)).filter(
    ({ head, run }) => (view === 'all' || head.lifecycleStage === view) && matchesFilter(run, attributes),
  )
  for (const part of partsOf(clauses)) {
    await readPart(known, left, part)
    const about = clauses.filter(({ field, key }) => field === part.field && key === part.key)
    left = left.filter(({ run }) => matchesFilter(run, about))
  }
  if (!clauses.some(({ field }) => field === 'dataset')) return left
  return (await withRecords(records, left)).filter(({ run }) => matchesFilter(run, clauses))
}

/** Listing of an experiment's folder → names of its runs. */
const runsOf = /* @__PURE__ */ new WeakMap<readonly string[], readonly string[]>()

/** The names of an experiment's folders that may be runs. The list is the same object while the folder does not change. */
export async function runNames(known: KnownFiles, group: KnownGroup): Promise<readonly string[]> {
  const folder = known.folder(group, '')
  const names = ((await known.read([{ folder, path: '' }]))[0] ?? []) as readonly string[]
  const held = runsOf.get(names)
  if (held !== undefined) return held
  const runs = names.flatMap((name) => (name.endsWith('/') && !notRuns.includes(name.slice(0, -1)) ? [name.slice(0, -1)] : []))
  runsOf.set(names, runs)
  if (group.folders.size > 2 * runs.length + 1000) {
    const there = new Set(runs)
    for (const name of group.folders.keys()) if (name !== '' && !name.includes('/') && !there.has(name)) group.folders.delete(name)
  }
  return runs
}

async function candidates(known: KnownFiles, group: KnownGroup, names: readonly string[]): Promise<Candidate[]> {
  const folders = names.map((name) => known.folder(group, name))
  const metas = await known.read(folders.map((folder) => ({ folder, path: 'meta.yaml' })))
  const found: Candidate[] = []
  for (const [i, runId] of names.entries()) {
    const meta = metas[i] as Meta | null | undefined
    const head = meta === undefined || meta === null ? undefined : headOf(meta, runId)
    if (head === undefined) continue
    const run = { ...head, params: {}, tags: {}, metrics: {}, datasets: [], inputModels: [], outputModels: [] }
    found.push({ runId, head, group, folder: folders[i] as KnownFolder, run })
  }
  // As in MLflow, the name is that of the tag where the head has none.
  const nameless = found.filter(({ head }) => head.runName === '')
  await readPart(known, nameless, { field: 'tag', key: 'mlflow.runName' })
  for (const { run } of nameless) run.runName = run.tags['mlflow.runName'] ?? ''
  return found
}

/** The metrics, params and tags of clauses or sort keys, each once, in their order. */
function partsOf(clauses: readonly { readonly field: string; readonly key: string }[]): Part[] {
  const parts = clauses.filter(({ field }) => field === 'metric' || field === 'param' || field === 'tag') as readonly Part[]
  return parts.filter((part, i) => parts.findIndex(({ field, key }) => field === part.field && key === part.key) === i)
}

/** Reads one metric, param or tag, and adds it to the records of the runs that have it. */
async function readPart(known: KnownFiles, left: readonly Candidate[], { field, key }: Part): Promise<void> {
  if (!canBeKey(key)) return
  const path = folderOf[field] + key
  const values = await known.read(left.map(({ folder }) => ({ folder, path })))
  for (const [i, { run }] of left.entries()) {
    const value = values[i]
    if (value === undefined || value === null) continue
    if (field === 'metric') run.metrics = { ...run.metrics, [key]: value as MetricPoint }
    else if (field === 'param') run.params = { ...run.params, [key]: value as string }
    else run.tags = { ...run.tags, [key]: value as string }
  }
}

/** Whether a key can be a file name. No run has a metric, param or tag with any other key. */
function canBeKey(key: string): boolean {
  try {
    assertSafeKey(key)
    return key.length <= 500
  } catch (error) {
    if (isMillwrightError(error, 'InvalidArgument')) return false
    throw error
  }
}

/** The runs with their complete records. */
async function withRecords(records: RunFinderInit['records'], left: readonly Candidate[]): Promise<Candidate[]> {
  const whole = new Map<Candidate, RunRecord>()
  for (const [group, of] of byGroup(left)) {
    const found = await records(
      group,
      of.map(({ head }) => head),
    )
    for (const [i, candidate] of of.entries()) whole.set(candidate, found[i] as RunRecord)
  }
  return left.map((candidate) => ({ ...candidate, run: whole.get(candidate) as RunRecord }))
}

function byGroup(left: readonly Candidate[]): Map<KnownGroup, Candidate[]> {
  const groups = new Map<KnownGroup, Candidate[]>()
  for (const candidate of left) {
    const held = groups.get(candidate.group)
    if (held === undefined) groups.set(candidate.group, [candidate])
    else held.push(candidate)
  }
  return groups
}
