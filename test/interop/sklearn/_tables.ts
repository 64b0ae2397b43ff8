/** Real tables in two parts: rows to learn from, and later ones with missing cells and unknown categories put in. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { createRng, permutation } from '../../../src/core/random'
import { type CellValue, type Column, columnFrom, takeColumn } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import { dataFolder } from '../support/shared-data'

/** A table in two parts. */
export interface Parts {
  readonly train: Table
  readonly unseen: Table
}

/** What is not there of them is left out. */
const files: Readonly<Record<string, string>> = {
  penguins: join('examples', 'data', 'penguins.csv'),
  bikeshare: join('examples', 'lifecycle', 'data', 'bikeshare-2011.csv'),
  abalone: join(dataFolder, 'tabular', 'abalone.csv'),
  wine: join(dataFolder, 'tabular', 'wine.csv'),
  breastCancer: join(dataFolder, 'tabular', 'breast_cancer.csv'),
  housing: join(dataFolder, 'tabular', 'california_housing.csv.gz'),
  titanic: join(dataFolder, 'monitoring', 'titanic_reference.csv'),
  pm25: join(dataFolder, 'stream', 'beijing_pm25.csv.gz'),
  planes: join(dataFolder, 'bench', 'nyc2017_planes.csv'),
  flights: join(dataFolder, 'bench', 'nyc2017_flights.csv.gz'),
}

/**
 * Tables that are there, by name.
 *
 * @param most rows of a table that are used, drawn at random: with the default, the whole of most tables
 */
export function realTables(names: readonly string[] = Object.keys(files), most = 6000): Record<string, Parts> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const path = files[name] as string
      if (existsSync(path)) return [[name, partsOf(read(path), most)]]
      console.info(`left out: ${name} (no ${path})`)
      return []
    }),
  )
}

/** How many numeric columns the golden answers are about. */
export const GOLDEN_WIDTH = 4

/** Some rows of the tables of the repository: what the golden answers are about. */
export function goldenTables(): Record<string, Parts> {
  return realTables(['penguins', 'bikeshare'], 28)
}

function read(path: string): Table {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return parseCsv(text)
}

/** Three quarters to learn from; of the others, a tenth of all cells is emptied and a twentieth of the text is replaced. */
function partsOf(table: Table, most: number): Parts {
  const order = permutation(table.numRows, createRng(3)).slice(0, most)
  const cut = Math.floor(order.length * 0.75)
  const take = (rows: Int32Array): Table => tableOf(table.columnNames.map((name) => takeColumn(table.column(name), rows.slice().sort())))
  return { train: take(order.slice(0, cut)), unseen: disturbed(take(order.slice(cut))) }
}

function disturbed(table: Table): Table {
  const rng = createRng(4)
  return tableOf(
    table.columnNames.map((name): Column => {
      const { type, ...column } = table.column(name)
      const cells = column.toArray().map((cell): CellValue => {
        const drawn = rng.next()
        if (drawn < 0.1) return null
        return type === 'string' && drawn < 0.15 ? 'never seen' : cell
      })
      return columnFrom(name, type, cells)
    }),
  )
}

/** Only rows without missing cells in these columns: for what scikit-learn refuses missing cells in. */
export function complete({ train, unseen }: Parts, names: readonly string[]): Parts {
  const keep = (table: Table): Table => {
    const rows = Int32Array.from({ length: table.numRows }, (_, row) => row).filter((row) =>
      names.every((name) => table.column(name).at(row) !== null),
    )
    return tableOf(table.columnNames.map((name) => takeColumn(table.column(name), rows)))
  }
  return { train: keep(train), unseen: keep(unseen) }
}

/** A table as JSON for Python. */
export function jsonOf(table: Table): Record<string, { type: string; values: CellValue[] }> {
  return Object.fromEntries(
    table.columnNames.map((name) => {
      const column = table.column(name)
      return [name, { type: column.type, values: column.toArray() }]
    }),
  )
}
