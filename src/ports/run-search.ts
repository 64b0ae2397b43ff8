/** Run search for backends that hold their runs themselves: which runs match, in what order, a page at a time; MLflow's answers. */
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

/** A search, read and checked. */
export interface ParsedRunQuery {
  readonly clauses: readonly RunClause[]
  readonly order: readonly RunOrder[]
  readonly view: 'active' | 'deleted' | 'all'
  readonly limit: number
  readonly cursor: string | undefined
}

/** Most runs in a page, as in MLflow. */
const MAX_PAGE = 50_000

/** Reads a query. @throws InvalidArgument on a filter, order, view or limit that cannot be */
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

/** Reads one order clause: `metrics.acc DESC`. @throws InvalidArgument */
export function parseOrder(text: string): RunOrder {
  const tokens = tokenize(text)
  const parts = identifierParts(tokens[0])
  const direction = tokens.length === 1 ? 'ASC' : tokens[1]?.text.toUpperCase()
  if (parts === undefined || tokens.length > 2 || (direction !== 'ASC' && direction !== 'DESC')) {
    throw problem(text, 'an order is a metric, param, tag or attribute, then ASC or DESC')
  }
  const identifier = parseIdentifier(parts, text)
  if (identifier.field === 'dataset') throw problem(text, 'runs cannot be ordered by dataset')
  return { ...identifier, descending: direction === 'DESC' }
}

/**
 * Whether a run keeps every clause. What a run lacks never matches, not even with `!=`; only `IS NULL` asks for it. `LIKE` (`%`, `_`)
 * minds case, `ILIKE` does not; a dataset clause holds when any dataset of the run keeps it.
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
 * Compares two runs by the given keys, then by start time descending, then by run id. In both directions what has a value comes first,
 * then `NaN`, then what is missing.
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

/** One page of runs that are already filtered and sorted. The cursor survives runs that appear in front of it. */
export function pageOfRuns<T extends { readonly runId: string }>(sorted: readonly T[], limit: number, cursor: string | undefined): Page<T> {
  const start = cursor === undefined ? 0 : startAfter(sorted, cursor)
  const items = sorted.slice(start, start + limit)
  const last = items.at(-1)
  return last === undefined || start + limit >= sorted.length ? { items } : { items, cursor: `${start + items.length}:${last.runId}` }
}

/** Filters, sorts and pages runs. @throws InvalidArgument as {@link parseRunQuery} does */
export function searchRecords(runs: readonly RunRecord[], query: RunQuery): Page<RunRecord> {
  const { clauses, order, view, limit, cursor } = parseRunQuery(query)
  const found = runs.filter((run) => (view === 'all' || run.lifecycleStage === view) && matchesFilter(run, clauses))
  return pageOfRuns(found.sort(compareRunsBy(order)), limit, cursor)
}

/** Whether a clause or order looks only at what stands in a run's head: attributes. */
export function isAttribute({ field }: RunIdentifier): boolean {
  return field === 'attribute'
}

function startAfter(sorted: readonly { readonly runId: string }[], cursor: string): number {
  const { offset, runId } = cursorOfRuns(cursor)
  const found = sorted.findIndex((run) => run.runId === runId)
  return found < 0 ? offset : found + 1
}

/** What a cursor of {@link pageOfRuns} says: how many runs came before, and the last of them. @throws InvalidArgument */
export function cursorOfRuns(cursor: string): { readonly offset: number; readonly runId: string } {
  const [, offset, runId] = /^(\d+):(.+)$/.exec(cursor) ?? []
  if (offset === undefined || runId === undefined) {
    throw invalidArgument(`a cursor of a run search must come from the page before, got ${show(cursor)}`)
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

/** SQL's LIKE, in time proportional to text × pattern at worst: a regular expression could be made to explode. */
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

/** By code point, as Python and SQLite do; JavaScript's own order differs beyond U+FFFF. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points beyond U+FFFF, so they come after the units from U+E000 on. */
function codePointRank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit
}
