/** Every transformer with every option against answers of scikit-learn; the lane `sklearn` compares the same on more tables. */
import { describe, expect, it } from 'vitest'
import golden from '../../golden/transformers.json'
import { allCases, type Case } from '../../interop/sklearn/_cases'
import { type Answer, differenceOf, rowsOfCase, type Tally } from '../../interop/sklearn/_difference'
import { GOLDEN_WIDTH, goldenTables, type Parts } from '../../interop/sklearn/_tables'

const tables = goldenTables()
const answers = new Map(golden.answers as unknown as [string, Answer][])
const byTransformer = new Map<string, Case[]>()
for (const item of allCases(tables, GOLDEN_WIDTH)) {
  const name = `${item.ours.kind} on ${item.table}`
  byTransformer.set(name, [...(byTransformer.get(name) ?? []), item])
}

describe('against scikit-learn', () => {
  it.each([...byTransformer])('%s', (_, cases) => {
    const tally: Tally = { cells: 0, worst: new Map(), lambdas: { all: 0, near: 0 }, slack: new Map() }
    expect(cases.flatMap((item) => differenceIn(item, tally) ?? [])).toEqual([])
    expect(tally.cells).toBeGreaterThan(0)
  })

  it('has an answer for every case, and no other', () => {
    expect([...byTransformer.values()].flat().map(keyOf).sort()).toEqual([...answers.keys()].sort())
  })
})

function keyOf({ table, ours, what, columns }: Case): string {
  return `${table} ${columns.join(',')} ${ours.kind} ${what}`
}

function differenceIn(item: Case, tally: Tally): string | undefined {
  const difference = differenceOf(item, rowsOfCase(item, tables[item.table] as Parts), answers.get(keyOf(item)) as Answer, tally)
  return difference === undefined ? undefined : `${keyOf(item)}: ${difference}`
}
