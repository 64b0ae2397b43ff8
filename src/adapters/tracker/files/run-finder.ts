/** Searches runs: looks at heads, then at one metric, param or tag after another, and only of the runs still in question. */

import { isMillwrightError } from '../../../core/errors'
import { assertSafeKey } from '../../../core/ids'
import { compareRunsBy, isAttribute, matchesFilter, pageOfRuns, parseRunQuery } from '../../../ports/run-search'
import type { MetricPoint, Page, RunQuery, RunRecord } from '../../../ports/tracker-backend'
import type { Experiments } from './experiments'
import type { KnownFiles, KnownFolder, KnownGroup } from './known-files'
import type { RunIndex } from './run-index'
import { type RunHead, runHead } from './run-meta'
import { inParallel, type Meta } from './tree'

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

/** Folders of an experiment that are not runs. */
const notRuns: readonly string[] = ['tags', 'datasets', 'traces', 'models']
const folderOf = { metric: 'metrics/', param: 'params/', tag: 'tags/' } as const

/** One page of runs. @throws InvalidArgument on a query that cannot be read, NotFound (experiment) */
export async function searchRuns(init: RunFinderInit, query: RunQuery): Promise<Page<RunRecord>> {
  const { known, index, experiments, records } = init
  const { clauses, order, view, limit, cursor } = parseRunQuery(query)
  const placed =
    query.experimentIds === undefined
      ? (await experiments.list()).filter(({ record }) => record.lifecycleStage === 'active')
      : await inParallel([...new Set(query.experimentIds)], experiments.get)
  const listed: { readonly group: KnownGroup; readonly names: readonly string[] }[] = []
  let left: Candidate[] = []
  for (const { base } of placed) {
    const group = known.group(base)
    await index.load(group)
    const names = await runNames(known, group)
    listed.push({ group, names })
    left.push(...(await candidates(known, group, names)))
  }
  left = left.filter(({ head, run }) => (view === 'all' || head.lifecycleStage === view) && matchesFilter(run, clauses.filter(isAttribute)))

  for (const part of partsOf(clauses)) {
    await lookAt(known, left, part)
    const about = clauses.filter(({ field, key }) => field === part.field && key === part.key)
    left = left.filter(({ run }) => matchesFilter(run, about))
  }
  if (clauses.some(({ field }) => field === 'dataset')) {
    left = (await filled(records, left)).filter(({ run }) => matchesFilter(run, clauses))
  }
  for (const part of partsOf(order)) await lookAt(known, left, part)
  const byOrder = compareRunsBy(order)
  const page = pageOfRuns(
    left.sort((a, b) => byOrder(a.run, b.run)),
    limit,
    cursor,
  )
  const items = (await filled(records, page.items)).map(({ run }) => run)
  for (const { group, names } of listed) index.saveIfWorth(group, names)
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor }
}

/** The names of an experiment's folders that may be runs. */
async function runNames(known: KnownFiles, group: KnownGroup): Promise<string[]> {
  const folder = known.folder(group, '')
  const names = ((await known.look(group, [{ folder, path: '' }]))[0] ?? []) as readonly string[]
  const runs = names.flatMap((name) => (name.endsWith('/') && !notRuns.includes(name.slice(0, -1)) ? [name.slice(0, -1)] : []))
  if (group.folders.size > 2 * runs.length + 1000) {
    const there = new Set(runs)
    for (const name of group.folders.keys()) if (name !== '' && !name.includes('/') && !there.has(name)) group.folders.delete(name)
  }
  return runs
}

async function candidates(known: KnownFiles, group: KnownGroup, names: readonly string[]): Promise<Candidate[]> {
  const folders = names.map((name) => known.folder(group, name))
  const metas = await known.look(
    group,
    folders.map((folder) => ({ folder, path: 'meta.yaml' })),
  )
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

/** Heads by their meta: reading one from the other is most of what a repeated search would do. */
const heads = /* @__PURE__ */ new WeakMap<Meta, RunHead>()

function headOf(meta: Meta, runId: string): RunHead | undefined {
  const held = heads.get(meta)
  if (held?.runId === runId) return held
  const head = runHead(meta, runId)
  if (head !== undefined) heads.set(meta, head)
  return head
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
  for (const [group, of] of byGroup(left)) {
    const values = await known.look(
      group,
      of.map(({ folder }) => ({ folder, path })),
    )
    for (const [i, { run }] of of.entries()) {
      const value = values[i]
      if (value === undefined || value === null) continue
      if (field === 'metric') run.metrics = { ...run.metrics, [key]: value as MetricPoint }
      else if (field === 'param') run.params = { ...run.params, [key]: value as string }
      else run.tags = { ...run.tags, [key]: value as string }
    }
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
