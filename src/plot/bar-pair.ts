/** A chart of pairs of bars in groups, to compare two models or two times. */
import type { ScaleLinear } from 'd3-scale'
import { arrayOf, checkOptions, finiteNumber, nonEmptyString, ofType, oneOf, requireOptions } from '../core/options'
import { type Chart, chartOf, FULL_WIDTH } from './chart'
import type { Colour } from './colours'
import { formatNumber, formatPercent, tickText } from './format'
import { type Html, html } from './html'
import { centredLabel, verticalAxisTitle } from './labels'
import { drawable, linearScale } from './linear-scale'
import { fitText, labelStep, px, textWidth } from './text-size'

/** Options of {@link barPair}. */
export interface BarPairOptions {
  /** A description of the chart for screen readers. */
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

const width = FULL_WIDTH
/** Font sizes of titles and ticks, and of the values above bars. */
const fontSize = 12
const valueSize = 11
/** Longest value that may be written vertically above its bar, in pixels, because it reduces the height of the bars. */
const MAX_UPRIGHT = 50
/** Room that a slanted title may take below the bars. */
const slantedRoom = 64

/**
 * Grouped bars with their values above them. If the domain does not begin at zero, the base line is dashed, because the lengths
 * of such bars must not be compared.
 *
 * Labels never overlap: with many groups values are written vertically or shown only in tooltips, and titles are slanted, shortened, then left out in part.
 *
 * @throws InvalidArgument for options that are missing or wrong
 */
export function barPair(options: BarPairOptions): Chart {
  checkBarPair(options)
  const { names, groups, colours = ['b', 'a'], yTitle, threshold, description, height = 300 } = options
  const plot = layout(options)
  const { left, right, bottom, scale, text } = plot
  const entries = names.map((name, i) => ({ name, colour: colours[i] as Colour, shape: 'box' as const }))
  const body = html`${plot.ticks.map((value) => html`<line x1="${left}" x2="${right}" y1="${px(scale(value))}" y2="${px(scale(value))}" stroke="var(--grid)"/><text x="${left - 8}" y="${px(scale(value) + 4)}" text-anchor="end">${text(value)}</text>`)}
${groups.map(({ title, values }, i) => {
  const centre = left + plot.slot * (i + 0.5)
  return html`${barOf(values[0], centre - plot.bar - 1.5, `${title}, ${names[0]}`, colours[0], plot)}${barOf(values[1], centre + 1.5, `${title}, ${names[1]}`, colours[1], plot)}${titleOf(title, i, centre, plot)}`
})}
${threshold === undefined ? null : html`<line x1="${left}" x2="${right}" y1="${px(scale(threshold.value))}" y2="${px(scale(threshold.value))}" stroke="var(--c)" stroke-width="1.3" stroke-dasharray="2 4"/><text x="${right}" y="${px(scale(threshold.value) - 5)}" text-anchor="end" style="fill:var(--c)" paint-order="stroke" stroke="var(--card)" stroke-width="4">${threshold.label}</text>`}
<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="var(--b)" stroke-dasharray="${scale.domain()[0] === 0 ? 'none' : '5 3'}"/>
${verticalAxisTitle(yTitle, 12, bottom)}
`
  return chartOf({ description, width, height, legend: entries, body })
}

interface Plot {
  readonly left: number
  readonly right: number
  readonly bottom: number
  readonly scale: ScaleLinear<number, number>
  readonly ticks: readonly number[]
  readonly slot: number
  readonly bar: number
  /** How the values above the bars are written. */
  readonly values: 'level' | 'upright' | 'none'
  readonly titles: 'level' | 'slanted'
  /** Every how many titles one is shown. */
  readonly titleStep: number
  /** The label of a tick, with the digits in which the ticks differ. */
  text(value: number): string
  /** The value above a bar. */
  label(value: number): string
  /** The value in a tooltip. */
  tooltip(value: number): string
}

function layout({ groups, y = 'number', yTitle, yDomain, height = 300 }: BarPairOptions): Plot {
  const values = groups.flatMap((group) => [...group.values]).filter(Number.isFinite)
  const tooltip = (value: number): string => (y === 'percent' ? formatPercent(value) : formatNumber(value))
  const label = (value: number): string => (y === 'percent' ? (value * 100).toFixed(1) : formatNumber(value))
  const domain = yDomain ?? ([0, drawable(Math.max(...values, 0)) * 1.12 || 1] as const)
  const ticks = linearScale(domain, [0, 1]).ticks(5)
  const text = tickText(y, ticks)
  const left = Math.ceil((yTitle === undefined ? 12 : 30) + Math.max(28, ...ticks.map((value) => textWidth(text(value)))))
  const right = width - 16
  const slot = (right - left) / Math.max(1, groups.length)
  const bar = Math.min(38, slot * 0.34)
  const widest = Math.max(0, ...values.map((value) => textWidth(label(value), valueSize)))
  // Between the values of a pair, and between those of neighbours.
  const apart = Math.min(bar + 3, slot - bar - 3)
  const standing = widest + 3 <= apart ? 'level' : valueSize + 1 <= apart && widest <= MAX_UPRIGHT ? 'upright' : 'none'
  const widestTitle = Math.max(0, ...groups.map(({ title }) => textWidth(title)))
  const titles = widestTitle + 6 <= slot ? 'level' : 'slanted'
  const bottom = height - (titles === 'level' ? 30 : 24 + Math.min(slantedRoom, widestTitle * 0.71))
  const top = standing === 'upright' ? 12 + widest : 20
  return {
    ...{ left, right, bottom, ticks, slot, bar, titles, text, label, tooltip },
    values: standing,
    scale: linearScale(domain, [bottom, Math.min(top, bottom - 20)]),
    titleStep: titles === 'level' ? 1 : labelStep(fontSize * 1.42 - 6, slot),
  }
}

function barOf(value: number, x: number, name: string, colour: Colour, plot: Plot): Html | null {
  if (!Number.isFinite(value)) return null
  const { scale, bottom, bar } = plot
  const top = Math.min(bottom, scale(Math.min(value, Math.max(...scale.domain()))))
  const [middle, above] = [px(x + bar / 2), px(top - 5)]
  const style = `font-size:${valueSize}px`
  const place =
    plot.values === 'level'
      ? html`<text x="${middle}" y="${above}" text-anchor="middle" style="${style}" class="${colour === 'b' ? '' : 'strong'}">${plot.label(value)}</text>`
      : plot.values === 'upright'
        ? html`<text transform="translate(${px(middle + 4)} ${above}) rotate(-90)" style="${style}" class="${colour === 'b' ? '' : 'strong'}">${plot.label(value)}</text>`
        : null
  return html`<g><title>${name}: ${plot.tooltip(value)}</title><rect x="${px(x)}" y="${px(top)}" width="${px(bar)}" height="${px(bottom - top)}" rx="2.5" fill="var(--${colour})"/>${place}</g>`
}

function titleOf(title: string, index: number, centre: number, { titles, titleStep, bottom, left, right }: Plot): Html | null {
  if (index % titleStep !== 0) return null
  if (titles === 'level') return centredLabel(title, { x: centre, y: bottom + 19, within: [2, right + 14] })
  // Slanted by 45 degrees, ending below its bars: it may reach as far as the left edge and the room below allow.
  const room = Math.min(slantedRoom / 0.71, (Math.min(centre, left + 60) - 4) / 0.71)
  return html`<text transform="translate(${px(centre + 4)} ${bottom + 14}) rotate(-45)" text-anchor="end">${fitText(title, room)}<title>${title}</title></text>`
}

function checkBarPair(options: BarPairOptions): void {
  requireOptions('barPair', options, ['description', 'names', 'groups'])
  checkOptions('barPair', options, {
    description: ofType('string'),
    names: arrayOf(ofType('string')),
    groups: {
      allowed: 'an array of { title, values: [number, number] }',
      test: (value) => Array.isArray(value) && value.every((group) => typeof group?.title === 'string' && Array.isArray(group.values)),
    },
    colours: arrayOf(nonEmptyString()),
    y: oneOf('percent', 'number'),
    yTitle: ofType('string'),
    yDomain: arrayOf(finiteNumber()),
    threshold: ofType('object'),
    height: finiteNumber(80),
  })
}
