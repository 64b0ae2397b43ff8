/** Numbers with decimal commas and marks between thousands, dates in other spellings, and files that can be divided in two ways. */
import { describe, expect, it } from 'vitest'
import { type ParseCsvOptions, parseCsv } from '../../../../src/adapters/csv/csv'
import type { Logger } from '../../../../src/core/logger'

/** A logger that keeps what it is told. */
function keeper(): Logger & { readonly warnings: string[]; readonly notes: string[] } {
  const warnings: string[] = []
  const notes: string[] = []
  return {
    warnings,
    notes,
    debug: () => {},
    info: (text) => void notes.push(text),
    warn: (text) => void warnings.push(text),
    error: () => {},
  }
}

/** The column of these cells, each quoted, and what was said about it. */
function read(cells: readonly string[], options: ParseCsvOptions<undefined> = {}) {
  const logger = keeper()
  const data = parseCsv(`x,y\n${cells.map((cell) => `"${cell}",0`).join('\n')}\n`, { logger, ...options })
  const column = data.column('x')
  return { type: column.type, cells: column.toArray(), warnings: logger.warnings, notes: logger.notes }
}

const day = (year: number, month: number, date: number, ...time: number[]): number => Date.UTC(year, month - 1, date, ...time)

describe('numbers', () => {
  it.each([
    ['decimal commas', ['1,5', '-0,25', '3'], [1.5, -0.25, 3]],
    ['a decimal comma of three digits behind a zero', ['0,125', '12'], [0.125, 12]],
    ['more than three digits before a comma', ['1234,567', '1,000'], [1234.567, 1]],
    ['points between thousands', ['1.234,56', '1.000.000,5', '7'], [1234.56, 1000000.5, 7]],
    ['spaces between thousands', ['1 234,5', '12 000,75'], [1234.5, 12000.75]],
    ['no-break spaces', ['1\u00a0234,5', '1\u202f234'], [1234.5, 1234]],
    ['apostrophes', ["1'234.5", '1’000'], [1234.5, 1000]],
    ['commas between thousands and points', ['1,234.50', '-12,000,000'], [1234.5, -12000000]],
    ['an exponent', ['1,5e3', '2,25'], [1500, 2.25]],
  ])('finds %s', (_, cells, want) => {
    const { type, cells: got, warnings, notes } = read([...cells, 'NA'])
    expect(got).toEqual([...want, null])
    expect(type).toBe('float64')
    expect(warnings).toEqual([])
    expect(notes[0]).toMatch(/^parseCsv: column "x" is read with a decimal (comma|point)/)
  })

  it('finds whole numbers in groups', () => {
    expect(read(['1,234,567', '12', ''])).toMatchObject({ type: 'int32', cells: [1234567, 12, null] })
    expect(read(['3,359,000,000', '1,000'])).toMatchObject({ type: 'float64', cells: [3359000000, 1000] })
    expect(read(['1,234,567', '9,007,199,254,740,993']).type).toBe('string')
  })

  it.each([
    [['1,234', '5'], 'may have a decimal comma or a mark between thousands'],
    [['1,234', '56,789'], 'may have a decimal comma or a mark between thousands'],
    [['732 829 320'], 'or a code'],
    [['1.234.567'], 'or a code'],
  ])('leaves %j as text and says so', (cells, words) => {
    const { type, cells: got, warnings } = read(cells)
    expect([type, got]).toEqual(['string', cells])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('parseCsv: column "x" stays text')
    expect(warnings[0]).toContain(words)
  })

  it.each([
    [['192.168.100.100', '10.100.100.200']],
    [['1,5', '1.5']],
    [['1,2,3', '4,5']],
    [['007', '1,5']],
    [['12,34,567']],
    [['1,5', 'x']],
  ])('leaves %j as text without a word', (cells) => {
    const { type, cells: got, warnings } = read(cells)
    expect([type, got, warnings]).toEqual(['string', cells, []])
  })

  it('reads what is said, also in a column whose type is said', () => {
    expect(read(['1,234', '5'], { thousands: ',' })).toMatchObject({ type: 'int32', cells: [1234, 5] })
    expect(read(['1,234', '5'], { decimal: '.' })).toMatchObject({ type: 'int32', cells: [1234, 5] })
    expect(read(['1,234', '5'], { decimal: ',', delimiter: ',' })).toMatchObject({ type: 'float64', cells: [1.234, 5] })
    expect(read(['1.234', '5'], { thousands: '.', delimiter: ',' })).toMatchObject({ type: 'int32', cells: [1234, 5] })
    expect(read(['732 829 320', '1\u00a0000'], { thousands: ' ' })).toMatchObject({ cells: [732829320, 1000] })
    expect(read(['1,234', '5'], { thousands: ',', types: { x: 'float64' } })).toMatchObject({ type: 'float64', cells: [1234, 5] })
    expect(read(['1,234', '5'], { thousands: '', decimal: '.' })).toMatchObject({ type: 'string', warnings: [] })
    expect(read(['1,5'], { types: { x: 'string' } })).toMatchObject({ type: 'string', warnings: [], notes: [] })
    expect(() => read(['1'], { thousands: ',', decimal: ',' })).toThrow('must differ')
  })

  it('leaves a doubtful point in a file of decimal commas as text', () => {
    const logger = keeper()
    const data = parseCsv('a;b;c\n1,5;1.234;0.5\n2,25;12.500;0.125\n', { logger })
    expect(data.toRecords()[0]).toEqual({ a: 1.5, b: '1.234', c: 0.5 })
    expect(logger.warnings.join()).toContain('column "b" stays text')
    expect(parseCsv('a;b\n1,5;1.234.000\n2,25;12.500\n', { logger }).column('b').toArray()).toEqual([1234000, 12500])
  })

  it('finds the spelling also in text that comes late', () => {
    const data = parseCsv(`x,y\n${'3,0\n'.repeat(60_000)}"1,5",0\n`)
    expect([data.column('x').type, data.column('x').at(0), data.column('x').at(60_000)]).toEqual(['float64', 3, 1.5])
  })
})

describe('dates', () => {
  it.each([
    ['31/12/2024', day(2024, 12, 31)],
    ['31.12.2024 17:05', day(2024, 12, 31, 17, 5)],
    ['12/31/2024 5:05:09 PM', day(2024, 12, 31, 17, 5, 9)],
    ['12/31/2024 12:00 am', day(2024, 12, 31)],
    ['2024/3/9', day(2024, 3, 9)],
    ['9 Mar 2024', day(2024, 3, 9)],
    ['9-Mar-2024', day(2024, 3, 9)],
    ['Mar 9, 2024', day(2024, 3, 9)],
    ['March 9th 2024', day(2024, 3, 9)],
    ['Sat, 9 March 2024, 08:30', day(2024, 3, 9, 8, 30)],
    ['05/05/2024', day(2024, 5, 5)],
  ])('finds %s', (text, want) => {
    expect(read([text, ''], { dates: 'find' })).toMatchObject({ type: 'timestamp', cells: [want, null], warnings: [] })
    const asIs = read([text])
    expect([asIs.type, asIs.warnings.length]).toEqual(['string', 1])
  })

  it('lets one date decide for its column, and nothing where none does', () => {
    expect(read(['03/04/2024', '13/04/2024'], { dates: 'find' }).cells).toEqual([day(2024, 4, 3), day(2024, 4, 13)])
    expect(read(['03/04/2024', '04/13/2024'], { dates: 'find' }).cells).toEqual([day(2024, 3, 4), day(2024, 4, 13)])
    const open = read(['03/04/2024', '05/06/2024'], { dates: 'find' })
    expect(open).toMatchObject({ type: 'string', cells: ['03/04/2024', '05/06/2024'] })
    expect(open.warnings[0]).toContain('{ dates: "day-first" } or { dates: "month-first" }')
    const mixed = read(['13/04/2024', '04/13/2024'], { dates: 'find' })
    expect([mixed.type, mixed.warnings[0]]).toEqual(['string', expect.stringContaining('some of its dates have the day first')])
  })

  it('reads the order that is asked for, and leaves a column that contradicts it', () => {
    expect(read(['03/04/2024'], { dates: 'day-first' }).cells).toEqual([day(2024, 4, 3)])
    expect(read(['03/04/2024'], { dates: 'month-first' }).cells).toEqual([day(2024, 3, 4)])
    const against = read(['03/04/2024', '04/13/2024'], { dates: 'day-first' })
    expect([against.type, against.warnings[0]]).toEqual(['string', expect.stringContaining('"04/13/2024" is no date with the day first')])
  })

  it.each(['31/02/2024', '2024/13/01', '9 Foo 2024', '13.08.24', '1/2', '25/12/2024 25:00'])('takes %s for text', (text) => {
    expect(read([text], { dates: 'find' })).toMatchObject({ type: 'string', warnings: [] })
  })

  it('reads columns that must be times, or says why not', () => {
    const types = { x: 'timestamp' } as const
    expect(read(['31/12/2024', ''], { dates: 'find', types }).cells).toEqual([day(2024, 12, 31), null])
    expect(() => read(['03/04/2024'], { dates: 'find', types })).toThrow('column "x" must be timestamp, column "x" stays text')
    expect(() => read(['31/12/2024', 'later'], { dates: 'find', types })).toThrow('column "x" must be timestamp, got "later"')
    expect(read(['31/12/2024'], { dates: 'find', timestamps: false })).toMatchObject({ type: 'string', warnings: [] })
  })
})

describe('delimiters', () => {
  it.each([
    ['name, unit;price\nmm, cm;1,5\nkg, g;2,25\n', ['name, unit', 'price']],
    ['a, x;b, y\n1,5;2,5\n3,5;4,25\n', ['a, x', 'b, y']],
    ['id,tags;more\n1,a;b\n2,c;d\n', ['id', 'tags;more']],
    ['wert;preis, netto\n1,5;2\n', ['wert', 'preis, netto']],
  ])('divides %j', (text, names) => {
    expect(parseCsv(text).columnNames).toEqual(names)
  })

  it('asks where two delimiters divide alike', () => {
    expect(() => parseCsv('name, unit;kind\nmm, cm;x\n')).toThrow('line 1 can be divided by "," and by ";"')
    expect(parseCsv('name, unit;kind\nmm, cm;x\n', { delimiter: ';' }).row(0)).toEqual({ 'name, unit': 'mm, cm', kind: 'x' })
  })
})
