import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkRows, createIssueLog, type InputPolicy, MAX_ISSUES, tableOfCells } from '../../../src/predictor/input-check'
import { checkTable } from '../../../src/predictor/table-check'
import { columnFrom } from '../../../src/schema/column'
import type { ColumnSpec } from '../../../src/schema/signature'
import { rowsOf, tableFromRows, tableOf } from '../../../src/schema/table'

const columns: ColumnSpec[] = [
  { name: 'delay', type: 'float64' },
  { name: 'seats', type: 'int32', required: false },
  { name: 'late', type: 'boolean', required: false },
  { name: 'carrier', type: 'string', required: false },
  { name: 'at', type: 'timestamp', required: false },
]
const full = { delay: 1.5, seats: 3, late: true, carrier: 'UA', at: '2026-01-02T03:04:05Z' }

function problems(rows: unknown[], policy: InputPolicy = {}): [readonly (string | number)[], string][] {
  const log = createIssueLog()
  checkRows(rows, columns, policy, log)
  return log.count === 0 ? [] : log.toError('m@1', rows.length).issues.map(({ path, code }) => [path, code])
}

function cells(rows: unknown[], policy: InputPolicy = {}): unknown {
  return rowsOf(tableOfCells(columns, checkRows(rows, columns, policy, createIssueLog())))
}

describe('checkRows', () => {
  it('takes what fits; missing cells are null, NaN, undefined or no key', () => {
    expect(problems([full, { delay: 0 }, { ...full, seats: null, late: undefined, carrier: null, at: Number.NaN }])).toEqual([])
    expect(cells([full, { delay: -0.5, at: new Date(5) }])).toEqual([
      { ...full, at: Date.UTC(2026, 0, 2, 3, 4, 5) },
      { delay: -0.5, seats: null, late: null, carrier: null, at: 5 },
    ])
  })

  it('lists everything that is wrong with every row', () => {
    const wrong = [
      { delay: 'late', seats: 1.5, late: 1, carrier: 7, at: 'yesterday' },
      {},
      { delay: Number.POSITIVE_INFINITY, seats: 2 ** 31 },
      [full],
      null,
      'row',
      { delay: null },
      { delay: 1, seats: '3', late: 'true', carrier: {}, at: [] },
    ]
    expect(problems(wrong)).toEqual([
      [[0, 'delay'], 'wrong-type'],
      [[0, 'seats'], 'not-integer'],
      [[0, 'late'], 'wrong-type'],
      [[0, 'carrier'], 'wrong-type'],
      [[0, 'at'], 'wrong-type'],
      [[1, 'delay'], 'missing'],
      [[2, 'delay'], 'not-finite'],
      [[2, 'seats'], 'out-of-range'],
      [[3], 'not-a-row'],
      [[4], 'not-a-row'],
      [[5], 'not-a-row'],
      [[6, 'delay'], 'missing'],
      [[7, 'seats'], 'wrong-type'],
      [[7, 'late'], 'wrong-type'],
      [[7, 'carrier'], 'wrong-type'],
      [[7, 'at'], 'wrong-type'],
    ])
  })

  it('ignores columns it does not know, unless told or where a misspelt name explains a missing one', () => {
    expect(problems([{ ...full, weather: 'rain' }])).toEqual([])
    expect(problems([{ ...full, weather: 'rain' }], { unknownColumns: 'error' })).toEqual([[[0, 'weather'], 'unknown-column']])
    expect(problems([{ delay: 1, Carrier: 'UA' }])).toEqual([[[0, 'Carrier'], 'unknown-column']])
    expect(problems([{ delay: 1, carier: 'UA' }])).toEqual([[[0, 'carier'], 'unknown-column']])
    // The column that it would be is there.
    expect(problems([{ ...full, carier: 'UA' }])).toEqual([])
    expect(problems([{ delay: 1, carier: 'UA' }], { unknownColumns: 'ignore' })).toEqual([])
    const log = createIssueLog()
    checkRows([{ Delay: 1 }], columns, {}, log)
    expect(log.toError('m@1', 1).message).toBe(
      'the input of m@1 has 2 problems in 1 of 1 row: row 0, column "delay": a value is required; row 0: the model has no column "Delay"; did you mean "delay"?',
    )
  })

  it('refuses a row that has none of the columns of a model that requires none', () => {
    const optional = ['x_0', 'x_1'].map((name): ColumnSpec => ({ name, type: 'float64', required: false }))
    const log = createIssueLog()
    checkRows([{ x_0: null }, { instances: 1 }, {}, { x_9: 1 }, { X0: 1 }], optional, { unknownColumns: 'misspelt' }, log)
    expect(log.toError('m@1', 5).issues).toEqual([
      {
        path: [1],
        code: 'unknown-column',
        message: 'row 1 has none of the model\'s columns: it has "instances", the model has "x_0", "x_1"',
      },
      { path: [2], code: 'not-a-row', message: 'row 2 has none of the model\'s columns: it has no column, the model has "x_0", "x_1"' },
      { path: [3], code: 'unknown-column', message: 'row 3 has none of the model\'s columns: it has "x_9", the model has "x_0", "x_1"' },
      { path: [4, 'X0'], code: 'unknown-column', message: 'row 4: the model has no column "X0"; did you mean "x_0"?' },
    ])
    const lax = createIssueLog()
    checkRows([{ X0: 1 }], optional, { unknownColumns: 'ignore' }, lax)
    expect(lax.byCode).toEqual(new Map([['unknown-column', 1]]))
  })

  it('compares a bounded number of unknown names with those of the model', () => {
    const row = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`unknown_name_${String.fromCharCode(97 + (i % 26), 97 + i / 26)}`, 1]),
    )
    expect(problems([{ delay: 1, ...row, carier: 'UA' }])).toEqual([])
    expect(problems([{ delay: 1, carier: 'UA', ...row }])).toEqual([[[0, 'carier'], 'unknown-column']])
  })

  it('reads one type out of another only when told to', () => {
    const rows = [{ delay: ' 1e3 ', seats: '7', late: 0, carrier: 12 }]
    expect(problems(rows)).toHaveLength(4)
    expect(cells(rows, { coerce: true })).toEqual([{ delay: 1000, seats: 7, late: false, carrier: '12', at: null }])
    const never = [{ delay: '0x10' }, { delay: '' }, { delay: '1,5' }, { delay: 'Infinity' }, { delay: {} }]
    expect(problems(never, { coerce: true }).map(([, code]) => code)).toEqual([
      'wrong-type',
      'wrong-type',
      'wrong-type',
      'not-finite',
      'wrong-type',
    ])
  })

  it('lists no more than it should, and counts all', () => {
    const log = createIssueLog()
    checkRows(Array(1000).fill({}), columns, {}, log)
    const error = log.toError('m@1', 1000)
    expect(error.issues).toHaveLength(MAX_ISSUES)
    expect(error.details.issueCount).toBe(1000)
    expect(error.message).toMatch(/1000 problems in 1000 of 1000 rows: .*; and 997 more$/)
    expect(log.byCode.get('missing')).toBe(1000)
  })

  it('never shows a value it was given', () => {
    const secret = 'TOPSECRET'
    const log = createIssueLog()
    checkRows([{ delay: secret, seats: secret, late: secret, at: secret }, secret], columns, {}, log)
    expect(JSON.stringify(log.toError('m@1', 2))).not.toContain(secret)
  })

  it('is not led astray by names of the prototype', () => {
    const odd: ColumnSpec[] = [
      { name: 'constructor', type: 'string' },
      { name: '__proto__', type: 'float64' },
    ]
    const log = createIssueLog()
    checkRows([{}], odd, {}, log)
    expect(log.count).toBe(2)
    const row = JSON.parse('{"constructor":"a","__proto__":2}') as object
    const table = tableOfCells(odd, checkRows([row], odd, {}, createIssueLog()))
    expect([table.column('constructor').at(0), table.column('__proto__').at(0)]).toEqual(['a', 2])
  })

  it('gives back every row that fits', () => {
    const row = fc.record({
      delay: fc.double({ noNaN: true, noDefaultInfinity: true }),
      seats: fc.option(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 })),
      late: fc.option(fc.boolean()),
      carrier: fc.option(fc.string()),
      at: fc.option(fc.integer()),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), (rows) => {
        expect(problems(rows)).toEqual([])
        expect(cells(rows)).toEqual(rows)
      }),
    )
  })

  it('never throws, whatever the rows are', () => {
    fc.assert(
      fc.property(fc.array(fc.anything(), { maxLength: 5 }), (rows) => {
        problems(rows)
        problems(rows, { coerce: true, unknownColumns: 'error' })
      }),
    )
  })
})

describe('checkTable', () => {
  const check = (table: Parameters<typeof checkTable>[0], policy: InputPolicy = {}): unknown => {
    const log = createIssueLog()
    const result = checkTable(table, columns, policy, log)
    return log.count === 0 ? rowsOf(result) : log.toError('m@1', table.numRows).issues.map(({ path, code }) => [path, code])
  }

  it('takes columns in any order, converts numbers, drops the rest', () => {
    const table = tableOf([
      columnFrom('extra', 'string', ['a', 'b']),
      columnFrom('at', 'float64', [5, null]),
      columnFrom('late', 'float64', [null, null]),
      columnFrom('seats', 'float64', [3, null]),
      columnFrom('delay', 'int32', [1, 2]),
    ])
    expect(check(table)).toEqual([
      { delay: 1, seats: 3, late: null, carrier: null, at: 5 },
      { delay: 2, seats: null, late: null, carrier: null, at: null },
    ])
    expect(check(table, { unknownColumns: 'error' })).toEqual([[['extra'], 'unknown-column']])
  })

  it('lists what does not fit', () => {
    const table = tableFromRows([
      { delay: Number.NEGATIVE_INFINITY, seats: 1.5, late: 'yes', carrier: 1 },
      { delay: null, seats: 2, late: 'no', carrier: 2 },
    ])
    expect(check(table)).toEqual([
      [[1, 'delay'], 'missing'],
      [[0, 'delay'], 'not-finite'],
      [['seats'], 'wrong-type'],
      [['late'], 'wrong-type'],
      [['carrier'], 'wrong-type'],
    ])
    expect(check(tableOf([]))).toEqual([[['delay'], 'missing']])
  })

  it('refuses a misspelt column, and a table that has none of the columns', () => {
    const misspelt = tableOf([columnFrom('delay', 'float64', [1]), columnFrom('carier', 'string', ['UA'])])
    expect(check(misspelt)).toEqual([[['carier'], 'unknown-column']])
    const optional = columns.map((column) => ({ ...column, required: false }))
    const log = createIssueLog()
    checkTable(tableOf([columnFrom('instances', 'float64', [1])]), optional, {}, log)
    expect(log.toError('m@1', 1).issues).toEqual([
      {
        path: [],
        code: 'unknown-column',
        message: expect.stringMatching(/^the table has none of the model's columns: it has "instances"/),
      },
    ])
  })
})
