/** Metrics of the library inside a registry of prom-client that the application already has. */
import { invalidArgument, show } from '../../core/errors'
import type { MetricFamily } from '../../ports/metric-family'
import { seriesOf, suffixOf } from '../../ports/metric-series'

/** The part of prom-client's `Registry` that is used. */
export interface PromRegistry {
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
}

/** A metric as a registry of prom-client reads it. */
interface PromMetric {
  name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly aggregator: 'sum'
  get(): Promise<{
    readonly name: string
    readonly help: string
    readonly type: string
    readonly aggregator: 'sum'
    readonly values: readonly { readonly metricName?: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
  }>
  reset(): void
}

/**
 * Puts the families of `collect` into a registry of prom-client: `register.metrics()` then has them among its own. They are collected once for each
 * scrape. A family that appears later is there from the scrape after the one that noticed it.
 *
 * @returns a function that takes them out again
 * @example const stop = toPromClient(register, monitorMetrics(monitor).collect)
 * @throws InvalidArgument for what is no registry; prom-client's error for a name that is taken
 */
export function toPromClient(registry: PromRegistry, collect: () => readonly MetricFamily[]): () => void {
  if (typeof registry?.registerMetric !== 'function')
    throw invalidArgument(`toPromClient needs a registry of prom-client, got ${show(registry)}`)
  if (typeof collect !== 'function') throw invalidArgument(`toPromClient needs a function that gives metric families, got ${show(collect)}`)
  const registered = new Map<string, string>()
  let scraped: ReadonlyMap<string, MetricFamily> | undefined

  /** The families of this scrape: a registry asks all its metrics in one turn. */
  const scrape = (): ReadonlyMap<string, MetricFamily> => {
    if (scraped === undefined) {
      scraped = new Map(collect().map((family) => [family.name, family]))
      queueMicrotask(() => {
        scraped = undefined
      })
      for (const family of scraped.values()) add(family)
    }
    return scraped
  }
  const add = ({ name, help, type }: MetricFamily): void => {
    if (registered.has(name)) return
    const full = name + suffixOf(type)
    const shown = type === 'info' ? 'gauge' : type
    const metric: PromMetric = {
      name: full,
      help,
      type: shown,
      aggregator: 'sum',
      async get() {
        const family = scrape().get(name)
        // In the OpenMetrics format prom-client shortens the name of a counter and adds `_total` to its values itself.
        const samples = family === undefined ? [] : family.samples.flatMap((sample) => seriesOf(family, sample))
        const values = samples.map(({ suffix, labels, value }) => ({
          labels: { ...labels },
          value,
          ...(suffix === '' ? {} : { metricName: name + suffix }),
        }))
        return { name: metric.name, help, type: shown, aggregator: 'sum', values }
      },
      // Counters belong to the library; resetting the registry does not set them to zero.
      reset() {},
    }
    registry.registerMetric(metric as never)
    registered.set(name, full)
  }
  for (const family of collect()) add(family)
  return () => {
    for (const name of registered.values()) registry.removeSingleMetric(name)
    registered.clear()
  }
}
