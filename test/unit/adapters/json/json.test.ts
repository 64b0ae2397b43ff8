import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readJson, readNdjson, readNdjsonBatches, toJson, toNdjson } from '../../../../src/adapters/json/json'
import { fromColumns, fromRows } from '../../../../src/dataset'

const rows = [
  { n: 1, f: 0.5, s: 'x', b: true },
  { n: null, f: -2, s: null, b: false },
]

describe('readJson', () => {
  it.each([
    ['rows', JSON.stringify(rows)],
    ['columns', '{"n":[1,null],"f":[0.5,-2],"s":["x",null],"b":[true,false]}'],
    ['rows with absent members', '\n[{"n":1,"f":0.5,"s":"x","b":true},\n{"f":-2,"b":false}]'],
  ])('reads %s', async (_, text) => {
    const data = await readJson(text)
    expect(data.toRecords()).toEqual(rows)
    expect(data.schema.map(({ type }) => type)).toEqual(['int32', 'float64', 'string', 'boolean'])
  })

  it('keeps every digit, and takes types', async () => {
    const text =
      '[{"id":9007199254740993,"x":1.2345678901234567,"s":"9007199254740993 \\" 1","t":"2024-01-01"},{"id":1,"x":2,"s":"","t":null}]'
    expect((await readJson(text)).column('id').toArray()).toEqual(['9007199254740993', '1'])
    const typed = await readJson(text, { types: { id: 'float64', t: 'timestamp' } })
    expect(typed.row(0)).toEqual({ id: 9007199254740992, x: 1.2345678901234567, s: '9007199254740993 " 1', t: Date.UTC(2024, 0, 1) })
    await expect(readJson('[{"a":"x"}]', { types: { a: 'int32' } })).rejects.toMatchObject({ code: 'SchemaMismatch' })
  })

  it('refuses nested values with row and column, flattens them, or keeps their text', async () => {
    const text = '[{"a":{"b":1,"c":{"d":"x"}},"l":[1]},{"a":{"b":2},"l":[]}]'
    await expect(readJson(text)).rejects.toMatchObject({
      code: 'Unsupported',
      message: 'readJson: column "a", row 0 holds an object, which is no cell',
      details: { column: 'a', row: 0 },
    })
    await expect(readJson(text, { nested: 'flatten' })).rejects.toThrow('column "l", row 0 holds an array')
    const flat = await readJson(text, { nested: 'flatten', columns: ['a.b', 'a.c.d'] })
    expect(flat.toRecords()).toEqual([
      { 'a.b': 1, 'a.c.d': 'x' },
      { 'a.b': 2, 'a.c.d': null },
    ])
    expect((await readJson(text, { nested: 'text' })).row(0)).toEqual({ a: '{"b":1,"c":{"d":"x"}}', l: '[1]' })
    await expect(readJson('[{"a":{"b":1},"a.b":2}]', { nested: 'flatten' })).rejects.toThrow('two members of row 0 make the column "a.b"')
  })

  it.each([
    ['[1,2]', 'row 0 must be an object, got 1'],
    ['{"a":1}', 'needs an array of row objects or an object of arrays'],
    ['{"a":[1],"b":[]}', '"a" has 1 cells, "b" has 0'],
    ['[{"a":1},', 'the text is not valid JSON'],
    ['\n3', 'needs an array of row objects'],
  ])('refuses %j', async (text, words) => {
    await expect(readJson(text)).rejects.toMatchObject({ code: 'Corrupt', message: expect.stringContaining(words) })
  })

  it('ignores a member called __proto__', async () => {
    expect((await readJson('[{"__proto__":{"x":1},"a":1}]')).columnNames).toEqual(['a'])
  })
})

describe('readNdjson', () => {
  const text = '{"n":1,"s":"서울"}\r\n\n{"n":2.5}\n'
  const bytes = new TextEncoder().encode(text)

  it.each([
    ['text', () => text],
    ['bytes', () => bytes],
    ['gzip', () => new Uint8Array(gzipSync(text))],
    ['a stream', () => new Response(text).body as ReadableStream<Uint8Array>],
    ['pieces of three bytes', () => Array.from({ length: Math.ceil(bytes.length / 3) }, (_, i) => bytes.subarray(i * 3, i * 3 + 3))],
  ])('reads %s', async (_, source) => {
    expect((await readNdjson(source() as string)).toRecords()).toEqual([
      { n: 1, s: '서울' },
      { n: 2.5, s: null },
    ])
  })

  it('names the line that is wrong', async () => {
    await expect(readNdjson('{"a":1}\n\n{"a":}\n')).rejects.toMatchObject({
      code: 'Corrupt',
      message: expect.stringContaining('line 3 is not valid JSON'),
    })
    await expect(readNdjson(Uint8Array.of(123, 125, 10, 0xff, 10))).rejects.toMatchObject({ code: 'Corrupt' })
  })

  it('gives batches with one schema', async () => {
    const lines = Array.from({ length: 25 }, (_, i) => `{"i":${i},"s":"${i % 3}"}`).join('\n')
    const sizes: number[] = []
    const seen: unknown[] = []
    for await (const batch of readNdjsonBatches(lines, { batchSize: 10 })) {
      sizes.push(batch.numRows)
      seen.push(...batch.column('i').toArray())
      expect(batch.schema.map(({ type }) => type)).toEqual(['int32', 'string'])
    }
    expect([sizes, seen]).toEqual([[10, 10, 5], Array.from({ length: 25 }, (_, i) => i)])
    const all = async (text: string, options = {}): Promise<number> => {
      let count = 0
      for await (const { numRows } of readNdjsonBatches(text, { batchSize: 1, ...options })) count += numRows
      return count
    }
    await expect(all('{"a":1}\n{"a":1.5}\n')).rejects.toMatchObject({ code: 'SchemaMismatch' })
    await expect(all('{"a":1}\n{"b":1}\n')).rejects.toMatchObject({ code: 'SchemaMismatch', details: { column: 'b' } })
    expect(await all('{"a":1}\n{"a":1.5}\n', { types: { a: 'float64' } })).toBe(2)
    expect(await all('{"a":1}\n{}\n')).toBe(2)
  })
})

describe('writing', () => {
  const data = fromColumns({
    f: [0.1, -0, null],
    s: ['"', null, '\u2028'],
    t: [new Date(0), null, new Date(1.5e12)],
    b: [true, null, false],
  })

  it('reads back', async () => {
    const types = { t: 'timestamp' } as const
    for (const text of [toJson(data), toJson(data, { layout: 'columns' })])
      expect((await readJson(text, { types })).toRecords()).toEqual(data.toRecords())
    expect((await readNdjson(toNdjson(data), { types })).toRecords()).toEqual(data.toRecords())
    expect(toNdjson(fromRows([{ a: 1 }]))).toBe('{"a":1}\n')
  })

  it('refuses infinite numbers', () => {
    expect(() => toJson(fromColumns({ x: [1, Number.POSITIVE_INFINITY] }))).toThrow('column "x", row 1 holds Infinity')
  })
})
