/** CSV: what is written is read back, however it is cut; numbers and times as the engine itself reads them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCsv, readCsv, toCsv } from '../../src/adapters/csv/csv'
import { Dataset, fingerprint } from '../../src/dataset'
import { booleanOfText, coerceCell, isInt32, isProblem, numberOfText, timestampOfText } from '../../src/schema/coerce'
import { type ColumnType, columnFrom } from '../../src/schema/column'
import { isFull, times } from '../support/effort'

const field = fc
  .oneof(
    fc.string({ maxLength: 6 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom(
      '',
      ',',
      '"',
      '""',
      '\n',
      '\r\n',
      '\r',
      'a,b',
      ' x ',
      '001',
      '1',
      '-5',
      '1.5',
      'true',
      'NA',
      '2024-01-01',
      '한글',
      '👩‍👩‍👧',
    ),
  )
  .map((text) => text.replaceAll('\0', '0'))
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc
    .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 0, max: 25 }))
    .map(([n, digits]) => (n / 1000).toFixed(digits)),
  fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{0,20})?(e[+-]?\d{1,2})?$/),
  fc.constantFrom(
    '',
    '007',
    '1e400',
    '-0',
    '.5',
    '5.',
    '+3',
    ' 4 ',
    '-',
    '.',
    '--1',
    '1-',
    '12345678a',
    '99999999',
    '-99999999',
    '100000000',
    '2147483647',
    '-2147483648',
    'inf',
  ),
)

/** The type that text has by itself, by the rule of the guide. */
function typeOfText(text: string): ColumnType {
  const value = numberOfText(text)
  if (value !== undefined) {
    if (!/^[ \t]*[+-]?\d+[ \t]*$/.test(text)) return 'float64'
    return isInt32(value) ? 'int32' : Number.isSafeInteger(value) ? 'float64' : 'string'
  }
  if (booleanOfText(text) !== undefined) return 'boolean'
  return timestampOfText(text) === undefined ? 'string' : 'timestamp'
}

/** The narrowest type of a column of text. */
function typeOfTexts(cells: readonly string[]): ColumnType {
  const types = new Set(cells.filter((cell) => cell !== '' && cell !== 'NA').map(typeOfText))
  if (types.size <= 1) return [...types][0] ?? 'float64'
  return types.size === 2 && types.has('int32') && types.has('float64') ? 'float64' : 'string'
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`

describe('csv', () => {
  it('reads back every text, quoted or where it can be unquoted, with every line end', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 2, max: 5 })
          .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 30 })),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.boolean(),
        (rows, lineEnd, delimiter, always) => {
          const width = (rows[0] as string[]).length
          const names = Array.from({ length: width }, (_, i) => `c${i}`)
          const needs = (text: string): boolean => always || /["\r\n]/.test(text) || text.includes(delimiter)
          const text = [names, ...rows].map((row) => row.map((cell) => (needs(cell) ? quoted(cell) : cell)).join(delimiter)).join(lineEnd)
          const data = parseCsv(text, {
            delimiter,
            naValues: [],
            types: Object.fromEntries(names.map((name) => [name, 'string' as const])),
          })
          expect(data.toRecords().map((row) => Object.values(row))).toEqual(rows.map((row) => row.map((cell) => cell.toWellFormed())))
        },
      ),
      { numRuns: times(75, 300) },
    )
  })

  it('reads each cell as coerceCell does, in the narrowest type of all cells', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(numberText, fc.constantFrom('NA', 'true', '2024-01-05', 'x')), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 3 }),
        (cells, repeat) => {
          const many = Array.from({ length: repeat }, () => cells).flat()
          const data = parseCsv(`x,y\n${many.map((cell) => `${cell},0`).join('\n')}\n`)
          const column = data.column('x')
          expect(column.type).toBe(typeOfTexts(many))
          many.forEach((cell, row) => {
            const missing = cell === '' || cell === 'NA'
            const want = missing ? null : coerceCell(cell, column.type, { coerce: true })
            // A column that began as whole numbers has lost the sign of its zeros.
            const unsigned = (value: unknown): unknown => (value === 0 ? 0 : value)
            expect(unsigned(column.at(row)), cell).toBe(unsigned(want))
          })
        },
      ),
      { numRuns: times(125, 500) },
    )
  })

  it('reads numbers exactly as the engine does', () => {
    fc.assert(
      fc.property(fc.array(numberText, { minLength: 1, maxLength: 20 }), (cells) => {
        const good = cells.filter((cell) => !isProblem(coerceCell(cell, 'float64', { coerce: true })) && cell !== '')
        const data = parseCsv(`x,y\n${good.map((cell) => `${cell},0`).join('\n')}\n`, { types: { x: 'float64' } })
        good.forEach((cell, row) => {
          const want = /inf/.test(cell) ? Number.POSITIVE_INFINITY : Number(cell)
          expect(Object.is(data.column('x').at(row), want), `${cell}: ${data.column('x').at(row)}`).toBe(true)
        })
      }),
      { numRuns: times(250, 1000) },
    )
  })

  it('reads times as Date.parse does', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        const text = date.toISOString()
        const data = parseCsv(`t,d,s\n${text},${text.slice(0, 10)},${text.slice(0, 19).replace('T', ' ')}\n`)
        expect(data.row(0)).toEqual({ t: date.getTime(), d: Date.parse(text.slice(0, 10)), s: Math.floor(date.getTime() / 1000) * 1000 })
      }),
    )
  })

  it('writes and reads back typed tables', () => {
    const cell = fc.option(fc.double({ noNaN: true }), { nil: null })
    const row = fc.tuple(
      fc.option(fc.integer({ min: -2147483647, max: 2147483647 }), { nil: null }),
      cell,
      fc.option(fc.boolean(), { nil: null }),
      fc.option(
        field.filter((text) => text !== ''),
        { nil: null },
      ),
    )
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        const types = { i: 'int32', f: 'float64', b: 'boolean', s: 'string' } as const
        const data = new Dataset(
          Object.entries(types).map(([name, type], c) =>
            columnFrom(
              name,
              type,
              rows.map((cells) => {
                const value = cells[c]
                return typeof value === 'string' ? value.toWellFormed() : value
              }),
            ),
          ),
        )
        expect(fingerprint(parseCsv(toCsv(data), { types, naValues: [''] }))).toBe(fingerprint(data))
      }),
      { numRuns: times(75, 300) },
    )
  })

  it('does not care how a stream is cut', async () => {
    const bytes = new TextEncoder().encode('id,이름,x\n1,"서울, ""한""\r\n강",0.5\n2,👩‍👩‍👧,\n')
    const want = fingerprint(parseCsv(bytes))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        expect(fingerprint(await readCsv(edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge))))).toBe(want)
      }),
    )
  })

  it('never throws anything but its own errors, and never hangs', () => {
    const soup = fc
      .array(fc.constantFrom('a', '1', '.', ',', ';', '"', '\n', '\r', '\t', '\0', 'é', ' ', '-', '\ufeff'), { maxLength: 60 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(soup, fc.constantFrom('error', 'pad'), (text, ragged) => {
        try {
          const data = parseCsv(text, { ragged })
          expect(data.columns().every(({ length }) => length === data.numRows)).toBe(true)
        } catch (error) {
          expect((error as { code?: string }).code, String(error)).toBe('Corrupt')
        }
      }),
      { numRuns: times(500, 2000) },
    )
  })
})

/** A whole document: a table of every type under hostile names, with whatever a cell may hold. */
const documentCell = {
  int32: fc.integer({ min: -2147483647, max: 2147483647 }),
  float64: fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(1.5, -0.25, 1234.567, 1e21, -0)),
  boolean: fc.boolean(),
  timestamp: fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }).map(Number),
  string: fc
    .oneof(field, fc.constantFrom('1,5', '1.234,56', '31/12/2024', '1;2', '\ufeffx', '007'))
    .map((text) => text.toWellFormed() || '-'),
} as const

const document = fc
  .record({
    types: fc.array(fc.constantFrom(...(Object.keys(documentCell) as ColumnType[])), { minLength: 1, maxLength: 5 }),
    rows: fc.integer({ min: 0, max: 8 }),
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
  })
  .chain(({ types, rows, delimiter }) =>
    fc
      .tuple(
        ...types.map((type) =>
          fc.array(fc.option<unknown>(documentCell[type], { nil: null, freq: 6 }), { minLength: rows, maxLength: rows }),
        ),
      )
      .map((cells) => ({ types, delimiter, cells })),
  )

describe('documents', () => {
  it('written are read back the same, cell by cell and type by type', () => {
    fc.assert(
      fc.property(document, ({ types, delimiter, cells }) => {
        const columns = types.map((type, i) => columnFrom(`${type} ${i}, "x"`, type, cells[i] as unknown[]))
        const data = new Dataset(columns)
        const byName = Object.fromEntries(columns.map(({ name, type }) => [name, type]))
        expect(fingerprint(parseCsv(toCsv(data, { delimiter }), { types: byName, naValues: [''], delimiter }))).toBe(fingerprint(data))
      }),
      { numRuns: times(300, 20_000) },
    )
  })

  it.runIf(isFull)('of 50 MB behind one unclosed quote end at once, with the line of the quote', async () => {
    const text = new TextEncoder().encode(`a,b\n1,2\n"x,3\n${'4,5\n'.repeat(12_500_000)}`)
    for (const [tail, what] of [
      ['', 'line 3 opens a quote that is never closed'],
      ['"\n', 'line 3 has a cell of more than 1048576 bytes'],
    ] as const) {
      const bytes = new Uint8Array(await new Blob([text, tail]).arrayBuffer())
      expect(() => parseCsv(bytes)).toThrow(what)
      await expect(readCsv(bytes)).rejects.toThrow(what)
    }
  })
})
