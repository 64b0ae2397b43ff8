/** What the program prints: headings, lines, progress that overwrites itself on a terminal, tables. */
import { stdout } from 'node:process'

const started = Date.now()
const colour = stdout.isTTY && process.env.NO_COLOR === undefined
const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)

/** A numbered step of the story. */
export function heading(number: number, text: string): void {
  clearProgress()
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`\n${paint(1, `${number}. ${text}`)} ${paint(2, `(${seconds} s)`)}`)
}

/** A line below the heading. */
export function line(text: string): void {
  clearProgress()
  console.log(`   ${text}`)
}

/** Something that happened in data time. */
export function event(at: number, text: string): void {
  line(`${paint(36, day(at))}  ${text}`)
}

let shown = 0

/** Work under way: on a terminal one line that is overwritten, elsewhere nothing. */
export function progress(text: string): void {
  if (!stdout.isTTY) return
  const cut = text.slice(0, Math.max(20, (stdout.columns || 80) - 5))
  stdout.write(`\r   ${paint(2, cut)}${' '.repeat(Math.max(0, shown - cut.length))}`)
  shown = cut.length
}

function clearProgress(): void {
  if (shown > 0) stdout.write(`\r${' '.repeat(shown + 3)}\r`)
  shown = 0
}

/** Columns of equal width; the first is aligned left, the others right. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => (row[c] ?? '').length)))
  rows.forEach((row, r) => {
    const text = row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0))).join('  ')
    line(r === 0 ? paint(2, text) : text)
  })
}

/** `86.4 %` */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : '–'
}

/** `+5.0`: percentage points. */
export function points(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${Math.abs(difference * 100).toFixed(1)}`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `8 Apr` (UTC). */
export function day(at: number): string {
  const date = new Date(at)
  return `${String(date.getUTCDate()).padStart(2)} ${months[date.getUTCMonth()]}`
}

/** `Apr` (UTC). */
export function month(at: number): string {
  return months[new Date(at).getUTCMonth()] ?? ''
}
