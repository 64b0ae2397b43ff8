/** Run search as SQL. Clauses on metrics, params and tags become joins. The results are the same as those of the other backends. */
import type { RunClause, RunIdentifier } from '../../../ports/run-filter'
import type { ParsedRunQuery, RunOrder } from '../../../ports/run-search'
import type { SqlValue } from '../database/database'
import { among } from './rows'

/** A statement with its values. */
export interface Sql {
  readonly text: string
  readonly values: SqlValue[]
}

const attributeColumns: Readonly<Record<string, string>> = {
  run_id: 'r.run_uuid',
  run_name: "COALESCE(r.name, '')",
  status: 'r.status',
  user_id: "COALESCE(r.user_id, '')",
  artifact_uri: "COALESCE(r.artifact_uri, '')",
  start_time: 'COALESCE(r.start_time, 0)',
  end_time: 'r.end_time',
}

/** A table with an alias, and the condition of the join. */
interface JoinedTable extends Sql {
  readonly table: string
}

/** What a search statement depends on besides the query. */
export interface SearchContext {
  readonly experimentIds: readonly string[]
  readonly offset: number
  /** Name of the SQL function that makes text lower-case. */
  readonly lower: string
  /** Whether the experiments hold few runs. The statement then begins with these runs instead of those that have a metric or param. */
  readonly isSmall: boolean
  /** A clause that few runs match. The statement then begins with these runs. */
  readonly rare?: RunClause | undefined
  /** Only runs that started at this time or later. Epoch milliseconds. */
  readonly since?: number | undefined
}

/** Counts the runs of the experiments, up to `most`. */
export function countStatement(experimentIds: readonly string[], most: number): Sql {
  const { text, values } = ofExperiments('', experimentIds)
  return { text: `SELECT COUNT(*) AS runs FROM (SELECT 1 FROM runs WHERE ${text} LIMIT ${most})`, values }
}

/** Counts the runs of all experiments that match a clause, up to `most`; `undefined` for a clause that no index answers. */
export function countMatching(clause: RunClause, lower: string, most: number): Sql | undefined {
  const isIndexed = clause.field === 'metric' ? clause.comparator !== '!=' : clause.field === 'param' && clause.comparator === '='
  if (!isIndexed || !isKeyed(clause)) return undefined
  const { table, text, values } = clauseTable(clause, 'c0', 'c0', lower)
  return { text: `SELECT COUNT(*) AS runs FROM (SELECT 1 FROM ${table} WHERE ${text} LIMIT ${most})`, values }
}

/**
 * Selects the start time of the run that has `before` newer runs, by an index; selects no row when there are fewer runs. `undefined` for a search
 * with another order.
 */
export function newestStartStatement(
  { clauses, order, view }: ParsedRunQuery,
  experimentIds: readonly string[],
  before: number,
): Sql | undefined {
  if (order.length > 0 || view === 'all' || experimentIds.length !== 1 || !clauses.some(isKeyed)) return undefined
  const { text, values } = ofExperiments('', experimentIds)
  return {
    text: `SELECT start_time FROM runs WHERE ${text} AND lifecycle_stage = ? ORDER BY start_time DESC LIMIT 1 OFFSET ${before}`,
    values: [...values, view],
  }
}

/** The condition for the experiments. A single one is compared with `=`, so that an index gives its runs in order. */
function ofExperiments(prefix: string, ids: readonly string[]): Sql {
  if (ids.length === 1) return { text: `${prefix}experiment_id = ?`, values: [Number(ids[0])] }
  return { text: `${prefix}experiment_id ${among}`, values: [JSON.stringify(ids.map(Number))] }
}

/**
 * Selects the ids of the matching runs, sorted. It selects one more than the limit, which shows whether there is a next page.
 *
 * SQLite has no statistics for choosing an order of joins, so `CROSS JOIN` sets one. The first table is the one of the clause on the metric that
 * the runs are sorted by: an index gives its rows in that order, and the statement stops at the limit. The last table is `runs`, whose rows are
 * the widest.
 */
export function searchStatement(query: ParsedRunQuery, { experimentIds, offset, lower, isSmall, rare, since }: SearchContext): Sql {
  const keyed = query.clauses.filter(isKeyed)
  const sorting = rare === undefined ? keyed.find((clause) => isSortedBy(clause, query.order[0])) : undefined
  const start = rare ?? sorting
  const clauses = start === undefined ? keyed : [start, ...keyed.filter((clause) => clause !== start)]
  const runsFirst = isSmall || since !== undefined || clauses.length === 0
  const base = runsFirst ? 'r' : 'c0'
  const tables: JoinedTable[] = clauses.map((clause, i) => clauseTable(clause, `c${i}`, base, lower))
  const runs: JoinedTable = { table: 'runs r', text: `r.run_uuid = ${base}.run_uuid`, values: [] }
  const [first, ...others] = (runsFirst ? [{ ...runs, text: '1' }, ...tables] : [...tables, runs]) as [JoinedTable, ...JoinedTable[]]

  const where: Sql[] = [first, ofExperiments('r.', experimentIds)]
  if (query.view !== 'all') where.push({ text: 'r.lifecycle_stage = ?', values: [query.view] })
  if (since !== undefined) where.push({ text: 'r.start_time >= ?', values: [since] })
  for (const clause of query.clauses) if (!isKeyed(clause)) where.push(clauseSql(clause, lower))

  const leftJoins: Sql[] = []
  const order = query.order.map((key, i) => {
    if (i === 0 && sorting !== undefined) return `c0.value ${directionOf(key)}`
    const alias = `o${i}`
    if (key.field !== 'attribute') {
      leftJoins.push({
        text: `LEFT JOIN ${tableOf(key)} ${alias} ON ${alias}.run_uuid = r.run_uuid AND ${alias}.key = ?`,
        values: [key.key],
      })
    }
    return orderSql(key, alias)
  })
  const parts: Sql[] = [
    { text: `SELECT r.run_uuid FROM ${first.table}`, values: [] },
    ...others.map(({ table, text, values }) => ({ text: `CROSS JOIN ${table} ON ${text}`, values })),
    ...leftJoins,
  ]
  const text = [
    ...parts.map((part) => part.text),
    `WHERE ${where.map((test) => test.text).join(' AND ')}`,
    `ORDER BY ${[...order, 'r.start_time DESC', 'r.run_uuid'].join(', ')} LIMIT ? OFFSET ?`,
  ].join(' ')
  return { text, values: [...parts, ...where].flatMap((part) => part.values).concat(query.limit + 1, offset) }
}

/**
 * For a search sorted by a metric without a clause on it: the same search with a clause that only runs with a number in the metric match. An
 * index gives these runs in order. `undefined` for any other search.
 */
export function bestFirst(query: ParsedRunQuery): ParsedRunQuery | undefined {
  const [order] = query.order
  if (order?.field !== 'metric' || query.clauses.some((clause) => isSortedBy(clause, order))) return undefined
  const isNumber: RunClause = { field: 'metric', key: order.key, comparator: '>=', value: Number.NEGATIVE_INFINITY }
  return { ...query, clauses: [isNumber, ...query.clauses] }
}

/** Whether a clause compares the value of a metric, param or tag. A run without the key does not match such a clause. */
function isKeyed({ field, comparator }: RunClause): boolean {
  return field !== 'attribute' && field !== 'dataset' && !comparator.startsWith('IS')
}

/** Whether all runs that match the clause have a number to be sorted by. A run with NaN matches `!=`. */
function isSortedBy(clause: RunClause, order: RunOrder | undefined): boolean {
  return clause.field === 'metric' && order?.field === 'metric' && clause.key === order.key && clause.comparator !== '!='
}

/** The join for a clause on a metric, param or tag. A run has at most one row for a key, so the join gives each run at most once. */
function clauseTable(clause: RunClause, alias: string, base: string, lower: string): JoinedTable {
  const column = `${alias}.value`
  const test = compared(clause.field === 'metric' ? metricColumn(column, clause.value as number) : column, clause, lower)
  // NaN matches only `!=`.
  const nan = clause.field === 'metric' ? (clause.comparator === '!=' ? ` OR ${alias}.is_nan = 1` : ` AND ${alias}.is_nan = 0`) : ''
  const same = alias === base ? '' : `${alias}.run_uuid = ${base}.run_uuid AND `
  return {
    table: `${tableOf(clause)} ${alias}`,
    text: `${same}${alias}.key = ? AND (${test.text}${nan})`,
    values: [clause.key, ...test.values],
  }
}

function clauseSql(clause: RunClause, lower: string): Sql {
  const { field, key } = clause
  if (field === 'attribute') return compared(attributeColumns[key] as string, clause, lower)
  if (field === 'dataset') {
    const test = compared(key === 'context' ? 't.value' : `d.${key}`, clause, lower)
    const join =
      key === 'context'
        ? "JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'"
        : 'JOIN datasets d ON d.dataset_uuid = i.source_id'
    return {
      text: `EXISTS (SELECT 1 FROM inputs i ${join} WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = r.run_uuid AND ${test.text})`,
      values: test.values,
    }
  }
  const not = clause.comparator === 'IS NULL' ? 'NOT ' : ''
  return { text: `${not}EXISTS (SELECT 1 FROM ${tableOf(clause)} v WHERE v.run_uuid = r.run_uuid AND v.key = ?)`, values: [key] }
}

function tableOf({ field }: RunIdentifier): string {
  return field === 'metric' ? 'latest_metrics' : field === 'param' ? 'params' : 'tags'
}

/** MLflow stores infinities as the greatest doubles. Only a comparison with such a value must distinguish the two. */
function metricColumn(column: string, wanted: number): string {
  if (Math.abs(wanted) < Number.MAX_VALUE) return column
  return `CASE ${column} WHEN ${Number.MAX_VALUE} THEN 9e999 WHEN ${-Number.MAX_VALUE} THEN -9e999 ELSE ${column} END`
}

/** A comparison. `LIKE` is case-sensitive, because the connection sets `case_sensitive_like` as MLflow does. */
function compared(column: string, { comparator, value }: RunClause, lower: string): Sql {
  if (Array.isArray(value)) return { text: `${column} ${comparator} (SELECT value FROM json_each(?))`, values: [JSON.stringify(value)] }
  if (comparator === 'LIKE') return { text: `${column} LIKE ?`, values: [value as string] }
  if (comparator === 'ILIKE') return { text: `${lower}(${column}) LIKE ${lower}(?)`, values: [value as string] }
  return { text: `${column} ${comparator} ?`, values: [value as SqlValue] }
}

/** One sort key. In both directions, values come first, then NaN, then missing values. */
function orderSql(key: RunOrder, alias: string): string {
  const direction = directionOf(key)
  if (key.field === 'attribute') {
    const column = attributeColumns[key.key] as string
    return `${column} IS NULL, ${column} ${direction}`
  }
  // NaN is stored as 0 with `is_nan`, so all NaN are equal.
  if (key.field === 'metric') return `COALESCE(${alias}.is_nan, 2), ${alias}.value ${direction}`
  return `${alias}.value IS NULL, ${alias}.value ${direction}`
}

function directionOf({ descending }: RunOrder): 'ASC' | 'DESC' {
  return descending ? 'DESC' : 'ASC'
}
