/** A progress bar as HTML, for notebooks that can replace the content of a display. */
import { escapeHtml } from '../core/display'
import { newId } from '../core/ids'
import type { ProgressEvent } from '../core/progress'

/** Shows HTML. A later call replaces the HTML of the earlier one. */
export type HtmlOutput = (html: string) => unknown

/** The part of Deno's Jupyter kernel that is used. */
interface DenoJupyter {
  broadcast?(type: string, content: object): Promise<unknown>
}

/** The bar: a `progress` element and the text beside it. Without a total, the element shows that work goes on but not how much is done. */
export function progressHtml({ done, total }: Pick<ProgressEvent, 'done' | 'total'>, text: string): string {
  const range = total === undefined ? '' : ` value="${Math.min(done, total)}" max="${Math.max(total, 1)}"`
  return `<div style="display:flex;gap:.8em;align-items:center"><progress${range} style="width:16em"></progress><code>${escapeHtml(text)}</code></div>`
}

/**
 * Returns a function that shows replaceable HTML in this notebook: in Deno's kernel a display with its own id (Jupyter's `display_data` and
 * `update_display_data`); elsewhere `undefined`.
 */
export function notebookOutput(): HtmlOutput | undefined {
  const jupyter = denoJupyter()
  if (typeof jupyter?.broadcast !== 'function') return undefined
  const display = { display_id: `millwright-${newId()}` }
  let shown = false
  return (html) => {
    const type = shown ? 'update_display_data' : 'display_data'
    shown = true
    return jupyter.broadcast?.(type, { data: { 'text/html': html }, metadata: {}, transient: display })?.catch(() => {})
  }
}

/** The kernel's interface. Deno defines it in every program, and throws where it is read outside of a notebook. */
function denoJupyter(): DenoJupyter | undefined {
  try {
    return (globalThis as { Deno?: { jupyter?: DenoJupyter } }).Deno?.jupyter
  } catch {
    return undefined
  }
}
