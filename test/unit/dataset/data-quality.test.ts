import { describe, expect, it } from 'vitest'
import { dataQuality, fromRows } from '../../../src/dataset'

const rows = Array.from({ length: 100 }, (_, i) => ({
  id: i,
  twin: i,
  amount: i % 10 === 0 ? null : i * 1.5,
  constant: 7,
  empty: null,
  mostly: i === 0 ? 'b' : 'a',
  carrier: ['UA', 'DL'][i % 2] as string,
}))
const types = { empty: 'string' } as const
const table = fromRows(rows, { types })

describe('dataQuality', () => {
  it('finds columns that say nothing, missing values, twins and repeated rows', () => {
    const report = dataQuality(fromRows([...rows, rows[3] as (typeof rows)[number]], { types }))
    expect(report.issues.map(({ code, column }) => [code, column ?? 'table'])).toEqual([
      ['duplicate-rows', 'table'],
      ['missing-values', 'amount'],
      ['constant-column', 'constant'],
      ['empty-column', 'empty'],
      ['almost-constant-column', 'mostly'],
      ['duplicate-column', 'twin'],
      ['correlated-columns', 'twin'],
      ['correlated-columns', 'amount'],
      ['correlated-columns', 'amount'],
    ])
    expect(report.duplicateRows).toBe(1)
    expect(report.missingCells).toBe(10 + 101)
  })

  it('says what changed against a reference', () => {
    const now = fromRows(
      rows
        .slice(0, 50)
        .map(({ id, twin: _, carrier, ...row }) => ({ ...row, id: String(id), amount: -5, carrier: id === 3 ? 'ZZ' : carrier, fresh: id })),
      { types },
    )
    const { issues, referenceRows } = dataQuality(now, { reference: table })
    const changed = issues.filter(({ code }) => !code.includes('column') || /missing|new/.test(code)).map(({ message }) => message)
    expect(changed).toEqual([
      '"amount" is missing in 0 % of the rows, before in 10 %',
      '"amount" ranges from -5 to -5, before from 1.5 to 148.5',
      '"id" was int32 and is string',
      '"carrier" has values that the reference does not: "ZZ"',
      '"twin" of the reference is gone',
      '"fresh" is not in the reference',
    ])
    expect(referenceRows).toBe(100)
  })

  it('counts both sides over the same edges', () => {
    const { columns } = dataQuality(table, { reference: fromRows(rows.slice(0, 40), { types }) })
    const id = columns.find(({ profile }) => profile.name === 'id')
    expect(id?.histogram?.counts.reduce((sum, count) => sum + count, 0)).toBe(100)
    expect(id?.referenceCounts?.reduce((sum, count) => sum + count, 0)).toBe(40)
    expect(id?.referenceCounts).toHaveLength(id?.histogram?.counts.length ?? -1)
  })

  it('takes tables without rows or columns, and infinite values', () => {
    expect(dataQuality(fromRows([])).issues).toEqual([])
    const odd = dataQuality(fromRows([{ x: 1 }, { x: Number.POSITIVE_INFINITY }, { x: 2 }]))
    expect(odd.issues.map(({ message }) => message)).toEqual(['"x" holds 1 infinite values'])
  })

  it('reads in one line, in text and in Markdown, and is plain JSON', () => {
    const report = dataQuality(table)
    expect(String(report)).toBe('data quality: 100 rows × 7 columns, 110 missing cells, 0 repeated rows, 8 issues')
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('refuses what is no table, and unknown options', () => {
    expect(() => dataQuality([] as never)).toThrow(/dataQuality expects a Dataset/)
    expect(() => dataQuality(table, { refrence: table } as never)).toThrow(/`refrence` is not an option of dataQuality/)
    expect(() => dataQuality(table, { reference: {} as never })).toThrow(/`reference` of dataQuality must be a table/)
  })
})
