/** The series behind a sample: one number each, as Prometheus and OpenTelemetry store them. */
import type { MetricFamily, MetricSample } from './metric-family'

/** One number under its labels. */
export interface MetricSeries {
  /** Added to the name of the family beside {@link suffixOf}: `_bucket`, `_sum`, `_count` of histograms, else `''`. */
  readonly suffix: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What a type adds to the name of its family: `_total` for counters, `_info` for information. */
export function suffixOf(type: MetricFamily['type']): string {
  if (type === 'counter') return '_total'
  return type === 'info' ? '_info' : ''
}

/** The series of a sample: one, or of a histogram its cumulated buckets with the label `le`, the sum and the count. */
export function seriesOf({ type }: Pick<MetricFamily, 'type'>, { labels, value }: MetricSample): MetricSeries[] {
  if (typeof value === 'number') return [{ suffix: '', labels, value }]
  if (type !== 'histogram') return []
  let cumulated = 0
  const buckets = value.counts.map((count, i) => {
    cumulated += count
    const bound = value.bounds[i]
    return { suffix: '_bucket', labels: { ...labels, le: bound === undefined ? '+Inf' : boundText(bound) }, value: cumulated }
  })
  return [...buckets, { suffix: '_sum', labels, value: value.sum }, { suffix: '_count', labels, value: value.count }]
}

/** A bucket's bound in the canonical form of OpenMetrics: Go's `%g`, with `.0` where there is neither point nor exponent. */
function boundText(bound: number): string {
  const [digits = '', exponentText = '0'] = bound.toExponential().split('e')
  const exponent = Number(exponentText)
  if (bound !== 0 && (exponent < -4 || exponent >= 6)) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  const text = String(bound)
  return text.includes('.') ? text : `${text}.0`
}
