/** Reading CSV on several threads. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type ReadCsvOptions, readCsv } from '../../../../src/adapters/csv/csv'
import { planOf } from '../../../../src/adapters/csv/options'
import { parseInSlices } from '../../../../src/adapters/csv/slices'
import { silentLogger } from '../../../../src/core/logger'
import { type Dataset, fingerprint } from '../../../../src/dataset'

/** More than a megabyte; whole numbers get a fraction and a column becomes text far behind the first rows. */
function text(lastLine = ''): string {
  const rows = Array.from(
    { length: 36_000 },
    (_, i) => `${i},${i > 20_000 ? `${i}.5` : i},"name ${i % 50}",${i === 30_000 ? 'x' : i % 7},2024-01-05\n`,
  )
  return `id,late,name,odd,at\n${rows.join('')}${lastLine}`
}

const plain: ReadCsvOptions<undefined> = { logger: silentLogger() }

describe('readCsv with workers', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })

  it('gives the same dataset', async () => {
    const want = await readCsv(text(), plain)
    expect(want.schema.map(({ type }) => type)).toEqual(['int32', 'float64', 'string', 'string', 'timestamp'])
    expect(fingerprint(await readCsv(text(), { ...plain, workers: 2 }))).toBe(fingerprint(want))
    expect(fingerprint(await readCsv(text(), { ...plain, workers: true }))).toBe(fingerprint(want))
    const sliced = await parseInSlices(new TextEncoder().encode(text()), planOf('readCsv', plain), {
      workers: 1,
      signal: undefined,
      report: () => {},
    })
    expect(fingerprint(sliced as Dataset)).toBe(fingerprint(want))
  })

  it('names the line of what is wrong, as one thread does', async () => {
    for (const [line, code] of [
      ['1,2\n', 'Corrupt'],
      ['1,2,"x,3,4\n', 'Corrupt'],
    ] as const) {
      const one = await readCsv(text(line), plain).catch((error: Error) => error)
      expect(one).toMatchObject({ code, details: { line: 36_002 } })
      await expect(readCsv(text(line), { ...plain, workers: 1 })).rejects.toThrow((one as Error).message)
    }
    const types = { odd: 'int32' } as const
    await expect(readCsv(text(), { ...plain, types, workers: 1 })).rejects.toThrow(
      'readCsv: line 30002: column "odd" must be int32, got "x"',
    )
    await expect(readCsv(text(), { ...plain, maxRows: 35_999, workers: 1 })).rejects.toThrow('more rows than `maxRows` 35999')
  })

  it('reads with one thread where the runtime has no others', async () => {
    const builtins = process.getBuiltinModule
    const asked = vi
      .spyOn(process, 'getBuiltinModule')
      .mockImplementation(((name: string) =>
        name === 'node:worker_threads' ? undefined : builtins.call(process, name)) as typeof builtins)
    vi.stubGlobal('Worker', undefined)
    // Modules of their own, which hold no idle threads of the tests above.
    vi.resetModules()
    const fresh = await import('../../../../src/adapters/csv/csv')
    expect((await fresh.readCsv(text(), { ...plain, workers: 3 })).numRows).toBe(36_000)
    expect(asked).toHaveBeenCalledWith('node:worker_threads')
  })

  it('tells how far it is, and stops when told', async () => {
    const events: number[] = []
    await readCsv(text(), {
      ...plain,
      workers: 1,
      onProgress: ({ phase, done, total }) => phase === 'parse' && events.push(done / (total ?? 0)),
    })
    expect(events.at(-1)).toBe(1)
    expect(events).toEqual([...events].sort((a, b) => a - b))
    const controller = new AbortController()
    const reason = new Error('enough')
    const reading = readCsv(text(), {
      ...plain,
      workers: 1,
      signal: controller.signal,
      onProgress: ({ phase }) => phase === 'parse' && controller.abort(reason),
    })
    await expect(reading).rejects.toBe(reason)
  })

  it('refuses other numbers', async () => {
    await expect(readCsv('a\n1\n', { workers: -1 })).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(readCsv('a\n1\n', { workers: 1.5 })).rejects.toMatchObject({ code: 'InvalidArgument' })
  })
})
