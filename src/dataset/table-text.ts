/** The first rows of a table as text and as Markdown. At most 20 columns. */
import { markdownCell } from '../core/display'
import type { Column } from '../schema/column'
import type { Table } from '../schema/table'

const maxColumns = 20
const maxWidth = 40

/** How a table is shown as text. */
export interface TextTableOptions {
  /** Rows shown. @default 10 */
  readonly rows?: number | undefined
  /** Characters in a line; columns that do not fit are shown below. @default the terminal's width, or 100 */
  readonly width?: number | undefined
}

/** A table as fixed-width text: names, types, rows. Columns that are wider than a line are shown in blocks, one below the other. */
export function textTable(table: Table, options: TextTableOptions = {}): string {
  const { columns, count, more } = shown(table, options.rows ?? 10)
  const blocks: string[][] = []
  const width = options.width ?? terminalWidth()
  let used = Number.POSITIVE_INFINITY
  for (const column of columns) {
    const cells = columnText(column, count)
    const wide = (cells[0] as string).length
    if (used + 2 + wide > width) {
      blocks.push(cells)
      used = wide
      continue
    }
    const block = blocks.at(-1) as string[]
    for (let line = 0; line < cells.length; line++) block[line] += `  ${cells[line]}`
    used += 2 + wide
  }
  const text = blocks.map((lines) => lines.map((line) => line.trimEnd()).join('\n')).join('\n\n')
  return [...(text === '' ? [] : [text]), ...more].join('\n')
}

/** Name, type and cells of a column, all of one width. */
function columnText(column: Column, count: number): string[] {
  const cells = [cut(column.name), column.type, ...Array.from({ length: count }, (_, row) => cut(cellText(column, row)))]
  const width = Math.max(...cells.map((cell) => cell.length))
  const numeric = column.type === 'int32' || column.type === 'float64'
  return cells.map((cell) => (numeric ? cell.padStart(width) : cell.padEnd(width)))
}

/** The width of the terminal where there is one. */
function terminalWidth(): number {
  const { process } = globalThis as { readonly process?: { readonly stdout?: { readonly columns?: number } } }
  return process?.stdout?.columns ?? 100
}

/** A table in Markdown: names, `rows` rows. */
export function markdownTable(table: Table, rows = 10): string {
  const { columns, count, more } = shown(table, rows)
  if (columns.length === 0) return ''
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const lines = [line(columns.map(({ name }) => markdownCell(cut(name)))), line(columns.map(() => '---'))]
  for (let row = 0; row < count; row++) lines.push(line(columns.map((column) => markdownCell(cut(cellText(column, row))))))
  return [...lines, ...(more.length === 0 ? [] : ['', ...more])].join('\n')
}

/** The text of a cell: timestamps in ISO form, missing cells empty. */
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
  const count = Math.min(table.numRows, rows)
  const more: string[] = []
  if (table.numRows > count) more.push(`… ${table.numRows - count} more rows`)
  if (table.columnNames.length > names.length) more.push(`… ${table.columnNames.length - names.length} more columns`)
  return { columns: names.map((name) => table.column(name)), count, more }
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > maxWidth ? `${line.slice(0, maxWidth - 1)}…` : line
}
