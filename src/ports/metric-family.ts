/** Metrics as data: what `/metrics`, a prom-client registry and OpenTelemetry receive. */

/** A histogram at one moment. */
export interface HistogramSnapshot {
  /** Upper bounds of the buckets, ascending; the last bucket (+∞) has none. */
  readonly bounds: readonly number[]
  /** How many values fell in each bucket (not cumulated); length `bounds.length + 1`. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
}

/** One value under its labels. */
export interface MetricSample {
  /** Label names `[a-zA-Z_][a-zA-Z0-9_]*`. An empty value is the same as no label. */
  readonly labels: Readonly<Record<string, string>>
  /** A histogram for families of that type. */
  readonly value: number | HistogramSnapshot
}

/** Samples of one name. */
export interface MetricFamily {
  /** Without `_total` or `_info`: `millwright_requests`. Base units at the end: `_seconds`, `_bytes`. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info'
  /** No two samples with the same labels. */
  readonly samples: readonly MetricSample[]
}
