/** Horizontal bars of the shares of categories on two sides. */
import { formatPercent } from '../plot/format'
import { type Html, html } from '../plot/html'

/** Options of {@link barsOfShares}. */
export interface BarsOfSharesOptions {
  /** `null` stands for all others. */
  readonly labels: readonly (string | null)[]
  readonly reference: readonly number[]
  readonly current: readonly number[]
  readonly names: { readonly reference: string; readonly current: string }
}

/** A table whose numbers have bars: it reads the same without them. */
export function barsOfShares({ labels, reference, current, names }: BarsOfSharesOptions): Html {
  const most = Math.max(...reference, ...current, 1e-12)
  const bar = (share: number, colour: 'a' | 'b'): Html =>
    html`<td class="n">${formatPercent(share)}</td><td class="barcell"><span class="hbar" style="width:${((share / most) * 100).toFixed(1)}%;background:var(--${colour})"></span></td>`
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Shares of categories"><table class="shares"><thead><tr><th scope="col">category</th><th scope="col" class="n">${names.reference}</th><td></td><th scope="col" class="n">${names.current}</th><td></td></tr></thead>
<tbody>${labels.map((label, i) => html`<tr><th scope="row">${label ?? 'all others'}</th>${bar(reference[i] as number, 'b')}${bar(current[i] as number, 'a')}</tr>`)}</tbody></table></div>`
}
