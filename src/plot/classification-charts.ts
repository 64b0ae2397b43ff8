/** Charts of classifiers: ROC, precision against recall, calibration. They take the curves of `millwright/metrics`. */
import { line } from 'd3-shape'
import { checkOptions, finiteNumber, ofType, requireOptions } from '../core/options'
import type { CalibrationCurve, PrecisionRecallCurve, RocCurve } from '../metrics'
import { type Chart, chartOf } from './chart'
import type { Colour } from './colours'
import { formatNumber } from './format'
import { type Frame, frameOf } from './frame'
import { type Html, html } from './html'
import { equalColours, isNumbers, seriesRule } from './series'
import { px } from './text-size'

/** A curve with its name, as the legend shows it. */
export interface NamedCurve<T> {
  readonly name: string
  readonly curve: T
  /** A number beside the name: the area under the curve, or the Brier score. */
  readonly score?: number | undefined
}

/** Options of {@link rocChart}, {@link precisionRecallChart} and {@link calibrationChart}. */
export interface CurveChartOptions<T> {
  /** One to five. */
  readonly curves: readonly NamedCurve<T>[]
  /** @default the kind of chart and the names */
  readonly description?: string | undefined
  /** In pixels. @default 460 */
  readonly width?: number | undefined
  /** In pixels. @default 420 */
  readonly height?: number | undefined
}

/**
 * ROC curves of one or more classifiers; the dashed diagonal is chance.
 *
 * @example
 * rocChart({ curves: [{ name: 'forest', curve: rocCurve(actual, scores), score: rocAuc(actual, scores) }] }).svg
 * @throws InvalidArgument for options that are missing or wrong
 */
export function rocChart(options: CurveChartOptions<RocCurve>): Chart {
  return curveChart(options, {
    operation: 'rocChart',
    kind: 'ROC',
    titles: ['false positive rate', 'true positive rate'],
    members: ['falsePositiveRate', 'truePositiveRate'],
    hasDiagonal: true,
    points: ({ falsePositiveRate, truePositiveRate }) => pairs(falsePositiveRate, truePositiveRate),
  })
}

/** Precision against recall, as steps: between two thresholds precision is that of the higher recall. @throws InvalidArgument */
export function precisionRecallChart(options: CurveChartOptions<PrecisionRecallCurve>): Chart {
  return curveChart(options, {
    operation: 'precisionRecallChart',
    kind: 'Precision against recall',
    titles: ['recall', 'precision'],
    members: ['recall', 'precision'],
    points: ({ recall, precision }) => stepped(recall, precision),
  })
}

/** How often a class came true against how probable it was said to be; well calibrated is the dashed diagonal. The dots grow with their rows. @throws InvalidArgument */
export function calibrationChart(options: CurveChartOptions<CalibrationCurve>): Chart {
  return curveChart(options, {
    operation: 'calibrationChart',
    kind: 'Calibration',
    titles: ['predicted probability', 'share that came true'],
    members: ['predicted', 'actual', 'rows'],
    hasDiagonal: true,
    points: ({ predicted, actual }) => pairs(predicted, actual),
    sizes: ({ rows }) => rows,
  })
}

type Point = readonly [number, number]

interface CurveKind<T> {
  readonly operation: string
  readonly kind: string
  readonly titles: readonly [string, string]
  readonly members: readonly string[]
  readonly hasDiagonal?: boolean
  readonly points: (curve: T) => readonly Point[]
  readonly sizes?: (curve: T) => ArrayLike<number>
}

/** Points of a line beyond which it is thinned. */
const MAX_POINTS = 400

function curveChart<T>(options: CurveChartOptions<T>, kind: CurveKind<T>): Chart {
  const { operation, titles, members } = kind
  requireOptions(operation, options, ['curves'])
  const isCurve = (item: object): boolean => {
    const curve = 'curve' in item ? (item.curve as Readonly<Record<string, unknown>> | null | undefined) : undefined
    return typeof curve === 'object' && curve !== null && members.every((member) => isNumbers(curve[member]))
  }
  checkOptions(operation, options, {
    curves: seriesRule(`{ name, curve } with curve: { ${members.join(', ')} }`, 5, isCurve),
    description: ofType('string'),
    width: finiteNumber(160),
    height: finiteNumber(80),
  })
  const { curves, width = 460, height = 420 } = options
  const [xTitle, yTitle] = titles
  const frame = frameOf({ width, height, xTitle, yTitle, xDomain: [0, 1], yDomain: [0, 1] })
  const { x, y } = frame
  const colours = equalColours(curves.length)
  const names = curves.map(({ name, score }) => (score === undefined ? name : `${name} (${formatNumber(score)})`))
  const diagonal = html`<line x1="${px(x.place(0))}" y1="${px(y(0))}" x2="${px(x.place(1))}" y2="${px(y(1))}" stroke="var(--soft)" stroke-width="1.3" stroke-dasharray="5 5"/>`
  const body = html`${frame.axes}${kind.hasDiagonal ? diagonal : null}${curves.map(({ curve }, i) => curveOf(kind, curve, names[i] as string, colours[i] as Colour, frame))}`
  const legend = names.map((name, i) => ({ name, colour: colours[i] as Colour }))
  return chartOf({ description: options.description ?? `${kind.kind} of ${names.join(', ')}`, width, height, legend, body })
}

function curveOf<T>({ points, sizes }: CurveKind<T>, curve: T, name: string, colour: Colour, { x, y }: Frame): Html {
  const all = points(curve).filter(([at, value]) => Number.isFinite(at) && Number.isFinite(value))
  const path = line<Point>()
    .x(([at]) => x.place(at))
    .y(([, value]) => y(value))
    .digits(1)(sizes === undefined ? thinned(all) : all)
  const rows = sizes?.(curve)
  const most = rows === undefined ? 1 : Math.max(...Array.from(rows), 1)
  const dots =
    rows === undefined
      ? null
      : all.map(
          ([at, value], i) =>
            html`<circle cx="${px(x.place(at))}" cy="${px(y(value))}" r="${px(2.5 + 3.5 * Math.sqrt((rows[i] as number) / most))}" fill="var(--${colour})"><title>${formatNumber(rows[i])} rows</title></circle>`,
        )
  return html`<g><title>${name}</title><path d="${path}" fill="none" stroke="var(--${colour})" stroke-width="2.4" stroke-linejoin="round"/>${dots}</g>`
}

/** Every so many points, with the last: curves are monotonous, and neighbours lie closer than a pixel. */
function thinned(points: readonly Point[]): readonly Point[] {
  const step = Math.ceil(points.length / MAX_POINTS)
  return step <= 1 ? points : points.filter((_, i) => i % step === 0 || i === points.length - 1)
}

function pairs(x: ArrayLike<number>, y: ArrayLike<number>): Point[] {
  return Array.from(x, (at, i) => [at, y[i] as number] as const)
}

function stepped(recall: ArrayLike<number>, precision: ArrayLike<number>): Point[] {
  return pairs(recall, precision).flatMap(([at, value], i): Point[] =>
    i === 0
      ? [[at, value]]
      : [
          [at, precision[i - 1] as number],
          [at, value],
        ],
  )
}
