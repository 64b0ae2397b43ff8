/**
 * The registry's rows in MLflow's tables. After an upgrade by a newer MLflow the tables have a column `workspace`, which is a part of their
 * keys. So statements always name their columns, a row is looked up before it is written, and only the workspace `default` is read.
 */
import type { ModelVersionRecord, RecordChange, RegisteredModelRecord } from '../../../ports/registry-backend'
import type { Database, SqlRow } from '../database/database'

/** The stage of a deleted version, whose row stays. */
const DELETED_STAGE = 'Deleted_Internal'

/** A new version. */
export interface VersionRow extends Omit<ModelVersionRecord, 'version' | 'updatedAt'> {
  /** URI of the folder that holds the files; `source` names the logged model. */
  readonly location: string
}

/** Registered models. */
export interface ModelTable {
  get(name: string): RegisteredModelRecord | undefined
  /** Ascending by name, at most `limit` of them. */
  list(limit?: number): RegisteredModelRecord[]
  add(name: string, createdAt: number): void
  change(name: string, change: RecordChange): void
}

/** Versions of registered models. Deleted ones are left out. */
export interface VersionTable {
  get(name: string, version: string): ModelVersionRecord | undefined
  /** Ascending by number. */
  list(name: string): ModelVersionRecord[]
  /** Adds a version under the next number and returns the number. */
  add(row: VersionRow): string
  change(name: string, version: string, change: RecordChange): void
  markDeleted(name: string, version: string, at: number): void
}

/** Aliases of registered models. */
export interface AliasTable {
  get(name: string, alias: string): string | undefined
  /** Alias → version. */
  all(name: string): Record<string, string>
  set(name: string, alias: string, version: string): void
  delete(name: string, alias: string): void
}

/** The tables of a registry. Calls that write belong into a transaction of the caller. */
export interface RegistryTables {
  readonly models: ModelTable
  readonly versions: VersionTable
  readonly aliases: AliasTable
}

/** The condition that selects the rows of the workspace `default`. */
type WorkspaceCondition = () => string

/** The registry's tables of an open database. */
export function registryTables(database: Database): RegistryTables {
  const workspace = workspaceCondition(database)
  const aliases = aliasTable(database, workspace)
  return { aliases, models: modelTable(database, workspace, aliases), versions: versionTable(database, workspace) }
}

function workspaceCondition(database: Database): WorkspaceCondition {
  let hasWorkspaces = false
  return () => {
    // Asked until there is such a column: MLflow may upgrade the file while it is open here.
    hasWorkspaces ||= database.columns('registered_models').includes('workspace')
    return hasWorkspaces ? "workspace = 'default'" : '1 = 1'
  }
}

function modelTable(database: Database, workspace: WorkspaceCondition, aliases: AliasTable): ModelTable {
  const tags = tagTable(database, workspace, 'registered_model_tags', ['name'])
  const recordOf = (row: SqlRow): RegisteredModelRecord => {
    const name = String(row.name)
    return { name, ...commonFacts(row), tags: tags.all([name]), aliases: aliases.all(name) }
  }
  return {
    get(name) {
      const row = database.get(`SELECT * FROM registered_models WHERE ${workspace()} AND name = ?`, name)
      return row === undefined ? undefined : recordOf(row)
    },
    list(limit = Number.POSITIVE_INFINITY) {
      const models: RegisteredModelRecord[] = []
      for (const row of database.all(`SELECT * FROM registered_models WHERE ${workspace()} ORDER BY name`)) {
        if (models.length >= limit) break
        const model = recordOf(row)
        // MLflow keeps prompts in the same tables.
        if (model.tags['mlflow.prompt.is_prompt']?.toLowerCase() !== 'true') models.push(model)
      }
      return models
    },
    add: (name, createdAt) =>
      database.run('INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES (?, ?, ?)', name, createdAt, createdAt),
    change(name, change) {
      tags.set([name], change.tags)
      changeRow(database, { table: 'registered_models', match: `${workspace()} AND name = ?`, key: [name] }, change)
    },
  }
}

function versionTable(database: Database, workspace: WorkspaceCondition): VersionTable {
  const tags = tagTable(database, workspace, 'model_version_tags', ['name', 'version'])
  const match = (): string => `${workspace()} AND name = ? AND version = ?`
  const recordOf = (row: SqlRow): ModelVersionRecord => {
    const [name, version, source] = [String(row.name), String(row.version), text(row.source)]
    return {
      name,
      version,
      ...commonFacts(row),
      source: text(row.storage_location) || source,
      runId: text(row.run_id) || undefined,
      modelId: /^models:\/(m-[0-9a-f]{32})$/.exec(source)?.[1],
      user: text(row.user_id) || undefined,
      tags: tags.all([name, Number(version)]),
    }
  }
  return {
    get(name, version) {
      const sql = `SELECT * FROM model_versions WHERE ${match()} AND current_stage <> ?`
      const row = database.get(sql, name, Number(version), DELETED_STAGE)
      return row === undefined ? undefined : recordOf(row)
    },
    list: (name) =>
      database
        .all(`SELECT * FROM model_versions WHERE ${workspace()} AND name = ? AND current_stage <> ? ORDER BY version`, name, DELETED_STAGE)
        .map(recordOf),
    add({ name, createdAt, description, source, location, runId, user, tags: given }) {
      const next = database.get(`SELECT COALESCE(MAX(version), 0) + 1 AS next FROM model_versions WHERE ${workspace()} AND name = ?`, name)
      const version = Number(next?.next)
      database.run(
        "INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id, status, storage_location) VALUES (?, ?, ?, ?, ?, ?, 'None', ?, ?, 'READY', ?)",
        ...[name, version, createdAt, createdAt, description || null, user ?? null, source, runId ?? null, location],
      )
      tags.set([name, version], given)
      database.run(`UPDATE registered_models SET last_updated_time = ? WHERE ${workspace()} AND name = ?`, createdAt, name)
      return String(version)
    },
    change(name, version, change) {
      tags.set([name, Number(version)], change.tags)
      changeRow(database, { table: 'model_versions', match: match(), key: [name, Number(version)] }, change)
    },
    markDeleted: (name, version, at) =>
      database.run(
        `UPDATE model_versions SET current_stage = ?, last_updated_time = ? WHERE ${match()}`,
        ...[DELETED_STAGE, at, name, Number(version)],
      ),
  }
}

function aliasTable(database: Database, workspace: WorkspaceCondition): AliasTable {
  const match = (): string => `${workspace()} AND name = ? AND alias = ?`
  const get = (name: string, alias: string): string | undefined => {
    const row = database.get(`SELECT version FROM registered_model_aliases WHERE ${match()}`, name, alias)
    return row === undefined ? undefined : String(row.version)
  }
  return {
    get,
    all: (name) =>
      Object.fromEntries(
        database
          .all(`SELECT alias, version FROM registered_model_aliases WHERE ${workspace()} AND name = ? ORDER BY alias`, name)
          .map(({ alias, version }) => [String(alias), String(version)]),
      ),
    set(name, alias, version) {
      if (get(name, alias) === undefined) {
        database.run('INSERT INTO registered_model_aliases (name, alias, version) VALUES (?, ?, ?)', name, alias, Number(version))
      } else database.run(`UPDATE registered_model_aliases SET version = ? WHERE ${match()}`, Number(version), name, alias)
    },
    delete: (name, alias) => database.run(`DELETE FROM registered_model_aliases WHERE ${match()}`, name, alias),
  }
}

type Key = readonly (string | number)[]

interface TagTable {
  /** The tags of the model or version with this key. */
  all(key: Key): Record<string, string>
  /** Adds and replaces tags; `null` removes one. */
  set(key: Key, tags: RecordChange['tags']): void
}

/** A table of tags; `columns` are those that identify a model or version. */
function tagTable(database: Database, workspace: WorkspaceCondition, table: string, columns: readonly string[]): TagTable {
  const owner = columns.map((column) => `${column} = ?`).join(' AND ')
  return {
    all(key) {
      const rows = database.all(`SELECT key, value FROM ${table} WHERE ${workspace()} AND ${owner} ORDER BY key`, ...key)
      return Object.fromEntries(rows.map((row) => [String(row.key), text(row.value)]))
    },
    set(key, tags = {}) {
      const match = `${workspace()} AND key = ? AND ${owner}`
      for (const [tag, value] of Object.entries(tags)) {
        if (value === null) database.run(`DELETE FROM ${table} WHERE ${match}`, tag, ...key)
        else if (database.get(`SELECT 1 AS one FROM ${table} WHERE ${match}`, tag, ...key) !== undefined) {
          database.run(`UPDATE ${table} SET value = ? WHERE ${match}`, value, tag, ...key)
        } else {
          const marks = columns.map(() => '?').join(', ')
          database.run(`INSERT INTO ${table} (key, value, ${columns.join(', ')}) VALUES (?, ?, ${marks})`, tag, value, ...key)
        }
      }
    },
  }
}

/** Sets the time of change of a row, and its description where there is a new one. */
function changeRow(
  database: Database,
  { table, match, key }: { readonly table: string; readonly match: string; readonly key: Key },
  { description, updatedAt }: RecordChange,
): void {
  database.run(`UPDATE ${table} SET last_updated_time = ? WHERE ${match}`, updatedAt, ...key)
  if (description === undefined) return
  database.run(`UPDATE ${table} SET description = ? WHERE ${match}`, description || null, ...key)
}

/** What the rows of models and of versions both have. */
function commonFacts(row: SqlRow): { readonly createdAt: number; readonly updatedAt: number; readonly description: string } {
  const createdAt = Number(row.creation_time ?? 0)
  return { createdAt, updatedAt: Number(row.last_updated_time ?? createdAt), description: text(row.description) }
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value)
}
