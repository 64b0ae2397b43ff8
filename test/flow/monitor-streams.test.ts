/**
 * Two years of Beijing's air and a year and a half of electricity prices, streamed through a monitor as if they happened: what fires when. In the full run, where
 * the real files are.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../src/adapters/csv/csv'
import { filter, select, withColumn } from '../../src/dataset'
import { DriftDetector } from '../../src/drift'
import { chain, type FittedClassifier, logisticRegression, oneHotEncoder, simpleImputer, standardScaler } from '../../src/learn'
import { type AlertRule, fitCbpe, Monitor, modelRows } from '../../src/monitor'
import type { Row, Table } from '../../src/schema/table'
import { dataFolder } from '../interop/support/shared-data'
import { isFull } from '../support/effort'

const folder = join(dataFolder, 'stream')
const dayMs = 86_400_000

interface Story {
  readonly model: FittedClassifier
  readonly reference: Table
  readonly stream: Table
  readonly features: readonly string[]
  readonly target: string
  readonly timeOf: (row: Row, index: number) => number
  readonly rules: readonly AlertRule[]
}

/** Streams the rows, with a check every 48 of them; gives each alert as `rule: from day to day, text`. */
function alertsOf({
  model,
  reference,
  stream,
  features,
  target,
  timeOf,
  rules,
}: Story): { readonly rule: string; readonly from: string; readonly to: string; readonly text: string }[] {
  let now = 0
  const predicted = model.predict(stream)
  const probabilities = model.predictProba(stream)
  const monitor = new Monitor({
    clock: { now: () => now, schedule: () => () => {} },
    rules,
    maxRows: 20_000,
    detector: new DriftDetector({ method: 'psi', psiThreshold: 0.5 }).fit(reference, { columns: features }),
    estimator: fitCbpe(modelRows(model, reference), { metrics: ['accuracy'] }),
  })
  const rows = (stream as unknown as { toRecords(): Row[] }).toRecords()
  for (const [i, row] of rows.entries()) {
    now = timeOf(row, i)
    const input = Object.fromEntries(features.map((name) => [name, row[name]]))
    const of = Object.fromEntries(probabilities.classes.map((label, c) => [String(label), probabilities.values[i * 2 + c] as number]))
    monitor.record({
      id: `${i}`,
      model: 'm',
      version: '1',
      at: now,
      input,
      prediction: predicted[i] as string,
      probabilities: of,
      latencyMs: 1,
      cached: false,
    })
    if (row[target] !== null) monitor.label(`${i}`, row[target] as string)
    if (i % 48 === 47) monitor.check()
  }
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10)
  return monitor.alerts.history.map(({ rule, startsAt, endsAt, summary }) => ({
    rule,
    from: day(startsAt),
    to: endsAt === undefined ? 'now' : day(endsAt),
    text: summary,
  }))
}

describe.skipIf(!isFull || !existsSync(folder))('real streams', () => {
  it('fire when summer comes to a winter model of the air of Beijing, and are quiet a winter later', () => {
    const raw = parseCsv(gunzipSync(readFileSync(join(folder, 'beijing_pm25.csv.gz'))), { naValues: ['NA'] })
    const numbers = ['hour', 'DEWP', 'TEMP', 'PRES', 'Iws', 'Is', 'Ir']
    const features = [...numbers, 'cbwd']
    const timeOf = (row: Row): number => Date.UTC(Number(row.year), Number(row.month) - 1, Number(row.day), Number(row.hour))
    const all = filter(
      withColumn(raw, 'over', (row) => (row['pm2.5'] === null ? null : Number(row['pm2.5']) > 75 ? 'over' : 'under'), { type: 'string' }),
      (row) => row.over !== null,
    )
    const winter = filter(all, (row) => timeOf(row as Row) < Date.UTC(2010, 3, 1))
    const later = filter(all, (row) => timeOf(row as Row) >= Date.UTC(2010, 3, 1) && timeOf(row as Row) < Date.UTC(2012, 0, 1))
    const model = chain([
      simpleImputer({ strategy: 'median', columns: numbers } as never),
      standardScaler({ columns: numbers } as never),
      oneHotEncoder(),
      logisticRegression(),
    ]).fit(select(winter, [...features, 'over'] as never), { target: 'over' }) as FittedClassifier
    const window = { lastMs: 30 * dayMs }
    const rules: AlertRule[] = [
      { name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.68, clear: 0.72, window, minRows: 300, forChecks: 3 },
      { name: 'drift', kind: 'drift', psi: 1, columns: ['TEMP'], window, minRows: 300, forChecks: 3 },
    ]
    const alerts = alertsOf({
      model,
      reference: select(winter, [...features, 'over'] as never),
      stream: later,
      features,
      target: 'over',
      timeOf,
      rules,
    })
    console.info(alerts.map(({ rule, from, to, text }) => `${rule} ${from} to ${to}: ${text}`).join('\n'))
    const accuracy = alerts.filter(({ rule }) => rule === 'accuracy')
    const drift = alerts.filter(({ rule }) => rule === 'drift')
    // Drift comes with the warmth, before or with the loss of accuracy, in both years.
    for (const year of ['2010', '2011']) {
      expect(drift.some(({ from }) => from >= `${year}-03-01` && from <= `${year}-06-01`)).toBe(true)
      expect(accuracy.some(({ from }) => from >= `${year}-04-01` && from <= `${year}-07-31`)).toBe(true)
    }
    expect(accuracy.filter(({ from }) => from >= '2010-11-15' && from < '2011-03-31')).toEqual([])
  })

  it('fire when Victoria joins the electricity market', () => {
    const raw = parseCsv(gunzipSync(readFileSync(join(folder, 'elec2.csv.gz'))))
    const features = raw.columnNames.filter((name) => name !== 'class')
    const all = withColumn(raw, 'class', (row) => (Number(row.class) === 1 ? 'up' : 'down'), { type: 'string' })
    const [reference, stream] = [
      filter(all, (_, i) => (i as number) < 5376),
      filter(all, (_, i) => (i as number) >= 5376 && (i as number) < 30_000),
    ]
    const model = chain([standardScaler(), logisticRegression()]).fit(reference, { target: 'class' }) as FittedClassifier
    const window = { lastRows: 2016 }
    const rules: AlertRule[] = [
      { name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.66, clear: 0.69, window, minRows: 1000, forChecks: 4 },
      { name: 'victoria', kind: 'drift', psi: 0.5, columns: ['vicprice', 'vicdemand', 'transfer'], window, minRows: 1000, forChecks: 4 },
    ]
    const start = Date.UTC(1996, 4, 7)
    const alerts = alertsOf({
      model,
      reference,
      stream,
      features,
      target: 'class',
      timeOf: (_, i) => start + (i + 5376) * 1_800_000,
      rules,
    })
    console.info(alerts.map(({ rule, from, to, text }) => `${rule} ${from} to ${to}: ${text}`).join('\n'))
    // Row 17,424 is 1997-05-05: before it the three columns are constants.
    expect(alerts.filter(({ rule }) => rule === 'victoria').map(({ from }) => from >= '1997-05-05' && from <= '1997-05-20')).toEqual([true])
    expect(alerts.some(({ rule, from }) => rule === 'accuracy' && from >= '1997-05-20' && from <= '1997-09-01')).toBe(true)
    expect(alerts.filter(({ from }) => from < '1997-03-01')).toEqual([])
  })
})
