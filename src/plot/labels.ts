/** Labels of charts, which stay inside the drawing and do not run into each other. */
import { type Html, html } from './html'
import { fitText, keepInside, px } from './text-size'

/** Where a centred label stands and how much room it has, in pixels. */
export interface CentredLabel {
  /** The wanted middle; the label is moved where it would leave `within`. */
  readonly x: number
  readonly y: number
  /** Left and right edge of the drawing. */
  readonly within: readonly [number, number]
  /** Longer text is shortened. @default none */
  readonly room?: number | undefined
  /** @default false */
  readonly isBold?: boolean | undefined
}

/** A text with its middle at `x`. */
export function centredLabel(text: string, { x, y, within, room = Number.POSITIVE_INFINITY, isBold = false }: CentredLabel): Html {
  // Bold text is wider.
  const shown = fitText(text, isBold ? room / 1.08 : room)
  const middle = keepInside(x, shown, within, isBold ? 13 : 12)
  return html`<text x="${px(middle)}" y="${px(y)}" text-anchor="middle"${isBold ? html` class="strong"` : null}>${shown}</text>`
}

/** The title of a vertical axis, which runs upwards at the left edge between `top` and `bottom`. */
export function verticalAxisTitle(title: string | undefined, top: number, bottom: number): Html | null {
  if (title === undefined) return null
  return html`<text transform="translate(13 ${px((top + bottom) / 2)}) rotate(-90)" text-anchor="middle">${fitText(title, bottom - top)}</text>`
}
