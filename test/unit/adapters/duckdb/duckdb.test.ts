import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromDuckdb } from '../../../../src/adapters/duckdb/from-duckdb'

let connection: Awaited<ReturnType<DuckDBInstance['connect']>>
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect()
})
afterAll(() => connection.closeSync())

describe('fromDuckdb', () => {
  it.each([
    ['(1::tinyint), (null), (-128)', 'int32', [1, null, -128]],
    ['(1::utinyint), (255)', 'int32', [1, 255]],
    ['(2147483647), (null), (-2147483648)', 'float64', [2147483647, null, -2147483648]],
    ['(1::bigint), (9007199254740991)', 'float64', [1, 9007199254740991]],
    ['(1::bigint), (9007199254740993), (null)', 'string', ['1', '9007199254740993', null]],
    ['(1::ubigint), (18446744073709551615)', 'string', ['1', '18446744073709551615']],
    ['(1::hugeint), (2)', 'int32', [1, 2]],
    ["(0.1::double), ('nan'), ('-inf'), (null)", 'float64', [0.1, null, Number.NEGATIVE_INFINITY, null]],
    ['(0.5::float), (null)', 'float64', [0.5, null]],
    ['(1234567.89::decimal(9,2)), (-0.01), (null)', 'float64', [1234567.89, -0.01, null]],
    ["('12345678901234567890.123456'::decimal(38,6)), (1)", 'string', ['12345678901234567890.123456', '1.000000']],
    ['(true), (null), (false)', 'boolean', [true, null, false]],
    ["('x'), (null), ('한글')", 'string', ['x', null, '한글']],
    ["(date '2024-02-29'), (null), (date '1969-12-31')", 'timestamp', [Date.UTC(2024, 1, 29), null, -86_400_000]],
    ["(timestamp '2024-02-29 23:59:59.123456')", 'timestamp', [Date.UTC(2024, 1, 29, 23, 59, 59, 123)]],
    ["(timestamptz '2024-02-29 23:59:59.5+09')", 'timestamp', [Date.UTC(2024, 1, 29, 14, 59, 59, 500)]],
    ["(timestamp_ns '2024-02-29 00:00:00.123456789'), (null)", 'timestamp', [Date.UTC(2024, 1, 29, 0, 0, 0, 123), null]],
    ["(timestamp_ms '1901-12-13 20:45:51.999')", 'timestamp', [Date.UTC(1901, 11, 13, 20, 45, 51, 999)]],
    ["(timestamp_s '1901-12-13 20:45:51')", 'timestamp', [Date.UTC(1901, 11, 13, 20, 45, 51)]],
    ["(time '09:30:00'), (time '23:59:59.123456')", 'string', ['09:30:00', '23:59:59.123456']],
    ["('m'::enum('m', 'n')), (null)", 'string', ['m', null]],
    ["('4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'::uuid)", 'string', ['4ac7a9e9-607c-4c8a-84f3-843f0191e3fd']],
  ])('takes %s', async (values, type, cells) => {
    const column = (await fromDuckdb(connection, `select * from (values ${values}) as t(x)`)).column('x')
    expect([column.type, column.toArray()]).toEqual([type, cells])
  })

  it('takes many chunks, and parameters', async () => {
    const sql = "select i, i / 2.0 as half, 't' || (i % 3) as text from range(10000) as r(i) where i >= ?"
    const data = await fromDuckdb(connection, sql, { params: [10] })
    expect([data.numRows, data.row(9989)]).toEqual([9990, { i: 9999, half: 4999.5, text: 't0' }])
    expect((await fromDuckdb(connection, 'select 1 as a where false')).columnNames).toEqual(['a'])
  })

  it('refuses what it cannot take', async () => {
    await expect(fromDuckdb(connection, "select [1] as l, 'x'::blob as b, 1 as a")).rejects.toMatchObject({
      code: 'Unsupported',
      message: 'fromDuckdb cannot take every column: "l" is INTEGER[]; "b" is BLOB',
      details: { columns: ['l', 'b'] },
    })
    await expect(fromDuckdb(connection, 'select * from nowhere')).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(fromDuckdb(connection, '')).rejects.toMatchObject({ code: 'InvalidArgument' })
    const reason = new Error('enough')
    await expect(fromDuckdb(connection, 'select 1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
