/**
 * The registry's rows in MLflow's tables. After an upgrade by a newer MLflow the tables have a column `workspace`, which is part of their keys:
 * columns are always listed, rows are looked for before they are written, and other workspaces than `default` are not seen.
 */
import type { ModelVersionRecord, RecordChange, RegisteredModelRecord } from '../../../ports/registry-backend'
import type { Database, SqlRow } from '../database/database'

/** A version that was deleted stays, marked by this stage. */
const DELETED_STAGE = 'Deleted_Internal'

/** What is kept of a new version. */
export interface VersionRow extends Omit<ModelVersionRecord, 'version' | 'updatedAt'> {
  /** Where the files are; `source` names the logged model. */
  readonly location: string
}

/** The tables of a registry. Writing calls belong into a transaction of the caller. */
export interface RegistryTables {
  model(name: string): RegisteredModelRecord | undefined
  models(limit?: number): RegisteredModelRecord[]
  addModel(name: string, createdAt: number): void
  version(name: string, version: string): ModelVersionRecord | undefined
  versions(name: string): ModelVersionRecord[]
  /** Adds a version under the next number, which it gives. */
  addVersion(row: VersionRow): string
  markDeleted(name: string, version: string, at: number): void
  /** Changes a model, or one of its versions. */
  change(change: RecordChange, name: string, version?: string): void
  alias(name: string, alias: string): string | undefined
  aliases(name: string): Record<string, string>
  setAlias(name: string, alias: string, version: string | undefined): void
}

/** The registry's tables of an open database. */
export function registryTables(database: Database): RegistryTables {
  let hasWorkspaces = false
  /** MLflow may upgrade the file while it is open here. */
  const here = (): string => {
    hasWorkspaces ||= database.columns('registered_models').includes('workspace')
    return hasWorkspaces ? "workspace = 'default'" : '1 = 1'
  }

  const tagsOf = (name: string, version?: string): Record<string, string> => {
    const rows =
      version === undefined
        ? database.all(`SELECT key, value FROM registered_model_tags WHERE ${here()} AND name = ? ORDER BY key`, name)
        : database.all(
            `SELECT key, value FROM model_version_tags WHERE ${here()} AND name = ? AND version = ? ORDER BY key`,
            name,
            Number(version),
          )
    return Object.fromEntries(rows.map(({ key, value }) => [String(key), text(value)]))
  }

  const modelOf = (row: SqlRow): RegisteredModelRecord => {
    const name = String(row.name)
    const createdAt = Number(row.creation_time ?? 0)
    return {
      name,
      createdAt,
      updatedAt: Number(row.last_updated_time ?? createdAt),
      description: text(row.description),
      tags: tagsOf(name),
      aliases: tables.aliases(name),
    }
  }

  const versionOf = (row: SqlRow): ModelVersionRecord => {
    const [name, version, source] = [String(row.name), String(row.version), text(row.source)]
    const createdAt = Number(row.creation_time ?? 0)
    return {
      name,
      version,
      createdAt,
      updatedAt: Number(row.last_updated_time ?? createdAt),
      description: text(row.description),
      source: text(row.storage_location) || source,
      runId: text(row.run_id) || undefined,
      modelId: /^models:\/(m-[0-9a-f]{32})$/.exec(source)?.[1],
      user: text(row.user_id) || undefined,
      tags: tagsOf(name, version),
    }
  }

  const setTags = (tags: RecordChange['tags'] = {}, name: string, version?: string): void => {
    const [table, columns, values] =
      version === undefined
        ? (['registered_model_tags', ['name'], [name]] as const)
        : (['model_version_tags', ['name', 'version'], [name, Number(version)]] as const)
    const match = `${here()} AND key = ? AND ${columns.map((column) => `${column} = ?`).join(' AND ')}`
    for (const [key, value] of Object.entries(tags)) {
      if (value === null) database.run(`DELETE FROM ${table} WHERE ${match}`, key, ...values)
      else if (database.get(`SELECT 1 AS one FROM ${table} WHERE ${match}`, key, ...values) !== undefined) {
        database.run(`UPDATE ${table} SET value = ? WHERE ${match}`, value, key, ...values)
      } else {
        const marks = columns.map(() => '?').join(', ')
        database.run(`INSERT INTO ${table} (key, value, ${columns.join(', ')}) VALUES (?, ?, ${marks})`, key, value, ...values)
      }
    }
  }

  const tables: RegistryTables = {
    model(name) {
      const row = database.get(`SELECT * FROM registered_models WHERE ${here()} AND name = ?`, name)
      return row === undefined ? undefined : modelOf(row)
    },
    models(limit = Number.POSITIVE_INFINITY) {
      const models: RegisteredModelRecord[] = []
      for (const row of database.all(`SELECT * FROM registered_models WHERE ${here()} ORDER BY name`)) {
        if (models.length >= limit) break
        const model = modelOf(row)
        // MLflow keeps prompts in the same tables.
        if (model.tags['mlflow.prompt.is_prompt']?.toLowerCase() !== 'true') models.push(model)
      }
      return models
    },
    addModel: (name, createdAt) =>
      database.run('INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES (?, ?, ?)', name, createdAt, createdAt),

    version(name, version) {
      const row = database.get(
        `SELECT * FROM model_versions WHERE ${here()} AND name = ? AND version = ? AND current_stage <> ?`,
        name,
        Number(version),
        DELETED_STAGE,
      )
      return row === undefined ? undefined : versionOf(row)
    },
    versions: (name) =>
      database
        .all(`SELECT * FROM model_versions WHERE ${here()} AND name = ? AND current_stage <> ? ORDER BY version`, name, DELETED_STAGE)
        .map(versionOf),
    addVersion({ name, createdAt, description, source, location, runId, user, tags }) {
      const next = database.get(`SELECT COALESCE(MAX(version), 0) + 1 AS next FROM model_versions WHERE ${here()} AND name = ?`, name)
      const version = Number(next?.next)
      database.run(
        "INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id, status, storage_location) VALUES (?, ?, ?, ?, ?, ?, 'None', ?, ?, 'READY', ?)",
        ...[name, version, createdAt, createdAt, description || null, user ?? null, source, runId ?? null, location],
      )
      setTags(tags, name, String(version))
      database.run(`UPDATE registered_models SET last_updated_time = ? WHERE ${here()} AND name = ?`, createdAt, name)
      return String(version)
    },
    markDeleted: (name, version, at) =>
      database.run(
        `UPDATE model_versions SET current_stage = ?, last_updated_time = ? WHERE ${here()} AND name = ? AND version = ?`,
        ...[DELETED_STAGE, at, name, Number(version)],
      ),

    change({ tags, description, updatedAt }, name, version) {
      setTags(tags, name, version)
      const [table, match, values] =
        version === undefined
          ? (['registered_models', 'name = ?', [name]] as const)
          : (['model_versions', 'name = ? AND version = ?', [name, Number(version)]] as const)
      database.run(`UPDATE ${table} SET last_updated_time = ? WHERE ${here()} AND ${match}`, updatedAt, ...values)
      if (description === undefined) return
      database.run(`UPDATE ${table} SET description = ? WHERE ${here()} AND ${match}`, description || null, ...values)
    },

    alias(name, alias) {
      const row = database.get(`SELECT version FROM registered_model_aliases WHERE ${here()} AND name = ? AND alias = ?`, name, alias)
      return row === undefined ? undefined : String(row.version)
    },
    aliases: (name) =>
      Object.fromEntries(
        database
          .all(`SELECT alias, version FROM registered_model_aliases WHERE ${here()} AND name = ? ORDER BY alias`, name)
          .map(({ alias, version }) => [String(alias), String(version)]),
      ),
    setAlias(name, alias, version) {
      const match = `${here()} AND name = ? AND alias = ?`
      if (version === undefined) database.run(`DELETE FROM registered_model_aliases WHERE ${match}`, name, alias)
      else if (tables.alias(name, alias) === undefined) {
        database.run('INSERT INTO registered_model_aliases (name, alias, version) VALUES (?, ?, ?)', name, alias, Number(version))
      } else database.run(`UPDATE registered_model_aliases SET version = ? WHERE ${match}`, Number(version), name, alias)
    },
  }
  return tables
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value)
}
