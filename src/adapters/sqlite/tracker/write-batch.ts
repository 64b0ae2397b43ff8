/** Writing a batch to MLflow's tables. Inside the caller's transaction. */
import { newId } from '../../../core/ids'
import { isLaterPoint } from '../../../ports/metric-points'
import { paramConflict } from '../../../ports/run-keys'
import { assertTakesBatch } from '../../../ports/run-state'
import type { DatasetInput, MetricPoint, RunBatch } from '../../../ports/tracker-backend'
import type { Database, SqlRow, SqlValue } from '../database/database'
import { runStateOf, toValue } from './rows'

/**
 * Adds a checked batch to a run.
 *
 * @param row the row of the run; without it the run is taken to be new and running
 * @throws InvalidState when the run has ended or is deleted, Conflict for a param with another value
 */
export function writeBatch(database: Database, runId: string, experimentId: number, batch: RunBatch, row?: SqlRow): void {
  if (row !== undefined) assertTakesBatch(runStateOf(row), batch)
  for (const [key, value] of Object.entries(batch.params ?? {})) {
    const held = database.get('SELECT value FROM params WHERE run_uuid = ? AND key = ?', runId, key)
    if (held !== undefined && held.value !== value) throw paramConflict(runId, key, String(held.value), value)
    if (held === undefined) database.run('INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)', key, value, runId)
  }
  for (const [key, value] of Object.entries(batch.tags ?? {})) {
    database.run(
      'INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?) ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value',
      key,
      value,
      runId,
    )
    if (key === 'mlflow.runName') database.run('UPDATE runs SET name = ? WHERE run_uuid = ?', value, runId)
  }
  if (batch.metrics !== undefined && batch.metrics.length > 0) writeMetrics(database, runId, batch.metrics)
  for (const dataset of batch.datasets ?? []) writeDataset(database, runId, experimentId, dataset)
  for (const modelId of batch.inputModels ?? []) link(database, ['RUN_INPUT', runId, 'MODEL_INPUT', modelId], 0)
  for (const { modelId, step } of batch.outputModels ?? []) link(database, ['RUN_OUTPUT', runId, 'MODEL_OUTPUT', modelId], step)
}

/** Writes metric points, and the last point of each key to `latest_metrics`, which MLflow's pages and its search read. */
function writeMetrics(database: Database, runId: string, points: readonly MetricPoint[]): void {
  const byKey = new Map<string, MetricPoint[]>()
  for (const point of points) {
    const group = byKey.get(point.key)
    if (group === undefined) byKey.set(point.key, [point])
    else group.push(point)
  }
  for (const [key, group] of byKey) {
    insertPoints(database, runId, key, group)
    let last = group[0] as MetricPoint
    for (const point of group) if (isLaterPoint(point, last)) last = point
    const [value, isNan] = toValue(last.value)
    // The condition compares with the stored point as `isLaterPoint` does.
    database.run(
      'INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, COALESCE(latest_metrics.timestamp, 0), latest_metrics.value)',
      key,
      value,
      last.timestamp,
      last.step,
      isNan,
      runId,
    )
  }
}

/** Numbers of rows in one statement, largest first. A statement is one call of the driver, and its rows share the lookups in the indexes. */
const rowCounts = [256, 32, 4, 1] as const

/** The statement for each number of rows. A point has three values of its own; NaN is passed as NULL. */
const insertSql: Readonly<Record<number, string>> = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ rowCounts.map((count) => [
    count,
    `INSERT OR IGNORE INTO metrics (key, value, timestamp, run_uuid, step, is_nan) SELECT ?, COALESCE(column1, 0), column2, ?, column3, column1 IS NULL FROM (VALUES ${Array(count).fill('(?,?,?)').join(',')})`,
  ]),
)

/** Writes the points of one key, with statements of many rows. */
function insertPoints(database: Database, runId: string, key: string, points: readonly MetricPoint[]): void {
  let start = 0
  for (const count of rowCounts) {
    const sql = insertSql[count] as string
    for (; points.length - start >= count; start += count) {
      const values: SqlValue[] = [key, runId]
      for (let i = start; i < start + count; i++) {
        const { value, timestamp, step } = points[i] as MetricPoint
        values.push(value !== value ? null : toValue(value)[0], timestamp, step)
      }
      database.run(sql, ...values)
    }
  }
}

function writeDataset(database: Database, runId: string, experimentId: number, dataset: DatasetInput): void {
  const { name, digest, sourceType, source, schema, profile, context } = dataset
  const find = (): SqlRow | undefined =>
    database.get('SELECT dataset_uuid FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?', experimentId, name, digest)
  if (find() === undefined) {
    database.run(
      'INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      newId(),
      experimentId,
      name,
      digest,
      sourceType,
      source,
      schema ?? null,
      profile ?? null,
    )
  }
  const inputId = link(database, ['DATASET', String(find()?.dataset_uuid), 'RUN', runId], 0)
  if (inputId !== undefined && context !== undefined) {
    database.run("INSERT INTO input_tags (input_uuid, name, value) VALUES (?, 'mlflow.data.context', ?)", inputId, context)
  }
}

/** Adds a row to `inputs` and returns its id; `undefined` where the row exists. */
function link(database: Database, ends: readonly [string, string, string, string], step: number): string | undefined {
  const held = database.get(
    'SELECT 1 AS one FROM inputs WHERE source_type = ? AND source_id = ? AND destination_type = ? AND destination_id = ?',
    ...ends,
  )
  if (held !== undefined) return undefined
  const id = newId()
  database.run(
    'INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step) VALUES (?, ?, ?, ?, ?, ?)',
    id,
    ...ends,
    step,
  )
  return id
}
