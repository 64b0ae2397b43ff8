/** The legend above a chart. */
import { type Html, html } from './html'

/** Colours of the style sheet: blue, grey, orange, green, purple. */
export type Colour = 'a' | 'b' | 'c' | 'd' | 'e'

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

function sample({ colour, dashed, quiet, shape = 'line' }: LegendEntry): Html {
  const drawing =
    shape === 'box'
      ? html`<rect x="6" y="0" width="14" height="12" rx="3" fill="var(--${colour})"/>`
      : shape === 'dot'
        ? html`<circle cx="13" cy="6" r="5.5" fill="var(--${colour})"/>`
        : html`<line x1="2" x2="24" y1="6" y2="6" stroke="var(--${colour})" stroke-width="${quiet ? 2 : 3}" stroke-linecap="round" stroke-dasharray="${dashArray(dashed)}"/>`
  return html`<svg viewBox="0 0 26 12" aria-hidden="true">${drawing}</svg>`
}

/** The dash pattern of a line as SVG's `stroke-dasharray`. */
export function dashArray(dash: Dash | undefined): string {
  return dash === 'dots' ? '1.5 4.5' : dash ? '6 5' : 'none'
}
