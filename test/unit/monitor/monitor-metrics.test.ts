import { describe, expect, it } from 'vitest'
import { parseOpenMetrics } from '../../../src/adapters/openmetrics'
import { Monitor, monitorMetrics } from '../../../src/monitor'
import { toOpenMetrics, toPrometheusText } from '../../../src/ports/metric-text'
import { answer, manualClock } from './helpers'

const column = (name: string, score: number | null) => ({
  column: name,
  score,
  psi: score,
  threshold: 0.25,
  driftDetected: (score ?? 1) > 0.25,
})
const detector = { detect: () => ({ driftDetected: true, columns: [column('temp', 0.5), column('hour', 0.1)] }) }
const window = { lastMs: 1000 }

function watched() {
  const monitor = new Monitor({
    name: 'bikes',
    clock: manualClock(500),
    detector,
    rules: [
      { name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.8, by: { column: '1st region' }, window, minRows: 2 },
      { name: 'drift', kind: 'drift', window, minRows: 2 },
      { name: 'slow', kind: 'latency', above: 100, window, minRows: 100 },
    ],
  })
  const metrics = monitorMetrics(monitor)
  for (let i = 0; i < 4; i++) {
    monitor.record(answer(`${i}`, i, { input: { '1st region': i < 2 ? 'north' : 'a "b"' } }))
    monitor.label(`${i}`, i === 0 ? 'no' : 'yes')
  }
  monitor.recordRefused({ model: 'bikes', version: '1', at: 5, rows: 2, refusedRows: 1, columns: { temp: { missing: 1 } } })
  return { monitor, metrics }
}

describe('the metrics of a monitor', () => {
  it('are those of the last check, in both text formats', () => {
    const { monitor, metrics } = watched()
    monitor.check(2000)
    monitor.check(500)
    const families = parseOpenMetrics(toOpenMetrics(metrics.collect()))
    const values = Object.fromEntries(
      families.flatMap(({ samples }) =>
        samples.map(({ name, labels: { monitor: of, ...labels }, value }) => {
          expect(of).toBe('bikes')
          return [`${name.replace('millwright_', '')} ${Object.values(labels).join(' ')}`.trim(), value]
        }),
      ),
    )
    expect(values).toMatchObject({
      monitor_predictions_total: 4,
      monitor_labels_total: 4,
      monitor_refused_rows_total: 1,
      'monitor_refused_problems_total temp': 1,
      monitor_checks_total: 2,
      monitor_last_check_timestamp_seconds: 0.5,
      'performance north accuracy performance accuracy': 0.5,
      'performance a "b" accuracy performance accuracy': 1,
      'alert_firing north accuracy performance': 1,
      'alert_firing a "b" accuracy performance': 0,
      'alert_firing drift drift': 1,
      'drift_score drift drift temp': 0.5,
      'drift_detected drift drift temp': 1,
      'drift_detected drift drift hour': 0,
      'rule_threshold slow latency': 100,
      monitor_dropped_series: 0,
    })
    expect(values).not.toHaveProperty('rule_value slow latency')
    expect(toPrometheusText(metrics.collect())).toContain(
      'millwright_performance{_1st_region="north",rule="accuracy",kind="performance",metric="accuracy",monitor="bikes"} 0.5',
    )
  })

  it('have a limit on the number of series, and say what is left out', () => {
    const { monitor } = watched()
    const metrics = monitorMetrics(monitor, { maxSeries: 1 })
    monitor.check()
    const dropped = metrics.collect().find(({ name }) => name === 'millwright_monitor_dropped_series')
    expect(dropped?.samples[0]?.value).toBeGreaterThan(5)
    metrics.close()
    expect(() => monitorMetrics(monitor, { max: 1 } as never)).toThrow('`max` is not an option of monitorMetrics')
  })
})
