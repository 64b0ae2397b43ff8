import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCsv, readCsv, toCsv } from '../../../../src/adapters/csv/csv'
import { silentLogger } from '../../../../src/core/logger'
import { fromColumns } from '../../../../src/dataset/create'

/** The error a call throws, as its JSON. */
function errorOf(run: () => unknown): { code: string; message: string; details: Record<string, unknown> } {
  try {
    run()
  } catch (error) {
    return (error as { toJSON(): { code: string; message: string; details: Record<string, unknown> } }).toJSON()
  }
  throw new Error('it did not throw')
}

const typesOf = (text: string, options = {}) => parseCsv(text, options).schema.map(({ type }) => type)

describe('records', () => {
  it('reads quoted delimiters, line breaks and doubled quotes', () => {
    const data = parseCsv('a,b\n"x, y","line 1\nline 2"\n"He said ""hi""","\r\n"\n')
    expect(data.toRecords()).toEqual([
      { a: 'x, y', b: 'line 1\nline 2' },
      { a: 'He said "hi"', b: '\r\n' },
    ])
  })

  it.each([
    ['LF', 'a,b\n1,2\n3,4\n'],
    ['LF without the last', 'a,b\n1,2\n3,4'],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['CR', 'a,b\r1,2\r3,4\r'],
    ['empty lines between', '\n\na,b\n\n1,2\n\r\n3,4\n\n'],
    ['a byte order mark', '\ufeffa,b\n1,2\n3,4\n'],
    ['quotes everywhere', '"a","b"\n"1","2"\n"3","4"'],
  ])('reads %s', (_, text) => {
    const data = parseCsv(text)
    expect(data.toRecords()).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ])
    expect(data.schema.map(({ type }) => type)).toEqual(['int32', 'int32'])
  })

  it('takes an empty field at the very end', () => {
    expect(parseCsv('a,b\n1,').toRecords()).toEqual([{ a: 1, b: null }])
    expect(parseCsv('a,b\n1,""').toRecords()).toEqual([{ a: 1, b: null }])
  })

  it('gives no columns for no text, and no rows for a header', () => {
    expect(parseCsv('', { allowEmpty: true })).toMatchObject({ numRows: 0, columnNames: [] })
    expect(parseCsv('\ufeff', { allowEmpty: true })).toMatchObject({ numRows: 0, columnNames: [] })
    expect(parseCsv('', { header: ['a', 'b'] })).toMatchObject({ numRows: 0, columnNames: ['a', 'b'] })
    expect(parseCsv('a,b,c\n')).toMatchObject({ numRows: 0, columnNames: ['a', 'b', 'c'] })
  })

  it.each(['', '\ufeff', '\n\n'])('refuses %j, unless it may be empty', (text) => {
    const error = errorOf(() => parseCsv(text))
    expect(error).toMatchObject({ code: 'Corrupt', message: 'parseCsv found no record at all, not even a header' })
  })

  it('names empty and repeated columns', () => {
    expect(parseCsv('note,,note,note_2,note\n1,2,3,4,5').columnNames).toEqual(['note', 'column_2', 'note_3', 'note_2', 'note_4'])
  })

  it('keeps a quote in the middle of a field', () => {
    expect(parseCsv('a,b\n5" pipe,x').column('a').at(0)).toBe('5" pipe')
  })

  it.each([
    [';', 'a;b\n1;2,5\n3;4'],
    ['\t', 'a\tb\n1\tx, y\n'],
    ['|', 'a|b\n1|2\n'],
    [',', 'a,b\n"x;y;z",2\n'],
  ])('finds the delimiter %j', (_, text) => {
    expect(parseCsv(text).columnNames).toEqual(['a', 'b'])
  })
})

describe('types', () => {
  it('infers from whole columns', () => {
    expect(typesOf('i,f,b,t,s\n1,1,true,2024-01-05,x\n-2,2.5,FALSE,2024-01-05T10:00:00Z,y')).toEqual([
      'int32',
      'float64',
      'boolean',
      'timestamp',
      'string',
    ])
  })

  it.each([
    ['leading zeros', '001', 'string'],
    ['a zero', '0', 'int32'],
    ['the greatest int32', '2147483647', 'int32'],
    ['beyond int32', '2147483648', 'float64'],
    ['the mark of missing', '-2147483648', 'float64'],
    ['2⁵³ − 1', '9007199254740991', 'float64'],
    ['beyond 2⁵³', '9007199254740993', 'string'],
    ['a point', '.5', 'float64'],
    ['an exponent', '-3.5e2', 'float64'],
    ['beyond a double', '1e400', 'string'],
    ['infinity', '-inf', 'float64'],
    ['hexadecimal', '0x1F', 'string'],
    ['a fraction', '1/2', 'string'],
    ['no such day', '2024-02-30', 'string'],
    ['no such hour', '2024-02-28T25:00', 'string'],
    ['a word', 'yes', 'string'],
  ])('%s: %s is %s', (_, text, type) => {
    expect(typesOf(`x\n${text}\n`)).toEqual([type])
    // The same text behind many rows that say nothing.
    expect(typesOf(`x,y\n${',0\n'.repeat(70_000)}${text},0\n`)[0]).toBe(type)
  })

  it('widens late, and keeps the text as it was written', () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `${i},${i}.50,true,2024-01-01`)
    const data = parseCsv(`a,b,c,d\n${rows.join('\n')}\nx,y,z,w\n,,,\n`)
    expect(data.schema.map(({ type }) => type)).toEqual(['string', 'string', 'string', 'string'])
    expect(data.row(7)).toEqual({ a: '7', b: '7.50', c: 'true', d: '2024-01-01' })
    expect(data.row(60_000)).toEqual({ a: 'x', b: 'y', c: 'z', d: 'w' })
    expect(data.column('a').at(60_001)).toBeNull()
    expect(data.column('a').dictionary?.slice(0, 3)).toEqual(['0', '1', '2'])
  })

  it('widens whole numbers to fractions without reading again', () => {
    const data = parseCsv(`a\n${Array.from({ length: 50_000 }, (_, i) => i).join('\n')}\nNA\n0.5\n`)
    expect(data.column('a').type).toBe('float64')
    expect([49_999, 50_000, 50_001].map((row) => data.column('a').at(row))).toEqual([49_999, null, 0.5])
  })

  it('keeps whole numbers beyond ±2⁵³ as text, whatever else stands in their column', () => {
    expect(typesOf('x\n9007199254740991\n-9007199254740991\n')).toEqual(['float64'])
    for (const other of ['1', '0.5', '1e3', 'NA', '3000000000', 'inf']) {
      for (const cells of [
        ['9007199254740993', other],
        [other, '9007199254740993'],
      ]) {
        const column = parseCsv(`x\n${cells.join('\n')}\n`).column('x')
        expect(column.type, cells.join()).toBe('string')
        expect([0, 1].map((row) => column.at(row))).toEqual(cells.map((cell) => (cell === 'NA' ? null : cell)))
      }
    }
    const late = [...Array.from({ length: 50_000 }, (_, i) => `${i}.5`), '-9007199254740993', '']
    const column = parseCsv(`x\n${late.join('\n')}\n`).column('x')
    expect([column.type, column.at(0), column.at(50_000)]).toEqual(['string', '0.5', '-9007199254740993'])
    expect(
      parseCsv('x\n9007199254740993\n0.5\n', { types: { x: 'float64' } })
        .column('x')
        .at(0),
    ).toBe(9007199254740992)
  })

  it('knows missing cells in every type', () => {
    const data = parseCsv('i,f,b,t,s,n\n1,1.5,true,2024-01-01,x,\nNA,NaN,,null,N/A,NA\n"",nan,NULL,#N/A,"NA",\n')
    for (const name of data.columnNames) expect(data.column(name).at(1), name).toBeNull()
    for (const name of data.columnNames) expect(data.column(name).at(2), name).toBeNull()
    expect(data.schema.map(({ type }) => type)).toEqual(['int32', 'float64', 'boolean', 'timestamp', 'string', 'float64'])
    expect(data.column('s').dictionary).toEqual(['x'])
  })

  it('lets the caller say what is missing', () => {
    const data = parseCsv('country,x\nNA,-999\n,5\n', { naValues: ['-999'] })
    expect(data.toRecords()).toEqual([
      { country: 'NA', x: null },
      { country: '', x: 5 },
    ])
  })

  it('takes numbers, booleans and times for missing wherever they stand, when the caller says so', () => {
    const naValues = ['-999', '-9.99', 'false', '1900-01-01', '1.000']
    const data = parseCsv('i,f,b,t,s\n1,1.5,true,2024-01-01,x\n-999,-9.99,false,1900-01-01,-999\n3,1.000,true,2024-01-02,false\n', {
      naValues,
    })
    expect(data.schema.map(({ type }) => type)).toEqual(['int32', 'float64', 'boolean', 'timestamp', 'string'])
    expect(Object.values(data.row(1))).toEqual([null, null, null, null, null])
    expect(Object.values(data.row(2))).toEqual([3, null, true, Date.UTC(2024, 0, 2), null])
    const typed = parseCsv('i;f\n-999;-9,99\n5;1,5\n-999;-9,99\n', {
      naValues: ['-999', '-9,99'],
      types: { i: 'int32', f: 'float64' },
      decimal: ',',
    })
    expect(typed.toRecords()).toEqual([
      { i: null, f: null },
      { i: 5, f: 1.5 },
      { i: null, f: null },
    ])
  })

  it('takes types from the caller and names the cell that does not fit', () => {
    const data = parseCsv('id,n,f\n007,1.0,3\n008,,4', { types: { id: 'string', n: 'int32', f: 'float64' } })
    expect(data.row(0)).toEqual({ id: '007', n: 1, f: 3 })
    expect(data.column('f').type).toBe('float64')
    const error = errorOf(() => parseCsv('id,n\na,1\nb,x\n', { types: { n: 'int32' } }))
    expect(error).toMatchObject({ code: 'SchemaMismatch', details: { line: 3, column: 'n' } })
    expect(error.message).toBe('parseCsv: line 3: column "n" must be int32, got "x"')
  })

  it('reads decimal commas', () => {
    const data = parseCsv('datum;wert\n1;-0,5\n2;1,25\n', { decimal: ',' })
    expect(data.column('wert').storage).toEqual(Float64Array.of(-0.5, 1.25))
  })

  it('reads other words for true and false', () => {
    expect(parseCsv('x\nyes\nno\n\nyes', { trueValues: ['yes'], falseValues: ['no'] }).column('x').storage).toEqual(Uint8Array.of(1, 0, 1))
  })

  it('leaves timestamps as text when told so', () => {
    expect(typesOf('t\n2024-01-01\n', { timestamps: false })).toEqual(['string'])
  })

  it('takes times without an offset as UTC', () => {
    const data = parseCsv('t\n2024-05-11T09:30:00+09:00\n2024-05-11 00:30\n2024-05-11T00:30:00.25Z\n0000-01-01\n')
    const expected = [Date.UTC(2024, 4, 11, 0, 30), Date.UTC(2024, 4, 11, 0, 30), Date.UTC(2024, 4, 11, 0, 30, 0, 250)]
    expect([...data.column('t').storage].slice(0, 3)).toEqual(expected)
    expect(data.column('t').at(3)).toBe(Date.parse('0000-01-01T00:00:00Z'))
  })
})

describe('options', () => {
  it('chooses columns and rows', () => {
    const text = 'a,b,c\n1,2,3\n4,5,6\n7,8,9\n'
    expect(parseCsv(text, { columns: ['c', 'a'], limit: 2 }).toRecords()).toEqual([
      { c: 3, a: 1 },
      { c: 6, a: 4 },
    ])
    expect(errorOf(() => parseCsv(text, { columns: ['z'] }))).toMatchObject({ code: 'NotFound' })
  })

  it('reads without a header', () => {
    expect(parseCsv('1,x\n2,y', { header: false }).toRecords()[1]).toEqual({ column_1: 2, column_2: 'y' })
    expect(parseCsv('1,x\n2,y', { header: ['n', 's'] }).columnNames).toEqual(['n', 's'])
    expect(errorOf(() => parseCsv('1,x', { header: ['n'] })).message).toContain('names 1 columns, the first record has 2 fields')
  })

  it('pads ragged records', () => {
    const data = parseCsv('a,b\n1\n1,2,3\n4,5\n', { ragged: 'pad' })
    expect(data.toRecords()).toEqual([
      { a: 1, b: null, column_3: null },
      { a: 1, b: 2, column_3: 3 },
      { a: 4, b: 5, column_3: null },
    ])
    const late = parseCsv(`a,b\n${'1,2\n'.repeat(40_000)}x,y,z\n1\n`, { ragged: 'pad' })
    expect(late.numRows).toBe(40_002)
    expect(late.row(40_000)).toEqual({ a: 'x', b: 'y', column_3: 'z' })
    expect(late.row(40_001)).toEqual({ a: '1', b: null, column_3: null })
    expect(late.row(3)).toEqual({ a: '1', b: '2', column_3: null })
  })

  it('refuses what it does not know', () => {
    expect(errorOf(() => parseCsv('a', { separator: ';' } as object))).toMatchObject({ code: 'InvalidArgument' })
    expect(errorOf(() => parseCsv('a', { delimiter: ';;' })).message).toContain('`delimiter` of parseCsv must be one ASCII character')
    expect(errorOf(() => parseCsv('a', { types: { a: 'number' as 'int32' } })).message).toContain('must be one of')
  })
})

describe('malformed text', () => {
  it.each([
    ['a long record', 'a,b,c\n1,2,3\n1,2,3,4\n', 'parseCsv: line 3 has 4 fields, expected 3'],
    ['a short record', 'a,b,c\n1,2,3\n\n1\n', 'parseCsv: line 4 has 1 field, expected 3'],
    ['a line behind quoted line breaks', 'a,b\n"x\ny\r\nz",1\n1\n', 'parseCsv: line 5 has 1 field, expected 2'],
    ['an unclosed quote', 'a,b\n1,2\n"x,3\n4,5\n', 'parseCsv: line 3 opens a quote that is never closed'],
    [
      'text behind a quote',
      'a,b\n1,2\n1,"x"y\n',
      'parseCsv: line 3 has text after a closing quote (a quote inside quotes must be doubled)',
    ],
    ['NUL', 'a,b\n1,x\0y\n', 'parseCsv: line 2 holds a NUL byte'],
    ['NUL in the header', 'a\0,b\n1,x\n', 'parseCsv: line 1 holds a NUL byte'],
  ])('%s', (_, text, message) => {
    const error = errorOf(() => parseCsv(text))
    expect(error.message).toBe(message)
    expect(error.code).toBe('Corrupt')
  })

  it('invalid UTF-8, with its line', () => {
    const bytes = Uint8Array.of(...new TextEncoder().encode('a,b\n1,x\n2,'), 0xff, 0xfe, 10)
    expect(errorOf(() => parseCsv(bytes)).message).toBe('parseCsv: line 3 is not valid UTF-8')
    expect(parseCsv(bytes, { encoding: 'latin1' }).column('b').at(1)).toBe('ÿþ')
  })

  it('limits', () => {
    expect(errorOf(() => parseCsv(`a\n${'x'.repeat(101)}`, { maxCellLength: 100 })).message).toContain(
      'line 2 has a cell of more than 100 bytes',
    )
    expect(errorOf(() => parseCsv('a\n1\n2\n3', { maxRows: 2 })).message).toContain('more rows than `maxRows` 2')
    expect(parseCsv('a\n1\n2', { maxRows: 2 }).numRows).toBe(2)
    expect(errorOf(() => parseCsv(','.repeat(20_000))).message).toContain('more columns than `maxColumns` 16384')
    const wide = `${Array.from({ length: 5000 }, (_, i) => `c${i}`).join()}\n`
    expect(errorOf(() => parseCsv(wide + '1\n'.repeat(50_000), { ragged: 'pad' })).message).toContain('far more cells')
  })
})

describe('readCsv', () => {
  const text = 'a,b\n1,é\n2,\n'
  const rows = [
    { a: 1, b: 'é' },
    { a: 2, b: null },
  ]
  const bytes = new TextEncoder().encode(text)
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'csv-'))
    writeFileSync(join(folder, 'a.csv'), text)
    writeFileSync(join(folder, 'a.csv.gz'), gzipSync(text))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function* pieces() {
    // Cut inside a character and inside a record.
    for (let i = 0; i < bytes.length; i += 3) yield bytes.subarray(i, i + 3)
  }

  it.each([
    ['text', () => text],
    ['bytes', () => bytes],
    ['an ArrayBuffer', () => bytes.slice().buffer],
    ['a Blob', () => new Blob([text])],
    ['a Response', () => new Response(text)],
    ['a ReadableStream', () => new Response(text).body as ReadableStream<Uint8Array>],
    ['an async iterable of bytes', () => pieces()],
    ['an array of strings', () => ['a,b\n1,', 'é\n2,\n']],
    ['a path', () => join(folder, 'a.csv')],
    ['a file URL', () => pathToFileURL(join(folder, 'a.csv'))],
    ['a gzip file', () => join(folder, 'a.csv.gz')],
    ['gzip bytes', () => new Uint8Array(gzipSync(text))],
    ['UTF-16 with its mark', () => new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le'))],
  ])('reads %s', async (_, source) => {
    expect((await readCsv(source() as string)).toRecords()).toEqual(rows)
  })

  it('translates what goes wrong outside', async () => {
    await expect(readCsv(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'NotFound' })
    await expect(readCsv(folder)).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(readCsv(new Response('no', { status: 404 }))).rejects.toMatchObject({ code: 'NotFound' })
    await expect(readCsv(42 as unknown as string)).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(readCsv(new Uint8Array(gzipSync(text)).subarray(0, 25))).rejects.toMatchObject({ code: 'Corrupt' })
    await expect(readCsv(gzipSync('x'.repeat(1e6)), { maxBytes: 1000 })).rejects.toMatchObject({ code: 'InvalidArgument' })
  })

  it('stops when told, and cancels the stream', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    let cancelled: unknown
    const stream = new ReadableStream<Uint8Array>({
      pull(sink) {
        sink.enqueue(bytes)
        controller.abort(reason)
      },
      cancel(why) {
        cancelled = why ?? 'cancelled'
      },
    })
    await expect(readCsv(stream, { signal: controller.signal })).rejects.toBe(reason)
    expect(cancelled).toBeDefined()
  })

  it('tells how far it is', async () => {
    const events: string[] = []
    const big = `a,b\n${'1,2\n'.repeat(3_000_000)}`
    const data = await readCsv(big, { onProgress: ({ phase, done, total }) => void events.push(`${phase} ${done === total}`) })
    expect(data.numRows).toBe(3_000_000)
    expect(events.at(-1)).toBe('parse true')
    expect(events[0]).toBe('read true')
  })
})

describe('toCsv', () => {
  it('quotes only where it must and reads back', () => {
    const data = fromColumns({
      s: ['plain', 'a,b', 'say "hi"', 'two\nlines', null],
      f: [0.1, 1e21, -0.5, Number.POSITIVE_INFINITY, null],
      b: [true, false, null, true, false],
      t: [new Date(0), new Date(1.5e12), null, null, null],
    })
    const text = toCsv(data)
    expect(text.split('\n')[0]).toBe('s,f,b,t')
    expect(text.split('\n')[1]).toBe('plain,0.1,true,1970-01-01T00:00:00.000Z')
    expect(parseCsv(text).toRecords()).toEqual(data.toRecords())
  })

  it('keeps lone empty cells from vanishing', () => {
    const data = fromColumns({ x: [1, null, 3] })
    expect(toCsv(data)).toBe('x\n1\n""\n3\n')
    expect(parseCsv(toCsv(data)).toRecords()).toEqual(data.toRecords())
  })
})

const dirty = new URL('../../../fixtures/dirty/', import.meta.url)

describe('dirty files', () => {
  const file = (name: string) => new Uint8Array(readFileSync(new URL(name, dirty)))
  const expected = JSON.parse(readFileSync(new URL('expected.json', dirty), 'utf8')) as Record<
    string,
    { rows?: string[][]; delimiter: string; encoding: string }
  >
  const plain = Object.entries(expected).filter(([, { rows }]) => rows !== undefined)

  it.each(plain)('%s', (name, { rows = [], encoding }) => {
    const options = {
      encoding,
      ragged: name.startsWith('mixed') ? 'pad' : 'error',
      allowEmpty: rows.length === 0,
      logger: silentLogger(),
    } as const
    const records = rows.filter((row) => row.length > 0)
    const names = records[0] ?? []
    const types = Object.fromEntries(
      parseCsv(file(name), { ...options, naValues: [] }).columnNames.map((column) => [column, 'string' as const]),
    )
    const data = parseCsv(file(name), { ...options, types, naValues: [] })
    expect(data.numRows).toBe(Math.max(0, records.length - 1))
    const width = Math.max(0, ...records.map((row) => row.length))
    expect(data.columnNames.length).toBe(width)
    names.forEach((header, i) => {
      if (header !== '' && names.indexOf(header) === i) expect(data.columnNames[i]).toBe(header)
    })
    const cells = data.toRecords().map((row) => Object.values(row).map((cell) => cell ?? ''))
    expect(cells).toEqual(records.slice(1).map((row) => [...row, ...new Array<string>(width - row.length).fill('')]))
  })

  it.each(['empty.csv', 'only_bom.csv'])('%s is refused unless it may be empty', (name) => {
    expect(errorOf(() => parseCsv(file(name)))).toMatchObject({ code: 'Corrupt' })
  })

  it('numbers of the file with decimal commas, and its dates where asked for', () => {
    const data = parseCsv(file('semicolon_decimal_comma.csv'), { dates: 'find' })
    expect(data.toRecords()).toEqual([
      { datum: Date.UTC(2023, 11, 31), wert: 1234.56, text: 'a;b' },
      { datum: Date.UTC(2024, 0, 1), wert: -0.5, text: null },
      { datum: Date.UTC(2024, 0, 2), wert: null, text: 'c "d"' },
    ])
  })

  it('numbers with commas between thousands', () => {
    const data = parseCsv(file('cities_cp949.csv'), { encoding: 'cp949' })
    expect(data.column('인구')).toMatchObject({ type: 'int32', storage: Int32Array.of(9411000, 3359000, -2147483648) })
  })

  it('names the headers of the mixed file', () => {
    const data = parseCsv(file('mixed_utf8_bom.csv'), { ragged: 'pad' })
    expect(data.columnNames).toEqual(['id', '이름', 'signup', '금액', '비율', 'active', 'note', 'column_8', 'tags', 'note_2', 'column_11'])
    expect(data.column('id').at(0)).toBe('001')
    expect(data.column('column_8')).toMatchObject({ type: 'float64', nullCount: data.numRows })
    expect(errorOf(() => parseCsv(file('mixed_utf8_bom.csv'))).message).toMatch(/line \d+ has 9 fields, expected 10/)
  })

  it('types that change late', () => {
    const data = parseCsv(file('types_late.csv'))
    expect(data.numRows).toBe(5002)
    expect(data.row(4999)).toMatchObject({ m: '4999' })
    expect(data.row(5000)).toMatchObject({ m: 'x5000' })
    expect(data.row(5001)).toMatchObject({ m: null })
  })

  it('300 columns', () => {
    const data = parseCsv(file('wide_300_columns.csv'))
    expect([data.numRows, data.columnNames.length]).toEqual([50, 300])
    expect(data.columns().reduce((sum, { nullCount }) => sum + nullCount, 0)).toBe(3000)
  })

  it.each(['malformed_unclosed_quote.csv', 'malformed_invalid_utf8.csv', 'malformed_text_after_quote.csv', 'malformed_nul.csv'])(
    '%s',
    (name) => {
      const error = errorOf(() => parseCsv(file(name)))
      expect(error.code).toBe('Corrupt')
      expect(error.details.line).toBe(2)
    },
  )
})
