import { describe, expect, it } from 'vitest'
import { coerceText, coerceValue, numberOfText, timestampOfText } from '../../../src/schema/coerce'
import { inferType, typeOfText, widerType } from '../../../src/schema/infer'
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

describe('inference', () => {
  it('looks at every cell', () => {
    expect(inferType(['1', '', '2'])).toBe('int32')
    expect(inferType(['1', '2.5'])).toBe('float64')
    expect(inferType(['1', 'true'])).toBe('string')
    expect(inferType([...new Array<string>(9999).fill('1'), 'x'])).toBe('string')
    expect(inferType(['', 'NA'])).toBe('float64')
    expect(inferType(['NA'], [''])).toBe('string')
    expect(inferType(['99999999999999999999', '1.5'])).toBe('float64')
    expect(inferType(['1', '99999999999999999999'])).toBe('string')
    expect(typeOfText('99999999999999999999')).toBe('string')
    expect(widerType('int32', 'float64')).toBe('float64')
    expect(widerType('boolean', 'int32')).toBe('string')
  })
})

describe('coercion', () => {
  it('of text', () => {
    expect(coerceText('7', 'int32')).toBe(7)
    expect(coerceText('7.5', 'int32')).toBeUndefined()
    expect(coerceText('True', 'boolean')).toBe(true)
    expect(coerceText('1', 'boolean')).toBeUndefined()
    expect(coerceText('007', 'string')).toBe('007')
  })

  it('of JSON values', () => {
    expect(coerceValue(null, 'int32')).toBeNull()
    expect(coerceValue(Number.NaN, 'float64')).toBeNull()
    expect(coerceValue('', 'float64')).toBeNull()
    expect(coerceValue('', 'string')).toBe('')
    expect(coerceValue('3.5', 'float64')).toBe(3.5)
    expect(coerceValue(3.5, 'int32')).toBeUndefined()
    expect(coerceValue(2 ** 31, 'int32')).toBeUndefined()
    expect(coerceValue(5, 'string')).toBeUndefined()
    expect(coerceValue(1, 'boolean')).toBe(true)
    expect(coerceValue(2, 'boolean')).toBeUndefined()
    expect(coerceValue(new Date(5), 'timestamp')).toBe(5)
    expect(coerceValue('1970-01-01', 'timestamp')).toBe(0)
    expect(coerceValue({}, 'float64')).toBeUndefined()
    expect(coerceValue(true, 'float64')).toBeUndefined()
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
