/** The parts of a page about an A/B test. */
import { formatDuration, formatNumber, formatPercent, formatTime } from '../../plot/format'
import { type Html, html } from '../../plot/html'
import { type IntervalRow, intervalChart } from '../../plot/interval-chart'
import type { AbComparison, AbResults } from '../../traffic'
import type { Section, Tile } from '../page'
import { dataTable } from '../table'

const verdicts: Readonly<Record<AbResults['verdict']['state'], string>> = {
  running: 'Wait',
  better: 'Take it',
  worse: 'Keep the control',
  'guard-failed': 'Stop an arm',
  'no-difference': 'No difference',
  invalid: 'Do not read',
}

/** The numbers at the top. */
export function abTiles({ arms, verdict, startedAt, at, method }: AbResults): Tile[] {
  const units = arms.reduce((sum, arm) => sum + arm.units, 0)
  return [
    { label: 'Verdict', value: verdicts[verdict.state], note: verdict.arm },
    { label: 'Units', value: formatNumber(units), note: `in ${arms.length} arms` },
    { label: 'Running for', value: startedAt === undefined ? '–' : formatDuration(at - startedAt) },
    { label: 'May be read', value: method === 'sequential' ? 'at any time' : 'at the end', note: `method ${method}` },
  ]
}

/** The sections. */
export function abSections(results: AbResults): Section[] {
  const { comparisons, control, alpha, decision } = results
  const goals = comparisons.filter(({ role }) => role === 'goal')
  const guards = comparisons.filter(({ role }) => role === 'guard')
  const sure = formatPercent(1 - alpha, 0)
  const said = `Each line covers what is plausible for the true difference from ${control}, at ${sure} confidence; a line that crosses 0 decides nothing.`
  return [
    ...metricSections(goals, 'Goal', said, results),
    ...metricSections(guards, 'Guard', `No arm may be worse than ${control} by more than the margin. ${said}`, results),
    { title: 'Arms', text: 'A unit is a user (or device, or session) and always gets the same model.', body: armsTable(results) },
    { title: 'Can it be trusted?', body: trustTable(results) },
    ...(decision === undefined
      ? []
      : [{ title: 'Decision', body: html`<p>${formatTime(decision.at)} UTC: ${decision.text} It was the first decision, and stays.</p>` }]),
  ]
}

/** One section for each metric: units of different metrics have no common axis. */
function metricSections(comparisons: readonly AbComparison[], role: string, text: string, results: AbResults): Section[] {
  const metrics = [...new Set(comparisons.map(({ metric }) => metric))]
  return metrics.map((metric, i) => {
    const own = comparisons.filter((comparison) => comparison.metric === metric)
    const { higherIsBetter, margin } = own[0] as AbComparison
    const direction = higherIsBetter ? 'higher is better' : 'lower is better'
    const limit = margin === undefined ? [] : [{ value: higherIsBetter ? -margin : margin, label: 'margin' }]
    const chart = intervalChart({
      description: `Difference of ${metric} from ${results.control}, for each arm`,
      rows: own.map(rowOf),
      lines: [{ value: 0, label: results.control }, ...limit],
      xTitle: `difference of ${metric} (${direction})`,
    })
    return { title: `${role}: ${metric}`, ...(i === 0 ? { text } : {}), body: chart }
  })
}

function rowOf({ arm, difference, interval, relative, state }: AbComparison): IntervalRow {
  const colour = state === 'better' || state === 'kept' ? 'd' : state === 'open' ? 'a' : 'c'
  const percent = Number.isFinite(relative) ? ` (${relative > 0 ? '+' : ''}${formatPercent(relative)})` : ''
  const label = Number.isFinite(difference) ? `${signed(difference)}${percent}: ${words[state]}` : 'too few units'
  return { name: arm, value: difference, interval, colour, label }
}

const words: Readonly<Record<AbComparison['state'], string>> = {
  better: 'better',
  worse: 'worse',
  open: 'not decided',
  failed: 'beyond the margin',
  kept: 'within the margin',
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${formatNumber(value, 4)}`
}

function armsTable({ arms, comparisons, control }: AbResults): Html {
  const metrics = [...new Set(comparisons.map(({ metric }) => metric))]
  return dataTable({
    rows: arms,
    columns: [
      {
        title: 'Arm',
        cell: ({ name }) => html`${name}${name === control && name !== 'control' ? html` <span class="note">(control)</span>` : null}`,
      },
      { title: 'Share planned', numeric: true, cell: ({ weight }) => formatPercent(weight) },
      { title: 'Units', numeric: true, cell: ({ units }) => formatNumber(units) },
      ...metrics.map((metric) => ({
        title: metric,
        numeric: true,
        cell: (arm: (typeof arms)[number]) => (arm.metrics[metric]?.count === 0 ? '–' : formatNumber(arm.metrics[metric]?.mean, 4)),
      })),
    ],
  })
}

function trustTable({ sampleRatio, contaminated, unmatched, uncounted, unitsPerArm, arms }: AbResults): Html {
  const least = Math.min(...arms.map(({ units }) => units))
  const good = (text: string): Html => html`<span class="tag good">${text}</span>`
  const bad = (text: string): Html => html`<span class="tag bad">${text}</span>`
  const count = (value: number): Html => (value === 0 ? good('none') : html`<span class="tag">${formatNumber(value)}</span>`)
  const planned =
    unitsPerArm === undefined
      ? []
      : [{ what: 'The smallest arm', found: html`${formatNumber(least)} of ${formatNumber(unitsPerArm)} planned units` }]
  return dataTable({
    rows: [
      {
        what: 'The arms got the shares that were planned',
        found: sampleRatio.mismatch
          ? bad(`no, p ${sampleRatio.pValue.toExponential(1)}`)
          : good(`yes, p ${formatNumber(sampleRatio.pValue)}`),
      },
      { what: 'Units seen in two arms, which are left out', found: count(contaminated) },
      { what: 'Values of units that were never answered', found: count(unmatched) },
      { what: 'Units beyond the limit, which are not counted', found: count(uncounted) },
      ...planned,
    ],
    columns: [
      { title: 'Check', cell: ({ what }) => what },
      { title: 'Found', cell: ({ found }) => found },
    ],
  })
}
