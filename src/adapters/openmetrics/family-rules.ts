/** What the samples of a family must keep to, by its type. */
import { Flaw, type ParsedSample, readNumber } from './sample-line'

/** The types of OpenMetrics. */
export type OpenMetricsType = 'counter' | 'gauge' | 'gaugehistogram' | 'histogram' | 'info' | 'stateset' | 'summary' | 'unknown'

/** The endings that the samples of a type may have. */
export const suffixes: Readonly<Record<OpenMetricsType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  gaugehistogram: ['_gcount', '_gsum', '_bucket'],
  histogram: ['_count', '_sum', '_bucket', '_created'],
  info: ['_info'],
  stateset: [''],
  summary: ['', '_count', '_sum', '_created'],
  unknown: [''],
}

/** Checks one sample. @throws Flaw */
export function checkSample(type: OpenMetricsType, family: string, { name, labels, value, exemplar }: ParsedSample): void {
  const suffix = name.slice(family.length)
  const bound = labels.le === undefined ? Number.NaN : readNumber(labels.le)
  if (suffix === '_bucket' && (bound === undefined || Number.isNaN(bound))) throw new Flaw('a bucket needs the label `le` with a number')
  if (type === 'summary' && suffix === '') {
    const quantile = labels.quantile === undefined ? Number.NaN : (readNumber(labels.quantile) ?? Number.NaN)
    if (!(quantile >= 0 && quantile <= 1)) throw new Flaw('a summary needs the label `quantile` from 0 to 1')
    if (value < 0) throw new Flaw(`a quantile of a summary must not be negative, got ${value}`)
  }
  if (type === 'stateset' && labels[family] === undefined) throw new Flaw(`a stateset needs the label \`${family}\``)
  if (type === 'stateset' && value !== 0 && value !== 1) throw new Flaw(`a state must be 0 or 1, got ${value}`)
  if (type === 'info' && value !== 1) throw new Flaw(`information must have the value 1, got ${value}`)
  const counts = ['_total', '_sum', '_count', '_bucket', '_gcount']
  if ([...counts, '_gsum'].includes(suffix) && Number.isNaN(value)) throw new Flaw(`${name} must not be NaN`)
  if (counts.includes(suffix) && value < 0) throw new Flaw(`${name} must not be negative, got ${value}`)
  const mayHaveExemplar =
    type === 'counter' ? suffix === '_total' : (type === 'histogram' || type === 'gaugehistogram') && suffix === '_bucket'
  if (exemplar !== undefined && !mayHaveExemplar)
    throw new Flaw('only the total of a counter and the buckets of a histogram may have an exemplar')
}

/** The labels that divide the samples of a family into metrics. */
export function metricOf(type: OpenMetricsType, family: string, { labels }: ParsedSample): string {
  const left =
    type === 'summary' ? 'quantile' : type === 'histogram' || type === 'gaugehistogram' ? 'le' : type === 'stateset' ? family : undefined
  return labelKey(Object.entries(labels).filter(([name]) => name !== left))
}

/** Labels as a key, in any order. */
export function labelKey(labels: readonly (readonly [string, string])[]): string {
  return JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Checks the buckets, sum and count of one histogram at one time. @throws Flaw */
export function checkHistogram(family: string, samples: readonly ParsedSample[]): void {
  let [bound, inside] = [Number.NEGATIVE_INFINITY, 0]
  const found = new Map<string, number>()
  let negative = false
  for (const { name, labels, value } of samples) {
    const suffix = name.slice(family.length)
    if (suffix !== '_bucket') {
      found.set(suffix, value)
      continue
    }
    const next = readNumber(labels.le ?? '') as number
    if (next <= bound) throw new Flaw('the buckets of a histogram must ascend')
    if (value < inside) throw new Flaw('the buckets of a histogram must be cumulated')
    negative ||= next < 0
    bound = next
    inside = value
  }
  const count = found.get('_count') ?? found.get('_gcount')
  const sum = found.get('_sum') ?? found.get('_gsum')
  if (bound !== Number.POSITIVE_INFINITY) throw new Flaw('a histogram needs the bucket +Inf')
  if (count !== undefined && count !== inside) throw new Flaw(`the bucket +Inf must be equal to the count ${count}, got ${inside}`)
  if ((count === undefined) !== (sum === undefined)) throw new Flaw('a histogram has both a sum and a count, or neither')
  if (negative && found.has('_sum')) throw new Flaw('a histogram with negative bounds has no sum')
  if (!negative && (found.get('_gsum') ?? 0) < 0) throw new Flaw('the sum of a histogram without negative bounds must not be negative')
}
