/**
 * Our dashboards in the types that Grafana publishes (its foundation SDK for Grafana 11.6): read and written back, nothing of ours may be lost or
 * changed, so every field is known to the dashboard, its panels and its queries. A Grafana itself comes through no package registry.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { grafanaDashboard, grafanaProvisioning } from '../../../src/deploy'
import type { AlertRule } from '../../../src/monitor'
import { rules } from '../prometheus/_model'

const more: readonly AlertRule[] = [
  ...rules,
  { name: 'estimate', kind: 'estimated-performance', metric: 'rocAuc', below: 0.7, window: { lastRows: 100 }, by: 'version' },
  { name: 'missing', kind: 'missing', above: 0.1, window: { lastRows: 100 } },
  { name: 'error', kind: 'performance', metric: 'rmse', above: 3, window: { lastRows: 100 } },
]
const provisioned = grafanaProvisioning({ monitor: 'bikes', rules: more })
const written = Object.entries(provisioned).flatMap(([path, text]) => (path.endsWith('.json') ? [JSON.parse(text) as unknown] : []))
const dashboards = [
  grafanaDashboard({ monitor: 'bikes', rules: more }),
  grafanaDashboard({ monitor: 'b', rules: [], serving: false, title: 'T', uid: 'u' }),
  ...written,
]

const python = process.env.MILLWRIGHT_GRAFANA ?? '.venvs/grafana/bin/python'
const { stdout, stderr, status } = spawnSync(python, ['test/interop/grafana/round_trip.py'], {
  input: JSON.stringify(dashboards),
  encoding: 'utf8',
})
assert.equal(status, 0, stderr)
const back = JSON.parse(stdout) as unknown[]
let fields = 0
const lost: string[] = []
/** What of `ours` is not in `theirs`. They may have more: defaults. */
function compare(ours: unknown, theirs: unknown, path: string): void {
  if (typeof ours !== 'object' || ours === null) {
    fields++
    if (ours !== theirs) lost.push(`${path}: ${JSON.stringify(ours)} became ${JSON.stringify(theirs)}`)
  } else if (typeof theirs !== 'object' || theirs === null) {
    if (Object.keys(ours).length > 0) lost.push(`${path} is lost`)
  } else for (const [key, value] of Object.entries(ours)) compare(value, (theirs as Record<string, unknown>)[key], `${path}.${key}`)
}
for (const [i, dashboard] of dashboards.entries()) compare(JSON.parse(JSON.stringify(dashboard)), back[i], `dashboard ${i}`)
// These two belong to the Prometheus data source's own annotations, which the types of dashboards leave open.
const open = /annotations\.list\.0\.(step|titleFormat)/
assert.deepEqual(
  lost.filter((line) => !open.test(line)),
  [],
)
console.log(`${dashboards.length} dashboards, ${fields} fields: all known to Grafana's types`)
