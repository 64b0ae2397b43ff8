/** Metrics of the library through OpenTelemetry's API: observable instruments of a meter. */
import { invalidArgument, show } from '../../core/errors'
import type { MetricFamily } from '../../ports/metric-family'
import { seriesOf } from '../../ports/metric-series'

/** The part of an observable instrument that is used. */
export interface OtelObservable {
  addCallback(callback: (result: OtelResult) => void): void
  removeCallback(callback: (result: OtelResult) => void): void
}

/** Where a callback reports what it observed. */
export interface OtelResult {
  observe(value: number, attributes?: Record<string, string>): void
}

/** The part of OpenTelemetry's `Meter` that is used. */
export interface OtelMeter {
  createObservableCounter(name: string, options?: { description?: string; unit?: string }): OtelObservable
  createObservableGauge(name: string, options?: { description?: string; unit?: string }): OtelObservable
}

/**
 * Gives the families of `collect` to a meter as observable instruments, which its readers ask at each export. Names lose `millwright_` for
 * `millwright.` and their unit, which the instrument carries. A histogram becomes three counters, `.bucket` (with the attribute `le`), `.sum` and
 * `.count`, since an observable instrument has one number. A family that appears later is there from the next export.
 *
 * @returns a function that stops it
 * @example toOpenTelemetry(metrics.getMeter('millwright'), monitorMetrics(monitor).collect)
 * @throws InvalidArgument for what is no meter
 */
export function toOpenTelemetry(meter: OtelMeter, collect: () => readonly MetricFamily[]): () => void {
  if (typeof meter?.createObservableGauge !== 'function')
    throw invalidArgument(`toOpenTelemetry needs a meter of OpenTelemetry, got ${show(meter)}`)
  if (typeof collect !== 'function')
    throw invalidArgument(`toOpenTelemetry needs a function that gives metric families, got ${show(collect)}`)
  const known = new Set<string>()
  const stops: (() => void)[] = []
  let exported: readonly MetricFamily[] | undefined

  /** The families of this export: a reader asks all instruments in one turn. */
  const families = (): readonly MetricFamily[] => {
    if (exported === undefined) {
      exported = collect()
      queueMicrotask(() => {
        exported = undefined
      })
      for (const family of exported) add(family)
    }
    return exported
  }
  const add = ({ name, help, type }: MetricFamily): void => {
    if (known.has(name)) return
    known.add(name)
    const [base, unit] = namesOf(name)
    for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) {
      const options = { description: help, ...(unit === undefined || suffix === '_bucket' || suffix === '_count' ? {} : { unit }) }
      const full = base + suffix.replace('_', '.')
      const instrument =
        type === 'gauge' || type === 'info' ? meter.createObservableGauge(full, options) : meter.createObservableCounter(full, options)
      const callback = (result: OtelResult): void => {
        const family = families().find((one) => one.name === name)
        for (const sample of family?.samples ?? [])
          for (const series of seriesOf({ type }, sample)) if (series.suffix === suffix) result.observe(series.value, { ...series.labels })
      }
      instrument.addCallback(callback)
      stops.push(() => instrument.removeCallback(callback))
    }
  }
  for (const family of collect()) add(family)
  return () => {
    for (const stop of stops.splice(0)) stop()
  }
}

/** `millwright_request_duration_seconds` → `millwright.request_duration` in `s`. */
function namesOf(name: string): readonly [string, string | undefined] {
  const units: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', ratio: '1' }
  const [, base = name, unit] = /^(.*?)(?:_(seconds|bytes|ratio))?$/.exec(name) ?? []
  return [base.replace(/^millwright_/, 'millwright.'), unit === undefined ? undefined : units[unit]]
}
