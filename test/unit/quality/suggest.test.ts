import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { fromColumns } from '../../../src/dataset'
import { expectations, suggestExpectations, suiteFromJson, suiteToJson, validate } from '../../../src/quality'
import type { Table } from '../../../src/schema/table'

const rows = 60
const rng = createRng(4)
const each = <T>(make: (row: number) => T): T[] => Array.from({ length: rows }, (_, row) => make(row))
const columns = {
  id: each((row) => row + 1000),
  code: each((row) => `AB-${String(row * 37).padStart(4, '0')}`),
  kind: each((row) => (row % 20 === 0 ? null : ['x', 'y', 'z'][row % 3])),
  amount: each(() => rng.next() * 90),
  day: each((row) => new Date(Date.UTC(2024, 0, 1 + row))),
  flag: each((row) => row % 2 === 0),
  note: each((row) => 'word '.repeat(1 + (row % 7)) + row),
  nothing: each(() => null),
  few: each((row) => (row % 2 === 0 ? null : row)),
}
const data = fromColumns(columns)
const rules = (table: Table = data, options = {}) =>
  suggestExpectations(table, options).expectations.map(({ meta, kwargs }) => `${meta?.rule} ${kwargs.column ?? ''}`.trim())

describe('a suggested suite', () => {
  const suite = suggestExpectations(data)

  it('follows its rules, and says why', () => {
    expect(rules()).toEqual([
      ...['columns', 'rows'],
      ...['type id', 'complete id', 'unique id', 'range id'],
      ...['type code', 'complete code', 'unique code', 'pattern code'],
      ...['type kind', 'mostly-complete kind', 'category kind'],
      ...['type amount', 'complete amount', 'range amount'],
      ...['type day', 'complete day', 'unique day', 'range day'],
      ...['type flag', 'complete flag', 'category flag'],
      ...['type note', 'complete note', 'unique note', 'length note'],
      'empty nothing',
      ...['type few', 'unique few', 'range few'],
    ])
    const told = suite.expectations.find(({ meta }) => meta?.rule === 'mostly-complete')
    expect(told?.notes).toBe(
      'Suggested by the rule "mostly-complete": 3 of 60 cells were missing (5 %); twice as many are taken for normal.',
    )
    expect(suite.expectations.find(({ meta }) => meta?.rule === 'pattern')?.kwargs.regex).toBe('^[A-Z]{2}-[0-9]{4}\\Z')
    expect(suite.expectations.find(({ kwargs }) => kwargs.column === 'amount' && 'min_value' in kwargs)?.kwargs.min_value).toBe(0)
  })

  it('names types and times as Great Expectations on pandas takes them', () => {
    const kwargsOf = (column: string, rule: string) =>
      suite.expectations.find(({ kwargs, meta }) => kwargs.column === column && meta?.rule === rule)?.kwargs
    expect(kwargsOf('note', 'type')).toEqual({ column: 'note', type_: 'str' })
    expect(kwargsOf('day', 'range')).toMatchObject({ min_value: '2023-12-26T02:24:00', max_value: '2024-03-05T21:36:00' })
  })

  it('is the same each time, travels as JSON, and is met by its own data', () => {
    expect(suggestExpectations(data)).toEqual(suite)
    expect(suiteFromJson(suiteToJson(suite)).expectations).toEqual(suite.expectations)
    expect(validate(data, suite).results.filter(({ success }) => !success)).toEqual([])
  })

  it.each<[string, Record<string, unknown[]>, string]>([
    ['a column is gone', { id: [] }, 'columns'],
    ['ids are repeated', { id: each(() => 1000) }, 'unique id'],
    ['amounts are in other units', { amount: columns.amount.map((value) => value * 1000) }, 'range amount'],
    ['a category is new', { kind: each((row) => (row === 5 ? 'new' : 'x')) }, 'category kind'],
    ['values are missing', { code: columns.code.map((value, row) => (row % 3 === 0 ? null : value)) }, 'complete code'],
    ['numbers have become text', { amount: columns.amount.map(String) }, 'type amount'],
    ['dates are of another year', { day: each((row) => new Date(Date.UTC(2030, 0, row))) }, 'range day'],
    ['codes have another shape', { code: each((row) => `ab${row}`) }, 'pattern code'],
  ])('is not met when %s', (_, change, rule) => {
    const changed = Object.fromEntries(Object.entries({ ...columns, ...change }).filter(([, values]) => values.length > 0))
    const failed = validate(fromColumns(changed as typeof columns), suite).results.filter(({ success }) => !success)
    expect(failed.map(({ expectation_config: { meta, kwargs } }) => `${meta?.rule} ${kwargs.column ?? ''}`.trim())).toContain(rule)
  })

  it('is not met by far fewer rows, and can be changed', () => {
    expect(validate(data.head(20), suite).success).toBe(false)
    const edited = expectations(
      'edited',
      suite.expectations.filter(({ meta }) => meta?.rule !== 'rows'),
    )
    expect(validate(data.head(20), edited).results[0]?.success).toBe(true)
  })

  it('proposes a key of two columns when no column is one', () => {
    const table = fromColumns({ shop: each((row) => row % 6), day: each((row) => Math.floor(row / 6)), sold: each(() => 1.5) })
    expect(suggestExpectations(table).expectations.at(-1)).toMatchObject({
      type: 'expect_compound_columns_to_be_unique',
      kwargs: { column_list: ['shop', 'day'] },
    })
    expect(rules(table, { keys: false })).not.toContain('key')
  })

  it('of an empty table asks for its columns only', () => {
    expect(rules(fromColumns({ n: [] }))).toEqual(['columns', 'rows'])
    expect(() => suggestExpectations([] as never)).toThrow('suggestExpectations expects a Dataset, got an array of 0')
    expect(() => suggestExpectations(data, { margin: -1 })).toThrow('`margin` of suggestExpectations must be a finite number ≥ 0, got -1')
  })
})
