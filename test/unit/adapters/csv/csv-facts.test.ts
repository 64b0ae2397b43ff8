/** Real tables against the facts that were computed from them with pandas. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readCsv } from '../../../../src/adapters/csv/csv'
import { type ColumnProfile, profile } from '../../../../src/dataset/profile'

const shared = new URL('../../../../../shared/data/', import.meta.url)
const factsUrl = new URL('facts.json', shared)
const facts = existsSync(factsUrl) ? (JSON.parse(readFileSync(factsUrl, 'utf8')) as Facts) : undefined

interface ColumnFacts {
  readonly kind: string
  readonly missing?: number
  readonly mean?: number
  readonly sd?: number
  readonly min?: number
  readonly max?: number
  readonly distinct?: number
  readonly counts?: Readonly<Record<string, number>>
}
interface FileFacts {
  readonly rows: number
  readonly columns: number
  readonly missing_cells: number
  readonly column: Readonly<Record<string, ColumnFacts>>
}
type Facts = Readonly<Record<string, Partial<FileFacts>>>

/** The entries about CSV tables: `[path, facts]`. */
function tables(): [string, FileFacts][] {
  return Object.entries(facts ?? {})
    .filter(([path, entry]) => /\.csv(\.gz)?$/.test(path) && entry.column !== undefined)
    .map(([path, entry]) => [path, entry as FileFacts])
}

describe.skipIf(facts === undefined)('facts (needs the data beside the repository)', () => {
  it('cover the tables', () => {
    expect(tables().length).toBeGreaterThan(10)
  })

  it.each(tables())('%s', async (path, entry) => {
    const naMeansMissing = /beijing|penguins_raw/.test(path)
    const data = await readCsv(fileURLToPath(new URL(path, shared)), { naValues: naMeansMissing ? ['', 'NA'] : [''] })
    expect([data.numRows, data.columnNames.length]).toEqual([entry.rows, entry.columns])
    const { columns } = profile(data, { top: 20 })
    expect(columns.reduce((sum, { missing }) => sum + missing, 0)).toBe(entry.missing_cells)
    for (const column of columns) checkColumn(column, entry.column[column.name] as ColumnFacts)
  })
})

function checkColumn(column: ColumnProfile, fact: ColumnFacts): void {
  expect(column.missing, column.name).toBe(fact.missing)
  if (fact.distinct !== undefined) expect(column.distinct, column.name).toBe(fact.distinct)
  if (fact.counts !== undefined && column.type === 'string') {
    expect(Object.fromEntries((column.top ?? []).map(({ value, count }) => [value, count]))).toEqual(fact.counts)
  }
  if (fact.kind !== 'number') return
  expect(['int32', 'float64'], column.name).toContain(column.type)
  for (const key of ['mean', 'sd', 'min', 'max'] as const) {
    const [got, want] = [column[key] as number, fact[key]]
    // The facts are rounded to 8 significant digits.
    if (typeof want === 'number')
      expect(Math.abs(got - want), `${column.name} ${key}: ${got}, ${want}`).toBeLessThanOrEqual(Math.abs(want) * 1e-7 + 1e-12)
  }
}
