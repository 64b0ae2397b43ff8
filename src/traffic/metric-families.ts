/** Metrics of traffic in the form that `createHandler({ collect })` takes. */
import type { MetricFamily } from '../ports/metric-family'

/** A family of counters or gauges under `millwright_`; samples that are not finite are left out. */
export function trafficFamily(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[],
): MetricFamily {
  return { name: `millwright_${name}`, type, help, samples: samples.filter(({ value }) => Number.isFinite(value)) }
}
