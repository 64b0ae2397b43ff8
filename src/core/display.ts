/** Light display hooks for notebooks (Jupyter, Deno) and Node consoles, attached per object so that bundles stay small. */

/** What a displayed object shows. */
export interface Display {
  /** One line, or a few, of plain text. */
  text(): string
  /** Markdown; the plain text when absent. */
  markdown?(): string
}

/**
 * Gives `target` the display hooks `Symbol.for('Jupyter.display')` and `Symbol.for('nodejs.util.inspect.custom')`.
 * Call it in a constructor. The hooks are not enumerable. Displaying must not trigger I/O.
 */
export function attachDisplay(target: object, display: Display): void {
  const bundle = (): Record<string, string> => ({
    'text/plain': display.text(),
    'text/markdown': display.markdown?.() ?? display.text(),
  })
  Object.defineProperty(target, Symbol.for('Jupyter.display'), { value: bundle, enumerable: false, configurable: true })
  Object.defineProperty(target, Symbol.for('nodejs.util.inspect.custom'), {
    value: () => display.text(),
    enumerable: false,
    configurable: true,
  })
}

/** Escapes a cell for a Markdown table. */
export function markdownCell(value: unknown): string {
  return String(value ?? '')
    .replace(/[\\|<>&`*_[\]]/g, (character) => (/[<>&]/.test(character) ? `&#${character.charCodeAt(0)};` : `\\${character}`))
    .replace(/\s+/g, ' ')
}

/** Escapes text for HTML, both content and attribute values. */
export function escapeHtml(text: unknown): string {
  return String(text ?? '').replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
