/** A monitor with everything that its pages show: two versions, alerts in the past and now, drift, refused input. */
import { type DriftReading, Monitor } from '../../src/monitor'
import { manualClock } from '../unit/monitor/helpers'

/** 48 hours of a model that gets worse; `hostile` text in names and values. */
export function watchedMonitor(hostile = '<b>'): Monitor {
  const clock = manualClock(Date.UTC(2024, 4, 1))
  const column = (name: string, psi: number) => ({ column: name, score: psi, psi, threshold: 0.25, driftDetected: psi > 0.25 })
  const detect = (): DriftReading => ({ driftDetected: true, columns: [column(`temp ${hostile}`, 0.61), column('hour', 0.02)] })
  const window = { lastMs: 6 * 3_600_000 }
  const monitor = new Monitor({
    name: 'bikes',
    clock,
    detector: { detect },
    rules: [
      { name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.8, window },
      { name: `accuracy by region ${hostile}`, kind: 'performance', metric: 'accuracy', below: 0.6, by: { column: 'region' }, window },
      { name: 'drift', kind: 'drift', window },
      { name: 'refused', kind: 'refused', above: 0.05, window },
    ],
  })
  for (let hour = 0; hour < 48; hour++) {
    for (let i = 0; i < 20; i++) {
      const id = `${hour}-${i}`
      const at = clock.now() + i * 1000
      const version = hour < 30 ? '3' : '4'
      monitor.record({
        id,
        model: 'bikes',
        version,
        at,
        input: { region: i % 2 === 0 ? 'north' : hostile },
        prediction: 'yes',
        latencyMs: 2,
        cached: false,
      })
      monitor.label(id, i < (hour > 20 && hour < 34 ? 12 : 18) ? 'yes' : 'no')
    }
    monitor.recordRefused({
      model: 'bikes',
      version: '3',
      at: clock.now(),
      rows: 3,
      refusedRows: 2,
      columns: { [`age ${hostile}`]: { missing: 2 } },
    })
    clock.advance(3_600_000)
    monitor.check()
  }
  return monitor
}
