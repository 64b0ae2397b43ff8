/** Step 8: everything as one page. */
import { type DriftDetector, lifecycleReport, type ModelRegistry, type Monitor, type ObjectStore } from 'millwright'
import type { ReportExpectation, ReportVersion } from 'millwright/report'
import { type BikeData, features } from './data'
import { type Diary, whichCameFirst } from './diary'
import { day, percent, points } from './print'
import { type Settings, story } from './settings'
import type { byMonth, StreamResult } from './stream'

/** What the report is made of. */
export interface ReportParts {
  readonly settings: Settings
  readonly data: BikeData
  readonly storage: ObjectStore
  readonly registry: ModelRegistry
  readonly monitor: Monitor
  /** Measured against the first training data. */
  readonly detector: DriftDetector
  readonly stream: StreamResult
  readonly months: ReturnType<typeof byMonth>
  readonly diary: Diary
  readonly history: readonly { readonly at: number; readonly text: string }[]
  readonly overall: { readonly retrained: number; readonly championOnly: number }
  /** Versions of this run begin here. */
  readonly firstVersion: string
}

/** Writes `report.html` into the store, whole or not at all. */
export async function writeReport(parts: ReportParts): Promise<{ readonly key: string; readonly sizeBytes: number }> {
  const { settings, data, storage, stream, months, diary, overall } = parts
  const { drift_threshold: driftThreshold, performance_threshold: threshold } = settings.config.monitoring
  const versions = await versionsOf(parts)
  const html = lifecycleReport({
    title: 'A model’s year: bike rentals in Washington, 2011',
    lead: `Will this hour see more than ${story.busyAbove} rentals? A random forest learned from the first three months, answered ${stream.rows.toLocaleString('en')} hours over HTTP, was watched, and was retrained when it fell below ${percent(threshold)}.`,
    createdAt: Date.now(),
    tiles: [
      { label: 'First champion alone', value: percent(overall.championOnly), note: 'accuracy, April to December' },
      { label: 'With retraining', value: percent(overall.retrained), note: `${points(overall.retrained - overall.championOnly)} points` },
      {
        label: 'Drift first seen',
        value: diary.firstDrift === undefined ? '–' : day(diary.firstDrift.at).trim(),
        note: whichCameFirst(diary),
      },
      {
        label: 'Versions',
        value: String(versions.length),
        note: `${diary.events.filter(({ kind }) => kind === 'promoted').length} challengers promoted`,
      },
    ],
    performance: {
      metric: 'accuracy',
      text: 'Over the last seven labelled days. The numbers on top are the events in the table below.',
      ...{ retrained: stream.retrained, championOnly: stream.championOnly, threshold },
    },
    periods: months,
    events: diary.events,
    drift: {
      columns: [...features, 'prediction'],
      periods: months.map(({ title }) => title),
      ...driftScores(parts),
      threshold: driftThreshold,
      text: 'Population stability index of every input, and of the answers, month by month. Hours and weekdays stay as they are; the weather does not.',
    },
    versions,
    history: parts.history.filter(({ text }) => text.includes('champion')),
    expectations: expectationsOf(data),
    footer:
      'Data: Fanaee-T and Gama, Bike Sharing, UCI Machine Learning Repository (CC BY 4.0). This page opens without a network; its numbers are in it as JSON (#report-data).',
  })
  const bytes = new TextEncoder().encode(html)
  await storage.put('report.html', bytes)
  return { key: 'report.html', sizeBytes: bytes.length }
}

function driftScores({ monitor, detector, months }: ReportParts): { readonly scores: readonly (readonly number[])[] } {
  const reports = months.map(({ from, to }) => detector.detect(monitor.table({ window: { from, to }, actualColumn: null })))
  const psi = (report: (typeof reports)[number], name: string): number =>
    report.columns.find(({ column }) => column === name)?.psi ?? Number.NaN
  return { scores: [...features, 'prediction'].map((name) => reports.map((report) => psi(report, name))) }
}

async function versionsOf({ registry, firstVersion }: ReportParts): Promise<ReportVersion[]> {
  const all = await registry.listVersions(story.model)
  return all
    .filter(({ version }) => Number(version) >= Number(firstVersion))
    .map(({ version, aliases, createdAt, metrics, runId, tags }) => ({
      ...{ version, aliases, createdAt, runId, data: `${Number(tags.rows ?? 0).toLocaleString('en')} hours` },
      metrics: Object.fromEntries(
        ['accuracy', 'balancedAccuracy', 'f1', 'rocAuc', 'logLoss'].flatMap((name) =>
          metrics[name] === undefined ? [] : [[name, metrics[name]]],
        ),
      ),
    }))
}

function expectationsOf({ validation }: BikeData): ReportExpectation[] {
  return validation.results.map(({ success, expectation_config: { type, kwargs }, result }) => {
    const { column, ...rest } = kwargs
    const details = Object.entries(rest).map(
      ([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    const words = type.replace(/^expect_(column_values_to_|table_)?/, '').replaceAll('_', ' ')
    const observed =
      typeof result.unexpected_count === 'number'
        ? `${result.unexpected_count} of ${result.element_count} unexpected`
        : `observed ${JSON.stringify(result.observed_value)}`
    return {
      name: `${column === undefined ? 'table' : String(column)}: ${words}${details.length === 0 ? '' : ` (${details.join(', ')})`}`,
      success,
      observed,
    }
  })
}
