/** A small histogram of a reference and a current sample, for rows of a table. */
import { type Html, html } from '../plot/html'

/** Size in pixels. */
const width = 120
const height = 30

/**
 * Bars of the reference in grey with the outline of the current shares over them. Its numbers stand beside it, so it is hidden from screen readers.
 *
 * @param reference shares a bin @param current shares a bin; absent for one sample only
 */
export function miniHistogram(reference: readonly number[], current?: readonly number[]): Html {
  const most = Math.max(...reference, ...(current ?? []), 0) || 1
  const step = width / Math.max(1, reference.length)
  const at = (i: number): number => Math.round(i * step)
  const top = (share: number): number => Math.round(height - 1 - (share / most) * (height - 2))
  const bars = reference.map((share, i) => (share > 0 ? `M${at(i)} ${height}V${top(share)}H${at(i + 1)}V${height}` : '')).join('')
  const outline = current?.map((share, i) => `V${top(share)}H${at(i + 1)}`).join('') ?? ''
  const line =
    current === undefined ? null : html`<path d="M0 ${height}${outline}V${height}" fill="none" stroke="var(--a)" stroke-width="1.5"/>`
  return html`<svg viewBox="0 0 ${width} ${height}" class="mini" aria-hidden="true"><path d="${bars}" fill="var(--${current === undefined ? 'a' : 'b'})" opacity=".7"/>${line}</svg>`
}
