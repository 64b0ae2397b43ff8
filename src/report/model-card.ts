/** A model card: what a registered version is, what it is for, how well it does and for whom, as Markdown and HTML. */

import { markdownCell, markdownTable } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, ofType, requireOptions } from '../core/options'
import type { FeatureImportance } from '../learn'
import type { PerformanceReport } from '../monitor'
import { formatTime } from '../plot/format'
import { type Html, html } from '../plot/html'
import type { ModelVersion } from '../registry'
import { isTensorSide } from '../schema/signature'
import { page, type Section } from './page'
import { numberText, performanceSections, sliceSections } from './performance-html'
import { dataTable } from './table'

/** What only the team can say. Every text may have several lines. */
export interface ModelCardWords {
  /** What the model is for, and who uses it. */
  readonly intendedUse: string
  /** What it must not be used for. */
  readonly outOfScope?: string | undefined
  readonly limitations?: string | undefined
  readonly ethicalConsiderations?: string | undefined
  /** Where the training data come from, and what is known about them. */
  readonly trainingData?: string | undefined
  readonly owner?: string | undefined
  readonly contact?: string | undefined
  readonly licence?: string | undefined
}

/** What a card is made of. */
export interface ModelCardOptions {
  /** The registered version: `await registry.resolve('bikes@champion')`. */
  readonly version: ModelVersion
  readonly words: ModelCardWords
  /** Measured on rows that the model was not fitted on. */
  readonly performance?: PerformanceReport | undefined
  /** The most important features first. */
  readonly importances?: readonly Pick<FeatureImportance, 'feature' | 'importance'>[] | undefined
  /** From which drift on the card no longer holds: column → limit of the method. */
  readonly driftLimits?: { readonly method: string; readonly limits: Readonly<Record<string, number>> } | undefined
}

/** A model card. */
export interface ModelCard {
  /** For a repository, or a registry's description. */
  readonly markdown: string
  /** One file that needs no network and runs no script. */
  readonly html: string
  /** The facts as plain JSON. */
  readonly data: ModelCardOptions
}

const headings = [
  ['intendedUse', 'Intended use'],
  ['outOfScope', 'Not for'],
  ['limitations', 'Limitations'],
  ['ethicalConsiderations', 'Ethical considerations'],
  ['trainingData', 'Training data'],
] as const

/**
 * The card of a registered version. Facts come from the registry and from what was measured, the rest from the team's words; a part that is not given
 * is left out, never made up.
 *
 * @throws InvalidArgument for options that are missing or wrong
 * @example await writeFile('MODEL_CARD.md', modelCard({ version, words: { intendedUse: '…' }, performance }).markdown)
 */
export function modelCard(options: ModelCardOptions): ModelCard {
  requireOptions('modelCard', options, ['version', 'words'])
  checkOptions('modelCard', options, {
    version: { allowed: 'a model version of a registry', test: (value) => typeof (value as ModelVersion | null)?.digest === 'string' },
    words: ofType('object'),
    performance: ofType('object'),
    importances: arrayOf(ofType('object')),
    driftLimits: ofType('object'),
  })
  checkOptions(
    '`words` of modelCard',
    options.words,
    Object.fromEntries([...headings.map(([key]) => key), 'owner', 'contact', 'licence'].map((key) => [key, nonEmptyString()])),
  )
  if (options.words.intendedUse === undefined)
    throw invalidArgument(`\`words\` of modelCard needs \`intendedUse\`, got ${show(options.words)}`)
  return { markdown: markdownOf(options), html: htmlOf(options), data: options }
}

/** Facts in pairs: name and value. */
function facts({ version, words }: ModelCardOptions): [string, string][] {
  const { dataset, runId, origin } = version.lineage
  const pairs: [string, string | undefined][] = [
    ['Model', version.name],
    ['Version', `${version.version}${version.aliases.map((alias) => ` @${alias}`).join('')}`],
    ['Task', version.task],
    ['Format', version.flavor],
    ['Registered', `${formatTime(version.createdAt)} UTC`],
    ['Owner', words.owner],
    ['Contact', words.contact],
    ['Licence', words.licence],
    ['Trained on', dataset === undefined ? undefined : `${dataset.name ?? 'a dataset'} (${dataset.fingerprint})`],
    ['Run', runId],
    ['Copied from', origin === undefined ? undefined : `${origin.name} ${origin.version}`],
    ['Digest', version.digest === '' ? undefined : version.digest],
    ['Size', `${version.sizeBytes} bytes`],
  ]
  return pairs.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
}

/** The columns of a signature: name, type, whether a value is required. */
function columnsOf(side: ModelVersion['signature']['inputs']): (readonly [string, string, string])[] {
  if (isTensorSide(side))
    return side.map(({ name = '', dtype, shape }) => [name, `tensor of ${dtype}, [${shape.join(', ')}]`, 'yes'] as const)
  return side.map(({ name, type, required }) => [name, type, required === false ? 'no' : 'yes'] as const)
}

function markdownOf(options: ModelCardOptions): string {
  const { version, words, performance, importances, driftLimits } = options
  const parts = [`# Model card: ${version.name} ${version.version}`]
  if (version.description !== '') parts.push(version.description)
  parts.push(markdownTable(['', ''], facts(options)))
  for (const [key, title] of headings) if (words[key] !== undefined) parts.push(`## ${title}`, words[key] as string)
  parts.push('## Inputs', wholeTable(['column', 'type', 'required'], columnsOf(version.signature.inputs)))
  const outputs = columnsOf(version.signature.outputs)
  if (outputs.length > 0) parts.push('## Outputs', wholeTable(['column', 'type', 'required'], outputs))
  const registered = Object.entries(version.metrics)
  if (registered.length > 0)
    parts.push(
      '## Metrics at registration',
      wholeTable(
        ['metric', 'value'],
        registered.map(([name, value]) => [name, numberText(value)]),
      ),
    )
  if (performance !== undefined) {
    const names = performance.metrics.map(({ metric }) => metric)
    parts.push(
      '## Performance',
      `Measured on ${performance.rows} rows.`,
      wholeTable(
        ['metric', 'value'],
        performance.metrics.map(({ metric, value }) => [metric, numberText(value)]),
      ),
    )
    if (performance.slices.length > 0) {
      const rows = performance.slices.map(({ column, slice, rows: count, scores }) => [
        `${column} = ${slice}`,
        count,
        ...names.map((name) => numberText(scores[name] ?? Number.NaN)),
      ])
      parts.push('## Performance by group', wholeTable(['group', 'rows', ...names], rows))
    }
  }
  if (importances !== undefined)
    parts.push(
      '## What it looks at',
      wholeTable(
        ['feature', 'importance'],
        importances.map(({ feature, importance }) => [feature, numberText(importance)]),
      ),
    )
  if (driftLimits !== undefined)
    parts.push(
      '## Drift limits',
      `Beyond these limits (${driftLimits.method}) the figures above no longer hold.`,
      wholeTable(
        ['column', 'limit'],
        Object.entries(driftLimits.limits).map(([name, limit]) => [name, numberText(limit)]),
      ),
    )
  return `${parts.join('\n\n')}\n`
}

/** A table with all its rows; the display's own stops after twenty. */
function wholeTable(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]): string => `| ${cells.map(markdownCell).join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

function htmlOf(options: ModelCardOptions): string {
  const { version, words, performance, importances, driftLimits } = options
  const pairs = (rows: readonly (readonly [string, string])[], titles: readonly [string, string], numeric = false): Html =>
    html`<div class="scroll">${dataTable({
      rows,
      columns: [
        { title: titles[0], cell: ([name]) => name },
        { title: titles[1], numeric, cell: ([, value]) => html`<span class="break">${value}</span>` },
      ],
    })}</div>`
  const signature = (side: ModelVersion['signature']['inputs']): Html =>
    html`<div class="scroll">${dataTable({
      rows: columnsOf(side),
      columns: [
        { title: 'column', cell: ([name]) => name },
        { title: 'type', cell: ([, type]) => type },
        { title: 'required', cell: ([, , required]) => required },
      ],
    })}</div>`
  const numbers = (values: Readonly<Record<string, number>>, titles: readonly [string, string]): Html =>
    pairs(
      Object.entries(values).map(([name, value]) => [name, numberText(value)] as const),
      titles,
      true,
    )
  const sections: Section[] = [
    { title: 'Facts', body: pairs(facts(options), ['what', 'value']) },
    ...headings.flatMap(([key, title]): Section[] =>
      words[key] === undefined
        ? []
        : [{ title, body: html`<div>${(words[key] as string).split(/\n{2,}/).map((text) => html`<p>${text}</p>`)}</div>` }],
    ),
    { title: 'Inputs', body: signature(version.signature.inputs) },
    ...(version.signature.outputs.length === 0 ? [] : [{ title: 'Outputs', body: signature(version.signature.outputs) }]),
    ...(Object.keys(version.metrics).length === 0
      ? []
      : [{ title: 'Metrics at registration', body: numbers(version.metrics, ['metric', 'value']) }]),
    ...(performance === undefined
      ? []
      : [
          ...performanceSections(performance).map((one) =>
            one.title === 'Metrics' ? { ...one, title: 'Performance', text: `Measured on ${performance.rows} rows.` } : one,
          ),
          ...sliceSections(performance),
        ]),
    ...(importances === undefined
      ? []
      : [
          {
            title: 'What it looks at',
            text: 'The features by their importance.',
            body: pairs(
              importances.map(({ feature, importance }) => [feature, numberText(importance)] as const),
              ['feature', 'importance'],
              true,
            ),
          },
        ]),
    ...(driftLimits === undefined
      ? []
      : [
          {
            title: 'Drift limits',
            text: `Beyond these limits (${driftLimits.method}) the figures above no longer hold.`,
            body: numbers(driftLimits.limits, ['column', 'limit']),
          },
        ]),
  ]
  return page({
    title: `Model card: ${version.name} ${version.version}`,
    lead: version.description === '' ? undefined : version.description,
    sections,
    footer: 'Made with millwright. Opens without a network; the facts are in the page as JSON (#report-data).',
    data: options,
  })
}
