/** Searches runs: looks at heads, then at one metric, param or tag after another, and only of the runs still in question. */

import { isMillwrightError } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import type { Meta } from '../../mlruns/meta'
import { headOf, type RunHead } from '../../mlruns/run-meta'
import { compareRunsBy, isAttribute, matchesFilter, type ParsedRunQuery, pageOfRuns, parseRunQuery } from '../../ports/run-search'
import type { MetricPoint, Page, RunQuery, RunRecord } from '../../ports/tracker-backend'
import { byStart, forgetStarts, startOfPage } from './by-start'
import type { Experiments } from './experiments'
import type { KnownFiles, KnownFolder, KnownGroup } from './known-files'
import type { RunIndex } from './run-index'
import { inParallel } from './tree'

/** What {@link searchRuns} works with. */
export interface RunFinderInit {
  readonly known: KnownFiles
  readonly index: RunIndex
  readonly experiments: Experiments
  /** Whole records of runs of one experiment. */
  readonly records: (group: KnownGroup, heads: readonly RunHead[]) => Promise<RunRecord[]>
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** A run in question: of its record only what was looked at so far. */
interface Candidate {
  readonly runId: string
  readonly head: RunHead
  readonly group: KnownGroup
  readonly folder: KnownFolder
  run: Writable<RunRecord>
}

/** What of a run a clause or an order asks for, beyond its head. */
interface Part {
  readonly field: 'metric' | 'param' | 'tag'
  readonly key: string
}

/** An experiment's runs, not looked at yet. */
interface Listed {
  readonly group: KnownGroup
  readonly names: readonly string[]
}

/** Folders of an experiment that are not runs. */
const notRuns: readonly string[] = ['tags', 'datasets', 'traces', 'models']
const folderOf = { metric: 'metrics/', param: 'params/', tag: 'tags/' } as const

/** One page of runs. @throws InvalidArgument on a query that cannot be read, NotFound (experiment) */
export async function searchRuns(init: RunFinderInit, query: RunQuery): Promise<Page<RunRecord>> {
  const { known, index, experiments, records } = init
  const parsed = parseRunQuery(query)
  const placed =
    query.experimentIds === undefined
      ? (await experiments.list()).filter(({ record }) => record.lifecycleStage === 'active')
      : await inParallel([...new Set(query.experimentIds)], experiments.get)
  const listed: Listed[] = []
  for (const { base } of placed) {
    const group = known.group(base)
    await index.load(group)
    listed.push({ group, names: await runNames(known, group) })
  }
  const page = (await newestPage(init, parsed, listed)) ?? (await sortedPage(init, parsed, listed))
  const items = (await filled(records, page.items)).map(({ run }) => run)
  for (const { group, names } of listed) index.saveIfWorth(group, names)
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor }
}

/** A page in any order: what the filter and the order ask for is looked at in all runs. */
async function sortedPage(init: RunFinderInit, query: ParsedRunQuery, listed: readonly Listed[]): Promise<Page<Candidate>> {
  const left: Candidate[] = []
  for (const { group, names } of listed) left.push(...(await matching(init, query, group, names)))
  for (const part of partsOf(query.order)) await lookAt(init.known, left, part)
  const byOrder = compareRunsBy(query.order)
  return pageOfRuns(
    left.sort((a, b) => byOrder(a.run, b.run)),
    query.limit,
    query.cursor,
  )
}

/**
 * A page of the newest of one experiment: looks at runs in the order of their starts, which never change, and at no more of them than fill
 * the page. `undefined` where that is not what is asked, or some start is another than it was.
 */
async function newestPage(
  init: RunFinderInit,
  query: ParsedRunQuery,
  [listed, ...others]: readonly Listed[],
): Promise<Page<Candidate> | undefined> {
  if (listed === undefined || others.length > 0 || query.order.length > 0) return undefined
  const { group, names } = listed
  const started = await byStart(init.known, group, names)
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

/** The runs of these names that keep every clause, in the order of the names. */
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
    await lookAt(known, left, part)
    const about = clauses.filter(({ field, key }) => field === part.field && key === part.key)
    left = left.filter(({ run }) => matchesFilter(run, about))
  }
  if (!clauses.some(({ field }) => field === 'dataset')) return left
  return (await filled(records, left)).filter(({ run }) => matchesFilter(run, clauses))
}

/** Names of runs by the listing they are taken from. */
const runsOf = /* @__PURE__ */ new WeakMap<readonly string[], readonly string[]>()

/** The names of an experiment's folders that may be runs; the same list as long as the folder lists the same. */
export async function runNames(known: KnownFiles, group: KnownGroup): Promise<readonly string[]> {
  const folder = known.folder(group, '')
  const names = ((await known.look([{ folder, path: '' }]))[0] ?? []) as readonly string[]
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
  const metas = await known.look(folders.map((folder) => ({ folder, path: 'meta.yaml' })))
  const found: Candidate[] = []
  for (const [i, runId] of names.entries()) {
    const meta = metas[i] as Meta | null | undefined
    const head = meta === undefined || meta === null ? undefined : headOf(meta, runId)
    if (head === undefined) continue
    const run = { ...head, params: {}, tags: {}, metrics: {}, datasets: [], inputModels: [], outputModels: [] }
    found.push({ runId, head, group, folder: folders[i] as KnownFolder, run })
  }
  // MLflow, too, takes the name from the tag where the head has none.
  const nameless = found.filter(({ head }) => head.runName === '')
  await lookAt(known, nameless, { field: 'tag', key: 'mlflow.runName' })
  for (const { run } of nameless) run.runName = run.tags['mlflow.runName'] ?? ''
  return found
}

/** Each metric, param and tag once, in the order of mention. */
function partsOf(mentions: readonly { readonly field: string; readonly key: string }[]): Part[] {
  const parts = mentions.filter(({ field }) => field === 'metric' || field === 'param' || field === 'tag') as readonly Part[]
  return parts.filter((part, i) => parts.findIndex(({ field, key }) => field === part.field && key === part.key) === i)
}

/** Adds one metric, param or tag to the records of runs that have it. */
async function lookAt(known: KnownFiles, left: readonly Candidate[], { field, key }: Part): Promise<void> {
  if (!canBeKey(key)) return
  const path = folderOf[field] + key
  const values = await known.look(left.map(({ folder }) => ({ folder, path })))
  for (const [i, { run }] of left.entries()) {
    const value = values[i]
    if (value === undefined || value === null) continue
    if (field === 'metric') run.metrics = { ...run.metrics, [key]: value as MetricPoint }
    else if (field === 'param') run.params = { ...run.params, [key]: value as string }
    else run.tags = { ...run.tags, [key]: value as string }
  }
}

/** Keys that no file can have are those of nobody's metrics. */
function canBeKey(key: string): boolean {
  try {
    assertSafeKey(key)
    return key.length <= 500
  } catch (error) {
    if (isMillwrightError(error, 'InvalidArgument')) return false
    throw error
  }
}

/** The same runs with their whole records. */
async function filled(records: RunFinderInit['records'], left: readonly Candidate[]): Promise<Candidate[]> {
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
