/**
 * A real Prometheus: promtool accepts our metrics and alert rules, Prometheus scrapes us, raises the alerts of the rules that fire in the monitor and
 * no others, and answers every query of the dashboard, with our numbers.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseOpenMetrics } from '../../../src/adapters/openmetrics'
import { grafanaDashboard, prometheusRules } from '../../../src/deploy'
import { nodeListener } from '../../../src/serve/mounts'
import { rules, watchedModel } from './_model'
import { bin, startPrometheus, until } from './_server'

const folder = mkdtempSync(join(tmpdir(), 'millwright-promtool-'))
function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(join(bin, 'promtool'), args, { input, cwd: folder, encoding: 'utf8' })
  assert.equal(status, 0, `promtool ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout + stderr
}

const { handler, monitor, predictor } = await watchedModel()
const ruleFile = prometheusRules({
  monitor: 'bikes',
  rules,
  checkEveryMs: 60_000,
  service: { maxErrorRatio: 0.05, maxP99Seconds: 0.5 },
  labels: { environment: 'test' },
  runbookUrl: 'https://example.org/runbook',
})

// promtool reads what we expose and what we generate.
const server = createServer(nodeListener(handler)).listen(0, '127.0.0.1')
await new Promise((ready) => server.once('listening', ready))
const target = `127.0.0.1:${(server.address() as AddressInfo).port}`
const get = async (path: string, accept?: string): Promise<string> =>
  (await fetch(`http://${target}${path}`, accept === undefined ? {} : { headers: { accept } })).text()
for (let i = 0; i < 20; i++) {
  const body = JSON.stringify({ rows: [{ temp: i / 20, hour: 1, region: 'south' }] })
  await fetch(`http://${target}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}
monitor.check()
const metrics = await get('/metrics')
promtool(['check', 'metrics'], metrics)
parseOpenMetrics(await get('/metrics', 'application/openmetrics-text'))
writeFileSync(join(folder, 'rules.yml'), ruleFile)
const checked = promtool(['check', 'rules', 'rules.yml'])
assert.match(checked, /15 rules found/)

// promtool runs the rules over made series: `for`, `keep_firing_for`, both limits, and the monitor that falls silent.
const series = (name: string, labels: string, values: string): string =>
  `    - series: '${name}{monitor="bikes"${labels}}'\n      values: '${values}'\n`
const expected = (at: string, alert: string, count: number): string =>
  `    - eval_time: ${at}\n      expr: 'count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)'\n      exp_samples: [{ labels: '{}', value: ${count} }]\n`
writeFileSync(
  join(folder, 'test.yml'),
  `rule_files: [rules.yml]\nevaluation_interval: 30s\ntests:\n- interval: 30s\n  input_series:\n${[
    series('millwright_rule_value', ',rule="slow"', '100000x8 1x20'),
    series('millwright_rule_value', ',rule="traffic"', '5x2 50x2 500x2 50x10'),
    series('millwright_rule_value', ',rule="accuracy by region",region="a"', '0.5x20'),
    series('millwright_rule_value', ',rule="accuracy by region",region="b"', '0.9x20'),
    series('millwright_monitor_last_check_timestamp_seconds', '', '0+30x10 300x40'),
  ].join('')}  promql_expr_test:\n${[
    expected('1m', 'Slow', 0),
    expected('90s', 'Slow', 1),
    expected('270s', 'Slow', 1),
    expected('6m', 'Slow', 0),
    expected('30s', 'Traffic', 1),
    expected('120s', 'Traffic', 0),
    expected('210s', 'Traffic', 1),
    expected('330s', 'Traffic', 0),
    expected('2m', 'AccuracyByRegion', 1),
    expected('7m', 'MonitorSilent', 0),
    expected('11m', 'MonitorSilent', 1),
  ].join('')}`,
)
promtool(['test', 'rules', 'test.yml'])

// A real Prometheus scrapes, evaluates and answers.
const prometheus = await startPrometheus(target, ruleFile)
const api = async <T>(path: string): Promise<T> => {
  const answer = (await (await fetch(`${prometheus.url}/api/v1/${path}`)).json()) as { status: string; error?: string; data: T }
  assert.equal(answer.status, 'success', `${path}: ${answer.error}`)
  return answer.data
}
interface Vector {
  readonly result: readonly { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }[]
}
const query = async (expr: string): Promise<Vector['result']> => (await api<Vector>(`query?query=${encodeURIComponent(expr)}`)).result
try {
  await until('Prometheus has scraped us', async () => (await query('up == 1')).length === 1)
  const report = monitor.check()
  await until(
    'it has the numbers of the last check',
    async () => Number((await query('millwright_monitor_checks_total'))[0]?.value[1]) === 2,
  )

  // Every number that the rules measured.
  let compared = 0
  for (const { rule, value, group, threshold, active } of report.rules) {
    const labels = { monitor: 'bikes', rule, ...group }
    const selector = `{${Object.entries(labels)
      .map(([name, text]) => `${name}="${text.replaceAll('"', '\\"')}"`)
      .join(',')}}`
    const [found] = await query(`millwright_rule_value${selector}`)
    assert.equal(found === undefined, active === undefined || Number.isNaN(value), `${rule} is there just when it has data`)
    if (found !== undefined) assert.equal(Number(found.value[1]), value, `value of ${rule} ${selector}`)
    assert.equal(Number((await query(`millwright_rule_threshold${selector}`))[0]?.value[1]), threshold)
    compared++
  }

  // The alerts of Prometheus are those of the monitor.
  const firing = new Set(report.rules.filter(({ state }) => state === 'firing').map(({ rule, group }) => `${rule}|${group.region ?? ''}`))
  const titles = new Map(rules.map(({ name }) => [name.replace(/(^|[^a-zA-Z0-9]+)([a-z])/g, (_, __, c: string) => c.toUpperCase()), name]))
  const alerts = async (): Promise<Set<string>> => {
    const found = await query('ALERTS{alertstate="firing",environment="test"}')
    return new Set(
      found.flatMap(({ metric }) =>
        titles.has(metric.alertname ?? '') ? [`${titles.get(metric.alertname ?? '')}|${metric.region ?? ''}`] : [],
      ),
    )
  }
  await until(`the alerts ${[...firing].join(', ')}`, async () => [...(await alerts())].sort().join() === [...firing].sort().join())
  assert.ok(
    firing.has('accuracy by region|north "n"') && firing.has('psi|') && firing.has('drift|') && !firing.has('accuracy by region|south'),
  )

  // Every query of the dashboard is one, and those on what has happened give something.
  const dashboard = grafanaDashboard({ monitor: 'bikes', rules })
  const targets = dashboard.panels.flatMap((panel) => {
    const { title, targets: of = [] } = panel as { title: string; targets?: { expr: string }[] }
    return of.map(({ expr }) => ({ title, expr }))
  })
  const empty: string[] = []
  for (const { title, expr } of [
    ...targets,
    { title: 'annotation', expr: 'millwright_model_info unless millwright_model_info offset 2m' },
  ]) {
    if ((await query(expr)).length === 0) empty.push(title)
  }
  // A rate needs two scrapes with a change between them; nothing was shed, and no batches were made.
  assert.deepEqual(
    empty.filter((title) => !['Problems of refused input by column'].includes(title)),
    [],
    'panels without data',
  )
  const [drifted] = await query('sum(max by (column) (millwright_drift_detected{monitor="bikes"}))')
  const columns = new Set(report.rules.filter(({ kind }) => kind === 'drift').flatMap(({ details }) => details.drifted as string[]))
  assert.equal(Number(drifted?.value[1]), columns.size)
  const [firingNow] = await query('sum(millwright_alert_firing{monitor="bikes"})')
  assert.equal(Number(firingNow?.value[1]), firing.size)
  const { rules: loaded } = (await api<{ groups: { rules: { health: string; name: string; lastError?: string }[] }[] }>('rules'))
    .groups[0] as {
    rules: { health: string; name: string; lastError?: string }[]
  }
  assert.deepEqual(
    loaded.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => `${name}: ${lastError}`),
    [],
  )
  console.log(
    `promtool: ${loaded.length} rules; Prometheus: ${compared} values equal, ${firing.size} alerts as in the monitor, ${targets.length} queries of the dashboard answered`,
  )
} finally {
  await prometheus.stop()
  server.close()
  await predictor.close()
  await monitor.close()
  rmSync(folder, { recursive: true, force: true })
}
