import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CellValue,
  type ColumnType,
  columnFrom,
  columnInit,
  columnTypes,
  isMissingAt,
  MISSING_BOOLEAN,
  MISSING_CODE,
  MISSING_INT32,
  makeColumn,
  missingMark,
  newValues,
  renameColumn,
  sliceColumn,
  takeColumn,
  toFloat64,
  typeOfCells,
} from '../../../src/schema/column'

const cellsOf = (column: { length: number; at(index: number): CellValue }): CellValue[] =>
  Array.from({ length: column.length }, (_, index) => column.at(index))

/** Cells that fit each type, `null` among them. */
const cells: Record<ColumnType, fc.Arbitrary<readonly CellValue[]>> = {
  float64: fc.array(fc.option(fc.double({ noNaN: true }))),
  int32: fc.array(fc.option(fc.integer({ min: -2147483647, max: 2147483647 }))),
  boolean: fc.array(fc.option(fc.boolean())),
  string: fc.array(fc.option(fc.constantFrom('', 'a', 'b', 'é', '__proto__', 'null'))),
  timestamp: fc.array(fc.option(fc.integer({ min: -8.64e15, max: 8.64e15 }))),
}

describe.each(columnTypes)('a %s column', (type) => {
  it('gives back its cells and counts what is missing', () => {
    fc.assert(
      fc.property(cells[type], (given) => {
        const column = columnFrom('c', type, given)
        expect(cellsOf(column)).toEqual(given)
        expect(column.nullCount).toBe(given.filter((cell) => cell === null).length)
        expect(given.every((cell, index) => isMissingAt(column, index) === (cell === null))).toBe(true)
        expect([column.type, column.length, column.name]).toEqual([type, given.length, 'c'])
        expect(column.values.constructor).toBe(newValues(type, 0).constructor)
      }),
      { numRuns: 50 },
    )
  })

  it('takes, slices and renames', () => {
    fc.assert(
      fc.property(cells[type], fc.array(fc.nat(1000)), (given, picks) => {
        const column = columnFrom('c', type, given)
        const indices = picks.map((pick) => (given.length === 0 || pick % 5 === 0 ? -1 : pick % given.length))
        expect(cellsOf(takeColumn(column, Int32Array.from(indices)))).toEqual(indices.map((index) => (index < 0 ? null : given[index])))
        const [start, end] = [Math.min(1, given.length), Math.max(1, given.length - 1)]
        const part = sliceColumn(column, start, end)
        expect(cellsOf(part)).toEqual(given.slice(start, end))
        expect(part.values.buffer).toBe(column.values.buffer)
        expect(part.nullCount).toBe(given.slice(start, end).filter((cell) => cell === null).length)
        const renamed = renameColumn(column, 'd')
        expect([renamed.name, cellsOf(renamed)]).toEqual(['d', given])
      }),
      { numRuns: 50 },
    )
  })

  it('is null outside of its length, and where its mark of missing stands', () => {
    const column = columnFrom('c', type, [])
    expect([column.at(0), column.at(-1), column.at(0.5), column.nullCount]).toEqual([null, null, null, 0])
    const values = newValues(type, 1)
    values[0] = missingMark(type)
    expect(makeColumn('c', { ...columnInit(column), values } as Parameters<typeof makeColumn>[1]).at(0)).toBeNull()
  })
})

describe('columnFrom', () => {
  it('keeps strings once, in order of appearance', () => {
    const column = columnFrom('c', 'string', ['b', 'a', null, 'b', undefined])
    expect(column.dictionary).toEqual(['b', 'a'])
    expect([...column.values]).toEqual([0, 1, MISSING_CODE, 0, MISSING_CODE])
  })

  it('takes dates, and treats NaN and undefined as missing', () => {
    expect(cellsOf(columnFrom('t', 'timestamp', [new Date(5), 7, null, Number.NaN]))).toEqual([5, 7, null, null])
    expect([...columnFrom('i', 'int32', [1, Number.NaN, undefined]).values]).toEqual([1, MISSING_INT32, MISSING_INT32])
    expect([...columnFrom('b', 'boolean', [true, false, null]).values]).toEqual([1, 0, MISSING_BOOLEAN])
  })

  it.each<[ColumnType, unknown, string]>([
    ['float64', '1', '"1"'],
    ['int32', 1.5, '1.5'],
    ['int32', 2147483648, '2147483648'],
    ['int32', MISSING_INT32, '-2147483648'],
    ['boolean', 1, '1'],
    ['string', 1, '1'],
    ['timestamp', new Date(Number.NaN), 'an invalid Date'],
    ['timestamp', '2020-01-01', '"2020-01-01"'],
  ])('of type %s refuses %o', (type, cell, shown) => {
    expect(() => columnFrom('price', type, [null, cell])).toThrow(`column "price" is ${type}, but row 1 holds ${shown}`)
  })
})

describe('toFloat64', () => {
  it('gives numbers with NaN where missing', () => {
    expect([...toFloat64(columnFrom('c', 'int32', [1, null]))]).toEqual([1, Number.NaN])
    expect([...toFloat64(columnFrom('c', 'boolean', [true, false, null]))]).toEqual([1, 0, Number.NaN])
    const floats = columnFrom('c', 'float64', [1.5, null])
    expect(toFloat64(floats)).toBe(floats.values)
    expect([...toFloat64(columnFrom('c', 'timestamp', [5, null]))]).toEqual([5, Number.NaN])
    expect(() => toFloat64(columnFrom('carrier', 'string', ['a']))).toThrow(
      'column "carrier" must be numeric, boolean or timestamp, it is string',
    )
  })
})

describe('typeOfCells', () => {
  it.each<[readonly unknown[], ColumnType]>([
    [[], 'float64'],
    [[null, undefined, Number.NaN], 'float64'],
    [[1, null, 2], 'int32'],
    [[1, 2.5], 'float64'],
    [[2.5, 1], 'float64'],
    [[2147483648], 'float64'],
    [[MISSING_INT32], 'float64'],
    [[-0], 'float64'],
    [[Infinity], 'float64'],
    [[true, null], 'boolean'],
    [[true, 1], 'string'],
    [['a', 1], 'string'],
    [[new Date(0)], 'timestamp'],
    [[new Date(0), 5], 'string'],
  ])('of %o is %s', (given, type) => {
    expect(typeOfCells(given)).toBe(type)
  })
})
