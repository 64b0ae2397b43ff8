/** Displays runs that were read, and comparisons of them, in consoles and notebooks. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import type { RunRecord } from '../ports/tracker-backend'
import type { RunComparison } from './compare'

/** The most metrics of a run that its line shows. */
const METRICS = 4

/** A run with its display. The record itself belongs to the backend: this is a copy. */
export function displayRun(record: RunRecord): RunRecord {
  const run = { ...record }
  return attachDisplay(run, {
    text: () => {
      const params = pairs(run.params, (value) => value)
      return [
        `Run ${run.runName} (${run.runId}, ${run.status})`,
        `  started  ${timeOf(run.startTime)}${run.endTime === undefined ? '' : `, took ${duration(run.endTime - run.startTime)}`}`,
        ...(params === '' ? [] : [`  params   ${params}`]),
        ...(Object.keys(run.metrics).length === 0 ? [] : [`  metrics  ${metricsOf(run, 12)}`]),
      ].join('\n')
    },
    markdown: () => table([run], markdownTable),
  })
}

/** Runs that were found, with a table as their display. */
export function displayRuns(records: readonly RunRecord[]): readonly RunRecord[] {
  const runs = records.map(displayRun)
  const head = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`
  return attachDisplay(runs, {
    text: () => (runs.length === 0 ? 'no runs' : `${head}\n${table(runs, textTable)}`),
    markdown: () => (runs.length === 0 ? 'no runs' : table(runs, markdownTable)),
  })
}

/** A comparison with a table as its display: rows that differ come first, one column per run (at most six). */
export function displayComparison(comparison: RunComparison): RunComparison {
  const { runs, params, metrics } = comparison
  const shown = runs.slice(0, 6)
  const header = ['', ...shown.map(({ name }) => name)]
  const rows = [
    ...metrics.map(({ name, values }) => [name, ...shown.map((_, i) => numberOf(values[i]))]),
    ...[...params]
      .sort((a, b) => Number(b.differs) - Number(a.differs))
      .map(({ name, values }) => [name, ...shown.map((_, i) => values[i] ?? '–')]),
  ]
  const differing = params.filter(({ differs }) => differs).length
  const more = runs.length > shown.length ? `, of which ${shown.length} are shown` : ''
  const head = `Comparison of ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}${more}: ${metrics.length} metrics, ${differing} of ${params.length} params differ`
  return attachDisplay(comparison, {
    text: () => `${head}\n${textTable(header, rows)}`,
    markdown: () => `${head}\n\n${markdownTable(header, rows)}`,
  })
}

function table(runs: readonly RunRecord[], layout: typeof textTable): string {
  return layout(
    ['run', 'status', 'started (UTC)', 'metrics', 'id'],
    runs.map((run) => [run.runName, run.status, timeOf(run.startTime), metricsOf(run, METRICS), run.runId]),
  )
}

function metricsOf({ metrics }: RunRecord, most: number): string {
  return pairs(metrics, ({ value }) => numberOf(value), most)
}

function pairs<T>(values: Readonly<Record<string, T>>, text: (value: T) => string, most = 12): string {
  const all = Object.entries(values)
  const shown = all.slice(0, most).map(([name, value]) => `${name} ${shortened(text(value))}`)
  return `${shown.join(', ')}${all.length > most ? ', …' : ''}`
}

function numberOf(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : String(Number(value.toPrecision(4)))
}

function shortened(text: string): string {
  return text.length > 30 ? `${text.slice(0, 29)}…` : text
}

function timeOf(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString().slice(0, 16).replace('T', ' ') : '–'
}

function duration(ms: number): string {
  return ms < 1000 ? `${ms} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}
