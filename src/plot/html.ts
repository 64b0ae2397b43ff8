/** HTML as a value: text put into a template is escaped, HTML made by a template is not escaped twice. */
import { escapeHtml } from '../core/display'

/** A piece of HTML that is safe to place in a page. */
export interface Html {
  readonly html: string
}

/** The values that a template accepts: text is escaped, HTML and lists of HTML are inserted unchanged, `null` and `undefined` give nothing. */
export type HtmlPart = string | number | Html | readonly HtmlPart[] | null | undefined

/**
 * A tagged template for HTML and SVG.
 *
 * @example
 * html`<p class="${'a&b'}">${'<script>'}</p>`.html // <p class="a&#38;b">&#60;script&#62;</p>
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = strings[0] as string
  for (let i = 0; i < parts.length; i++) text += render(parts[i]) + (strings[i + 1] as string)
  return { html: text }
}

/** JSON inside a `<script type="application/json">`, where `<` could end the script. */
export function embedJson(id: string, value: unknown): Html {
  const text = (JSON.stringify(value) ?? 'null').replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return html`<script type="application/json" id="${id}">${{ html: text }}</script>`
}

function render(part: HtmlPart): string {
  if (part === null || part === undefined) return ''
  if (typeof part === 'object') return 'html' in part ? part.html : part.map(render).join('')
  return escapeHtml(part)
}
