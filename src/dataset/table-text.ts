/** The first rows of a table as text and as Markdown. At most 20 rows and 20 columns. */
import { markdownCell } from '../core/display'
import type { Column } from '../schema/column'
import type { Table } from '../schema/table'

const maxColumns = 20
const maxWidth = 40

/** A table in fixed-width text: names, types, `rows` rows (at most 20). */
export function textTable(table: Table, rows = 10): string {
  const { columns, count, more } = shown(table, rows)
  const lines: string[][] = [columns.map(({ name }) => cut(name)), columns.map(({ type }) => type)]
  for (let row = 0; row < count; row++) lines.push(columns.map((column) => cut(cellText(column, row))))
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => (line[i] as string).length)))
  const numeric = columns.map(({ type }) => type === 'int32' || type === 'float64')
  const text = lines.map((line) =>
    line
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd(),
  )
  return [...text, ...more].join('\n')
}

/** A table in Markdown: names, `rows` rows (at most 20). */
export function markdownTable(table: Table, rows = 10): string {
  const { columns, count, more } = shown(table, rows)
  if (columns.length === 0) return ''
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const lines = [line(columns.map(({ name }) => markdownCell(cut(name)))), line(columns.map(() => '---'))]
  for (let row = 0; row < count; row++) lines.push(line(columns.map((column) => markdownCell(cut(cellText(column, row))))))
  return [...lines, ...(more.length === 0 ? [] : ['', ...more])].join('\n')
}

/** A cell as a person reads it: timestamps in ISO form, missing cells empty. */
export function cellText(column: Column, row: number): string {
  const cell = column.at(row)
  if (cell === null) return ''
  if (column.type === 'timestamp') {
    const date = new Date(cell as number)
    return Number.isNaN(date.getTime()) ? String(cell) : date.toISOString().replace(/T00:00:00\.000Z$|\.000(?=Z$)/, '')
  }
  return typeof cell === 'number' && !Number.isInteger(cell) ? String(Number(cell.toPrecision(7))) : String(cell)
}

function shown(table: Table, rows: number): { columns: Column[]; count: number; more: string[] } {
  const names = table.columnNames.slice(0, maxColumns)
  const count = Math.min(table.numRows, rows, 20)
  const more: string[] = []
  if (table.numRows > count) more.push(`… ${table.numRows - count} more rows`)
  if (table.columnNames.length > names.length) more.push(`… ${table.columnNames.length - names.length} more columns`)
  return { columns: names.map((name) => table.column(name)), count, more }
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > maxWidth ? `${line.slice(0, maxWidth - 1)}…` : line
}
