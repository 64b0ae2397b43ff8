import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import * as mini from 'zod/mini'
import { parseCsv, readCsv } from '../../../src/adapters/csv/csv'
import { isMillwrightError, type SchemaMismatchError } from '../../../src/core/errors'
import { fromColumns, fromRows, type RowSchema, withSchema } from '../../../src/dataset'
import { times } from '../../support/effort'

const flight = z.object({
  carrier: z.enum(['UA', 'AA']),
  flight: z.string(),
  delay: z.number().nullable(),
  seats: z.int().min(1),
  late: z.boolean().optional(),
  at: z.date(),
})

const csv = 'carrier,flight,delay,seats,late,at,note\nUA,12,3,150,true,2024-06-01T10:00Z,x\nAA,13,NA,80,,2024-06-02,y\n'

function mismatch(work: () => unknown): SchemaMismatchError {
  try {
    work()
  } catch (error) {
    if (isMillwrightError(error, 'SchemaMismatch')) return error as SchemaMismatchError
    throw error
  }
  throw new Error('no mismatch')
}

describe('a schema of rows', () => {
  it('gives the columns of a CSV file their types', async () => {
    const data = parseCsv(csv, { schema: flight })
    expect(data.schema.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'carrier string',
      'flight string',
      'delay float64',
      'seats int32',
      'late boolean',
      'at timestamp',
    ])
    expect(data.row(1)).toEqual({ carrier: 'AA', flight: '13', delay: null, seats: 80, late: null, at: Date.UTC(2024, 5, 2) })
    expect((await readCsv(new Response(csv), { schema: flight })).toRecords()).toEqual(data.toRecords())
    const small = mini.object({ carrier: mini.string(), delay: mini.nullable(mini.number()) })
    expect(parseCsv(csv, { schema: small }).columnNames).toEqual(['carrier', 'delay'])
  })

  it('lists every cell that does not fit', () => {
    const text = 'carrier,flight,delay,seats,late,at\nXX,1,heavy,0,yes,2024-06-01\nUA,2,1e400,1.5,,June\nUA,3,4,,true,\n'
    const error = mismatch(() => parseCsv(text, { schema: flight }))
    expect(error.issues.map(({ message }) => message)).toEqual([
      'row 0, column "delay" must be a number, got "heavy"',
      'row 1, column "delay" must be a number, got "1e400"',
      'row 0, column "late" must be true or false, got "yes"',
      'row 1, column "at" must be a date, got "June"',
      'row 0, column "carrier" must be one of "UA", "AA", got "XX"',
      'row 0, column "seats" must be a number ≥ 1, got 0',
      'row 1, column "seats" must be a whole number, got 1.5',
      'row 2, column "seats" must be a number, got a missing cell',
      'row 2, column "at" must be a date, got a missing cell',
    ])
    expect(error.issues[0]).toMatchObject({ path: [0, 'delay'], code: 'wrong-type' })
    expect(error.message).toMatch(/^parseCsv: the rows do not fit the schema in 9 places: row 0, .*; and 4 more$/)
  })

  it('keeps the first hundred problems and counts all', () => {
    const data = fromColumns({ x: Array.from({ length: 250 }, () => 'a') })
    const error = mismatch(() => withSchema(data, z.object({ x: z.number() })))
    expect(error.issues).toHaveLength(100)
    expect(error.details.count).toBe(250)
    expect(error.message).toContain('in 250 places: row 0, column "x" must be a number, got "a"; ')
  })

  it('converts no cell of a dataset, and refuses a schema that would', () => {
    const data = fromRows([{ n: '5', zip: 123 }])
    expect(mismatch(() => withSchema(data, z.object({ n: z.number() }))).message).toContain('row 0, column "n" must be a number, got "5"')
    expect(mismatch(() => withSchema(data, z.object({ zip: z.string() }))).message).toContain('column "zip" must be text, got 123')
    expect(mismatch(() => withSchema(data, z.object({ n: z.coerce.number() }))).message).toContain(
      'row 0, column "n" must be as the schema has it (it makes 5 of it), got "5"',
    )
    const holes = fromRows([{ n: null }, { n: 1 }])
    expect(mismatch(() => withSchema(holes, z.object({ n: z.number().default(0) }))).issues[0]).toMatchObject({
      path: [0, 'n'],
      code: 'changed',
    })
  })

  it('takes whole numbers as numbers, and columns without a value as any type', () => {
    const data = withSchema(fromRows([{ n: 1, t: null }]), z.object({ n: z.number(), t: z.string().nullish(), more: z.date().optional() }))
    expect(data.schema.map(({ type }) => type)).toEqual(['float64', 'string', 'timestamp'])
    expect(data.row(0)).toEqual({ n: 1, t: null, more: null })
  })

  it('tells once of a column that is missing or not in the schema', () => {
    const data = fromRows([{ mas: 1 }, { mas: 2 }])
    const error = mismatch(() => withSchema(data, z.strictObject({ mass: z.number() })))
    expect(error.issues.map(({ message }) => message)).toEqual([
      'column "mas" is not in the schema',
      'column "mass" is missing; is it the column "mas"?',
    ])
    expect(withSchema(data, z.looseObject({})).columnNames).toEqual(['mas'])
  })

  it('checks whole rows, and takes any Standard Schema', () => {
    const ordered = z.object({ a: z.number(), b: z.number() }).refine((row) => row.a <= row.b, 'a must not exceed b')
    const data = fromRows([
      { a: 1, b: 2 },
      { a: 3, b: 2 },
    ])
    expect(mismatch(() => withSchema(data, ordered)).issues).toEqual([
      { path: [1], code: 'invalid', message: 'row 1: a must not exceed b' },
    ])
    const other: RowSchema<{ a: number }> = {
      '~standard': {
        version: 1,
        vendor: 'made',
        validate: (value) => {
          const { a } = value as { a?: number }
          if (a === null) return { issues: [{ message: 'no null, please', path: ['a'] }] }
          return a === 3 ? { issues: [{ message: 'not three', path: [{ key: 'a' }] }] } : { value: { a: a as number } }
        },
      },
    }
    expect(mismatch(() => withSchema(data, other)).issues[0]?.message).toBe('row 1, column "a": not three, got 3')
    const kept = withSchema(
      fromRows([
        { a: 1, b: 2 },
        { a: null, b: 2 },
      ]),
      other,
    )
    expect(kept.columnNames).toEqual(['a'])
  })

  it('refuses what is no schema, and schemas that answer later', () => {
    const data = fromRows([{ a: 1 }])
    expect(() => withSchema(data, {} as never)).toThrow(
      '`schema` of withSchema must be a zod schema of a row, or another Standard Schema, got an empty object',
    )
    expect(() => parseCsv('a\n1\n', { schema: { a: 'int32' } as never })).toThrow('`schema` of parseCsv must be a zod schema')
    expect(() => withSchema(data, z.object({ a: z.number().refine(async () => true) }))).toThrow('must not be asynchronous')
    expect(() => withSchema(Promise.resolve(data) as never, flight)).toThrow('did you forget `await`?')
  })

  it('checks many rows quickly', () => {
    const n = times(10_000, 100_000)
    const data = fromColumns({ x: Float64Array.from({ length: n }, (_, i) => i / 3), s: Array.from({ length: n }, (_, i) => `s${i % 7}`) })
    expect(withSchema(data, z.object({ x: z.number().min(0), s: z.string().min(1) })).numRows).toBe(n)
  })
})
