/** A real Alertmanager and a monitor get the same alerts at the same times: both tell them in the same groups, after the same waits. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { alertmanagerSink } from '../../../src/adapters/webhook'
import { type AlertRule, callbackSink, Monitor, type MonitorOptions } from '../../../src/monitor'
import { startAlertmanager } from './_server'

const [waitMs, intervalMs] = [800, 1600]

/** What fires, from when to when, in milliseconds. Alerts of one team are one group. Ticks of `x`: 800, 2400, 4000, 5600. */
const alerts = [
  { name: 'first', team: 'x', from: 0, to: 4400 },
  { name: 'soon after', team: 'x', from: 300, to: 2800 },
  { name: 'later', team: 'x', from: 1400, to: 4400 },
  { name: 'comes and goes', team: 'x', from: 3000, to: 3400 },
  { name: 'over at once', team: 'y', from: 0, to: 300 },
  { name: 'of another group', team: 'z', from: 1400, to: 4400 },
] as const

type Told = readonly string[]
/** What each notification of a team told that no earlier one had. */
const told: Record<'alertmanager' | 'monitor', Record<string, Told[]>> = { alertmanager: {}, monitor: {} }
const note = (who: keyof typeof told, team: string, texts: Told): void => {
  if (texts.length === 0) return
  told[who][team] ??= []
  told[who][team].push([...texts].sort())
}

const seen = new Set<string>()
const hook = createServer(async (request, response) => {
  let text = ''
  for await (const part of request) text += part
  const { groupLabels, alerts: sent } = JSON.parse(text) as {
    groupLabels: { team: string }
    alerts: { status: string; labels: { alertname: string } }[]
  }
  const news = sent.map(({ status, labels }) => `${labels.alertname} ${status}`).filter((one) => !seen.has(one))
  for (const one of news) seen.add(one)
  note('alertmanager', groupLabels.team, news)
  response.end()
}).listen(0, '127.0.0.1')
await new Promise((ready) => hook.once('listening', ready))
const route = { groupBy: 'team', groupWaitMs: waitMs, groupIntervalMs: intervalMs }
const alertmanager = await startAlertmanager(`http://127.0.0.1:${(hook.address() as AddressInfo).port}`, route)

let on = new Set<string>()
const rules = alerts.map(({ name, team }): AlertRule => {
  const detect = () => {
    const driftDetected = on.has(name)
    return { driftDetected, columns: [{ column: 'x', score: driftDetected ? 1 : 0, threshold: 0.5, driftDetected }] }
  }
  return { name, kind: 'drift', detector: { detect }, window: { lastRows: 1 }, minRows: 1, labels: { team } }
})
const errors: unknown[] = []
const monitored = (options: MonitorOptions): Monitor => {
  const monitor = new Monitor({ name: 'm', rules, ...options })
  monitor.on('error', (error) => errors.push(error))
  monitor.record({ id: 'a', model: 'm', version: '1', at: 0, input: { x: 1 }, prediction: 1, latencyMs: 1, cached: false })
  return monitor
}
const sender = monitored({ sinks: [alertmanagerSink({ url: alertmanager.url })] })
const waiting = monitored({
  ...{ groupBy: ['team'], groupWaitMs: waitMs, groupIntervalMs: intervalMs },
  sinks: [
    {
      ...callbackSink(() => {}),
      send: (message) => note('monitor', message.labels.team ?? '', [`${message.rule} ${message.state}`]),
      sendAll: (messages) => {
        // Alertmanager tells only the end of an alert that came and went since the last notification.
        const last = new Map(messages.map(({ rule, state }) => [rule, `${rule} ${state}`]))
        note('monitor', messages[0]?.labels.team ?? '', [...last.values()])
      },
    },
  ],
})
try {
  const start = Date.now()
  const moments = [...new Set(alerts.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b)
  for (const moment of [...moments, 6200]) {
    await new Promise((next) => setTimeout(next, start + moment - Date.now()))
    on = new Set(alerts.filter(({ from, to }) => from <= moment && moment < to).map(({ name }) => name))
    waiting.check()
    sender.check()
    await sender.flush()
  }
  assert.deepEqual(errors, [])
  assert.deepEqual(told.monitor, told.alertmanager)
  assert.deepEqual(told.monitor, {
    x: [
      ['first firing', 'soon after firing'],
      ['later firing'],
      ['comes and goes resolved', 'soon after resolved'],
      ['first resolved', 'later resolved'],
    ],
    z: [['of another group firing'], ['of another group resolved']],
  })
  console.log(`Alertmanager: ${Object.values(told.monitor).flat().length} notifications of groups, the same as the monitor's own`)
} finally {
  await waiting.close()
  await sender.close()
  await alertmanager.stop()
  hook.close()
}
