/** Experiments in MLflow's tables. */
import type { Clock } from '../../../core/clock'
import { MillwrightError, show } from '../../../core/errors'
import { experimentFolder } from '../../../mlruns/keys'
import { assertBatch, assertExperimentName } from '../../../ports/run-keys'
import { assertNameUsable, deletedExperiment } from '../../../ports/run-state'
import type { ExperimentChange, ExperimentRecord, TrackerBackend } from '../../../ports/tracker-backend'
import type { Connection, Database, SqlRow } from '../database/database'
import { experimentOf } from './rows'

/** The calls on experiments. */
export interface SqliteExperiments
  extends Required<Pick<TrackerBackend, 'ensureExperiment' | 'getExperiment' | 'listExperiments' | 'changeExperiment'>> {
  getExperiment(experimentId: string): ExperimentRecord
}

/** The calls on the experiments of a database. Each change is one transaction. */
export function sqliteExperiments(connection: Connection, clock: Clock): SqliteExperiments {
  const { name, open, write } = connection
  const getExperiment = (experimentId: string): ExperimentRecord => {
    const row = /^\d{1,18}$/.test(experimentId)
      ? open().get('SELECT * FROM experiments WHERE experiment_id = ?', Number(experimentId))
      : undefined
    if (row === undefined) throw new MillwrightError('NotFound', `${name} has no experiment ${show(experimentId)}`)
    return experimentOf(open(), row)
  }
  return {
    getExperiment,
    listExperiments() {
      const database = open()
      return database.all('SELECT * FROM experiments ORDER BY creation_time, experiment_id').map((row) => experimentOf(database, row))
    },
    ensureExperiment(experimentName, { tags = {} } = {}) {
      assertExperimentName(experimentName)
      assertBatch({ tags }, 'mlflow')
      return write((database) => {
        const find = (): SqlRow | undefined => database.get('SELECT * FROM experiments WHERE name = ?', experimentName)
        if (find() === undefined) {
          addExperiment(connection, clock.now(), experimentName)
          setTags(database, Number(find()?.experiment_id), tags)
        }
        const experiment = experimentOf(database, find() as SqlRow)
        assertNameUsable(experiment)
        return experiment
      })
    },
    async changeExperiment(experimentId, change) {
      const { name: newName, tags = {} } = change
      if (newName !== undefined) assertExperimentName(newName)
      assertBatch({ tags }, 'mlflow')
      return write((database) => {
        const held = getExperiment(experimentId)
        const stage = change.lifecycleStage ?? held.lifecycleStage
        if (held.lifecycleStage === 'deleted' && stage === 'deleted') {
          if (newName !== undefined || Object.keys(tags).length > 0) throw deletedExperiment(held)
          return held
        }
        if (newName !== undefined) assertNameFree(connection, newName, experimentId)
        applyChange(database, held, { ...change, lifecycleStage: stage }, clock.now())
        return getExperiment(experimentId)
      })
    },
  }
}

/** Adds the experiment `Default`, as MLflow does, to a database without experiments. */
export function ensureDefaultExperiment(connection: Connection, clock: Clock): Promise<void> {
  return connection.write((database) => {
    if (database.get('SELECT 1 AS one FROM experiments LIMIT 1') === undefined) addExperiment(connection, clock.now(), 'Default', 0)
  })
}

/** Adds an experiment under the next free number, or under `id`. Inside the caller's transaction. */
function addExperiment({ storage, open }: Connection, now: number, experimentName: string, id?: number): void {
  const next = id ?? Number(open().get('SELECT COALESCE(MAX(experiment_id), 0) + 1 AS id FROM experiments')?.id)
  open().run(
    "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time) VALUES (?, ?, ?, 'active', ?, ?)",
    next,
    experimentName,
    storage.uri(experimentFolder(next).slice(0, -1)),
    now,
    now,
  )
}

/** Checks that no other experiment has the name. @throws AlreadyExists */
function assertNameFree({ name, open }: Connection, experimentName: string, experimentId: string): void {
  const other = open().get(
    'SELECT lifecycle_stage AS stage FROM experiments WHERE name = ? AND experiment_id <> ?',
    experimentName,
    Number(experimentId),
  )
  if (other === undefined) return
  throw new MillwrightError('AlreadyExists', `${name} already has an experiment ${show(experimentName)} (${other.stage})`)
}

/** Writes a checked change. The runs of an experiment are deleted and restored with it. */
function applyChange(database: Database, held: ExperimentRecord, { name, lifecycleStage, tags = {} }: ExperimentChange, now: number): void {
  const id = Number(held.experimentId)
  const stage = lifecycleStage ?? held.lifecycleStage
  database.run(
    'UPDATE experiments SET name = ?, lifecycle_stage = ?, last_update_time = ? WHERE experiment_id = ?',
    name ?? held.name,
    stage,
    Math.max(now, held.updatedAt),
    id,
  )
  setTags(database, id, tags)
  if (stage === held.lifecycleStage) return
  const deletedAt = stage === 'deleted' ? now : null
  database.run('UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE experiment_id = ?', stage, deletedAt, id)
}

function setTags(database: Database, experimentId: number, tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    database.run(
      'INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?) ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value',
      key,
      value,
      experimentId,
    )
  }
}
