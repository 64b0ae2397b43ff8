import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toArrow } from '../../../src/adapters/arrow/arrow'
import { toParquet } from '../../../src/adapters/parquet/parquet'
import { fromRows } from '../../../src/dataset'
import { readData } from '../../../src/wiring/read-data'

const rows = [
  { a: 1, s: 'x' },
  { a: 2, s: null },
]
let folder = ''
const files: Record<string, Uint8Array | string> = {
  'a.csv': 'a,s\n1,x\n2,\n',
  'a.tsv': 'a\ts\n1\tx\n2\t\n',
  'a.json': JSON.stringify(rows),
  'a.ndjson': '{"a":1,"s":"x"}\n{"a":2}\n',
  'lines.json': '{"a":1,"s":"x"}\n{"a":2}\n',
  'rows.dat': `  ${JSON.stringify(rows)}`,
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'read-data-'))
  files['a.parquet'] = await toParquet(fromRows(rows))
  files['parquet.csv'] = files['a.parquet']
  files['a.arrow'] = await toArrow(fromRows(rows))
  files['stream.bin'] = await toArrow(fromRows(rows), { format: 'stream' })
  for (const name of ['a.csv', 'a.ndjson', 'a.parquet']) files[`${name}.gz`] = gzipSync(files[name] as string)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('readData', () => {
  it.each([
    ...['a.csv', 'a.tsv', 'a.json', 'a.ndjson', 'a.parquet', 'a.arrow', 'rows.dat', 'parquet.csv', 'stream.bin'],
    ...['a.csv.gz', 'a.ndjson.gz', 'a.parquet.gz'],
  ])('reads %s, from its path, its URL and its bytes', async (name) => {
    const path = join(folder, name)
    const sources = [path, pathToFileURL(path), new File([files[name] as string], name)]
    for (const source of sources) expect((await readData(source)).toRecords()).toEqual(rows)
  })

  it('reads text, and takes what is said', async () => {
    expect((await readData('a,s\n1,x\n2,\n')).toRecords()).toEqual(rows)
    expect((await readData(JSON.stringify(rows))).toRecords()).toEqual(rows)
    expect((await readData('{"a":1,"s":"x"}\n{"a":2}\n')).toRecords()).toEqual(rows)
    expect((await readData(join(folder, 'lines.json'), { format: 'ndjson', columns: ['a'] })).toRecords()).toEqual([{ a: 1 }, { a: 2 }])
    expect((await readData(new TextEncoder().encode('a;b\n1,5;2\n'), { format: 'csv', csv: { decimal: ',' } })).row(0)).toEqual({
      a: 1.5,
      b: 2,
    })
  })

  it('says so when it cannot tell', async () => {
    await expect(readData(new TextEncoder().encode('a,b\n1,2\n'))).rejects.toMatchObject({ code: 'Unsupported' })
    await expect(readData(new File(['PK\x03\x04'], 'book.xlsx'))).rejects.toThrow('it is a ZIP file (or an Excel workbook)')
    await expect(readData('none.csv')).rejects.toMatchObject({ code: 'NotFound' })
    await expect(readData(join(folder, 'a.csv'), { sheet: 1 } as object)).rejects.toMatchObject({ code: 'InvalidArgument' })
  })
})
