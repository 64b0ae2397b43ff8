/** What is no cell is refused with column and row, by every maker of datasets. */
import { describe, expect, it } from 'vitest'
import { fromColumns, fromRows, withColumn } from '../../../src/dataset'
import { randomForestRegressor } from '../../../src/learn/forest/random-forest'
import { checkRows, createIssueLog } from '../../../src/predictor/input-check'
import { tableFromRows } from '../../../src/schema/table'

class Point {
  readonly x = 1
}

const noCells: readonly [what: string, value: unknown, shown: string][] = [
  ['an object', { lat: 59, lon: 10 }, 'an object (lat, lon)'],
  ['an array', [1, 2], 'an array of 2'],
  ['a map', new Map([[1, 2]]), 'a Map'],
  ['a set', new Set([1]), 'a Set'],
  ['a function', () => 1, 'a function'],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['a promise', Promise.resolve(1), 'a Promise (did you forget `await`?)'],
  ['an instance', new Point(), 'an object (x)'],
  ['a boxed number', Object(5), 'a Number'],
  ['an invalid date', new Date(Number.NaN), 'an invalid Date'],
]

describe('what is no cell', () => {
  const base = fromRows([{ id: 1 }, { id: 2 }])
  const makers: Record<string, (cell: unknown) => unknown> = {
    fromRows: (cell) => fromRows([{ a: 'x' }, { a: cell }] as never),
    fromColumns: (cell) => fromColumns({ a: ['x', cell] }),
    'withColumn of an array': (cell) => withColumn(base, 'a', ['x', cell]),
    'withColumn of a function': (cell) => withColumn(base, 'a', (_, row) => (row === 0 ? 'x' : (cell as string))),
    tableFromRows: (cell) => tableFromRows([{ a: 'x' }, { a: cell }] as never),
    'fromRows of asked text': (cell) => fromRows([{ a: 'x' }, { a: cell }] as never, { types: { a: 'string' } }),
  }

  it.each(noCells.flatMap(([what, cell, shown]) => Object.keys(makers).map((maker) => [what, maker, cell, shown] as const)))(
    '%s is refused by %s',
    (_, maker, cell, shown) => {
      const make = makers[maker] as (cell: unknown) => unknown
      expect(() => make(cell)).toThrow(
        `column "a", row 1: a cell must be a number, a bigint, a string, a boolean, a valid Date or null, got ${shown}`,
      )
    },
  )

  it.each(noCells)('%s is refused where another type is asked for, by predictors and by models', (_, cell) => {
    for (const type of ['float64', 'int32', 'boolean', 'timestamp'] as const) {
      expect(() => fromRows([{ a: null }, { a: cell }] as never, { types: { a: type }, coerce: true })).toThrow(
        /column "a" is \w+, but row 1/,
      )
    }
    for (const type of ['float64', 'int32', 'boolean', 'timestamp', 'string'] as const) {
      const log = createIssueLog()
      checkRows([{ a: cell }], [{ name: 'a', type }], { coerce: true }, log)
      expect([...log.byCode.keys()]).toEqual(['wrong-type'])
    }
    const model = randomForestRegressor({ nEstimators: 1 }).fit(
      fromRows([
        { x: 1, y: 1 },
        { x: 2, y: 2 },
      ]),
      { target: 'y' },
    )
    expect(() => model.predict([{ x: cell }] as never)).toThrow(expect.objectContaining({ code: 'SchemaMismatch' }))
  })

  it('is refused as a whole column', () => {
    expect(() => withColumn(base, 'a', Promise.resolve([1, 2]) as never)).toThrow(
      'column "a" needs an array of cells, got a Promise (did you forget `await`?)',
    )
    expect(() => withColumn(base, 'a', { lat: 1 } as never)).toThrow('column "a" needs an array of cells, got an object (lat)')
    expect(() => fromRows([Promise.resolve({ a: 1 })] as never)).toThrow('row 0 is a Promise (did you forget `await`?)')
  })
})

describe('whole numbers beyond ±2⁵³', () => {
  it('stay text, whatever else stands in their column', () => {
    const big = 9007199254740993n
    for (const other of [1, 0.5, 1n, 'x', true]) {
      expect(fromRows([{ id: big }, { id: other }, { id: null }]).toRecords()).toEqual([{ id: `${big}` }, { id: `${other}` }, { id: null }])
      expect(
        fromColumns({ id: [other, big] })
          .column('id')
          .at(1),
      ).toBe(`${big}`)
    }
    expect(
      fromColumns({ id: BigInt64Array.of(big, 1n) })
        .column('id')
        .at(0),
    ).toBe(`${big}`)
    expect(() => fromRows([{ id: big }], { types: { id: 'float64' } })).toThrow(`column "id" is float64, but row 0 holds ${big}n`)
  })

  it('are numbers where a double holds them', () => {
    expect(
      fromRows([{ id: 5n }, { id: 2.5 }])
        .column('id')
        .at(0),
    ).toBe(5)
    expect(fromRows([{ id: 5n }]).column('id').type).toBe('int32')
    expect(fromRows([{ id: 2n ** 40n }]).column('id').type).toBe('float64')
    expect(fromRows([{ m: 1e300 }, { m: 1 }]).column('m').type).toBe('float64')
  })

  it('that lost digits on the way are not made text by a predictor', () => {
    const log = createIssueLog()
    const body = JSON.parse('{"id":9007199254740993}') as object
    checkRows([body, { id: '9007199254740993' }, { id: 12 }], [{ name: 'id', type: 'string' }], { coerce: true }, log)
    expect(log.toError('m@1', 3).message).toBe(
      'the input of m@1 has 1 problem in 1 of 3 rows: row 0, column "id": must be a string: a whole number beyond ±2⁵³ has lost digits',
    )
  })
})
