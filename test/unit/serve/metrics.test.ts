import { describe, expect, it } from 'vitest'
import type { MetricFamily } from '../../../src/ports/metric-family'
import { toOpenMetrics, toPrometheusText, wantsOpenMetrics } from '../../../src/ports/metric-text'
import { createHistogram } from '../../../src/predictor/histogram'
import { createHandler } from '../../../src/serve'
import { feelsPredictor, get, post } from './helpers'

const histogram = createHistogram([0.00001, 0.005, 1, 250_000, 1_500_000])
for (const value of [0.001, 0.5, 0.5, 300_000, 9e9]) histogram.add(value)
const families: MetricFamily[] = [
  {
    name: 'a_requests',
    type: 'counter',
    help: 'Line one\nback\\slash "quoted"',
    samples: [{ labels: { path: 'C:\\x "y"\nz', none: '' }, value: 3 }],
  },
  { name: 'a_gauge_seconds', type: 'gauge', help: 'G', samples: [{ labels: {}, value: Number.POSITIVE_INFINITY }] },
  { name: 'a_latency', type: 'histogram', help: 'H', samples: [{ labels: { m: 'x' }, value: histogram.snapshot() }] },
  { name: 'a_model', type: 'info', help: 'I', samples: [{ labels: { version: '3' }, value: 1 }] },
  { name: 'a_empty', type: 'gauge', help: 'no samples', samples: [] },
]

const buckets = `a_latency_bucket{m="x",le="1e-05"} 0
a_latency_bucket{m="x",le="0.005"} 1
a_latency_bucket{m="x",le="1.0"} 3
a_latency_bucket{m="x",le="250000.0"} 3
a_latency_bucket{m="x",le="1.5e+06"} 4
a_latency_bucket{m="x",le="+Inf"} 5
a_latency_sum{m="x"} 9000300001.001
a_latency_count{m="x"} 5
`

describe('exposition', () => {
  it('writes the classic format', () => {
    expect(toPrometheusText(families)).toBe(`# HELP a_requests_total Line one\\nback\\\\slash "quoted"
# TYPE a_requests_total counter
a_requests_total{path="C:\\\\x \\"y\\"\\nz"} 3
# HELP a_gauge_seconds G
# TYPE a_gauge_seconds gauge
a_gauge_seconds +Inf
# HELP a_latency H
# TYPE a_latency histogram
${buckets}# HELP a_model_info I
# TYPE a_model_info gauge
a_model_info{version="3"} 1
`)
  })

  it('writes OpenMetrics', () => {
    expect(toOpenMetrics(families)).toBe(`# TYPE a_requests counter
# HELP a_requests Line one\\nback\\\\slash \\"quoted\\"
a_requests_total{path="C:\\\\x \\"y\\"\\nz"} 3
# TYPE a_gauge_seconds gauge
# UNIT a_gauge_seconds seconds
# HELP a_gauge_seconds G
a_gauge_seconds +Inf
# TYPE a_latency histogram
# HELP a_latency H
${buckets}# TYPE a_model info
# HELP a_model I
a_model_info{version="3"} 1
# EOF
`)
  })

  it('chooses OpenMetrics only when it is listed', () => {
    expect([undefined, '*/*', 'text/plain', 'application/openmetrics-text; version=1.0.0,*/*;q=0.1'].map(wantsOpenMetrics)).toEqual([
      false,
      false,
      false,
      true,
    ])
  })
})

/** The samples of a classic exposition by name and labels; throws on a line that is none, or one told twice. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('# ')) continue
    const [, key, value] = /^([a-z_]+(?:\{[^}]*\})?) (\S+)$/.exec(line) ?? []
    if (key === undefined || samples.has(key)) throw new Error(`bad line: ${line}`)
    samples.set(key, Number(value))
  }
  return samples
}

describe('GET /metrics', () => {
  it('counts what happened', async () => {
    const predictor = feelsPredictor({ cache: {}, batch: { maxSize: 8 } })
    const handler = createHandler(predictor, {
      collect: () => [{ name: 'millwright_drift_score', type: 'gauge', help: 'D', samples: [{ labels: { column: 'a' }, value: 0.25 }] }],
    })
    await handler(post('/predict', { rows: [{ celsius: 1 }, { celsius: 2 }] }))
    await handler(post('/predict', { rows: [{ celsius: 1 }] }))
    await handler(post('/predict', { rows: [{ celsius: 'x' }, {}] }))
    await handler(post('/predict', { rows: [{ celsius: -273 }] }))
    await handler(get('/nothing-here/at-all'))
    const response = await handler(get('/metrics'))
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const samples = parse(await response.text())
    const model = 'model="feels",version="3"'
    const expected: Record<string, number> = {
      'millwright_http_requests_total{route="/predict",method="POST",code="200"}': 2,
      'millwright_http_requests_total{route="/predict",method="POST",code="422"}': 1,
      'millwright_http_requests_total{route="/predict",method="POST",code="500"}': 1,
      'millwright_http_requests_total{route="unmatched",method="GET",code="404"}': 1,
      'millwright_http_request_duration_seconds_count{route="/predict"}': 4,
      millwright_http_requests_in_progress: 1,
      [`millwright_model_info{${model},task="classification"}`]: 1,
      [`millwright_model_loaded{${model}}`]: 1,
      [`millwright_requests_total{${model},outcome="answered"}`]: 2,
      [`millwright_requests_total{${model},outcome="rejected"}`]: 1,
      [`millwright_requests_total{${model},outcome="failed"}`]: 1,
      [`millwright_requests_total{${model},outcome="shed"}`]: 0,
      [`millwright_rows_total{${model}}`]: 3,
      [`millwright_executions_total{${model}}`]: 1,
      [`millwright_batch_rows_bucket{${model},le="1.0"}`]: 0,
      [`millwright_batch_rows_bucket{${model},le="2.0"}`]: 1,
      [`millwright_batch_rows_sum{${model}}`]: 2,
      [`millwright_cache_hits_total{${model}}`]: 1,
      [`millwright_cache_misses_total{${model}}`]: 3,
      [`millwright_validation_errors_total{${model},kind="wrong-type"}`]: 1,
      [`millwright_validation_errors_total{${model},kind="missing"}`]: 1,
      [`millwright_queue_rows{${model}}`]: 0,
      'millwright_drift_score{column="a"}': 0.25,
    }
    expect(Object.fromEntries(Object.keys(expected).map((key) => [key, samples.get(key)]))).toEqual(expected)
    const open = await handler(get('/metrics', { accept: 'application/openmetrics-text' }))
    expect(open.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect((await open.text()).endsWith('\n# EOF\n')).toBe(true)
  })

  it('keeps the number of series bounded', async () => {
    const handler = createHandler(feelsPredictor())
    for (let i = 0; i < 30; i++) await handler(new Request(`http://localhost/${i}`, { method: `M${i}` }))
    const text = await (await handler(get('/metrics'))).text()
    expect(text.match(/millwright_http_requests_total\{/g)).toHaveLength(1)
  })
})
