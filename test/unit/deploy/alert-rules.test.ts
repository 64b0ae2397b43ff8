import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../../src/core/yaml-read'
import { grafanaDashboard, grafanaProvisioning, prometheusRules } from '../../../src/deploy'
import type { AlertRule } from '../../../src/monitor'

const window = { lastRows: 100 }
const rules: readonly AlertRule[] = [
  { name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.8, forMs: 90_000, keepFiringMs: 3_600_000, by: 'version', window },
  { name: 'drift by column', kind: 'drift', window },
  { name: 'drift share', kind: 'drift', share: 0.5, severity: 'info', labels: { team: 'a' }, window },
  { name: 'traffic', kind: 'volume', threshold: { value: 100, relative: 0.5 }, window },
]
interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly keep_firing_for?: string
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
}
const alertsOf = (text: string): Alert[] => (parseYaml(text, 'rules') as { groups: { rules: Alert[] }[] }).groups[0]?.rules ?? []

describe('prometheusRules', () => {
  it('has the limits and the waits of the monitor', () => {
    const alerts = alertsOf(
      prometheusRules({ monitor: 'bikes "x"', rules, labels: { environment: 'prod' }, runbookUrl: 'https://example.org' }),
    )
    const [accuracy, drift, share, traffic, ...rest] = alerts
    expect(accuracy).toMatchObject({
      alert: 'Accuracy',
      expr: 'millwright_rule_value{monitor="bikes \\"x\\"",rule="accuracy"} < 0.8',
      for: '90s',
      keep_firing_for: '1h',
      labels: { severity: 'critical', environment: 'prod' },
      annotations: { runbook_url: 'https://example.org' },
    })
    expect(drift).toMatchObject({
      alert: 'DriftByColumn',
      expr: 'max without (column) (millwright_drift_detected{monitor="bikes \\"x\\"",rule="drift by column"}) > 0',
    })
    expect(share).toMatchObject({ expr: expect.stringMatching(/ > 0 and .* >= 0\.5$/), labels: { severity: 'info', team: 'a' } })
    expect(traffic?.expr).toMatch(/ < 50 or .* > 150$/)
    expect(rest.map(({ alert }) => alert)).toEqual(['MonitorAlertsUndelivered', 'MonitorLogLost'])
  })

  it('adds alerts of the monitor itself and of the service where they are asked for', () => {
    const alerts = alertsOf(prometheusRules({ monitor: 'bikes', rules: [], checkEveryMs: 86_400_000, service: { maxP99Seconds: 0.2 } }))
    expect(alerts.map(({ alert }) => alert)).toEqual([
      ...['MonitorSilent', 'MonitorAlertsUndelivered', 'MonitorLogLost'],
      ...['ServiceErrors', 'ServiceOverloaded', 'ModelNotLoaded', 'ServiceSlow'],
    ])
    expect(alerts[0]).toMatchObject({ expr: expect.stringContaining('> 259200 or absent('), for: '24h' })
  })

  it.each([
    [{ monitor: 'a' }, 'prometheusRules needs `rules`'],
    [{ monitor: 'a', rules: [{ name: 'x', kind: 'volume', window }] }, 'alert rule "x" needs a limit'],
    [
      { monitor: 'a', rules: [rules[0], { ...rules[0], name: 'Accuracy' }] },
      'two rules of prometheusRules would both be the alert "Accuracy"',
    ],
    [{ monitor: 'a', rules: [], service: { maxErrors: 1 } }, '`maxErrors` is not an option of `service` of prometheusRules'],
  ])('refuses options that do not fit: %#', (options, message) => {
    expect(() => prometheusRules(options as never)).toThrow(message)
  })
})

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: { readonly uid: string } }[]
}

describe('grafanaDashboard', () => {
  it('has panels by the rules, laid out without overlaps, and asks the variable data source', () => {
    const { panels, uid, schemaVersion } = grafanaDashboard({ monitor: 'bikes', rules })
    const all = panels as unknown as Panel[]
    expect([uid, schemaVersion, new Set(all.map(({ id }) => id)).size]).toEqual(['millwright-bikes', 42, all.length])
    const titles = all.map(({ title }) => title)
    expect(titles).toEqual(
      expect.arrayContaining([
        'Alerts',
        'accuracy',
        'drift by column: score by column',
        'traffic',
        'Requests',
        'Time to answer',
        'Versions that answer',
      ]),
    )
    for (const { gridPos, type, datasource, targets = [] } of all) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      if (type === 'row') continue
      expect([datasource?.uid, ...targets.map((target) => target.datasource.uid)].every((of) => of === '$datasource')).toBe(true)
    }
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(
      (grafanaDashboard({ monitor: 'bikes', rules: [], serving: false }).panels as unknown as Panel[]).map(({ title }) => title),
    ).not.toContain('Requests')
  })

  it('has an address that Grafana takes', () => {
    expect(grafanaDashboard({ monitor: 'Käse & Brot '.repeat(9), rules: [] }).uid).toMatch(/^[a-zA-Z0-9_-]{1,40}$/)
    expect(() => grafanaDashboard({ monitor: 'a', rules: [], uid: 'a b' })).toThrow('`uid` of grafanaDashboard must be 1 to 40')
  })
})

describe('grafanaProvisioning', () => {
  it('is the folder that Grafana reads', () => {
    const files = grafanaProvisioning({ monitor: 'bikes', rules, checkEveryMs: 60_000, folder: 'ML' })
    expect(Object.keys(files)).toEqual([
      'provisioning/datasources/millwright.yaml',
      'provisioning/dashboards/millwright.yaml',
      'provisioning/dashboards/millwright-bikes.json',
      'provisioning/alerting/millwright.yaml',
    ])
    const parsed = (path: string): unknown => parseYaml(files[`provisioning/${path}`] as string, path)
    expect(parsed('datasources/millwright.yaml')).toMatchObject({
      apiVersion: 1,
      datasources: [{ type: 'prometheus', access: 'proxy', uid: 'millwright-prometheus' }],
    })
    expect(parsed('dashboards/millwright.yaml')).toMatchObject({
      providers: [{ type: 'file', folder: 'ML', options: { path: '/etc/grafana/provisioning/dashboards' } }],
    })
    expect(JSON.parse(files['provisioning/dashboards/millwright-bikes.json'] as string)).toMatchObject({ uid: 'millwright-bikes' })
    interface Group {
      readonly rules: {
        readonly uid: string
        readonly title: string
        readonly for: string
        readonly data: { readonly refId: string; readonly model: { readonly expr?: string } }[]
        readonly annotations: Record<string, string>
      }[]
    }
    const { groups } = parsed('alerting/millwright.yaml') as { groups: Group[] }
    const own = groups[0]?.rules ?? []
    expect(own.map(({ title }) => title)).toContain('bikes: MonitorSilent')
    expect(new Set(own.map(({ uid }) => uid)).size).toBe(own.length)
    expect(own[0]).toMatchObject({
      for: '90s',
      condition: 'C',
      data: [
        { refId: 'A', model: { expr: '(millwright_rule_value{monitor="bikes",rule="accuracy"} < 0.8) * 0 + 1' } },
        { refId: 'B' },
        { refId: 'C', datasourceUid: '__expr__' },
      ],
      annotations: { summary: 'accuracy of bikes is {{ $values.B.Value | humanize }}' },
    })
  })
})
