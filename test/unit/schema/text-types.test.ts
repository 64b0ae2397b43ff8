import { describe, expect, it } from 'vitest'
import { coerceCell, numberOfText, timestampOfText } from '../../../src/schema/coerce'
import { assertSchema, type InferRow, schemaIssues, schemaOf, type TableSchema } from '../../../src/schema/schema'
import { tableFromRows } from '../../../src/schema/table'

describe('numberOfText', () => {
  it.each([
    ['5', 5],
    [' 5\t', 5],
    ['+5', 5],
    ['-0', -0],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['0.1', 0.1],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['007', undefined],
    ['1e400', undefined],
    ['1,234', undefined],
    ['0x1F', undefined],
    ['1_000', undefined],
    ['', undefined],
    ['.', undefined],
    ['-', undefined],
    ['１２', undefined],
  ])('%j is %s', (text, value) => {
    expect(numberOfText(text)).toBe(value)
  })

  it('reads decimal commas', () => {
    expect(numberOfText('-0,5', ',')).toBe(-0.5)
    expect(numberOfText('1.5', ',')).toBeUndefined()
    expect(numberOfText('1,5,0', ',')).toBeUndefined()
  })
})

describe('timestampOfText', () => {
  it.each([
    ['2024-01-05', Date.UTC(2024, 0, 5)],
    ['2000-02-29', Date.UTC(2000, 1, 29)],
    ['1900-02-29', undefined],
    ['1969-12-31T23:59:59.999', -1],
    ['2024-01-05 10:00', Date.UTC(2024, 0, 5, 10)],
    ['2024-01-05T10:00:00.123456789Z', Date.UTC(2024, 0, 5, 10, 0, 0, 123)],
    ['2024-01-05T10:00:00-0330', Date.UTC(2024, 0, 5, 13, 30)],
    ['2024-01-05T10:00+02', Date.UTC(2024, 0, 5, 8)],
    ['2024-13-05', undefined],
    ['2024-01-05T24:00', undefined],
    ['2024/01/05', undefined],
    ['20240105', undefined],
    ['05.01.2024', undefined],
  ])('%s', (text, value) => {
    expect(timestampOfText(text)).toBe(value)
  })
})

describe('coerceCell', () => {
  const problem = (code: string): unknown => expect.objectContaining({ code })

  it.each([
    ['7', 'int32', 7],
    ['7.0', 'int32', 7],
    ['7.5', 'int32', problem('not-integer')],
    ['3.5', 'float64', 3.5],
    ['', 'float64', problem('wrong-type')],
    ['NA', 'float64', problem('wrong-type')],
    ['True', 'boolean', true],
    ['1', 'boolean', problem('wrong-type')],
    ['yes', 'boolean', problem('wrong-type')],
    [1, 'boolean', true],
    [2, 'boolean', problem('wrong-type')],
    [true, 'float64', 1],
    ['007', 'string', '007'],
    [5, 'string', '5'],
    [false, 'string', 'false'],
    [2 ** 53, 'string', problem('out-of-range')],
    ['1970-01-01', 'timestamp', 0],
    ['1717243200000', 'timestamp', problem('wrong-type')],
  ] as const)('reads %o as %s with `coerce`', (value, type, cell) => {
    expect(coerceCell(value, type, { coerce: true })).toEqual(cell)
  })

  it.each([
    [null, 'int32', null],
    [undefined, 'string', null],
    [Number.NaN, 'timestamp', null],
    ['', 'string', ''],
    ['3.5', 'float64', problem('wrong-type')],
    [3.5, 'int32', problem('not-integer')],
    [2 ** 31, 'int32', problem('out-of-range')],
    [-(2 ** 31), 'int32', problem('out-of-range')],
    [5, 'string', problem('wrong-type')],
    [1, 'boolean', problem('wrong-type')],
    [Number.POSITIVE_INFINITY, 'float64', Number.POSITIVE_INFINITY],
    [Number.POSITIVE_INFINITY, 'timestamp', problem('not-finite')],
    [5n, 'float64', 5],
    [2n ** 53n, 'float64', problem('out-of-range')],
    [2n ** 53n, 'string', '9007199254740992'],
    [new Date(5), 'timestamp', 5],
    [new Date(Number.NaN), 'timestamp', problem('wrong-type')],
    ['1970-01-01', 'timestamp', 0],
    ['2024-02-30', 'timestamp', problem('wrong-type')],
    ['2024-06-01 (noon)', 'timestamp', problem('wrong-type')],
    [{}, 'float64', problem('wrong-type')],
    [[1], 'string', problem('wrong-type')],
  ] as const)('reads %o as %s without', (value, type, cell) => {
    expect(coerceCell(value, type)).toEqual(cell)
  })
})

describe('schemas', () => {
  const table = tableFromRows([
    { a: 1, b: 'x' },
    { a: null, b: 'y' },
  ])
  const schema = [
    { name: 'a', type: 'int32' },
    { name: 'b', type: 'int32' },
    { name: 'c', type: 'string' },
    { name: 'd', type: 'string', required: false },
  ] as const satisfies TableSchema

  it('describe and check tables', () => {
    expect(schemaOf(table)).toEqual([
      { name: 'a', type: 'int32', required: false },
      { name: 'b', type: 'string', required: true },
    ])
    expect(schemaIssues(table, schema).map(({ path, code }) => [...path, code])).toEqual([
      ['a', 'null'],
      ['b', 'wrong-type'],
      ['c', 'missing'],
    ])
    expect(schemaIssues(table, [{ name: 'a', type: 'float64', required: false }], { exact: true }).map(({ code }) => code)).toEqual([
      'unexpected',
    ])
    expect(() => assertSchema(table, schema)).toThrow('column "b" must be int32, it is string; column "c" (string) is missing')
  })

  it('give row types', () => {
    const row: InferRow<typeof schema> = { a: 1, b: 2, c: 'x', d: null }
    expect(row.d).toBeNull()
  })
})
