/** Metric files: a line `<timestamp> <value> <step>` for each point, as MLflow writes them. */
import { fromUtf8 } from '../core/bytes'
import { MillwrightError, show } from '../core/errors'
import { comparePoints, isLaterPoint, pointIdentity } from '../ports/metric-points'
import type { MetricPoint } from '../ports/tracker-backend'

/** The line of a point, with a newline. Python's `float()` reads the exact value back. */
export function metricLine({ value, timestamp, step }: MetricPoint): string {
  return `${timestamp} ${valueText(value)} ${step}\n`
}

/**
 * The points of a file, in the order of its lines. Text after the last newline is an incomplete line, and is left out.
 *
 * @param subject names the file in messages; without it, a line that is no point is skipped
 * @throws Corrupt naming the line
 */
export function parseMetricLines(bytes: Uint8Array, key: string, subject?: string): MetricPoint[] {
  const lines = fromUtf8(bytes.subarray(0, bytes.lastIndexOf(10) + 1)).split('\n')
  lines.pop()
  const points: MetricPoint[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string
    // MLflow may append the name and digest of a dataset after the step. Versions before its first release wrote no step.
    const [timestampText = '', text = '', stepText = '0'] = line.trim().split(' ')
    const timestamp = Number(timestampText)
    const value = parseValue(text)
    const step = Number(stepText)
    if (timestampText !== '' && value !== undefined && Number.isSafeInteger(timestamp) && Number.isSafeInteger(step)) {
      points.push({ key, value, timestamp, step })
    } else if (subject !== undefined) {
      throw new MillwrightError('Corrupt', `line ${i + 1} of ${subject} is not a metric point: ${show(line)}`)
    }
  }
  return points
}

/** The points in the order of a history, each once. */
export function sortPoints(points: readonly MetricPoint[]): MetricPoint[] {
  const sorted = [...points].sort(comparePoints)
  return sorted.filter((point, i) => i === 0 || pointIdentity(point) !== pointIdentity(sorted[i - 1] as MetricPoint))
}

/** The last point: greatest step, then timestamp, then value. */
export function lastPoint(points: readonly MetricPoint[]): MetricPoint | undefined {
  let last = points[0]
  for (const point of points) if (last !== undefined && isLaterPoint(point, last)) last = point
  return last
}

function valueText(value: number): string {
  if (value !== value) return 'nan'
  if (value === Number.POSITIVE_INFINITY) return 'inf'
  if (value === Number.NEGATIVE_INFINITY) return '-inf'
  return Object.is(value, -0) ? '-0.0' : String(value)
}

function parseValue(text: string): number | undefined {
  if (/^[-+]?(\d|\.\d)/.test(text)) {
    const value = Number(text)
    return value === value ? value : undefined
  }
  switch (text.toLowerCase().replace(/^\+/, '')) {
    case 'nan':
    case '-nan':
      return Number.NaN
    case 'inf':
    case 'infinity':
      return Number.POSITIVE_INFINITY
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY
    default:
      return undefined
  }
}
