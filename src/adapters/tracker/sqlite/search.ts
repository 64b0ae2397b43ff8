/** Run search as SQL: clauses become EXISTS tests, sort keys scalar subqueries; the answers are those of the other backends. */

import type { RunClause, RunIdentifier } from '../../../ports/run-filter'
import type { ParsedRunQuery, RunOrder } from '../../../ports/run-search'
import type { SqlValue } from '../../_sqlite/database'
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

/** The matching runs' rows, sorted, one more than the limit so that the caller sees whether there is a next page. `lower` is the SQL function that folds case. */
export function searchStatement(query: ParsedRunQuery, experimentIds: readonly string[], offset: number, lower: string): Sql {
  const joins: Sql[] = []
  const where: Sql[] = [{ text: `r.experiment_id ${among}`, values: [JSON.stringify(experimentIds.map(Number))] }]
  const order: string[] = []
  if (query.view !== 'all') where.push({ text: 'r.lifecycle_stage = ?', values: [query.view] })
  for (const clause of query.clauses) {
    const isJoin = clause.field !== 'attribute' && clause.field !== 'dataset' && !clause.comparator.startsWith('IS')
    if (isJoin) joins.push(joinSql(clause, `c${joins.length}`, lower))
    else where.push(clauseSql(clause, lower))
  }
  for (const key of query.order) {
    const alias = `o${joins.length}`
    if (key.field !== 'attribute') {
      joins.push({ text: `LEFT JOIN ${tableOf(key)} ${alias} ON ${alias}.run_uuid = r.run_uuid AND ${alias}.key = ?`, values: [key.key] })
    }
    order.push(orderSql(key, alias))
  }
  const text = [
    'SELECT r.* FROM runs r',
    ...joins.map((join) => join.text),
    `WHERE ${where.map((test) => test.text).join(' AND ')}`,
    `ORDER BY ${[...order, 'r.start_time DESC', 'r.run_uuid'].join(', ')} LIMIT ? OFFSET ?`,
  ].join(' ')
  return { text, values: [...joins, ...where].flatMap((part) => part.values).concat(query.limit + 1, offset) }
}

/** A clause on a metric, param or tag: a run has at most one row of a key, so a join neither doubles it nor keeps one that lacks the key. */
function joinSql(clause: RunClause, alias: string, lower: string): Sql {
  const column = `${alias}.value`
  const test = compared(clause.field === 'metric' ? metricColumn(column, clause.value as number) : column, clause, lower)
  // A NaN compares false with everything but `!=`, as a number does.
  const nan = clause.field === 'metric' ? (clause.comparator === '!=' ? ` OR ${alias}.is_nan = 1` : ` AND ${alias}.is_nan = 0`) : ''
  return {
    text: `JOIN ${tableOf(clause)} ${alias} ON ${alias}.run_uuid = r.run_uuid AND ${alias}.key = ? AND (${test.text}${nan})`,
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
  const direction = key.descending ? 'DESC' : 'ASC'
  if (key.field === 'attribute') {
    const column = attributeColumns[key.key] as string
    return `${column} IS NULL, ${column} ${direction}`
  }
  // A NaN is stored as 0 with a mark, so that all of them are equal.
  if (key.field === 'metric') return `COALESCE(${alias}.is_nan, 2), ${alias}.value ${direction}`
  return `${alias}.value IS NULL, ${alias}.value ${direction}`
}
