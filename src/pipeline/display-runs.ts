/** Displays the results and records of pipeline runs in consoles and notebooks: one line per step. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import type { StepResult } from './result'

/** What a shown run has: a result, or a record that may still be `running`. */
interface ShownRun {
  readonly pipeline: string
  readonly runId: string
  readonly status: string
  readonly durationMs?: number | undefined
  readonly steps: Readonly<Record<string, StepResult>>
}

/** Attaches the display and returns the run. */
export function displayPipelineRun<T extends ShownRun>(run: T): T {
  const took = run.durationMs === undefined ? '' : ` in ${duration(run.durationMs)}`
  const head = `Pipeline ${run.pipeline}: run ${run.runId} ${run.status}${took}`
  const header = ['step', 'status', 'took', 'attempts', '']
  const rows = (): unknown[][] =>
    Object.entries(run.steps).map(([name, { status, durationMs, attempts, error, reason }]) => [
      name,
      status,
      duration(durationMs),
      attempts,
      error?.message ?? reason ?? '',
    ])
  return attachDisplay(run, {
    text: () => `${head}\n${textTable(header, rows())}`,
    markdown: () => `${head}\n\n${markdownTable(header, rows())}`,
  })
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}
