/** Rows of a SQLite query as a dataset, over a database of `node:sqlite` or better-sqlite3 that the caller owns. */
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../../../core/errors'
import { checkOptions, either, nonEmptyString, ofType } from '../../../core/options'
import { checkTypes } from '../../../dataset/create'
import { Dataset } from '../../../dataset/dataset'
import { type ColumnType, columnFrom, columnOfCells } from '../../../schema/column'
import { columnNotFound } from '../../../schema/table'

/** What is used of a `DatabaseSync` of `node:sqlite`, or of a `Database` of better-sqlite3. */
export interface SqliteConnection {
  prepare(sql: string): object
}

/** Options of {@link fromSqlite}. */
export interface FromSqliteOptions {
  /** Values of the statement's parameters: an array for `?`, an object for `:name`. */
  readonly params?: readonly unknown[] | Readonly<Record<string, unknown>> | undefined
  /** Types by column name: `boolean` reads 0 and 1, `timestamp` ISO 8601 text. The others are found from all cells, for SQLite's columns have no type of their own. */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined
}

/** What is called of a statement; the two drivers differ in how they are asked for whole numbers in full. */
interface Statement {
  iterate(...params: unknown[]): Iterable<Readonly<Record<string, unknown>>>
  columns?(): readonly { readonly name: string }[]
  setReadBigInts?(enabled: boolean): void
  safeIntegers?(enabled: boolean): void
}

/**
 * Runs a query and takes its rows as a dataset. Whole numbers become `int32` or `float64`, and text in a column where one is beyond ±2⁵³; NULL is missing.
 *
 * @example const late = fromSqlite(new DatabaseSync('flights.db'), 'select * from flights where delay > ?', { params: [15] })
 * @throws InvalidArgument with SQLite's words for a wrong query, for two columns of one name, for a BLOB; NotFound for a name in `types` that the result lacks
 */
export function fromSqlite(database: SqliteConnection, sql: string, options: FromSqliteOptions = {}): Dataset {
  checkOptions(
    'fromSqlite',
    { sql, ...options },
    { sql: nonEmptyString(), params: either({ allowed: 'an array', test: Array.isArray }, ofType('object')), types: ofType('object') },
  )
  checkTypes(options.types)
  const { params = [], types = {} } = options
  const cells = new Map<string, unknown[]>()
  try {
    const statement = database.prepare(sql) as Statement
    statement.setReadBigInts?.(true)
    statement.safeIntegers?.(true)
    for (const name of namesOf(statement)) cells.set(name, [])
    for (const row of statement.iterate(...(Array.isArray(params) ? params : [params]))) {
      for (const name in row) {
        const value = row[name]
        const cell = typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
        const column = cells.get(name)
        if (column === undefined) cells.set(name, [cell])
        else column.push(cell)
      }
    }
  } catch (cause) {
    if (isMillwrightError(cause)) throw cause
    throw new MillwrightError('InvalidArgument', `fromSqlite: ${(cause as Error).message}`, { cause })
  }
  const unknown = Object.keys(types).find((name) => !cells.has(name))
  if (unknown !== undefined) throw columnNotFound(unknown, [...cells.keys()])
  return new Dataset(
    [...cells].map(([name, column]) => {
      const type = Object.hasOwn(types, name) ? types[name] : undefined
      return type === undefined ? columnOfCells(name, column) : columnFrom(name, type, column, { coerce: true })
    }),
  )
}

/** Names of the result's columns; a row as an object has only one of two with the same name. @throws InvalidArgument */
function namesOf(statement: Statement): readonly string[] {
  const names = statement.columns?.().map(({ name }) => name) ?? []
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw invalidArgument(`fromSqlite: the query gives two columns named ${show(twice)}`, { hint: 'name one with AS' })
  return names
}
