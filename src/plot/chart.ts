/** What every chart is: HTML for a page of this library, and an SVG document that stands alone. */
import { attachDisplay } from '../core/display'
import { type ColourName, darkColours, lightColours } from './colours'
import { type Html, html } from './html'
import { drawnLegend, type LegendEntry, legend } from './legend'

/** The typeface of charts and pages: the system's own. */
export const FONT = 'ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'

/** Width of a chart across the whole page, in pixels. */
export const FULL_WIDTH = 1030

/** What fits on a phone without scrolling, in pixels. */
const SMALL_SCREEN = 300

/** A chart. Placed into the `html` template of `millwright/report` it takes the colours of the page. */
export interface Chart extends Html {
  /** A figure with a legend and inline SVG, for pages made by `page` of `millwright/report`. */
  readonly html: string
  /** An SVG document with its legend and its own colours, light and dark: for a file, a notebook, any page, or a renderer without CSS variables. */
  readonly svg: string
}

/** The parts of a chart. */
export interface Drawing {
  /** A description of the chart for screen readers. */
  readonly description: string
  /** In pixels. */
  readonly width: number
  readonly height: number
  readonly legend?: readonly LegendEntry[] | undefined
  /** Below this width in pixels the chart scrolls. @default 760, or the width of a smaller chart */
  readonly minWidth?: number | undefined
  /** SVG elements; colours are `var(--a)`. */
  readonly body: Html
}

/** Makes a chart of its parts. */
export function chartOf(drawing: Drawing): Chart {
  const chart = {
    html: figureOf(drawing).html,
    get svg() {
      return documentOf(drawing)
    },
  }
  const { description, width, height } = drawing
  return attachDisplay(chart, { text: () => `Chart: ${description}, ${width} × ${height}`, svg: () => chart.svg })
}

function figureOf({ description, width, height, legend: entries = [], minWidth, body }: Drawing): Html {
  // Below its least width a chart scrolls in its frame, which the arrow keys do where it has the focus.
  const least = minWidth ?? (width < FULL_WIDTH ? Math.min(width, width > 520 ? 460 : 300) : 760)
  const style =
    minWidth !== undefined
      ? html` style="min-width:${least}px"`
      : width < FULL_WIDTH
        ? html` style="min-width:${least}px;max-width:${width}px"`
        : null
  const focus = least > SMALL_SCREEN ? html` tabindex="0" role="group" aria-label="Chart"` : null
  return html`<figure>${entries.length === 0 ? null : legend(entries)}
<div class="scroll"${focus}><svg viewBox="0 0 ${width} ${height}" class="chart"${style} role="img" aria-label="${description}">
${body}
</svg></div></figure>`
}

/** Colours stand as plain values in the elements, because many renderers know no CSS variables; a style sheet changes them in the dark. */
function documentOf({ description, width, height, legend: entries = [], body }: Drawing): string {
  const above = drawnLegend(entries, width)
  const used = new Set<ColourName>(['card', 'soft', 'ink'])
  const drawn = html`${above.body}<g transform="translate(0 ${above.height})">${body}</g>`.html.replace(
    /var\(--(\w+)\)/g,
    (_, name: ColourName) => {
      used.add(name)
      return lightColours[name]
    },
  )
  const dark = [...used].map((name) => {
    const [from, to] = [lightColours[name], darkColours[name]]
    return `[fill="${from}"]{fill:${to}}[stroke="${from}"]{stroke:${to}}[style*="fill:${from}"]{fill:${to}!important}`
  })
  const style = `.millwright-chart text{fill:${lightColours.soft};font-size:12px}.millwright-chart .strong{fill:${lightColours.ink};font-weight:600}
@media (prefers-color-scheme:dark){.millwright-chart text{fill:${darkColours.soft}}.millwright-chart .strong{fill:${darkColours.ink}}${dark.map((rules) => rules.replace(/(^|\})(?=\[)/g, '$1.millwright-chart ')).join('')}}`
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + above.height}" viewBox="0 0 ${width} ${height + above.height}" class="millwright-chart" role="img" aria-label="${description}" font-family="${FONT}">
<style>${{ html: style }}</style>
<rect width="100%" height="100%" fill="${lightColours.card}"/>
${{ html: drawn }}
</svg>
`.html
}
