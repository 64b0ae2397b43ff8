/** Run search over records: matching, sorting and paging, with the same results as MLflow. For backends without a query engine. */
import { invalidArgument, show } from '../core/errors'
import {
  type Comparator,
  identifierParts,
  parseFilter,
  parseIdentifier,
  problem,
  type RunClause,
  type RunIdentifier,
  tokenize,
} from './run-filter'
import type { Page, RunQuery, RunRecord } from './tracker-backend'

/** One sort key. */
export interface RunOrder extends RunIdentifier {
  readonly descending: boolean
}

/** A query whose parts are parsed and checked. */
export interface ParsedRunQuery {
  readonly clauses: readonly RunClause[]
  readonly order: readonly RunOrder[]
  readonly view: 'active' | 'deleted' | 'all'
  readonly limit: number
  readonly cursor: string | undefined
}

/** Most runs in a page, as in MLflow. */
const MAX_PAGE = 50_000

/** Parses a query. @throws InvalidArgument for a wrong filter, order, view or limit */
export function parseRunQuery(query: RunQuery): ParsedRunQuery {
  const { limit = 1000, view = 'active' } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw invalidArgument(`\`limit\` of a run search must be a whole number from 1 to ${MAX_PAGE}, got ${show(limit)}`)
  }
  if (!['active', 'deleted', 'all'].includes(view)) {
    throw invalidArgument(`\`view\` of a run search must be one of "active", "deleted", "all", got ${show(view)}`)
  }
  return { clauses: parseFilter(query.filter), order: (query.orderBy ?? []).map(parseOrder), view, limit, cursor: query.cursor }
}

/** Parses one sort key: `metrics.acc DESC`. @throws InvalidArgument */
export function parseOrder(text: string): RunOrder {
  const tokens = tokenize(text)
  const parts = identifierParts(tokens[0])
  const direction = tokens.length === 1 ? 'ASC' : tokens[1]?.text.toUpperCase()
  if (parts === undefined || tokens.length > 2 || (direction !== 'ASC' && direction !== 'DESC')) {
    throw problem(text, 'a sort key is a metric, param, tag or attribute, and then ASC or DESC')
  }
  const identifier = parseIdentifier(parts, text)
  if (identifier.field === 'dataset') throw problem(text, 'runs cannot be sorted by dataset')
  return { ...identifier, descending: direction === 'DESC' }
}

/**
 * Whether a run matches all clauses. A run without the value of a clause matches only `IS NULL`, not even `!=`. `LIKE` (with `%` and `_`) is
 * case-sensitive, `ILIKE` is not. A clause on datasets matches when any dataset of the run matches.
 */
export function matchesFilter(run: RunRecord, clauses: readonly RunClause[]): boolean {
  return clauses.every((clause) => {
    if (clause.field === 'dataset') {
      return run.datasets.some((dataset) => {
        const text = dataset[clause.key as 'name' | 'digest' | 'context']
        return text !== undefined && holds(text, clause)
      })
    }
    const value = fieldOf(run, clause)
    if (clause.comparator === 'IS NULL') return value === undefined
    if (clause.comparator === 'IS NOT NULL') return value !== undefined
    return value !== undefined && holds(value, clause)
  })
}

/**
 * A comparison of two runs by the sort keys, then by start time descending, then by run id. In both directions values come first, then `NaN`,
 * then missing values.
 */
export function compareRunsBy(order: readonly RunOrder[]): (a: RunRecord, b: RunRecord) => number {
  return (a, b) => {
    for (const key of order) {
      const difference = compareValues(fieldOf(a, key), fieldOf(b, key), key.descending)
      if (difference !== 0) return difference
    }
    return b.startTime - a.startTime || compareText(a.runId, b.runId)
  }
}

/** One page of filtered and sorted runs. The cursor stays correct when runs are added before it. */
export function pageOfRuns<T extends { readonly runId: string }>(sorted: readonly T[], limit: number, cursor: string | undefined): Page<T> {
  const start = cursor === undefined ? 0 : startAfter(sorted, cursor)
  const items = sorted.slice(start, start + limit)
  const last = items.at(-1)
  return last === undefined || start + limit >= sorted.length ? { items } : { items, cursor: `${start + items.length}:${last.runId}` }
}

/** One page of the runs that match a query. @throws InvalidArgument as {@link parseRunQuery} does */
export function searchRecords(runs: readonly RunRecord[], query: RunQuery): Page<RunRecord> {
  const { clauses, order, view, limit, cursor } = parseRunQuery(query)
  const found = runs.filter((run) => (view === 'all' || run.lifecycleStage === view) && matchesFilter(run, clauses))
  return pageOfRuns(found.sort(compareRunsBy(order)), limit, cursor)
}

/** Whether a clause or sort key is about an attribute of the run, so that no metrics, params, tags or datasets are needed for it. */
export function isAttribute({ field }: RunIdentifier): boolean {
  return field === 'attribute'
}

function startAfter(sorted: readonly { readonly runId: string }[], cursor: string): number {
  const { offset, runId } = cursorOfRuns(cursor)
  const found = sorted.findIndex((run) => run.runId === runId)
  return found < 0 ? offset : found + 1
}

/** The parts of a cursor of {@link pageOfRuns}: the number of runs on the pages before, and the id of the last of them. @throws InvalidArgument */
export function cursorOfRuns(cursor: string): { readonly offset: number; readonly runId: string } {
  const [, offset, runId] = /^(\d+):(.+)$/.exec(cursor) ?? []
  if (offset === undefined || runId === undefined) {
    throw invalidArgument(`the cursor of a run search must be that of the page before, got ${show(cursor)}`)
  }
  return { offset: Number(offset), runId }
}

function fieldOf(run: RunRecord, { field, key }: RunIdentifier): number | string | undefined {
  if (field === 'metric') return Object.hasOwn(run.metrics, key) ? run.metrics[key]?.value : undefined
  if (field === 'param') return Object.hasOwn(run.params, key) ? run.params[key] : undefined
  if (field === 'tag') return Object.hasOwn(run.tags, key) ? run.tags[key] : undefined
  switch (key) {
    case 'run_id':
      return run.runId
    case 'run_name':
      return run.runName
    case 'status':
      return run.status.toUpperCase()
    case 'user_id':
      return run.user
    case 'artifact_uri':
      return run.artifactUri
    case 'start_time':
      return run.startTime
    default:
      return run.endTime
  }
}

function holds(value: number | string, clause: RunClause): boolean {
  const { comparator, value: wanted } = clause
  if (Array.isArray(wanted)) return wanted.includes(value) === (comparator === 'IN')
  if (comparator === 'LIKE' || comparator === 'ILIKE') return like(String(value), wanted as string, comparator === 'ILIKE')
  return compareWith(value, comparator, wanted as number | string)
}

function compareWith(value: number | string, comparator: Comparator, wanted: number | string): boolean {
  switch (comparator) {
    case '=':
      return value === wanted
    case '!=':
      return value !== wanted
    case '<':
      return value < wanted
    case '<=':
      return value <= wanted
    case '>':
      return value > wanted
    default:
      return value >= wanted
  }
}

/** SQL's LIKE. Takes at most time proportional to text × pattern, where a regular expression could take exponential time. */
function like(text: string, pattern: string, ignoreCase: boolean): boolean {
  const t = [...(ignoreCase ? text.toLowerCase() : text)]
  const p = [...(ignoreCase ? pattern.toLowerCase() : pattern)]
  let i = 0
  let j = 0
  let star = -1
  let resume = 0
  while (i < t.length) {
    if (p[j] === '%') {
      star = j++
      resume = i
    } else if (j < p.length && (p[j] === '_' || p[j] === t[i])) {
      i++
      j++
    } else if (star >= 0) {
      j = star + 1
      i = ++resume
    } else return false
  }
  while (p[j] === '%') j++
  return j === p.length
}

function compareValues(a: number | string | undefined, b: number | string | undefined, descending: boolean): number {
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0 || a === undefined || b === undefined || a !== a) return rank
  const difference = typeof a === 'number' ? (a === b ? 0 : a < (b as number) ? -1 : 1) : compareText(a, b as string)
  return descending ? -difference : difference
}

/** Values first, then NaN, then missing. */
function rankOf(value: number | string | undefined): number {
  return value === undefined ? 2 : value !== value ? 1 : 0
}

/** Compares by code point, as Python and SQLite do. JavaScript compares code units, which differs beyond U+FFFF. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

/** A rank for a code unit. Surrogates encode code points beyond U+FFFF, so they rank after the units from U+E000 on. */
function codePointRank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit
}
