/** Metrics as text: the classic Prometheus format 0.0.4, and OpenMetrics 1.0. */
import type { MetricFamily, MetricSample } from './metric-family'

/** Media type of {@link toPrometheusText}. */
export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'
/** Media type of {@link toOpenMetrics}. */
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** The classic text format: every scraper reads it. Families without samples are left out. */
export function toPrometheusText(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const full = name + suffixOf(type)
      const head = [`# HELP ${full} ${escapeHelp(help)}`, `# TYPE ${full} ${type === 'info' ? 'gauge' : type}`]
      return `${[...head, ...samples.flatMap((sample) => linesOf(full, sample))].join('\n')}\n`
    })
    .join('')
}

/** The OpenMetrics text format; ends in `# EOF`. */
export function toOpenMetrics(families: readonly MetricFamily[]): string {
  const blocks = families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const unit = /_(seconds|bytes|ratio)$/.exec(name)?.[1]
      const head = [`# TYPE ${name} ${type}`, ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`])]
      head.push(`# HELP ${name} ${escapeHelp(help).replaceAll('"', '\\"')}`)
      return `${[...head, ...samples.flatMap((sample) => linesOf(name + suffixOf(type), sample))].join('\n')}\n`
    })
  return `${blocks.join('')}# EOF\n`
}

/** Which of the two formats an `Accept` header asks for: OpenMetrics only when it is listed. */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  return accept?.toLowerCase().includes('application/openmetrics-text') ?? false
}

function suffixOf(type: MetricFamily['type']): string {
  if (type === 'counter') return '_total'
  return type === 'info' ? '_info' : ''
}

function linesOf(name: string, { labels, value }: MetricSample): string[] {
  if (typeof value === 'number') return [`${name}${labelText(labels)} ${numberText(value)}`]
  let cumulated = 0
  const buckets = value.counts.map((count, i) => {
    cumulated += count
    const bound = value.bounds[i]
    return `${name}_bucket${labelText({ ...labels, le: bound === undefined ? '+Inf' : boundText(bound) })} ${cumulated}`
  })
  return [...buckets, `${name}_sum${labelText(labels)} ${numberText(value.sum)}`, `${name}_count${labelText(labels)} ${value.count}`]
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([, value]) => value !== '')
  return pairs.length === 0 ? '' : `{${pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"').replaceAll('\r', ' ')
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
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
