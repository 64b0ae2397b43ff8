/** The parts of a page about a canary. */
import { formatNumber, formatPercent, formatTime } from '../../plot/format'
import { type Html, html } from '../../plot/html'
import { lineChart } from '../../plot/line-chart'
import { quantileOf } from '../../predictor/histogram'
import type { ArmCounts, CanaryStatus, CheckState } from '../../traffic'
import type { Section, Tile } from '../page'
import { dataTable } from '../table'

const phases: Readonly<Record<CanaryStatus['phase'], string>> = {
  running: 'Running',
  paused: 'On hold',
  promoting: 'Promoting',
  promoted: 'Promoted',
  'rolled-back': 'Rolled back',
}

/** The numbers at the top. */
export function canaryTiles({ phase, weight, step, steps, candidate, counts }: CanaryStatus): Tile[] {
  return [
    { label: 'State', value: phases[phase] },
    { label: 'Share of the candidate', value: formatPercent(weight), note: candidate },
    { label: 'Step', value: `${Math.min(step + 1, steps.length)} of ${steps.length}` },
    { label: 'Rows in this step', value: formatNumber(counts.candidate.rows), note: 'of the candidate' },
  ]
}

/** The sections. */
export function canarySections(status: CanaryStatus): Section[] {
  return [
    { title: 'How it went', text: 'The share of the calls that the candidate answers.', body: [weightChart(status), historyTable(status)] },
    { title: 'Checks', text: 'Each compares the two models on the calls of the same time.', body: checksTable(status.checks) },
    { title: 'Side by side', text: 'In the present step, of all processes.', body: armsTable(status) },
  ]
}

function weightChart({ history, at, candidate, phase }: CanaryStatus): Html {
  const isOver = phase === 'promoted' || phase === 'rolled-back'
  const last = isOver ? (history.at(-1)?.at ?? at) : at
  const span = Math.max(1, last - (history[0]?.at ?? at))
  // Steps, not slopes: two points at each change. A little is shown of what follows the last one.
  const points = history.flatMap((entry, i) => {
    const before = history[i - 1]
    return before === undefined
      ? [{ x: entry.at, y: entry.weight }]
      : [
          { x: entry.at, y: before.weight },
          { x: entry.at, y: entry.weight },
        ]
  })
  const end = { x: last + span * 0.08, y: history.at(-1)?.weight ?? 0 }
  return lineChart({
    description: `Share of ${candidate} over time`,
    y: 'percent',
    yDomain: [0, 1],
    height: 260,
    series: [{ name: `share of ${candidate}`, colour: phase === 'rolled-back' ? 'c' : 'd', points: [...points, end] }],
    marks: history
      .slice(1)
      .map((entry, i) => ({ x: entry.at, number: i + 2, label: entry.reason, colour: entry.phase === 'rolled-back' ? 'c' : 'a' })),
  })
}

function historyTable({ history }: CanaryStatus): Html {
  return dataTable({
    rows: history.map((entry, i) => ({ ...entry, number: i + 1 })),
    columns: [
      { title: 'No.', numeric: true, cell: ({ number }) => String(number) },
      // One column, so that a phone shows the reason without scrolling.
      {
        title: 'When (UTC) and why',
        cell: ({ at, reason }) =>
          html`<div class="break" style="min-width:13em"><span class="nowrap">${formatTime(at)}</span><br>${reason}</div>`,
      },
      { title: 'State', cell: ({ phase }) => phases[phase] },
      { title: 'Share', numeric: true, cell: ({ weight }) => formatPercent(weight) },
    ],
  })
}

function checksTable(checks: readonly CheckState[]): Html {
  const tone = (verdict: CheckState['verdict']): string => (verdict === 'pass' ? 'good' : verdict === 'inconclusive' ? '' : 'bad')
  const word: Readonly<Record<CheckState['verdict'], string>> = {
    pass: 'passes',
    fail: 'fails',
    inconclusive: 'not decided',
    error: 'broken',
  }
  return dataTable({
    rows: checks,
    empty: 'no check was made in this step yet',
    columns: [
      { title: 'Check', cell: ({ name }) => name },
      {
        title: 'Candidate against the other',
        cell: ({ verdict, text }) =>
          html`<div class="break" style="min-width:11em"><span class="tag ${tone(verdict)}">${word[verdict]}</span> ${text}</div>`,
      },
    ],
  })
}

function armsTable({ counts, stable, candidate }: CanaryStatus): Html {
  const rows = [
    { name: stable, counts: counts.stable },
    { name: candidate, counts: counts.candidate },
  ]
  const metrics = [...new Set(rows.flatMap((row) => Object.keys(row.counts.outcomes)))]
  const share = ({ rows: all, failed, invalid }: ArmCounts): string => (all === 0 ? '–' : formatPercent((failed + invalid) / all))
  const latency = (arm: ArmCounts, q: number): string =>
    arm.latency.count === 0 ? '–' : `${formatNumber(1000 * quantileOf(arm.latency, q), 1)} ms`
  return dataTable({
    rows,
    columns: [
      { title: 'Model', cell: ({ name }) => name },
      { title: 'Rows', numeric: true, cell: (row) => formatNumber(row.counts.rows) },
      { title: 'Failed', numeric: true, cell: (row) => share(row.counts) },
      { title: 'Median latency', numeric: true, cell: (row) => latency(row.counts, 0.5) },
      { title: 'p95 latency', numeric: true, cell: (row) => latency(row.counts, 0.95) },
      ...metrics.map((metric) => ({
        title: metric,
        numeric: true,
        cell: (row: (typeof rows)[number]) => formatNumber(row.counts.outcomes[metric]?.mean, 3),
      })),
    ],
  })
}
