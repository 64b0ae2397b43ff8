/** Generated tables of every type: written by us and read by pyarrow, pandas, polars and DuckDB; written by them and read by us. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { readArrow, toArrow } from '../../../src/adapters/arrow/arrow'
import { readParquet, toParquet } from '../../../src/adapters/parquet/parquet'
import type { Dataset } from '../../../src/dataset'
import { randomTable } from '../../support/random-table'

const folder = mkdtempSync(join(tmpdir(), 'millwright-columnar-'))
// A table without rows has nothing to compare.
const tables = fc.sample(
  randomTable(30).filter((data) => data.numRows > 0),
  { numRuns: 60, seed: 14 },
)
const problems: string[] = []

/** A cell as JSON can hold it. */
function jsonCell(cell: unknown): unknown {
  if (typeof cell !== 'number') return cell
  return Object.is(cell, -0) ? { n: '-0' } : Number.isFinite(cell) ? cell : { n: String(cell) }
}

/** The cells of both, where text of tools that have dictionaries and numbers of pandas (floats for missing integers) count as equal. */
function compare(name: string, got: Dataset, want: Dataset): void {
  for (const column of want.columnNames) {
    const [a, b] = [got.column(column).toArray(), want.column(column).toArray()]
    // A column of missing cells alone has no type in some tools.
    const wrong = b.findIndex((cell, row) => !Object.is(a[row], cell) && !(cell === 0 && a[row] === 0 && name.includes('pandas')))
    if (a.length !== b.length || wrong >= 0)
      problems.push(`${name}: column ${JSON.stringify(column)}, row ${wrong}: ${String(a[wrong])} for ${String(b[wrong])}`)
  }
}

try {
  for (const [i, data] of tables.entries()) {
    const path = join(folder, `t${i}`)
    writeFileSync(`${path}.parquet`, await toParquet(data, { rowGroupSize: (i % 20) + 1, compression: i % 3 === 0 ? 'gzip' : 'snappy' }))
    writeFileSync(`${path}.arrow`, await toArrow(data))
    writeFileSync(`${path}.arrows`, await toArrow(data, { format: 'stream', text: 'dictionary' }))
    const cells = Object.fromEntries(data.columns().map((column) => [column.name, column.toArray().map(jsonCell)]))
    writeFileSync(`${path}.json`, JSON.stringify(cells))
  }
  const { stdout, stderr, status } = spawnSync('.venvs/columnar/bin/python', ['test/interop/columnar/read_and_write.py', folder], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (status !== 0) throw new Error(`python ended with ${status}: ${stderr}`)
  const answer = JSON.parse(stdout) as { readonly versions: object; readonly problems: readonly string[] }
  problems.push(...answer.problems)
  for (const [i, data] of tables.entries()) {
    for (const tool of ['pyarrow', 'pandas', 'polars', 'duckdb'])
      compare(`t${i} ${tool}`, await readParquet(join(folder, `t${i}.${tool}.parquet`)), data)
    for (const tool of ['pyarrow', 'polars']) compare(`t${i} ${tool} arrow`, await readArrow(join(folder, `t${i}.${tool}.arrow`)), data)
  }
  for (const problem of problems.slice(0, 40)) console.log(problem)
  console.log(`${JSON.stringify(answer.versions)}: ${tables.length} tables, 8 ways out, 6 ways back, ${problems.length} differ`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (problems.length > 0) process.exitCode = 1
