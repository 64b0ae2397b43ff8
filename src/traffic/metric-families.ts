/** Metrics of traffic in the form that `createHandler({ collect })` takes. */

/** Samples of one name: what `/metrics` shows. */
export interface TrafficMetricFamily {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
}

/** A family of counters or gauges; samples that are not finite are left out. */
export function trafficFamily(
  name: string,
  type: TrafficMetricFamily['type'],
  help: string,
  samples: TrafficMetricFamily['samples'],
): TrafficMetricFamily {
  return { name: `millwright_${name}`, type, help, samples: samples.filter(({ value }) => Number.isFinite(value)) }
}
