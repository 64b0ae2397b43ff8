/** Converts rows of MLflow's tables to records of the tracker port, and back. */
import type { DatasetInput, ExperimentRecord, LoggedModelRecord, MetricPoint, RunRecord, RunStatus } from '../../../ports/tracker-backend'
import type { Database, SqlRow, SqlValue } from '../database/database'

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value))
const number = (value: unknown): number => Number(value ?? 0)

/** A condition `IN` whose list is one value, a JSON array. The text of the statement is then the same for every length. */
export const among = 'IN (SELECT value FROM json_each(?))'
/** The columns of a metric point. A step beyond 2⁵³, which MLflow can store and a number cannot hold, is rounded. */
export const pointColumns = 'key, value, timestamp, CAST(step AS REAL) AS step, is_nan'

/** The two columns in which MLflow stores the value of a metric: NaN is 0 with `is_nan` 1, infinities are the greatest doubles. */
export function toValue(value: number): readonly [value: number, isNan: number] {
  if (value !== value) return [0, 1]
  return [Math.abs(value) === Number.POSITIVE_INFINITY ? Math.sign(value) * Number.MAX_VALUE : value, 0]
}

/** A metric row as a point. */
export function pointOf(row: SqlRow): MetricPoint {
  const stored = number(row.value)
  const value =
    number(row.is_nan) === 1 ? Number.NaN : Math.abs(stored) === Number.MAX_VALUE ? Math.sign(stored) * Number.POSITIVE_INFINITY : stored
  return { key: text(row.key), value, timestamp: number(row.timestamp), step: number(row.step) }
}

/** An experiment row with its tags. */
export function experimentOf(database: Database, row: SqlRow): ExperimentRecord {
  const tags = database.all('SELECT key, value FROM experiment_tags WHERE experiment_id = ?', row.experiment_id as SqlValue)
  return {
    experimentId: text(row.experiment_id),
    name: text(row.name),
    artifactUri: text(row.artifact_location),
    lifecycleStage: row.lifecycle_stage === 'deleted' ? 'deleted' : 'active',
    createdAt: number(row.creation_time),
    updatedAt: number(row.last_update_time),
    tags: pairs(tags),
  }
}

function pairs(rows: readonly SqlRow[]): Record<string, string> {
  return Object.fromEntries(rows.map(({ key, value }) => [text(key), text(value)]))
}

/** The records of these runs, in the order of the ids, read with few queries. Unknown ids are left out. */
export function runsById(database: Database, ids: readonly string[]): RunRecord[] {
  const records: RunRecord[] = []
  for (let start = 0; start < ids.length; start += 500) {
    const chunk = ids.slice(start, start + 500)
    const rows = new Map<string, SqlRow>()
    for (const row of database.all(`SELECT * FROM runs WHERE run_uuid ${among}`, JSON.stringify(chunk))) rows.set(text(row.run_uuid), row)
    const inOrder = chunk.map((id) => rows.get(id)).filter((row) => row !== undefined)
    for (const record of runsOf(database, inOrder)) records.push(record)
  }
  return records
}

/** Converts up to some hundred rows of `runs` to records. */
export function runsOf(database: Database, rows: readonly SqlRow[]): RunRecord[] {
  const list = JSON.stringify(rows.map(({ run_uuid }) => run_uuid))
  const by = (sql: string, idColumn = 'run_uuid'): Map<string, SqlRow[]> => {
    const grouped = new Map<string, SqlRow[]>()
    for (const row of database.all(sql, list)) {
      const id = text(row[idColumn])
      const group = grouped.get(id)
      if (group === undefined) grouped.set(id, [row])
      else group.push(row)
    }
    return grouped
  }
  const params = textsOfRuns(database, 'params', list)
  const tags = textsOfRuns(database, 'tags', list)
  const metrics = by(`SELECT run_uuid, ${pointColumns} FROM latest_metrics WHERE run_uuid ${among}`)
  const datasets = by(
    `SELECT i.destination_id, i.input_uuid, d.*, t.value AS context FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context' WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id ${among} ORDER BY i.rowid`,
    'destination_id',
  )
  const models = by(
    `SELECT source_id, source_type, destination_id, CAST(step AS REAL) AS step FROM inputs WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id ${among} ORDER BY rowid`,
    'source_id',
  )
  return rows.map((row) => {
    const id = text(row.run_uuid)
    const linked = models.get(id) ?? []
    return {
      runName: text(row.name),
      experimentId: text(row.experiment_id),
      ...runStateOf(row),
      startTime: number(row.start_time),
      artifactUri: text(row.artifact_uri),
      user: text(row.user_id),
      params: params.get(id) ?? {},
      tags: tags.get(id) ?? {},
      metrics: Object.fromEntries((metrics.get(id) ?? []).map((metric) => [text(metric.key), pointOf(metric)])),
      datasets: (datasets.get(id) ?? []).map(datasetOf),
      inputModels: linked.filter(({ source_type }) => source_type === 'RUN_INPUT').map(({ destination_id }) => text(destination_id)),
      outputModels: linked
        .filter(({ source_type }) => source_type === 'RUN_OUTPUT')
        .map(({ destination_id, step }) => ({ modelId: text(destination_id), step: number(step) })),
    }
  })
}

/** Params or tags by run. The query gives one row for each run, with its texts as JSON: reading takes time per row. */
function textsOfRuns(database: Database, table: 'params' | 'tags', list: string): Map<string, Record<string, string>> {
  const rows = database.all(
    `SELECT run_uuid, json_group_object(key, CAST(COALESCE(value, '') AS TEXT)) AS texts FROM ${table} WHERE run_uuid ${among} GROUP BY run_uuid`,
    list,
  )
  return new Map(rows.map((row) => [text(row.run_uuid), JSON.parse(text(row.texts)) as Record<string, string>]))
}

function datasetOf(row: SqlRow): DatasetInput {
  return {
    name: text(row.name),
    digest: text(row.digest),
    sourceType: text(row.dataset_source_type),
    source: text(row.dataset_source),
    ...(row.dataset_schema === null ? {} : { schema: text(row.dataset_schema) }),
    ...(row.dataset_profile === null ? {} : { profile: text(row.dataset_profile) }),
    ...(row.context === null ? {} : { context: text(row.context) }),
  }
}

const modelStatuses = ['pending', 'pending', 'ready', 'failed'] as const

/** The state of a run, from its row in `runs`. */
export function runStateOf(row: SqlRow): Pick<RunRecord, 'runId' | 'status' | 'endTime' | 'lifecycleStage'> {
  return {
    runId: text(row.run_uuid),
    status: text(row.status).toLowerCase() as RunStatus,
    ...(row.end_time === null || row.end_time === undefined ? {} : { endTime: number(row.end_time) }),
    lifecycleStage: row.lifecycle_stage === 'deleted' ? 'deleted' : 'active',
  }
}

/** The number that MLflow stores for the status of a logged model. */
export function modelStatusNumber(status: LoggedModelRecord['status']): number {
  return modelStatuses.lastIndexOf(status)
}

/** A logged-model row with its params and tags. */
export function modelOf(database: Database, row: SqlRow): LoggedModelRecord {
  const id = text(row.model_id)
  return {
    modelId: id,
    experimentId: text(row.experiment_id),
    name: text(row.name),
    artifactUri: text(row.artifact_location),
    status: modelStatuses[number(row.status)] ?? 'pending',
    ...(row.source_run_id === null ? {} : { sourceRunId: text(row.source_run_id) }),
    ...(row.model_type === null ? {} : { modelType: text(row.model_type) }),
    createdAt: number(row.creation_timestamp_ms),
    tags: pairs(database.all('SELECT tag_key AS key, tag_value AS value FROM logged_model_tags WHERE model_id = ?', id)),
    params: pairs(database.all('SELECT param_key AS key, param_value AS value FROM logged_model_params WHERE model_id = ?', id)),
  }
}
