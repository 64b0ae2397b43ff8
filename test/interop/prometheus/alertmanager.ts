/** A real Alertmanager takes the alerts of a monitor, sends them on as one group, and resolves them when the monitor says so. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { alertmanagerSink } from '../../../src/adapters/webhook'
import { watchedModel } from './_model'
import { startAlertmanager, until } from './_server'

interface Notification {
  readonly status: string
  readonly groupLabels: Readonly<Record<string, string>>
  readonly alerts: readonly {
    readonly status: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }[]
}

const notifications: Notification[] = []
const hook = createServer((request, response) => {
  let text = ''
  request.on('data', (part) => {
    text += part
  })
  request.on('end', () => {
    notifications.push(JSON.parse(text))
    response.end()
  })
}).listen(0, '127.0.0.1')
await new Promise((ready) => hook.once('listening', ready))
const alertmanager = await startAlertmanager(`http://127.0.0.1:${(hook.address() as AddressInfo).port}`)
try {
  const { monitor, predictor } = await watchedModel({
    sinks: [alertmanagerSink({ url: alertmanager.url, labels: { environment: 'test' } })],
  })
  const errors: unknown[] = []
  monitor.on('error', (error) => errors.push(error))
  const firing = monitor.check().rules.filter(({ state }) => state === 'firing')
  await monitor.flush()
  assert.deepEqual(errors, [])
  const active = async (): Promise<{ labels: Record<string, string>; annotations: Record<string, string> }[]> =>
    (await fetch(`${alertmanager.url}/api/v2/alerts?active=true`)).json() as Promise<
      { labels: Record<string, string>; annotations: Record<string, string> }[]
    >
  const found = await active()
  assert.equal(found.length, firing.length)
  const accuracy = found.find(({ labels }) => labels.alertname === 'accuracy by region')
  assert.deepEqual(accuracy?.labels, {
    ...{ alertname: 'accuracy by region', environment: 'test', kind: 'performance', monitor: 'bikes' },
    ...{ region: 'north "n"', severity: 'critical', team: 'ml' },
  })
  await until('one notification with the group', async () => notifications.length > 0)
  assert.deepEqual(notifications[0]?.groupLabels, { monitor: 'bikes' })
  assert.equal(notifications[0]?.alerts.length, firing.length)

  // The north gets better: 200 right answers.
  const rows = Array.from({ length: 200 }, (_, i) => ({ temp: i / 200, hour: i % 24, region: 'north "n"' }))
  for (const { id, prediction } of await predictor.predict(rows)) monitor.label(id, String(prediction))
  const resolved = monitor.check().rules.filter(({ state }) => state === 'resolved')
  assert.ok(resolved.some(({ rule }) => rule === 'accuracy by region'))
  await monitor.flush()
  await until('Alertmanager has fewer active alerts', async () => (await active()).length === firing.length - resolved.length)
  await until(
    'it told that they are over',
    async () =>
      notifications.at(-1)?.alerts.some(({ status, labels }) => status === 'resolved' && labels.alertname === 'accuracy by region') ??
      false,
  )
  assert.deepEqual(errors, [])
  console.log(`Alertmanager: ${firing.length} alerts in one group, ${resolved.length} resolved`)
  await monitor.close()
  await predictor.close()
} finally {
  await alertmanager.stop()
  hook.close()
}
