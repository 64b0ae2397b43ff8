/** The parts of a page about a bandit. */
import { barPair } from '../../plot/bar-pair'
import { formatNumber, formatPercent } from '../../plot/format'
import { html } from '../../plot/html'
import type { BanditState } from '../../traffic'
import type { Section, Tile } from '../page'
import { dataTable } from '../table'

/** The numbers at the top. */
export function banditTiles({ arms, repeated }: BanditState): Tile[] {
  const leader = [...arms].sort((a, b) => b.best - a.best)[0]
  const count = arms.reduce((sum, { rewards }) => sum + rewards.count, 0)
  return [
    { label: 'Ahead', value: leader?.name ?? '–', note: `the best with probability ${formatPercent(leader?.best)}` },
    {
      label: 'Rewards',
      value: formatNumber(count, 0),
      note: repeated === 0 ? undefined : `${formatNumber(repeated)} repeated ones not counted`,
    },
    { label: 'Loss by taking it', value: formatNumber(leader?.expectedLoss, 4), note: 'reward per call, on average' },
  ]
}

/** The sections. */
export function banditSections({ arms, rewards }: BanditState): Section[] {
  const chart = barPair({
    description: 'Share of calls and probability of being the best, for each arm',
    names: ['share of the calls now', 'probability of being the best'],
    groups: arms.map(({ name, play, best }) => ({ title: name, values: [play, best] })),
    colours: ['a', 'd'],
    y: 'percent',
    yDomain: [0, 1],
  })
  const table = dataTable({
    rows: arms,
    columns: [
      { title: 'Arm', cell: ({ name }) => name },
      { title: 'Rows answered', numeric: true, cell: ({ answered }) => formatNumber(answered) },
      { title: 'Rewards', numeric: true, cell: (arm) => formatNumber(arm.rewards.count, 1) },
      {
        title: 'Mean reward',
        numeric: true,
        cell: (arm) => (rewards === 'binary' ? formatPercent(arm.rewards.mean) : formatNumber(arm.rewards.mean, 4)),
      },
      { title: 'Best with probability', numeric: true, cell: ({ best }) => formatPercent(best) },
      { title: 'Share of calls', numeric: true, cell: ({ play }) => formatPercent(play) },
    ],
  })
  const note = html`<p class="note">A bandit gives better models more calls, so its numbers are not those of a fair test: do not compute significance from them.</p>`
  return [{ title: 'Arms', text: 'Each arm keeps a small share, so that a change would be seen.', body: [chart, table, note] }]
}
