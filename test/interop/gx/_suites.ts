/** The tables and suites that both sides judge: real files and generated tables. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readCsv } from '../../../src/adapters/csv/csv'
import { createRng } from '../../../src/core/random'
import * as q from '../../../src/quality'
import type { Table } from '../../../src/schema/table'
import { dataFolder } from '../support/shared-data'
import { type CaseColumn, caseTables, randomTable } from './_cases'
import { caseTable } from './_difference'
import { everyKind, oneKind, sqlKinds } from './_generate'

/** One suite on one table. */
export interface Run {
  readonly name: string
  readonly table: Table
  readonly suite: q.ExpectationSuite
  /** What Great Expectations judges it on. */
  readonly engine: 'pandas' | 'sqlite'
  /** Whether the table is a file, or the first rows of one. */
  readonly isFile: boolean
}

/** Real files, all but `bikeshare` with missing cells. Great Expectations takes seconds for the long ones, so their first rows do. */
const files: readonly { readonly name: string; readonly path: string; readonly limit?: number }[] = [
  { name: 'penguins', path: 'examples/data/penguins.csv' },
  { name: 'bikeshare', path: 'examples/lifecycle/data/bikeshare-2011.csv', limit: 1000 },
  { name: 'penguins_raw', path: join(dataFolder, 'tabular/penguins_raw.csv') },
  { name: 'titanic_reference', path: join(dataFolder, 'monitoring/titanic_reference.csv') },
  { name: 'titanic_analysis', path: join(dataFolder, 'monitoring/titanic_analysis.csv') },
  { name: 'california_housing', path: join(dataFolder, 'tabular/california_housing.csv.gz'), limit: 5000 },
  { name: 'beijing_pm25', path: join(dataFolder, 'stream/beijing_pm25.csv.gz'), limit: 5000 },
]

/** Generated pairs of a table and an expectation. */
export const GENERATED = 300

/** All suites. Files that are not there are left out with a word. */
export async function suiteRuns(seed: number): Promise<readonly Run[]> {
  const rng = createRng(seed)
  const runs: Run[] = []
  const add = (name: string, table: Table, list: readonly q.Expectation[], kind: Pick<Run, 'engine' | 'isFile'>): void => {
    runs.push({ name, table, suite: q.expectations(name, placed(list)), ...kind })
  }
  for (const { name, path, limit } of files) {
    if (!existsSync(path)) {
      console.log(`left out: ${name}, because there is no ${path}`)
      continue
    }
    const table = await readCsv(path, { limit, naValues: ['NA', ''] })
    const draws = table.numRows < 1000 ? 3 : 1
    const drawn = Array.from({ length: draws }, () => everyKind(table, rng)).flat()
    add(`${name}, suggested`, table, q.suggestExpectations(table).expectations, { engine: 'pandas', isFile: true })
    add(`${name}, every kind`, table, drawn, { engine: 'pandas', isFile: true })
    add(`${name}, kinds of SQL`, table, sqlKinds(table, rng), { engine: 'sqlite', isFile: true })
  }
  for (const [name, columns] of Object.entries(caseTables())) {
    const table = caseTable(columns)
    add(`${name}, suggested`, table, q.suggestExpectations(table).expectations, { engine: 'pandas', isFile: false })
  }
  for (let i = 0; i < GENERATED; i++) {
    const table = caseTable(randomTable(100 + i))
    add(`generated ${i}`, table, [oneKind(table, rng)], { engine: 'pandas', isFile: false })
  }
  return runs
}

/** Great Expectations gives results in an order of its own, so each expectation knows its place. */
function placed(list: readonly q.Expectation[]): readonly q.Expectation[] {
  return list.map((item, place) => ({ ...item, meta: { ...item.meta, place } }))
}

/** A table as plain data, for Python. */
export function plainColumns(table: Table): CaseColumn[] {
  return table.columnNames.map((name) => {
    const column = table.column(name)
    const values = column
      .toArray()
      .map((cell) => (column.type === 'timestamp' && cell !== null ? new Date(cell as number).toISOString() : cell))
    return { name, type: column.type, values }
  })
}
