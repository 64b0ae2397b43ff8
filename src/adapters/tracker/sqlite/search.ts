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
  const values: SqlValue[] = []
  const where = [`r.experiment_id ${among}`]
  values.push(JSON.stringify(experimentIds.map(Number)))
  if (query.view !== 'all') {
    where.push('r.lifecycle_stage = ?')
    values.push(query.view)
  }
  for (const clause of query.clauses) {
    const test = clauseSql(clause, lower)
    where.push(test.text)
    values.push(...test.values)
  }
  const order = query.order.flatMap((key) => {
    const sort = orderSql(key)
    values.push(...sort.values)
    return [sort.text]
  })
  values.push(query.limit + 1, offset)
  return {
    text: `SELECT r.* FROM runs r WHERE ${where.join(' AND ')} ORDER BY ${[...order, 'r.start_time DESC', 'r.run_uuid'].join(', ')} LIMIT ? OFFSET ?`,
    values,
  }
}

function clauseSql(clause: RunClause, lower: string): Sql {
  const { field, key } = clause
  if (field === 'attribute') {
    const column = attributeColumns[key] as string
    return compared(column, clause, lower)
  }
  if (field === 'dataset') {
    const column = key === 'context' ? 't.value' : `d.${key}`
    const test = compared(column, clause, lower)
    const join =
      key === 'context'
        ? "JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'"
        : 'JOIN datasets d ON d.dataset_uuid = i.source_id'
    return {
      text: `EXISTS (SELECT 1 FROM inputs i ${join} WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = r.run_uuid AND ${test.text})`,
      values: test.values,
    }
  }
  const table = tableOf(clause)
  if (clause.comparator === 'IS NULL' || clause.comparator === 'IS NOT NULL') {
    const not = clause.comparator === 'IS NULL' ? 'NOT ' : ''
    return { text: `${not}EXISTS (SELECT 1 FROM ${table} v WHERE v.run_uuid = r.run_uuid AND v.key = ?)`, values: [key] }
  }
  const test = compared(field === 'metric' ? metricColumn(clause.value as number) : 'v.value', clause, lower)
  // A NaN compares false with everything but `!=`, as a number does.
  const nan = field === 'metric' ? (clause.comparator === '!=' ? ' OR v.is_nan = 1' : ' AND v.is_nan = 0') : ''
  return {
    text: `EXISTS (SELECT 1 FROM ${table} v WHERE v.run_uuid = r.run_uuid AND v.key = ? AND (${test.text}${nan}))`,
    values: [key, ...test.values],
  }
}

function tableOf({ field }: RunIdentifier): string {
  return field === 'metric' ? 'latest_metrics' : field === 'param' ? 'params' : 'tags'
}

/** MLflow keeps infinities as the greatest doubles; only a comparison with one of these must tell them apart from numbers. */
function metricColumn(wanted: number): string {
  if (Math.abs(wanted) < Number.MAX_VALUE) return 'v.value'
  return `CASE v.value WHEN ${Number.MAX_VALUE} THEN 9e999 WHEN ${-Number.MAX_VALUE} THEN -9e999 ELSE v.value END`
}

/** `LIKE` minds case because the connection says so (`case_sensitive_like`, as MLflow sets it). */
function compared(column: string, { comparator, value }: RunClause, lower: string): Sql {
  if (Array.isArray(value)) return { text: `${column} ${comparator} (SELECT value FROM json_each(?))`, values: [JSON.stringify(value)] }
  if (comparator === 'LIKE') return { text: `${column} LIKE ?`, values: [value as string] }
  if (comparator === 'ILIKE') return { text: `${lower}(${column}) LIKE ${lower}(?)`, values: [value as string] }
  return { text: `${column} ${comparator} ?`, values: [value as SqlValue] }
}

/** Values first, then NaN, then missing, whatever the direction. */
function orderSql(key: RunOrder): Sql {
  const direction = key.descending ? 'DESC' : 'ASC'
  if (key.field === 'attribute') {
    const column = attributeColumns[key.key] as string
    return { text: `${column} IS NULL, ${column} ${direction}`, values: [] }
  }
  const value = (what: string): string => `(SELECT ${what} FROM ${tableOf(key)} v WHERE v.run_uuid = r.run_uuid AND v.key = ?)`
  if (key.field === 'metric') {
    return {
      text: `COALESCE(${value('v.is_nan')}, 2), CASE WHEN ${value('v.is_nan')} = 1 THEN 0 ELSE ${value('v.value')} END ${direction}`,
      values: [key.key, key.key, key.key],
    }
  }
  return { text: `${value('v.value')} IS NULL, ${value('v.value')} ${direction}`, values: [key.key, key.key] }
}
