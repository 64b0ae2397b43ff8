/** Making sure that a database is one of MLflow's. */
import { MillwrightError, show } from '../../../core/errors'
import { schemaStatements } from './schema'

/** What is needed of a database here. */
interface Prepared {
  readonly path: string
  all(sql: string): readonly Record<string, unknown>[]
  transaction(work: () => void): void
}

const needed: readonly string[] = [
  'alembic_version',
  'experiments',
  'runs',
  'metrics',
  'latest_metrics',
  'params',
  'tags',
  'logged_models',
  'inputs',
  'datasets',
]

/**
 * Makes the tables in an empty file; leaves MLflow's own files, of whatever revision, as they are.
 *
 * @throws Corrupt for a database that is something else
 */
export function prepareSchema(database: Prepared, exec: (sql: string) => void): void {
  const tables = (): string[] =>
    database.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").map(({ name }) => String(name))
  if (tables().length === 0) {
    database.transaction(() => {
      // Another process may have been faster while we waited for the lock.
      if (tables().length > 0) return
      for (const statement of schemaStatements()) exec(statement)
    })
  }
  const there = tables()
  const missing = needed.filter((name) => !there.includes(name))
  if (missing.length > 0) {
    throw new MillwrightError('Corrupt', `${show(database.path)} is not an MLflow 3 database: it has no table ${missing.join(', ')}`, {
      hint: 'an MLflow 2 file needs `mlflow db upgrade` first',
    })
  }
}
