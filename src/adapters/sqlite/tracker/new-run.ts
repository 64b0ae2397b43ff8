/** A new run: its record, and its rows in MLflow's tables. */
import type { ExperimentRecord, RunRecord } from '../../../ports/tracker-backend'
import type { Database } from '../database/database'

/** What the caller chooses about a new run. */
type RunStart = Pick<RunRecord, 'runName' | 'startTime' | 'user' | 'tags'>

/** The record of a new run. Equal to the record that reading its rows gives. */
export function newRun(runId: string, experiment: ExperimentRecord, { runName, startTime, user, tags }: RunStart): RunRecord {
  return {
    runId,
    runName,
    experimentId: experiment.experimentId,
    status: 'running',
    startTime,
    artifactUri: `${experiment.artifactUri}/${runId}/artifacts`,
    lifecycleStage: 'active',
    user,
    params: {},
    tags,
    metrics: {},
    datasets: [],
    inputModels: [],
    outputModels: [],
  }
}

/** Adds the rows of a new run, inside the caller's transaction. */
export function insertRun(database: Database, run: RunRecord): void {
  const { runId, runName, experimentId, startTime, artifactUri, user, tags } = run
  database.run(
    "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, source_version, lifecycle_stage, artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', ?, '', ?, 'RUNNING', ?, ?, 'active', ?, ?)",
    runId,
    runName,
    tags['mlflow.source.name'] ?? '',
    user,
    startTime,
    tags['mlflow.source.git.commit'] ?? '',
    artifactUri,
    Number(experimentId),
  )
  for (const [key, value] of Object.entries(tags)) {
    database.run('INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)', key, value, runId)
  }
}
