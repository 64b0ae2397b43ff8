import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CaseColumn } from '../../interop/gx/cases'
import { type Answer, caseTable, differenceOf, knownDifference } from '../../interop/gx/difference'

const golden = JSON.parse(readFileSync('test/golden/quality-gx.json', 'utf8')) as {
  tables: Record<string, CaseColumn[]>
  cases: [table: string, type: string, kwargs: Record<string, unknown>, answer: Answer][]
}

describe('verdicts are those of Great Expectations on pandas', () => {
  const tables = Object.fromEntries(Object.entries(golden.tables).map(([name, columns]) => [name, caseTable(columns)]))
  const types = [...new Set(golden.cases.map(([, type]) => type))]

  it.each(types)('%s', (type) => {
    const differences = golden.cases
      .filter(([, own]) => own === type)
      .map(([table, , kwargs, answer]) => {
        const item = { table, type, kwargs }
        const difference = differenceOf(tables[table] as (typeof tables)[string], item, answer)
        return difference !== undefined && knownDifference(item) === undefined ? `${table} ${JSON.stringify(kwargs)}: ${difference}` : ''
      })
    expect(differences.filter(Boolean)).toEqual([])
  })
})
