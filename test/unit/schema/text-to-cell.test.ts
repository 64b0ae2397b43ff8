/** The guide's table "How a value becomes a cell", executed: files, rows and predictors read text by one rule. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { fromColumns, fromRows } from '../../../src/dataset'
import { checkRows, createIssueLog, tableOfCells } from '../../../src/predictor/input-check'
import type { CellValue, ColumnType } from '../../../src/schema/column'

const guide = readFileSync(new URL('../../../docs/guide/data.md', import.meta.url), 'utf8')
const types = ['float64', 'int32', 'boolean', 'timestamp'] as const
const refused = '–'

/** Text, its own type, and the cell it is in each type as the guide writes it. */
const table = guide
  .slice(guide.indexOf('| text | by itself |'))
  .split('\n')
  .slice(2)
  .map((line) => /^\| `(".*")` \| (\w+) \| (.*) \|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, text, own, cells]) => ({ text: JSON.parse(text as string) as string, own, cells: (cells as string).split(' | ') }))

const cases = table.flatMap(({ text, cells }) => types.map((type, i) => [text, type, cells[i] as string] as const))

/** How the guide writes a cell. */
function written(cell: CellValue, type: ColumnType): string {
  if (type === 'timestamp') return new Date(cell as number).toISOString()
  return Object.is(cell, -0) ? '-0' : String(cell)
}

/** The cell that a reader makes, or the mark of refusal. */
function outcome(read: () => CellValue, type: ColumnType): string {
  try {
    return written(read(), type)
  } catch {
    return refused
  }
}

const csv = (text: string): string => `x,y\n"${text}",0\n`

function predicted(text: string, type: ColumnType): CellValue {
  const log = createIssueLog()
  const columns = [{ name: 'x', type }]
  const cells = checkRows([{ x: text }], columns, { coerce: true }, log)
  if (log.count > 0) throw log.toError('m@1', 1)
  return tableOfCells(columns, cells).column('x').at(0)
}

describe('text becomes a cell', () => {
  it('by a table that is there', () => {
    expect(table.length).toBeGreaterThan(25)
  })

  it.each(table.map(({ text, own }) => [text, own]))('%j is by itself %s', (text, own) => {
    expect(parseCsv(csv(text as string)).column('x').type).toBe(own)
  })

  it.each(cases)('%j as %s is %s in a CSV file, in rows, in columns and in a predictor', (text, type, cell) => {
    const asked = { types: { x: type }, coerce: true }
    expect(
      outcome(
        () =>
          parseCsv(csv(text), { types: { x: type } })
            .column('x')
            .at(0),
        type,
      ),
    ).toBe(cell)
    expect(
      outcome(
        () =>
          fromRows([{ x: text }], asked)
            .column('x')
            .at(0),
        type,
      ),
    ).toBe(cell)
    expect(
      outcome(
        () =>
          fromColumns({ x: [text] }, asked)
            .column('x')
            .at(0),
        type,
      ),
    ).toBe(cell)
    expect(outcome(() => predicted(text, type), type)).toBe(/Infinity/.test(cell) ? refused : cell)
  })
})
