/** The legend above a chart. */
import type { Colour } from './colours'
import { type Html, html } from './html'
import { px, textWidth } from './text-size'

/** Whether a line is broken: into dashes (`true`), or into dots. */
export type Dash = boolean | 'dots'

/** One entry of a legend. */
export interface LegendEntry {
  readonly name: string
  readonly colour: Colour
  readonly dashed?: Dash | undefined
  readonly quiet?: boolean | undefined
  /** @default 'line' */
  readonly shape?: 'line' | 'box' | 'dot' | undefined
}

/** The legend as a list. */
export function legend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">${entries.map((entry) => html`<li>${sample(entry)}<span>${entry.name}</span></li>`)}</ul>`
}

/** The legend as part of a drawing, from the upper left corner on, in as many rows as it needs. */
export function drawnLegend(entries: readonly LegendEntry[], width: number): { readonly body: Html; readonly height: number } {
  let [x, y] = [12, 10]
  const drawn = entries.map((entry) => {
    const room = 33 + textWidth(entry.name, 13) + 20
    if (x > 12 && x + room > width) {
      x = 12
      y += 20
    }
    const at = html`<g transform="translate(${px(x)} ${y})">${sampleOf(entry)}<text x="33" y="10" style="font-size:13px">${entry.name}</text></g>`
    x += room
    return at
  })
  return { body: html`${drawn}`, height: entries.length === 0 ? 0 : y + 20 }
}

function sample(entry: LegendEntry): Html {
  return html`<svg viewBox="0 0 26 12" aria-hidden="true">${sampleOf(entry)}</svg>`
}

function sampleOf({ colour, dashed, quiet, shape = 'line' }: LegendEntry): Html {
  return shape === 'box'
    ? html`<rect x="6" y="0" width="14" height="12" rx="3" fill="var(--${colour})"/>`
    : shape === 'dot'
      ? html`<circle cx="13" cy="6" r="5.5" fill="var(--${colour})"/>`
      : html`<line x1="2" x2="24" y1="6" y2="6" stroke="var(--${colour})" stroke-width="${quiet ? 2 : 3}" stroke-linecap="round" stroke-dasharray="${dashArray(dashed)}"/>`
}

/** The dash pattern of a line as SVG's `stroke-dasharray`. */
export function dashArray(dash: Dash | undefined): string {
  return dash === 'dots' ? '1.5 4.5' : dash ? '6 5' : 'none'
}
