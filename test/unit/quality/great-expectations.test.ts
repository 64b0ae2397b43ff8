import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromColumns } from '../../../src/dataset'
import { loadJsonSchema, suiteFromJson, suiteToJson, validate } from '../../../src/quality'
import type { CaseColumn } from '../../interop/gx/_cases'
import { type Answer, caseTable, differenceOf, knownDifference } from '../../interop/gx/_difference'

const golden = JSON.parse(readFileSync('test/golden/quality-gx.json', 'utf8')) as {
  tables: Record<string, CaseColumn[]>
  cases: [table: string, type: string, kwargs: Record<string, unknown>, answer: Answer][]
}

describe('verdicts are those of Great Expectations', () => {
  const tables = Object.fromEntries(Object.entries(golden.tables).map(([name, columns]) => [name, caseTable(columns)]))
  const types = [...new Set(golden.cases.map(([, type]) => type))]

  it.each(types)('%s', async (type) => {
    const context = { tables, jsonSchema: await loadJsonSchema() }
    const differences = golden.cases
      .filter(([, own]) => own === type)
      .map(([table, , kwargs, answer]) => {
        const item = { table, type, kwargs }
        const difference = differenceOf(tables[table] as (typeof tables)[string], item, answer, context)
        return difference !== undefined && knownDifference(item) === undefined ? `${table} ${JSON.stringify(kwargs)}: ${difference}` : ''
      })
    expect(differences.filter(Boolean)).toEqual([])
  })
})

describe('suites say which version', () => {
  it('is that of the lane for new ones, and stays in those that were read', () => {
    const pinned = /^great_expectations==(.+)$/m.exec(readFileSync('test/interop/gx/requirements.txt', 'utf8'))?.[1]
    const suite = { name: 's', expectations: [] }
    expect(suiteToJson(suite).meta).toEqual({ great_expectations_version: pinned })
    const read = suiteFromJson({ ...suite, meta: { great_expectations_version: '0.18.1' } })
    expect(suiteToJson(read).meta).toEqual({ great_expectations_version: '0.18.1' })
  })
})

describe('suites that used to be judged wrongly', () => {
  it('a row condition counts its rows only', () => {
    const statuses = ['paid', 'paid', 'open', 'open', 'paid', 'open', 'open', 'open', 'open', 'open']
    const table = fromColumns({ status: statuses, paid_at: statuses.map((_, row) => ([1, 2, 3].includes(row) ? null : '2024-01-01')) })
    const kwargs = { column: 'paid_at', mostly: 0.7, row_condition: 'status == "paid"', condition_parser: 'pandas' }
    const suite = { name: 's', expectations: [{ type: 'expect_column_values_to_not_be_null', kwargs }] }
    const [result] = validate(table, suiteFromJson(suite)).results
    expect(result).toMatchObject({ success: false, result: { unexpected_count: 1, element_count: 3 } })
  })

  it("regular expressions are Python's", () => {
    const table = fromColumns({ name: ['Müller', 'O Neil', '李雷', 'Ann'], code: ['A7', 'B8x', 'C', 'D'] })
    const count = (type: string, column: string, regex: string) =>
      validate(table, suiteFromJson({ name: 's', expectations: [{ type, kwargs: { column, regex } }] })).results[0]?.result.unexpected_count
    const [match, notMatch] = ['expect_column_values_to_match_regex', 'expect_column_values_to_not_match_regex']
    expect([
      count(match, 'name', '^\\w+$'),
      count(match, 'name', '\\A\\S'),
      count(match, 'name', '^[^\\d]+\\Z'),
      count(notMatch, 'code', '\\d\\Z'),
    ]).toEqual([1, 0, 0, 1])
  })
})
