/** A confusion matrix as a shaded grid. */
import { invalidArgument } from '../core/errors'
import { checkOptions, finiteNumber, ofType, oneOf } from '../core/options'
import type { ConfusionMatrix } from '../metrics'
import { type Chart, chartOf } from './chart'
import { formatNumber, formatPercent } from './format'
import { type Html, html } from './html'
import { centredLabel, verticalAxisTitle } from './labels'
import { isNumbers } from './series'
import { fitText, px, textWidth } from './text-size'

/** Options of {@link confusionMatrixChart}. */
export interface ConfusionMatrixChartOptions {
  /** @default 'Confusion matrix' and its size */
  readonly description?: string | undefined
  /** What a cell shows: rows, or their share of the actual class. Shades are always shares of the actual class. @default 'count' */
  readonly values?: 'count' | 'share' | undefined
  /** In pixels. @default as the number of classes needs, at most 900 */
  readonly width?: number | undefined
}

/** Most classes, so that cells can be read. */
const MAX_CLASSES = 40
/** Below this size in pixels a cell shows its number only in its tooltip. */
const LEAST_CELL = 26

/**
 * Actual classes as rows, predicted ones as columns; a darker cell is a larger share of its actual class.
 *
 * @throws InvalidArgument for what is no matrix, more than 40 classes, or wrong options
 */
export function confusionMatrixChart(matrix: ConfusionMatrix, options: ConfusionMatrixChartOptions = {}): Chart {
  const { classes, counts } = matrix ?? {}
  if (!Array.isArray(classes) || !isNumbers(counts) || counts.length !== classes.length ** 2 || classes.length === 0) {
    throw invalidArgument('confusionMatrixChart takes what confusionMatrix of millwright/metrics gives: { classes, counts, total }')
  }
  if (classes.length > MAX_CLASSES)
    throw invalidArgument(`confusionMatrixChart shows at most ${MAX_CLASSES} classes, got ${classes.length}`)
  checkOptions('confusionMatrixChart', options, {
    description: ofType('string'),
    values: oneOf('count', 'share'),
    width: finiteNumber(160),
  })
  const k = classes.length
  const names = classes.map(String)
  const widest = Math.max(...names.map((name) => textWidth(name)))
  const left = 46 + Math.min(150, widest)
  const width = options.width ?? Math.min(900, Math.ceil(left + 12 + k * Math.min(84, Math.max(k <= 6 ? 64 : 34, widest + 10))))
  const cell = (width - left - 12) / k
  const height = Math.ceil(k * Math.min(cell, 64) + 62)
  const tall = (height - 62) / k
  const cells = names.flatMap((actual, row) => {
    const own = Array.from({ length: k }, (_, column) => counts[row * k + column] as number)
    const total = own.reduce((sum, count) => sum + count, 0)
    return own.map((count, column) =>
      cellOf(
        { count, share: total === 0 ? 0 : count / total, actual, predicted: names[column] as string },
        [left + column * cell, 48 + row * tall, cell, tall],
        options.values,
      ),
    )
  })
  const columnNames = names.map((name, i) =>
    centredLabel(name, { x: left + (i + 0.5) * cell, y: 40, within: [left - 10, width - 2], room: cell - 4 }),
  )
  const rowNames = names.map(
    (name, i) => html`<text x="${px(left - 8)}" y="${px(48 + (i + 0.5) * tall + 4)}" text-anchor="end">${fitText(name, left - 34)}</text>`,
  )
  const body = html`<text x="${px((left + width) / 2)}" y="16" text-anchor="middle">predicted</text>${verticalAxisTitle('actual', 48, height - 14)}
${columnNames}${rowNames}${cells}`
  return chartOf({ description: options.description ?? `Confusion matrix of ${k} classes`, width, height, body })
}

interface Cell {
  readonly count: number
  readonly share: number
  readonly actual: string
  readonly predicted: string
}

function cellOf(
  { count, share, actual, predicted }: Cell,
  [x, y, width, height]: readonly [number, number, number, number],
  values: 'count' | 'share' = 'count',
): Html {
  const text = values === 'count' ? formatNumber(count) : formatPercent(share)
  const isShown = width >= LEAST_CELL && height >= 16 && textWidth(text) < width - 4
  // From the middle on white letters have more contrast on the shade.
  const label = isShown
    ? html`<text x="${px(x + width / 2)}" y="${px(y + height / 2 + 4)}" text-anchor="middle" style="fill:var(--${share > 0.55 ? 'card' : 'ink'})">${text}</text>`
    : null
  return html`<g><title>${actual} predicted as ${predicted}: ${formatNumber(count)} (${formatPercent(share)})</title><rect x="${px(x + 1)}" y="${px(y + 1)}" width="${px(width - 2)}" height="${px(height - 2)}" rx="3" fill="var(--grid)"/><rect x="${px(x + 1)}" y="${px(y + 1)}" width="${px(width - 2)}" height="${px(height - 2)}" rx="3" fill="var(--a)" fill-opacity="${Math.round((share > 0.55 ? 0.5 + share / 2 : share * 0.7) * 100) / 100}"/>${label}</g>`
}
