/** Run search as SQL: clauses on metrics, params and tags become joins; the answers are those of the other backends. */
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

/** A table under another name, and what its row must keep. */
interface JoinedTable extends Sql {
  readonly table: string
}

/** What a search stands in. */
export interface SearchContext {
  readonly experimentIds: readonly string[]
  readonly offset: number
  /** The SQL function that folds case. */
  readonly lower: string
  /** Whether the experiments hold few runs, so that one goes through these, and not through all that have a metric or param. */
  readonly isSmall: boolean
  /** A clause that few runs keep: one begins with these. */
  readonly rare?: RunClause | undefined
  /** Only runs that started at this time or later, newest first, until there are enough. Epoch milliseconds. */
  readonly since?: number | undefined
}

/** Counts the runs in the experiments, not beyond `most`. */
export function countStatement(experimentIds: readonly string[], most: number): Sql {
  const { text, values } = ofExperiments('', experimentIds)
  return { text: `SELECT COUNT(*) AS runs FROM (SELECT 1 FROM runs WHERE ${text} LIMIT ${most})`, values }
}

/** Counts the runs, of all experiments, that keep a clause which an index answers, not beyond `most`; `undefined` for any other clause. */
export function countKept(clause: RunClause, lower: string, most: number): Sql | undefined {
  const isIndexed = clause.field === 'metric' ? clause.comparator !== '!=' : clause.field === 'param' && clause.comparator === '='
  if (!isIndexed || !isKeyed(clause)) return undefined
  const { table, text, values } = clauseTable(clause, 'c0', 'c0', lower)
  return { text: `SELECT COUNT(*) AS runs FROM (SELECT 1 FROM ${table} WHERE ${text} LIMIT ${most})`, values }
}

/** The start of the run that has `before` newer ones, by an index; no row when there are fewer. `undefined` for a search with another order. */
export function windowStatement(
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

/** One experiment as such, so that an index gives its runs sorted. */
function ofExperiments(prefix: string, ids: readonly string[]): Sql {
  if (ids.length === 1) return { text: `${prefix}experiment_id = ?`, values: [Number(ids[0])] }
  return { text: `${prefix}experiment_id ${among}`, values: [JSON.stringify(ids.map(Number))] }
}

/**
 * The matching runs' ids, sorted, one more than the limit so that the caller sees whether there is a next page.
 *
 * SQLite has no figures to choose an order of joins by, so it is given one (`CROSS JOIN`): first the clause whose metric the runs are
 * sorted by, which an index then gives in that order and stops at the limit; the row of the run, which is the widest, last.
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
 * A search sorted by a metric that no clause asks for, narrowed to the runs that have a number there, which an index gives sorted;
 * `undefined` for any other search.
 */
export function bestFirst(query: ParsedRunQuery): ParsedRunQuery | undefined {
  const [order] = query.order
  if (order?.field !== 'metric' || query.clauses.some((clause) => isSortedBy(clause, order))) return undefined
  const isNumber: RunClause = { field: 'metric', key: order.key, comparator: '>=', value: Number.NEGATIVE_INFINITY }
  return { ...query, clauses: [isNumber, ...query.clauses] }
}

/** Whether a clause compares the value of a metric, param or tag: what lacks the key cannot keep it. */
function isKeyed({ field, comparator }: RunClause): boolean {
  return field !== 'attribute' && field !== 'dataset' && !comparator.startsWith('IS')
}

/** Whether all runs that keep the clause have a number to be sorted by; `!=` also keeps NaN. */
function isSortedBy(clause: RunClause, order: RunOrder | undefined): boolean {
  return clause.field === 'metric' && order?.field === 'metric' && clause.key === order.key && clause.comparator !== '!='
}

/** A clause on a metric, param or tag: a run has at most one row of a key, so a join neither doubles it nor keeps one that lacks the key. */
function clauseTable(clause: RunClause, alias: string, base: string, lower: string): JoinedTable {
  const column = `${alias}.value`
  const test = compared(clause.field === 'metric' ? metricColumn(column, clause.value as number) : column, clause, lower)
  // A NaN compares false with everything but `!=`, as a number does.
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

/** MLflow keeps infinities as the greatest doubles; only a comparison with one of these must tell them apart from numbers. */
function metricColumn(column: string, wanted: number): string {
  if (Math.abs(wanted) < Number.MAX_VALUE) return column
  return `CASE ${column} WHEN ${Number.MAX_VALUE} THEN 9e999 WHEN ${-Number.MAX_VALUE} THEN -9e999 ELSE ${column} END`
}

/** `LIKE` minds case because the connection says so (`case_sensitive_like`, as MLflow sets it). */
function compared(column: string, { comparator, value }: RunClause, lower: string): Sql {
  if (Array.isArray(value)) return { text: `${column} ${comparator} (SELECT value FROM json_each(?))`, values: [JSON.stringify(value)] }
  if (comparator === 'LIKE') return { text: `${column} LIKE ?`, values: [value as string] }
  if (comparator === 'ILIKE') return { text: `${lower}(${column}) LIKE ${lower}(?)`, values: [value as string] }
  return { text: `${column} ${comparator} ?`, values: [value as SqlValue] }
}

/** Values first, then NaN, then missing, whatever the direction. */
function orderSql(key: RunOrder, alias: string): string {
  const direction = directionOf(key)
  if (key.field === 'attribute') {
    const column = attributeColumns[key.key] as string
    return `${column} IS NULL, ${column} ${direction}`
  }
  // A NaN is stored as 0 with a mark, so that all of them are equal.
  if (key.field === 'metric') return `COALESCE(${alias}.is_nan, 2), ${alias}.value ${direction}`
  return `${alias}.value IS NULL, ${alias}.value ${direction}`
}

function directionOf({ descending }: RunOrder): 'ASC' | 'DESC' {
  return descending ? 'DESC' : 'ASC'
}
