/** A page about models that share traffic: A/B tests, canaries, bandits, shadows; for people who decide. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import { formatTime } from '../plot/format'
import type { AbResults, BanditState, CanaryStatus, ShadowReport } from '../traffic'
import { page, type Section, type Tile } from './page'
import { abSections, abTiles } from './traffic/ab-sections'
import { banditSections, banditTiles } from './traffic/bandit-sections'
import { canarySections, canaryTiles } from './traffic/canary-sections'
import { shadowSections, shadowTiles } from './traffic/shadow-sections'

/** What {@link trafficHtml} shows: results of an A/B test, the status of a canary, the state of a bandit, the report of a shadow. */
export type TrafficState = AbResults | CanaryStatus | BanditState | ShadowReport

/** Options of {@link trafficHtml}. */
export interface TrafficHtmlOptions {
  /** @default what is shown, and its name */
  readonly title?: string | undefined
}

const kinds: Readonly<Record<TrafficState['kind'], string>> = {
  'ab-test': 'A/B test',
  canary: 'Canary',
  bandit: 'Bandit',
  shadow: 'Shadow',
}

/**
 * A self-contained page: first what to do, then the numbers behind it. No script, no network; light and dark, print, phone. The state is in it as JSON
 * (`report-data`).
 *
 * @throws InvalidArgument for what is none of the four
 *
 * @example
 * await writeFile('test.html', trafficHtml(await test.results()))
 */
export function trafficHtml(state: TrafficState, options: TrafficHtmlOptions = {}): string {
  if (!Object.hasOwn(kinds, state?.kind ?? '')) {
    throw invalidArgument(`trafficHtml takes the results of an A/B test, or the state of a canary, bandit or shadow, got ${show(state)}`)
  }
  checkOptions('trafficHtml', options, { title: ofType('string') })
  const { lead, tiles, sections } = contentOf(state)
  return page({
    title: options.title ?? `${kinds[state.kind]}: ${state.name}`,
    ...{ lead, tiles, sections },
    footer: `As of ${formatTime(state.at)} UTC. Made with millwright.`,
    data: state,
  })
}

function contentOf(state: TrafficState): { readonly lead: string; readonly tiles: readonly Tile[]; readonly sections: readonly Section[] } {
  if (state.kind === 'ab-test') return { lead: state.verdict.text, tiles: abTiles(state), sections: abSections(state) }
  if (state.kind === 'canary') return { lead: canaryLead(state), tiles: canaryTiles(state), sections: canarySections(state) }
  if (state.kind === 'bandit') {
    const lead = 'Several models answer. The better one does, the more of the calls it gets.'
    return { lead, tiles: banditTiles(state), sections: banditSections(state) }
  }
  const lead = `${state.candidate} gets copies of the calls that ${state.primary} answers. Nobody sees its answers; they are only compared.`
  return { lead, tiles: shadowTiles(state), sections: shadowSections(state) }
}

function canaryLead({ phase, candidate, stable, history }: CanaryStatus): string {
  const reason = history.at(-1)?.reason ?? ''
  if (phase === 'promoted') return `${candidate} has replaced ${stable}.`
  if (phase === 'promoting') return `${candidate} passed, and is now replacing ${stable}.`
  if (phase === 'rolled-back') return `${candidate} was taken back, and ${stable} answers everything. The reason: ${reason}.`
  if (phase === 'paused') return `${candidate} is on hold beside ${stable}, and somebody must decide. The reason: ${reason}.`
  return `${candidate} is being tried beside ${stable}, with more of the calls at each step.`
}
