/** Verbs against pandas' answers on the data sets of the examples. The lane `pandas` compares many more cells with pandas itself. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { cases } from '../../interop/pandas/_cases'
import { type AnswerColumn, differenceOf, givenOf, ownFiles } from '../../interop/pandas/_compare'

const at = (path: string): URL => new URL(`../../../${path}`, import.meta.url)
const pinned = JSON.parse(readFileSync(fileURLToPath(at('test/golden/verbs.json')), 'utf8')) as {
  readonly cases: readonly (readonly [file: string, name: string, columns: readonly AnswerColumn[]])[]
}
const tables = new Map(ownFiles.map(({ name, path }) => [name, parseCsv(readFileSync(fileURLToPath(at(path)), 'utf8'))]))

describe('verbs and pandas', () => {
  it.each(ownFiles)('agree on $name', (file) => {
    const given = givenOf(file, tables)
    const answers = pinned.cases.filter(([name]) => name === file.name)
    expect(answers.length).toBeGreaterThan(10)
    const differences = answers.flatMap(([, name, columns]) => {
      const item = cases.find((one) => one.name === name)
      const difference = item === undefined ? 'there is no such case' : differenceOf(item.ours(given), { columns }, item.anyOrder)
      return difference === undefined ? [] : [`${name}: ${difference}`]
    })
    expect(differences).toEqual([])
  })

  it('are compared: a changed cell is found', () => {
    const [file, name, columns] = pinned.cases.find(([, title]) => title === 'groupBy one key') as (typeof pinned.cases)[number]
    const ours = cases
      .find((one) => one.name === name)
      ?.ours(givenOf(ownFiles.find((one) => one.name === file) as (typeof ownFiles)[number], tables))
    const changed = columns.map((column) =>
      column.name === 'mean' ? { ...column, values: column.values.map((value) => Number(value) * 1.0001) } : column,
    )
    expect(differenceOf(ours as NonNullable<typeof ours>, { columns: changed })).toMatch(/^column mean, row 0: /)
  })
})
