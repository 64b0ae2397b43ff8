/** Checks that a database has MLflow's tables; an empty one gets them. */
import { MillwrightError, show } from '../../../core/errors'
import { schemaStatements } from './schema'

/** The part of a database that is used here. */
interface SchemaDatabase {
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
 * Makes the tables in an empty file. A file that MLflow made is not changed, whatever its revision is.
 *
 * @throws Corrupt for a database with other tables
 */
export function prepareSchema(database: SchemaDatabase, exec: (sql: string) => void): void {
  const tables = (): string[] =>
    database.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").map(({ name }) => String(name))
  if (tables().length === 0) {
    database.transaction(() => {
      // Another process may have made the tables while this one waited for the lock.
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
