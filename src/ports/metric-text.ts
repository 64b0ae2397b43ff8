/** Metrics as text: the classic Prometheus format 0.0.4, and OpenMetrics 1.0. */
import type { MetricFamily, MetricSample } from './metric-family'
import { seriesOf, suffixOf } from './metric-series'

/** Media type of {@link toPrometheusText}. */
export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'
/** Media type of {@link toOpenMetrics}. */
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** The classic text format: every scraper reads it. Families without samples are left out. */
export function toPrometheusText(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => {
      const { name, help, type, samples } = family
      const full = name + suffixOf(type)
      const head = [`# HELP ${full} ${escapeHelp(help)}`, `# TYPE ${full} ${type === 'info' ? 'gauge' : type}`]
      return `${[...head, ...samples.flatMap((sample) => linesOf(family, full, sample))].join('\n')}\n`
    })
    .join('')
}

/** The OpenMetrics text format; ends in `# EOF`. */
export function toOpenMetrics(families: readonly MetricFamily[]): string {
  const blocks = families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => {
      const { name, help, type, samples } = family
      const unit = /_(seconds|bytes|ratio)$/.exec(name)?.[1]
      const head = [`# TYPE ${name} ${type}`, ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`])]
      head.push(`# HELP ${name} ${escapeHelp(help).replaceAll('"', '\\"')}`)
      return `${[...head, ...samples.flatMap((sample) => linesOf(family, name + suffixOf(type), sample, hasNoSum(sample)))].join('\n')}\n`
    })
  return `${blocks.join('')}# EOF\n`
}

/** Which of the two formats an `Accept` header asks for: OpenMetrics only when it is listed. */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  return accept?.toLowerCase().includes('application/openmetrics-text') ?? false
}

/** OpenMetrics forbids the sum of a histogram with negative bounds, which can fall, and a count without a sum. */
function hasNoSum({ value }: MetricSample): boolean {
  return typeof value === 'object' && 'bounds' in value && value.bounds.some((bound) => bound < 0)
}

function linesOf(family: MetricFamily, name: string, sample: MetricSample, bucketsOnly = false): string[] {
  const series = seriesOf(family, sample).filter(({ suffix }) => !bucketsOnly || suffix === '_bucket')
  return series.map(({ suffix, labels, value }) => `${name}${suffix}${labelText(labels)} ${numberText(value)}`)
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
