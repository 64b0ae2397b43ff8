/**
 * A model is watched for nine months, hour by hour: labels come a day late or never, a sensor breaks, the process is restarted, seasons change.
 *
 *   node scripts/run.mjs examples/monitoring/main.ts [folder for the pages and files]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  chain,
  type Dataset,
  DriftDetector,
  filter,
  gradientBoostingClassifier,
  Monitor,
  memoryStorage,
  oneHotEncoder,
  Predictor,
  type Row,
  readCsv,
  select,
  withColumn,
} from 'millwright'
import { grafanaProvisioning, prometheusRules } from 'millwright/deploy'
import {
  type AlertMessage,
  type AlertRule,
  callbackSink,
  fitCbpe,
  modelRows,
  monitorMetrics,
  performanceReport,
  tableRows,
} from 'millwright/monitor'
import { serve } from 'millwright/node'
import { liveMonitor, performanceHtml } from 'millwright/report'

const folder = process.argv[2] ?? 'out/monitoring'
const [hourMs, dayMs] = [3_600_000, 86_400_000]
const features = ['hr', 'weekday', 'workingday', 'holiday', 'weathersit', 'temp', 'atemp', 'hum', 'windspeed']

// The past: a model of the first three months, and what it was worth on the fourth.
const raw = await readCsv('examples/lifecycle/data/bikeshare-2011.csv')
const all = withColumn(raw, 'busy', (row) => ((row.bikers as number) > 150 ? 'busy' : 'quiet'), { type: 'string' })
const months = (from: number, to: number): Dataset =>
  filter(all, (row) => (row.timestamp as number) >= Date.UTC(2011, from, 1) && (row.timestamp as number) < Date.UTC(2011, to, 1))
const known = (data: Dataset): Dataset => select(data, [...features, 'busy'])
const model = chain([oneHotEncoder(), gradientBoostingClassifier({ nEstimators: 60, seed: 1 })]).fit(known(months(0, 3)), {
  target: 'busy',
})
const april = modelRows(model, known(months(3, 4)))
console.log(`trained on January to March; ${performanceReport(april, { name: 'busy in April' })}`)

// The present: one clock, one store, one monitor that can be opened again.
const time = { now: Date.UTC(2011, 4, 1) }
const clock = {
  now: () => time.now,
  schedule: (callback: () => void) => {
    const timer = setTimeout(callback, 60_000).unref()
    return () => clearTimeout(timer)
  },
}
const week = { lastMs: 7 * dayMs }
const rules: AlertRule[] = [
  {
    name: 'accuracy',
    kind: 'performance',
    metric: 'accuracy',
    below: 0.75,
    clear: 0.77,
    window: { lastMs: 8 * dayMs },
    minRows: 100,
    forChecks: 2,
  },
  {
    name: 'estimate',
    kind: 'estimated-performance',
    metric: 'accuracy',
    below: 0.75,
    clear: 0.77,
    window: week,
    minRows: 100,
    forChecks: 2,
  },
  { name: 'drift', kind: 'drift', share: 0.3, window: week, minRows: 100, coolDownMs: 14 * dayMs },
  { name: 'refused', kind: 'refused', above: 0.1, window: { lastMs: dayMs } },
  { name: 'labels', kind: 'labels', below: 0.5, window: week, minRows: 100 },
]
const storage = memoryStorage()
const told: string[] = []
const pager = callbackSink((message) => {
  told.push(`${message.id} ${message.state}`)
  console.log(lineOf(message))
})
const options = {
  ...{ name: 'bikes', storage, clock, rules, sinks: [pager] },
  detector: new DriftDetector({ method: 'psi' }).fit(known(months(0, 4)), { columns: features }),
  estimator: fitCbpe(april, { metrics: ['accuracy', 'f1', 'rocAuc'] }),
  retentionMs: 400 * dayMs,
}
const predictor = Predictor.of(model, { name: 'busy', version: '1', clock })
let monitor = await Monitor.open(options)
let stopWatching = monitor.watch(predictor)

console.log('\nMay to December, a check each day. Labels come a day later; one in twenty never comes.')
const late: { readonly at: number; readonly id: string; readonly label: string }[] = []
let hours = 0
for (const row of months(4, 12).toRecords() as (Row & { readonly timestamp: number; readonly busy: string })[]) {
  time.now = row.timestamp
  await answer(row)
  for (let due = late[0]; due !== undefined && due.at <= time.now; due = late[0]) {
    monitor.label(due.id, due.label)
    late.shift()
  }
  if (time.now % dayMs === 0) {
    monitor.check()
    await monitor.flush()
  }
  if (time.now === Date.UTC(2011, 7, 20)) await restart()
  if (time.now === Date.UTC(2011, 9, 29))
    monitor.alerts.silence({ rule: 'drift', until: time.now + 10 * dayMs, reason: 'the clocks change' })
}
monitor.check()

console.log(
  '\nMonth by month: measured when the labels were there, estimated without them. The estimate sees that the model is less sure, not that people behave differently in summer.',
)
console.log('month      accuracy  estimate (3 standard errors)')
for (const [i, { from, value }] of monitor.performanceBy('month', { metric: 'accuracy' }).entries()) {
  const next = monitor.performanceBy('month', { metric: 'accuracy' })[i + 1]?.from ?? time.now + 1
  const { value: estimate, low, high } = monitor.estimate({ metric: 'accuracy', window: { from, to: next } })
  console.log(
    `${new Date(from).toISOString().slice(0, 7)}    ${value.toFixed(3)}     ${estimate.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`,
  )
}
const { stats } = monitor
console.log(
  `\n${hours} hours answered; ${stats.refusedRows} rows refused for ${Object.keys(stats.refusedProblems).join(', ')}; ${monitor.alerts.history.length} alerts, ${told.length} messages, ${new Set(told).size} of them different.`,
)

// What a team looks at: a live page and metrics over HTTP, a dashboard and alert rules as files.
const metrics = monitorMetrics(monitor)
const live = liveMonitor(monitor, { clock, period: 'day' })
const server = await serve(predictor, { port: 0, protocols: [live.protocol], collect: metrics.collect })
monitor.check()
const exposed = (await (await fetch(`${server.url}/metrics`)).text())
  .split('\n')
  .filter((line) => /^millwright_(performance|alert_firing|estimated_performance)\{/.test(line))
console.log(`\n${server.url}/monitor and ${server.url}/metrics, which says:\n  ${exposed.join('\n  ')}`)
const labelled = tableRows(monitor.table(), { prediction: 'prediction', target: 'actual' })
const files = {
  'monitor.html': live.html(),
  'performance.html': performanceHtml(performanceReport(labelled, { name: 'busy since May', slices: ['weathersit', 'workingday'] })),
  'prometheus/alerts.yml': prometheusRules({ monitor: 'bikes', rules, checkEveryMs: dayMs, service: { maxP99Seconds: 0.25 } }),
  ...grafanaProvisioning({ monitor: 'bikes', rules, checkEveryMs: dayMs }),
}
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
console.log(`\nWritten to ${folder}: ${Object.keys(files).join(', ')}`)
live.close()
await server.close()
await monitor.close()
await predictor.close()

/** One hour: a request, and the label for later. In July the thermometer is broken for three days. */
async function answer(row: Row & { readonly timestamp: number; readonly busy: string }): Promise<void> {
  const broken = row.timestamp >= Date.UTC(2011, 6, 10) && row.timestamp < Date.UTC(2011, 6, 13)
  const input = Object.fromEntries(features.map((name) => [name, name === 'temp' && broken ? 'n/a' : row[name]]))
  hours++
  try {
    const { id } = await predictor.predictOne(input as Row)
    if (hours % 20 !== 0) late.push({ at: row.timestamp + dayMs, id, label: row.busy })
  } catch {
    // The service answers 422; the monitor has counted the row.
  }
}

/** The process ends and another takes over: the log, the alerts and what was not delivered are on the storage. */
async function restart(): Promise<void> {
  const before = monitor.alerts.active.map(({ rule, state }) => `${rule} ${state.state}`).join(', ') || 'nothing'
  stopWatching()
  await monitor.close()
  monitor = await Monitor.open(options)
  stopWatching = monitor.watch(predictor)
  const after = monitor.alerts.active.map(({ rule, state }) => `${rule} ${state.state}`).join(', ') || 'nothing'
  console.log(`${day(time.now)}  restarted with ${monitor.stats.rows} rows; before: ${before}; after: ${after}`)
}

function lineOf({ state, severity, summary, startsAt, endsAt }: AlertMessage): string {
  const lasted = endsAt === undefined ? '' : ` after ${Math.round((endsAt - startsAt) / hourMs / 24)} days`
  return `${day(endsAt ?? startsAt)}  ${state === 'firing' ? severity.padEnd(8) : 'over    '}  ${summary}${lasted}`
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
