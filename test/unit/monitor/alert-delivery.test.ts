import { describe, expect, it } from 'vitest'
import { createAlertDelivery } from '../../../src/monitor/alert-delivery'
import type { AlertMessage, AlertSink } from '../../../src/ports/alert-sink'

const message = (id: string): AlertMessage => ({
  id,
  rule: 'r',
  state: 'firing',
  severity: 'info',
  labels: {},
  summary: '',
  value: 1,
  threshold: 1,
  startsAt: 0,
  details: {},
})

describe('alert delivery', () => {
  it('tries again, in order, and gives up after a while without stopping the next message', async () => {
    const waits: number[] = []
    const clock = {
      now: () => 0,
      schedule: (run: () => void, delayMs: number) => {
        waits.push(delayMs)
        queueMicrotask(run)
        return () => {}
      },
    }
    const tried: string[] = []
    const errors: unknown[] = []
    const sink: AlertSink = {
      portVersion: 1,
      name: 'flaky',
      send: async ({ id }) => {
        tried.push(id)
        if (id === 'bad' || (id === 'flaky' && tried.filter((one) => one === id).length < 3)) throw new Error(`${id} failed`)
      },
    }
    const delivery = createAlertDelivery({ sinks: [sink], clock, attempts: 3, retryMs: 100, onError: (error) => errors.push(error) })
    for (const id of ['flaky', 'bad', 'good']) delivery.send(message(id))
    await delivery.settled()
    expect(tried).toEqual(['flaky', 'flaky', 'flaky', 'bad', 'bad', 'bad', 'good'])
    expect(waits).toEqual([100, 200, 100, 200])
    expect(errors.map((error) => (error as Error).message)).toEqual(['bad failed'])
  })
})
