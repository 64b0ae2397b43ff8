/** Display hooks for notebooks (Jupyter, Deno) and Node consoles, and `await using`. Attached to each object, so that bundles stay small. */

/** What a displayed object shows. */
export interface Display {
  /** One line, or a few, of plain text. */
  text(): string
  /** Markdown; the plain text when absent. */
  markdown?(): string
  /** An SVG document. */
  svg?(): string
}

/**
 * Gives `target` the display hooks `Symbol.for('Jupyter.display')` and `Symbol.for('nodejs.util.inspect.custom')`, and a `toString` that
 * gives the first line of the text unless it has one of its own. Call it in a constructor or a factory; it returns `target`.
 * The hooks are not enumerable, so that JSON, copies and comparisons do not see them. Displaying must not trigger I/O.
 */
export function attachDisplay<T extends object>(target: T, display: Display): T {
  const bundle = (): Record<string, string> => ({
    'text/plain': display.text(),
    'text/markdown': display.markdown?.() ?? display.text(),
    ...(display.svg === undefined ? {} : { 'image/svg+xml': display.svg() }),
  })
  Object.defineProperty(target, Symbol.for('Jupyter.display'), { value: bundle, enumerable: false, configurable: true })
  Object.defineProperty(target, Symbol.for('nodejs.util.inspect.custom'), {
    value: () => display.text(),
    enumerable: false,
    configurable: true,
  })
  if (target.toString === Object.prototype.toString) {
    const line = (): string => display.text().split('\n', 1)[0] ?? ''
    Object.defineProperty(target, 'toString', { value: line, enumerable: false, configurable: true })
  }
  return target
}

/**
 * Gives `target` a method under `Symbol.asyncDispose`, for `await using`, if the runtime has that symbol. Call it in a constructor: a class
 * member under that name would keep the class in every bundle, and fail where the symbol is unknown.
 */
export function attachDispose(target: object, close: () => Promise<void>): void {
  const { asyncDispose } = Symbol as { readonly asyncDispose?: symbol }
  if (asyncDispose !== undefined) Object.defineProperty(target, asyncDispose, { value: close, enumerable: false, configurable: true })
}

/** Displays what implements a port by its kind, its name and what it can do: `ObjectStore: fsStorage(./mlops) with conditionalPut, …`. */
export function displayPort<T extends { readonly name: string; readonly capabilities?: object }>(kind: string, port: T): T {
  const can = Object.entries(port.capabilities ?? {}).flatMap(([name, value]) => (value === true ? [name] : []))
  return attachDisplay(port, { text: () => `${kind}: ${port.name}${can.length === 0 ? '' : ` with ${can.join(', ')}`}` })
}

/** A Markdown table; every cell is escaped, at most 20 rows are shown and the rest is counted. */
export function markdownTable(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]): string => `| ${cells.map(markdownCell).join(' | ')} |`
  const more = rows.length > MAX_ROWS ? [`\n… and ${rows.length - MAX_ROWS} more`] : []
  return [line(header), `|${' --- |'.repeat(header.length)}`, ...rows.slice(0, MAX_ROWS).map(line), ...more].join('\n')
}

/** A table in plain text: columns padded to their widest cell (at most 40 characters), at most 20 rows, the rest counted. */
export function textTable(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const shown = [header, ...rows.slice(0, MAX_ROWS)].map((cells) => cells.map(textCell))
  const widths = header.map((_, column) => Math.max(...shown.map((cells) => cells[column]?.length ?? 0)))
  const lines = shown.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [...lines, ...(rows.length > MAX_ROWS ? [`… and ${rows.length - MAX_ROWS} more`] : [])].join('\n')
}

/** Rows that a displayed table shows. */
const MAX_ROWS = 20
const MAX_CELL = 40

function textCell(value: unknown): string {
  const text = String(value ?? '').replace(/\s+/g, ' ')
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text
}

/** Escapes a cell for a Markdown table. */
export function markdownCell(value: unknown): string {
  return String(value ?? '')
    .replace(/[\\|<>&`*_[\]]/g, (character) => (/[<>&]/.test(character) ? `&#${character.charCodeAt(0)};` : `\\${character}`))
    .replace(/\s+/g, ' ')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

/** Escapes text for HTML and SVG, both content and attribute values. Characters that XML forbids are replaced, or an SVG file would not open. */
export function escapeHtml(text: unknown): string {
  return String(text ?? '')
    .replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(notInXml, '\ufffd')
}
