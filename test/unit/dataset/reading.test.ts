/** Reading a column's cells, and a dataset as text. */
import { describe as about, expect, it } from 'vitest'
import { parseCsv, toCsv } from '../../../src/adapters/csv/csv'
import { describe, fromColumns, fromRows } from '../../../src/dataset'
import { textTable } from '../../../src/dataset/table-text'

const shown = (value: object): string => (value as Record<symbol, () => string>)[Symbol.for('nodejs.util.inspect.custom')]?.() ?? ''

about('a column', () => {
  const table = fromRows([
    { i: 1, b: true, s: 'x', t: new Date(5), f: 0.5 },
    { i: null, b: null, s: null, t: null, f: null },
  ])

  it('gives its cells with null where missing', () => {
    expect(Object.fromEntries(table.columns().map((column) => [column.name, column.toArray()]))).toEqual({
      i: [1, null],
      b: [true, null],
      s: ['x', null],
      t: [5, null],
      f: [0.5, null],
    })
  })

  it('gives numbers with NaN where missing, as a copy', () => {
    for (const [name, value] of Object.entries({ i: 1, b: 1, t: 5, f: 0.5 })) {
      expect([...table.column(name as 'i').toFloat64()], name).toEqual([value, Number.NaN])
    }
    table.column('f').toFloat64()[0] = 7
    expect(table.column('f').at(0)).toBe(0.5)
    expect(() => table.column('s').toFloat64()).toThrow('column "s" must be numeric, boolean or timestamp, it is string')
  })
})

about('text', () => {
  it('of a table fits the width; other columns go on below', () => {
    const table = fromColumns(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`column_${i}`, [i, i + 0.25]])))
    const lines = textTable(table, { width: 40 }).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
    for (const name of table.columnNames) expect(lines.join('\n')).toContain(name)
    expect(lines.filter((line) => line === '')).toHaveLength(2)
  })

  it('of describe has every column, and dates as dates', () => {
    const wide = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, [1, 2]]))
    const described = describe(fromColumns({ ...wide, at: [new Date('2024-02-01'), new Date('2024-03-01T12:00:00Z')] }))
    for (const name of [...Object.keys(wide), 'at']) expect(shown(described)).toMatch(new RegExp(`^${name} `, 'm'))
    expect(shown(described)).toContain('2024-02-01')
    expect(shown(described)).toContain('2024-03-01T12:00:00Z')
    expect(described.row(30)).toMatchObject({ column: 'at', min: null, earliest: Date.UTC(2024, 1, 1), latest: Date.UTC(2024, 2, 1, 12) })
    expect(describe(fromColumns(wide)).columnNames).not.toContain('earliest')
  })
})

about('toCsv', () => {
  it.each(['\ufeffa', '\ufeff', '\ufeff"'])('round-trips a first name and a first cell %j', (text) => {
    expect(parseCsv(toCsv(fromColumns({ [text]: ['x'], b: ['y'] }))).columnNames).toEqual([text, 'b'])
    expect(
      parseCsv(toCsv(fromColumns({ a: [text], b: ['y'] }), { header: false }), { header: ['a', 'b'] })
        .column('a')
        .at(0),
    ).toBe(text)
  })
})
