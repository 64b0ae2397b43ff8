import { describe, expect, it } from 'vitest'
import { fromSqlite, type SqliteConnection } from '../../../../src/adapters/sqlite/rows/from-sqlite'
import { NO_SQLITE, sqliteLibs } from '../../../fixtures/sqlite-libs'

const libs = await sqliteLibs()

/** A database in memory, by either driver. */
function open(lib: unknown): SqliteConnection & { exec(sql: string): void; close(): void } {
  const Database = (lib ?? (process.getBuiltinModule('node:sqlite') as { DatabaseSync: unknown }).DatabaseSync) as new (
    path: string,
  ) => ReturnType<typeof open>
  return new Database(':memory:')
}

if (libs.length === 0) it.skip(`fromSqlite (left out: ${NO_SQLITE})`, () => {})

describe.each(libs)('fromSqlite over $name', ({ lib }) => {
  it('takes rows, every digit and every type', () => {
    const database = open(lib)
    database.exec(`create table t (i integer, big integer, f real, s text, b integer, at text);
      insert into t values (1, 9007199254740993, 0.5, 'x', 1, '2024-02-29'), (null, 1, 2, null, 0, null)`)
    const data = fromSqlite(database, 'select * from t', { types: { b: 'boolean', at: 'timestamp' } })
    expect(data.schema.map(({ type }) => type)).toEqual(['int32', 'string', 'float64', 'string', 'boolean', 'timestamp'])
    expect(data.toRecords()).toEqual([
      { i: 1, big: '9007199254740993', f: 0.5, s: 'x', b: true, at: Date.UTC(2024, 1, 29) },
      { i: null, big: '1', f: 2, s: null, b: false, at: null },
    ])
    expect(fromSqlite(database, 'select i from t where s = ?', { params: ['x'] }).toRecords()).toEqual([{ i: 1 }])
    expect(fromSqlite(database, 'select i from t where s = :s', { params: { s: 'x' } }).toRecords()).toEqual([{ i: 1 }])
    expect(fromSqlite(database, 'select i, s from t where 0').columnNames).toEqual(['i', 's'])
    database.close()
  })

  it('refuses what it cannot take', () => {
    const database = open(lib)
    expect(() => fromSqlite(database, 'select * from nowhere')).toThrow('fromSqlite: no such table: nowhere')
    expect(() => fromSqlite(database, 'select 1 as a, 2 as a')).toThrow('two columns named "a"')
    expect(() => fromSqlite(database, "select x'00' as b")).toThrow('column "b", row 0')
    expect(() => fromSqlite(database, 'select 1 as a', { types: { z: 'int32' } })).toThrow('no column "z"')
    database.close()
  })
})
