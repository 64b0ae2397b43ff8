import { describe, expect, it } from 'vitest'
import { columnFrom } from '../../../src/schema/column'
import { isTable, rowAt, rowsOf, tableFromRows, tableOf } from '../../../src/schema/table'

describe('tableOf', () => {
  const table = tableOf([columnFrom('a', 'int32', [1, null]), columnFrom('b', 'string', ['x', 'y'])])

  it('holds columns by name', () => {
    expect(table.numRows).toBe(2)
    expect(table.columnNames).toEqual(['a', 'b'])
    expect(table.column('b').at(1)).toBe('y')
    expect(rowsOf(table)).toEqual([
      { a: 1, b: 'x' },
      { a: null, b: 'y' },
    ])
  })

  it('says which columns there are when one is missing', () => {
    expect(() => table.column('c')).toThrow('no column "c"; there are "a", "b"')
    expect(() => table.column('toString')).toThrow('no column "toString"')
    expect(() => tableOf([]).column('c')).toThrow('no column "c"; there are none')
    const wide = tableOf(Array.from({ length: 25 }, (_, i) => columnFrom(`k${i}`, 'int32', [])))
    expect(() => wide.column('x')).toThrow('"k19" and 5 more')
  })

  it('refuses repeated names and unequal lengths', () => {
    const a = columnFrom('a', 'int32', [1])
    expect(() => tableOf([a, a])).toThrow('a table cannot hold two columns named "a"')
    expect(() => tableOf([a, columnFrom('b', 'int32', [])])).toThrow('columns must have one length: "a" has 1 rows, "b" has 0')
  })

  it('may be empty', () => {
    expect([tableOf([]).numRows, rowsOf(tableOf([]))]).toEqual([0, []])
  })
})

describe('tableFromRows', () => {
  it('infers types and fills gaps', () => {
    const table = tableFromRows([
      { a: 1, b: 'x' },
      { b: null, c: true },
      { a: 2.5, d: new Date(7) },
    ])
    expect(table.columnNames).toEqual(['a', 'b', 'c', 'd'])
    expect(table.columnNames.map((name) => table.column(name).type)).toEqual(['float64', 'string', 'boolean', 'timestamp'])
    expect(rowAt(table, 0)).toEqual({ a: 1, b: 'x', c: null, d: null })
    expect(rowAt(table, 2)).toEqual({ a: 2.5, b: null, c: null, d: 7 })
  })

  it('takes given names and types; mixed cells become text', () => {
    const table = tableFromRows(
      [
        { a: 1, b: 2 },
        { a: 'x', b: 3, z: 1 },
      ],
      { b: 'float64' },
      ['b', 'a', 'missing'],
    )
    expect(table.columnNames).toEqual(['b', 'a', 'missing'])
    expect(table.column('b').type).toBe('float64')
    expect(rowsOf(table).map((row) => row.a)).toEqual(['1', 'x'])
    expect(table.column('missing').nullCount).toBe(2)
  })

  it('treats names of Object.prototype as plain names', () => {
    const table = tableFromRows([JSON.parse('{"__proto__":1,"constructor":2}')])
    expect(table.columnNames).toEqual(['__proto__', 'constructor'])
    const row = rowAt(table, 0)
    expect(Object.keys(row)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
    expect(tableFromRows([{ a: 1 }], undefined, ['toString']).column('toString').nullCount).toBe(1)
  })
})

describe('isTable', () => {
  it('looks at the shape', () => {
    expect(isTable(tableOf([]))).toBe(true)
    for (const other of [null, undefined, [], {}, { numRows: 1, columnNames: [] }, 'x']) expect(isTable(other)).toBe(false)
  })
})
