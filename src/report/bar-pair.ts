/** Pairs of bars, group by group: before and after, one model and another. */
import { formatNumber, formatPercent } from './format'
import { type Html, html } from './html'
import { type Colour, legend } from './legend'
import { linearScale, niceTicks } from './scale'

/** What a chart of pairs shows. */
export interface BarPairOptions {
  /** What the chart says, for readers who do not see it. */
  readonly description: string
  /** The two names, in the order of the values of a group. */
  readonly names: readonly [string, string]
  readonly groups: readonly { readonly title: string; readonly values: readonly [number, number] }[]
  /** @default ['b', 'a'] */
  readonly colours?: readonly [Colour, Colour] | undefined
  /** @default 'number' */
  readonly y?: 'percent' | 'number' | undefined
  readonly yTitle?: string | undefined
  /** @default from 0 to the largest value */
  readonly yDomain?: readonly [number, number] | undefined
  readonly threshold?: { readonly value: number; readonly label: string } | undefined
  /** Height of the whole drawing in pixels, of 1,030 across. @default 300 */
  readonly height?: number | undefined
}

const width = 1030

/**
 * Grouped bars with their values above them. A domain that does not begin at zero is marked by a broken foot below the bars, since the lengths
 * of such bars must not be compared.
 */
export function barPair(options: BarPairOptions): Html {
  const { names, groups, colours = ['b', 'a'], y = 'number', yTitle, threshold, height = 300, description } = options
  const most = Math.max(...groups.flatMap(({ values }) => [...values]).filter(Number.isFinite), 0)
  const domain = options.yDomain ?? ([0, most * 1.12 || 1] as const)
  const left = 58
  const right = width - 16
  const bottom = height - 30
  const scale = linearScale(domain, [bottom, 14])
  const slot = (right - left) / Math.max(1, groups.length)
  const bar = Math.min(38, slot * 0.34)
  const text = (value: number, digits: number): string => (y === 'percent' ? formatPercent(value, digits) : formatNumber(value))
  const barOf = (value: number, x: number, colour: Colour, title: string): Html | null => {
    if (!Number.isFinite(value)) return null
    const top = Math.min(bottom, scale(Math.min(value, domain[1])))
    const label = y === 'percent' ? (value * 100).toFixed(1) : formatNumber(value)
    return html`<g><title>${title}: ${text(value, 1)}</title><rect x="${px(x)}" y="${px(top)}" width="${px(bar)}" height="${px(bottom - top)}" rx="2.5" fill="var(--${colour})"/><text x="${px(x + bar / 2)}" y="${px(top - 5)}" text-anchor="middle" style="font-size:11px" class="${colour === 'b' ? '' : 'strong'}">${label}</text></g>`
  }
  return html`<figure>${legend(names.map((name, i) => ({ name, colour: colours[i] as Colour, shape: 'box' })))}
<div class="scroll"><svg viewBox="0 0 ${width} ${height}" style="min-width:620px" role="img" aria-label="${description}">
${niceTicks(domain[0], domain[1], 5).map((value) => html`<line x1="${left}" x2="${right}" y1="${px(scale(value))}" y2="${px(scale(value))}" stroke="var(--grid)"/><text x="${left - 8}" y="${px(scale(value) + 4)}" text-anchor="end">${text(value, 0)}</text>`)}
${groups.map(({ title, values }, i) => {
  const centre = left + slot * (i + 0.5)
  return html`${barOf(values[0], centre - bar - 1.5, colours[0], `${title}, ${names[0]}`)}${barOf(values[1], centre + 1.5, colours[1], `${title}, ${names[1]}`)}<text x="${px(centre)}" y="${bottom + 19}" text-anchor="middle">${title}</text>`
})}
${threshold === undefined ? null : html`<line x1="${left}" x2="${right}" y1="${px(scale(threshold.value))}" y2="${px(scale(threshold.value))}" stroke="var(--c)" stroke-width="1.3" stroke-dasharray="2 4"/><text x="${right}" y="${px(scale(threshold.value) - 5)}" text-anchor="end" style="fill:var(--c)" paint-order="stroke" stroke="var(--card)" stroke-width="4">${threshold.label}</text>`}
<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="var(--b)" stroke-dasharray="${domain[0] === 0 ? 'none' : '5 3'}"/>
${yTitle === undefined ? null : html`<text transform="translate(13 ${px((14 + bottom) / 2)}) rotate(-90)" text-anchor="middle">${yTitle}</text>`}
</svg></div></figure>`
}

function px(value: number): number {
  return Math.round(value * 10) / 10
}
