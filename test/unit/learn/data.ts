/** Small real and made-up tables for the tests of learn/. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createRng } from '../../../src/core/random'
import { type CellValue, columnFrom, makeColumn, typeOfCells } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import golden from '../../golden/forest.json'

/** A table from columns of cells; types are inferred. */
export function tableFrom(columns: Readonly<Record<string, readonly CellValue[]>>): Table {
  return tableOf(Object.entries(columns).map(([name, cells]) => columnFrom(name, typeOfCells(cells), cells)))
}

/** One of the golden sets as a table with the target `target`. */
export function goldenSet(name: 'iris' | 'wine' | 'diabetes'): Table {
  const { names, rows, target } = golden.sets[name]
  return tableOf([
    ...names.map((feature, f) => makeColumn(feature, { type: 'float64', values: Float64Array.from(rows, (row) => row[f] as number) })),
    columnFrom('target', typeOfCells(target), target),
  ])
}

/** A table of `../shared/data/tabular`, or `undefined` where the folder is not there. */
export function sharedSet(name: string): Table | undefined {
  const path = fileURLToPath(new URL(`../../../../shared/data/tabular/${name}.csv`, import.meta.url))
  if (!existsSync(path)) return undefined
  const [header = '', ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/)
  const rows = lines.map((line) => line.split(','))
  return tableFrom(
    Object.fromEntries(
      header.split(',').map((column, i) => {
        const cells = rows.map((row) => row[i] ?? '')
        const numeric = cells.every((cell) => cell === '' || !Number.isNaN(Number(cell)))
        return [column, cells.map((cell) => (cell === '' ? null : numeric ? Number(cell) : cell))]
      }),
    ),
  )
}

/** Rows with a numeric, an integer, a text and a boolean feature, missing cells, and a label that depends on them. */
export function mixedTable(rows: number, seed: number): Table {
  const rng = createRng(seed)
  const cells = Array.from({ length: rows }, () => {
    const a = rng.normal()
    const n = rng.int(10)
    const word = ['red', 'green', 'blue'][rng.int(3)] as string
    const flag = rng.next() < 0.5
    const score = a + 0.3 * n - (word === 'red' ? 2 : 0) + (flag ? 1 : 0) - 1 + 0.3 * rng.normal()
    const gap = rng.next()
    return {
      a: gap < 0.1 ? null : a,
      n: gap > 0.9 ? null : n,
      word: gap > 0.45 && gap < 0.5 ? null : word,
      flag: gap > 0.5 && gap < 0.55 ? null : flag,
      score,
      label: score > 0 ? 'yes' : 'no',
    }
  })
  const column = (name: keyof (typeof cells)[number], type: 'float64' | 'int32' | 'string' | 'boolean') =>
    columnFrom(
      name,
      type,
      cells.map((row) => row[name]),
    )
  return tableOf([
    column('a', 'float64'),
    column('n', 'int32'),
    column('word', 'string'),
    column('flag', 'boolean'),
    column('score', 'float64'),
    column('label', 'string'),
  ])
}

/** The table without some columns. */
export function without(table: Table, ...names: readonly string[]): Table {
  return tableOf(table.columnNames.filter((name) => !names.includes(name)).map((name) => table.column(name)))
}
