/** CSV in slices on threads: the same dataset, the same warnings and the same errors as on one thread, whatever the file and wherever it is cut. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ParseCsvOptions, parseCsv } from '../../src/adapters/csv/csv'
import { planOf } from '../../src/adapters/csv/options'
import { parseInSlices } from '../../src/adapters/csv/slices'
import type { Logger } from '../../src/core/logger'
import type { Dataset } from '../../src/dataset'
import { times } from '../support/effort'

/** Everything about a dataset that a user can see, and the order of the texts in each dictionary. */
const seen = (data: Dataset) =>
  data.columns().map(({ name, type, storage, dictionary }) => ({
    name,
    type,
    cells: [...storage].map((value) => (Object.is(value, -0) ? '-0' : value)),
    dictionary,
  }))

function listener(): { readonly logger: Logger; readonly heard: string[] } {
  const heard: string[] = []
  const log = (message: string): void => void heard.push(message)
  return { heard, logger: { debug: log, info: log, warn: log, error: log } }
}

/** Cells of a column that begins as one kind and may become another. */
const kinds: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ints: fc.constantFrom('0', '7', '-12', '123456789', '-0', ' 3'),
  floats: fc.constantFrom('1.5', '-0.25', '1e3', '-0', '4', '.5'),
  booleans: fc.constantFrom('true', 'FALSE', 'yes', '1'),
  dates: fc.constantFrom('2024-01-05', '2024-01-05 10:00', '2023-12-31T23:59:59Z'),
  spelt: fc.constantFrom('31/12/2024', '01/02/2024'),
  commas: fc.constantFrom('"1,5"', '"1.234,5"', '"7,25"'),
  missing: fc.constantFrom('', 'NA', '-999'),
  texts: fc.constantFrom('a', 'b', 'é한', '"x\ny"', '"q ""q"""', '"1,2"', '"\r\n"', '007', '9007199254740993'),
}
const kind = fc.constantFrom(...Object.keys(kinds))

/** A column: runs of cells of one kind each. */
const column = (rows: number) =>
  fc.array(fc.tuple(kind, fc.integer({ min: 1, max: rows })), { minLength: 1, maxLength: 3 }).chain((runs) => {
    const cells = runs.flatMap(([name, length]) => Array.from({ length }, () => kinds[name] as fc.Arbitrary<string>))
    const last = kinds[(runs.at(-1) as [string, number])[0]] as fc.Arbitrary<string>
    return fc.tuple(
      ...Array.from({ length: rows }, (_, row) =>
        fc.oneof({ weight: 6, arbitrary: cells[row] ?? last }, { weight: 1, arbitrary: fc.constant('') }),
      ),
    )
  })

const document = fc
  .record({ rows: fc.integer({ min: 10, max: 80 }), columns: fc.integer({ min: 1, max: 4 }), lineEnd: fc.constantFrom('\n', '\r\n', '\r') })
  .chain(({ rows, columns, lineEnd }) =>
    fc.tuple(...Array.from({ length: columns }, () => column(rows))).map((cells) => {
      const names = cells.map((_, c) => `c${c}`)
      // The last column keeps lines from being empty.
      const lines = Array.from({ length: rows }, (_, row) => [...cells.map((of) => of[row]), 'end'].join(','))
      return `${[...names, 'z'].join(',')}${lineEnd}${lines.join(lineEnd)}${lineEnd}`
    }),
  )
const optionsOf: fc.Arbitrary<ParseCsvOptions<undefined>> = fc.constantFrom<ParseCsvOptions<undefined>>(
  {},
  { naValues: ['', '-999'] },
  { trueValues: ['yes', '1', 'true'], falseValues: ['FALSE'] },
  { dates: 'find' },
  { types: { c0: 'string' } },
  { types: { c0: 'float64' }, naValues: ['', 'NA', '-999'] },
  { columns: ['z', 'c0'] },
  { timestamps: false },
  { maxRows: 40 },
)

async function inSlices(text: string, options: ParseCsvOptions<undefined>, sliceBytes: number): Promise<Dataset | undefined> {
  const sizes = { minBytes: 1, minSlice: sliceBytes, maxSlice: sliceBytes, sample: 40 }
  const plan = planOf('parseCsv', options)
  return parseInSlices(new TextEncoder().encode(text), plan, { workers: 1, signal: undefined, report: () => {}, sizes })
}

describe('CSV in slices', () => {
  it('gives what one thread gives, and nothing where records or cells do not fit', async () => {
    let numSliced = 0
    let numRead = 0
    await fc.assert(
      fc.asyncProperty(document, optionsOf, fc.integer({ min: 30, max: 400 }), async (text, options, sliceBytes) => {
        const [one, many] = [listener(), listener()]
        let want: Dataset | undefined
        try {
          want = parseCsv(text, { ...options, logger: one.logger })
        } catch {
          await expect(inSlices(text, { ...options, logger: many.logger }, sliceBytes).catch(() => undefined)).resolves.toBeUndefined()
          return
        }
        const got = await inSlices(text, { ...options, logger: many.logger }, sliceBytes)
        numRead++
        if (got === undefined) return
        numSliced++
        expect(seen(got)).toEqual(seen(want))
        expect(many.heard).toEqual(one.heard)
      }),
      { numRuns: times(60, 5000) },
    )
    // Slices that end inside quotes, and files of one slice, are left to one thread; most are not.
    expect(numSliced / numRead).toBeGreaterThan(0.5)
  })
})
