/** A served and monitored model with something to see: a group that is wrong, a column that drifted, refused input. */
import { functionModel } from '../../../src/adapters/function/function-runtime'
import { DriftDetector } from '../../../src/drift'
import { type AlertRule, Monitor, type MonitorOptions, monitorMetrics } from '../../../src/monitor'
import { Predictor } from '../../../src/predictor'
import { tableFromRows } from '../../../src/schema/table'
import { createHandler } from '../../../src/serve'

const window = { lastMs: 3_600_000 }
export const rules: readonly AlertRule[] = [
  {
    name: 'accuracy by region',
    kind: 'performance',
    metric: 'accuracy',
    below: 0.8,
    by: { column: 'region' },
    window,
    labels: { team: 'ml' },
  },
  { name: 'drift', kind: 'drift', window, columns: ['temp', 'hour'] },
  { name: 'drift share', kind: 'drift', window, share: 0.9, columns: ['temp', 'hour'] },
  { name: 'psi', kind: 'drift', window, psi: 0.25, columns: ['temp', 'hour'] },
  { name: 'slow', kind: 'latency', above: 60_000, window, forMs: 90_000, keepFiringMs: 60_000 },
  { name: 'refused', kind: 'refused', above: 0.01, window },
  { name: 'traffic', kind: 'volume', below: 10, above: 100, window },
  { name: 'labels', kind: 'labels', below: 0.1, window },
]

/** The model, its monitor and the handler; 200 rows are answered, one call is refused. */
export async function watchedModel(options: Pick<MonitorOptions, 'sinks'> = {}) {
  const signature = {
    inputs: [
      { name: 'temp', type: 'float64' },
      { name: 'hour', type: 'int32' },
      { name: 'region', type: 'string' },
    ],
    outputs: [],
  } as const
  const model = functionModel(({ temp }) => (Number(temp) > 0.5 ? 'busy' : 'quiet'), {
    name: 'bikes',
    task: 'classification',
    classes: ['busy', 'quiet'],
    signature,
  })
  const predictor = Predictor.of(model, { name: 'bikes', version: '7' })
  const rowOf = (i: number, shift: number) => ({
    temp: ((i * 37) % 100) / 100 + shift,
    hour: i % 24,
    region: i % 4 === 0 ? 'north "n"' : 'south',
  })
  const reference = tableFromRows(Array.from({ length: 400 }, (_, i) => rowOf(i, 0)))
  const detector = new DriftDetector({ method: 'psi', psiThreshold: 0.25 }).fit(reference)
  const monitor = new Monitor({ name: 'bikes', rules, detector, ...options })
  monitor.watch(predictor)
  const metrics = monitorMetrics(monitor)
  const handler = createHandler(predictor, { collect: metrics.collect })
  const rows = Array.from({ length: 200 }, (_, i) => rowOf(i, 0.6))
  const answers = await predictor.predict(rows)
  answers.forEach(({ id, prediction }, i) => {
    const right = rows[i]?.region === 'south' || i % 8 === 0
    monitor.label(id, right === (prediction === 'busy') ? 'busy' : 'quiet')
  })
  await predictor.predict([{ temp: 'hot', hour: 1, region: 'south' }] as never).catch(() => {})
  await predictor
    .predict([
      { temp: 'hot', hour: 1, region: 'south' },
      { temp: 1, hour: null, region: 'south' },
      { temp: null, hour: null, region: 'south' },
    ] as never)
    .catch(() => {})
  return { predictor, monitor, metrics, handler }
}
