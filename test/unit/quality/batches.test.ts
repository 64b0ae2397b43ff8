import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromColumns } from '../../../src/dataset'
import * as quality from '../../../src/quality'
import { sliceColumn } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import type { CaseColumn } from '../../interop/gx/_cases'
import { caseTable } from '../../interop/gx/_difference'
import { sample } from '../../support/effort'

const { expectations, validate, validateBatches } = quality
const golden = JSON.parse(readFileSync('test/golden/quality-gx.json', 'utf8')) as {
  tables: Record<string, CaseColumn[]>
  cases: [table: string, type: string, kwargs: quality.Kwargs][]
}
const tables = Object.fromEntries(Object.entries(golden.tables).map(([name, columns]) => [name, caseTable(columns)]))
const clock = { now: () => 0, schedule: () => () => {} }

async function* batchesOf(table: Table, size: number): AsyncGenerator<Table> {
  for (let start = 0; start < Math.max(1, table.numRows); start += size) {
    yield tableOf(table.columnNames.map((name) => sliceColumn(table.column(name), start, Math.min(start + size, table.numRows))))
  }
}

/** Numbers to ten digits: a running standard deviation is rounded otherwise than one of the whole. */
const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, item) => (typeof item === 'number' ? Number(item.toPrecision(10)) : item))

describe('batches of a stream', () => {
  it.each(Object.keys(tables).flatMap((name) => [1, 3, 100].map((size) => [name, size] as const)))(
    'say of table %s by %i rows what the whole table says',
    async (name, size) => {
      const table = tables[name] as Table
      const list = sample(
        golden.cases.filter(([own]) => own === name),
        30,
        size,
      ).map(([, type, kwargs]) => ({ type, kwargs }))
      const suite = expectations('all', list)
      for (const resultFormat of ['SUMMARY', 'COMPLETE'] as const) {
        const options = { tables, jsonSchema: await quality.loadJsonSchema(), clock, resultFormat }
        const whole = validate(table, suite, options)
        const streamed = await validateBatches(batchesOf(table, size), suite, options)
        const differing = streamed.results.filter(
          (result, i) => JSON.stringify(rounded(result)) !== JSON.stringify(rounded(whole.results[i])),
        )
        expect(differing.map((result) => [result, whole.results[streamed.results.indexOf(result)]])).toEqual([])
        expect(streamed.statistics).toEqual(whole.statistics)
      }
    },
  )

  const batch = fromColumns({ n: [1, 2, 3], s: ['a', 'b', 'c'] })
  const message = ({ results }: quality.ValidationResult) => results.map(({ exception_info: info }) => info.exception_message)

  it('keep a bounded number of values, or fail by name', async () => {
    const suite = expectations('bounded', [
      quality.columnValuesToBeUnique('n'),
      quality.columnUniqueValueCountToBeBetween('s', { max: 3 }),
      quality.columnValuesToBeBetween('n', { max: 2 }),
    ])
    const result = await validateBatches([batch, batch], suite, { maxKeptValues: 5 })
    expect(message(result)).toEqual(['expect_column_values_to_be_unique keeps the cells of "n", and there are more than 5', null, null])
    expect(result.results[2]?.result).toMatchObject({ unexpected_count: 2, partial_unexpected_index_list: [2, 5] })
  })

  it('may widen a column, and may lack all values of one', async () => {
    const suite = expectations('types', [
      quality.columnMaxToBeBetween('n', { max: 3.5 }),
      quality.columnValuesToBeOfType('n', 'float64'),
      quality.columnValuesToMatchRegex('s', '^[a-c]$'),
      quality.columnValuesToBeIncreasing('n', { mostly: 0.5 }),
    ])
    const result = await validateBatches([batch, fromColumns({ n: [3.5, 1], s: [null, null] }, { types: { s: 'float64' } })], suite)
    expect(result.success).toBe(true)
    expect(result.results[2]?.result).toMatchObject({ element_count: 5, missing_count: 2 })
    expect(result.results[3]?.result).toMatchObject({ partial_unexpected_index_list: [4] })
  })

  it('must have the columns of the first', async () => {
    const suite = expectations('any', [])
    await expect(validateBatches([batch, fromColumns({ n: ['x'], t: [1] })], suite)).rejects.toThrow(
      'validateBatches needs batches with the same columns: "n" is int32 in batch 0 and string in batch 1; batch 1 has no column "s"; batch 1 has a column "t"',
    )
    await expect(validateBatches(Promise.resolve([batch]) as never, suite)).rejects.toThrow(
      'validateBatches needs an (async) iterable of Datasets, got a Promise',
    )
    await expect(validateBatches([[1]] as never, suite)).rejects.toThrow('validateBatches expects a Dataset, got an array')
  })

  it('report progress and stop when asked', async () => {
    const events: unknown[] = []
    const onProgress = (event: unknown) => events.push(event)
    await validateBatches([batch, batch], expectations('any', []), { onProgress, clock })
    expect(events.at(-1)).toEqual({ phase: 'validate', done: 2, total: 2, unit: 'batches' })
    const reason = new Error('enough')
    await expect(validateBatches([batch], expectations('any', []), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(validateBatches([], expectations('any', [quality.columnToExist('n')]))).resolves.toMatchObject({ success: false })
  })
})
