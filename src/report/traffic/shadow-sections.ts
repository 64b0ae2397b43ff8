/** The parts of a page about a shadow. */
import { formatNumber, formatPercent } from '../../plot/format'
import { type Html, html } from '../../plot/html'
import type { ShadowReport } from '../../traffic'
import type { Section, Tile } from '../page'
import { dataTable } from '../table'

/** The numbers at the top. */
export function shadowTiles({ compared, disagreements, scoreDistance, failed, latencyMs }: ShadowReport): Tile[] {
  return [
    { label: 'Rows compared', value: formatNumber(compared) },
    { label: 'Another label', value: compared === 0 ? '–' : formatPercent(disagreements / compared) },
    { label: 'Scores apart', value: formatNumber(scoreDistance.mean), note: `p99 ${formatNumber(scoreDistance.p99)}` },
    { label: 'Failed', value: formatNumber(failed) },
    { label: 'Latency', value: `${formatNumber(latencyMs.candidate, 1)} ms`, note: `against ${formatNumber(latencyMs.primary, 1)} ms` },
  ]
}

/** The sections. */
export function shadowSections(report: ShadowReport): Section[] {
  const { flips, errors, compared } = report
  const flipTable = dataTable({
    rows: flips.slice(0, 50),
    empty: 'no row got another label',
    columns: [
      { title: report.primary, cell: ({ primary }) => primary },
      { title: report.candidate, cell: ({ candidate }) => candidate },
      { title: 'Rows', numeric: true, cell: ({ count }) => formatNumber(count) },
      { title: 'Share', numeric: true, cell: ({ count }) => formatPercent(count / compared) },
    ],
  })
  const failures = html`<ul>${errors.map((error) => html`<li class="break">${error}</li>`)}</ul>`
  return [
    { title: 'Where the labels differ', text: 'What the model in charge said, and what the candidate would have said.', body: flipTable },
    { title: 'Rows', body: countTable(report) },
    ...(errors.length === 0 ? [] : [{ title: 'Last failures of the candidate', body: failures }]),
  ]
}

function countTable({ rows, mirrored, compared, dropped, failed, invalid, scoreTest, scoreDistance }: ShadowReport): Html {
  const test = scoreTest === undefined ? '–' : `statistic ${formatNumber(scoreTest.statistic)}, p ${formatNumber(scoreTest.pValue)}`
  return dataTable({
    rows: [
      ['Answered by the model in charge', formatNumber(rows)],
      ['Copied to the candidate', formatNumber(mirrored)],
      ['Answered by both', formatNumber(compared)],
      ['Dropped: the queue was full, or the deadline passed', formatNumber(dropped)],
      ['The candidate failed', formatNumber(failed)],
      ['The candidate gave no valid answer', formatNumber(invalid)],
      ['Largest difference of scores', formatNumber(scoreDistance.max)],
      ['Distributions of scores (Kolmogorov–Smirnov)', test],
    ],
    columns: [
      { title: 'What', cell: ([what]) => what ?? '' },
      { title: 'Found', numeric: true, cell: ([, found]) => found ?? '' },
    ],
  })
}
