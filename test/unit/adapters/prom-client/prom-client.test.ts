import { Counter, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { parseOpenMetrics } from '../../../../src/adapters/openmetrics'
import { toPromClient } from '../../../../src/adapters/prom-client/prom-client'
import type { MetricFamily } from '../../../../src/ports/metric-family'
import { createHistogram } from '../../../../src/predictor/histogram'

const histogram = createHistogram([0.5, 1])
for (const value of [0.4, 0.7, 3]) histogram.add(value)

function families(more: readonly MetricFamily[] = []): MetricFamily[] {
  return [
    { name: 'millwright_rows', type: 'counter', help: 'Rows "answered".', samples: [{ labels: { model: 'a"b\\c\nd' }, value: 3 }] },
    { name: 'millwright_model', type: 'info', help: 'Models.', samples: [{ labels: { version: '1' }, value: 1 }] },
    { name: 'millwright_drift_score', type: 'gauge', help: 'Drift.', samples: [{ labels: { column: 'temp' }, value: 0.25 }] },
    { name: 'millwright_seconds', type: 'histogram', help: 'Time.', samples: [{ labels: {}, value: histogram.snapshot() }] },
    ...more,
  ]
}

describe('toPromClient', () => {
  it('shows our families among the metrics of the application', async () => {
    const registry = new Registry()
    new Counter({ name: 'app_calls_total', help: 'Calls.', registers: [registry] }).inc(2)
    let scrapes = 0
    const stop = toPromClient(registry, () => {
      scrapes++
      return families()
    })
    const text = await registry.metrics()
    expect(text).toContain('app_calls_total 2')
    expect(text).toContain('# TYPE millwright_rows_total counter\nmillwright_rows_total{model="a\\"b\\\\c\\nd"} 3')
    expect(text).toContain('# TYPE millwright_model_info gauge\nmillwright_model_info{version="1"} 1')
    expect(text).toContain('millwright_drift_score{column="temp"} 0.25')
    expect(text).toContain(
      'millwright_seconds_bucket{le="0.5"} 1\nmillwright_seconds_bucket{le="1.0"} 2\nmillwright_seconds_bucket{le="+Inf"} 3\nmillwright_seconds_sum',
    )
    expect(text).toContain('millwright_seconds_count 3')
    expect(scrapes).toBe(2)
    stop()
    expect(await registry.metrics()).toBe('# HELP app_calls_total Calls.\n# TYPE app_calls_total counter\napp_calls_total 2\n')
  })

  it('is valid in the OpenMetrics format too', async () => {
    const registry = new Registry()
    // prom-client writes help without its quotes escaped, which OpenMetrics does not allow.
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    toPromClient(registry, () => families().map((family) => ({ ...family, help: 'Plain.' })))
    const read = parseOpenMetrics(await registry.metrics())
    expect(read.find(({ name }) => name === 'millwright_rows')?.samples).toEqual([
      { name: 'millwright_rows_total', labels: { model: 'a"b\\c\nd' }, value: 3 },
    ])
  })

  it('shows a family that appears later from the next scrape on', async () => {
    const registry = new Registry()
    const later: MetricFamily[] = []
    toPromClient(registry, () => families(later))
    later.push({ name: 'millwright_late', type: 'gauge', help: 'Late.', samples: [{ labels: {}, value: 1 }] })
    await registry.metrics()
    expect(await registry.metrics()).toContain('millwright_late 1')
    expect((await registry.getMetricsAsJSON()).map(({ name }) => name)).toContain('millwright_late')
    registry.resetMetrics()
    expect(await registry.metrics()).toContain('millwright_late 1')
  })

  it('refuses what is no registry', () => {
    expect(() => toPromClient({} as never, families)).toThrow('toPromClient needs a registry of prom-client')
    expect(() => toPromClient(new Registry(), [] as never)).toThrow('toPromClient needs a function that gives metric families')
  })
})
