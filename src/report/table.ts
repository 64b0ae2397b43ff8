/** Tables: plain ones, and heat tables whose cells are shaded by value. */
import { anything, arrayOf, checkOptions, finiteNumber, ofType, requireOptions, wholeNumber } from '../core/options'
import { formatNumber } from '../plot/format'
import { type Html, type HtmlPart, html } from '../plot/html'

/** A column of a plain table. */
export interface TableColumn<T> {
  readonly title: string
  readonly cell: (row: T) => HtmlPart
  /** Right-aligned. @default false */
  readonly numeric?: boolean | undefined
}

/** Options of {@link dataTable}. */
export interface DataTableOptions<T> {
  readonly columns: readonly TableColumn<T>[]
  readonly rows: readonly T[]
  /** A sentence about a row: it stands below the row and has its whole width, also on a phone; a row without one has no such line. @default none */
  readonly words?: ((row: T) => HtmlPart) | undefined
  readonly caption?: string | undefined
  /** Shown instead of rows when there are none. @default 'nothing to show' */
  readonly empty?: string | undefined
}

/** A plain table; the first column heads its row. @throws InvalidArgument for options that are missing or wrong */
export function dataTable<T>(options: DataTableOptions<T>): Html {
  requireOptions('dataTable', options, ['columns', 'rows'])
  checkOptions('dataTable', options, {
    columns: arrayOf(ofType('object')),
    rows: arrayOf(anything()),
    words: ofType('function'),
    caption: ofType('string'),
    empty: ofType('string'),
  })
  const { columns, rows, words, caption, empty = 'nothing to show' } = options
  const cell = (row: T, { cell: text, numeric }: TableColumn<T>, index: number): Html =>
    index === 0
      ? html`<th scope="row" class="${numeric ? 'n' : ''}">${text(row)}</th>`
      : html`<td class="${numeric ? 'n' : ''}">${text(row)}</td>`
  const body =
    rows.length === 0
      ? html`<tr><td colspan="${columns.length}" class="note">${empty}</td></tr>`
      : rows.map((row) => {
          const cells = columns.map((column, index) => cell(row, column, index))
          const said = words?.(row) ?? ''
          if (said === '') return html`<tr>${cells}</tr>`
          return html`<tr class="said">${cells}</tr><tr class="words"><td colspan="${columns.length}"><span>${said}</span></td></tr>`
        })
  return html`${scroll(caption)}<table>${captionOf(caption)}
<thead><tr>${columns.map(({ title, numeric }) => html`<th scope="col" class="${numeric ? 'n' : ''}">${title}</th>`)}</tr></thead>
<tbody>${body}</tbody></table></div>`
}

/** Options of {@link heatTable}. */
export interface HeatTableOptions {
  readonly rowTitles: readonly string[]
  readonly columnTitles: readonly string[]
  /** One list per row; `NaN` where there is no value. */
  readonly values: readonly (readonly number[])[]
  /** Values at or above it are bold and marked: drift. */
  readonly threshold: number
  /** The value of the deepest shade. @default the largest value, at least four times the threshold */
  readonly full?: number | undefined
  readonly caption?: string | undefined
  /** Heading of the first column. */
  readonly corner?: string | undefined
  readonly digits?: number | undefined
}

/**
 * Rows × columns of numbers; larger numbers have a darker shade. Values at the threshold and above are bold and marked for screen readers, so
 * that no information is given by colour alone.
 *
 * @throws InvalidArgument for options that are missing or wrong
 */
export function heatTable(options: HeatTableOptions): Html {
  requireOptions('heatTable', options, ['rowTitles', 'columnTitles', 'values', 'threshold'])
  checkOptions('heatTable', options, {
    rowTitles: arrayOf(ofType('string')),
    columnTitles: arrayOf(ofType('string')),
    values: arrayOf(arrayOf(ofType('number'))),
    threshold: ofType('number'),
    full: finiteNumber(),
    caption: ofType('string'),
    corner: ofType('string'),
    digits: wholeNumber(0, 20),
  })
  const { rowTitles, columnTitles, values, threshold, caption, corner = '', digits = 2 } = options
  const full = options.full ?? Math.max(threshold * 4, ...values.flat().filter(Number.isFinite))
  const cell = (value: number | undefined): Html => {
    if (value === undefined || Number.isNaN(value)) return html`<td class="heat note">–</td>`
    const share = Math.max(0, Math.min(1, full > 0 ? value / full : 0))
    const style = `background:rgba(var(--heat),${(0.04 + 0.62 * Math.sqrt(share)).toFixed(3)})`
    const least = 10 ** -digits
    // Cells are small: a number that would round to zero is shown as less than the last digit.
    const text = value > 0 && value < least / 2 ? `<${formatNumber(least, digits)}` : formatNumber(value, digits)
    return value >= threshold
      ? html`<td class="heat" style="${style}" aria-label="${text}, drifted"><b>${text}</b></td>`
      : html`<td class="heat" style="${share < 0.02 ? '' : style}">${text}</td>`
  }
  return html`${scroll(caption)}<table class="heat">${captionOf(caption)}
<thead><tr><th scope="col">${corner}</th>${columnTitles.map((title) => html`<th scope="col" class="heat">${title}</th>`)}</tr></thead>
<tbody>${rowTitles.map((title, r) => html`<tr><th scope="row">${title}</th>${columnTitles.map((_, c) => cell(values[r]?.[c]))}</tr>`)}</tbody></table></div>`
}

/** Opens the element that scrolls a wide table. It takes the focus, so that the arrow keys scroll it where it is wider than the screen. */
function scroll(caption = 'Table'): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}">`
}

function captionOf(caption: string | undefined): Html | null {
  return caption === undefined ? null : html`<caption><span>${caption}</span></caption>`
}
