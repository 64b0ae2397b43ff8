/** Displays estimators, fitted models and scores in consoles and notebooks. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { show } from '../core/errors'
import type { Label } from '../metrics/label'
import type { Params } from './params'

/** The facts that the display of an estimator shows. */
interface EstimatorFacts {
  readonly kind: string
  readonly task: string
  readonly learner: { readonly kind: string; readonly options: Params }
  readonly transformers: readonly { readonly kind: string; readonly options: Params }[]
}

/** The facts that the display of a fitted model shows. */
interface ModelFacts {
  readonly task: string
  readonly target: string
  readonly classes?: readonly Label[]
  readonly features: readonly { readonly name: string }[]
  readonly outOfBagScore?: number
  readonly converged?: boolean
  readonly iterations?: number
  readonly parts: {
    readonly transformers: readonly { readonly kind: string }[]
    readonly learner: { readonly kind: string; readonly importance?: Float64Array | undefined }
    readonly matrixNames: readonly string[]
  }
}

/** `randomForestClassifier (not fitted): nEstimators 100, …`; of a chain, one line a step. */
export function estimatorText({ kind, transformers, learner }: EstimatorFacts): string {
  const steps = [...transformers, learner]
  if (steps.length === 1 && kind === learner.kind) return `${kind} (not fitted): ${optionsText(learner.options)}`
  return [
    `${kind} of ${steps.length} steps (not fitted): ${arrows(steps)}`,
    ...steps.map((step, i) => `  ${i + 1}. ${step.kind}: ${optionsText(step.options)}`),
  ].join('\n')
}

/** The steps of an estimator as a Markdown table. */
export function estimatorMarkdown({ kind, transformers, learner }: EstimatorFacts): string {
  const steps = [...transformers, learner].map((step, i) => [i + 1, step.kind, optionsText(step.options)])
  return `**${kind}** (not fitted)\n\n${markdownTable(['step', 'kind', 'options'], steps)}`
}

/** The kind of model, its task, its columns, and how the fit went. */
export function modelText(model: ModelFacts): string {
  return [
    `fitted ${arrows([...model.parts.transformers, model.parts.learner])}`,
    ...factsOf(model).map(([name, value]) => `  ${name}: ${value}`),
  ].join('\n')
}

/** The same as a Markdown table. */
export function modelMarkdown(model: ModelFacts): string {
  return `**fitted ${arrows([...model.parts.transformers, model.parts.learner])}**\n\n${markdownTable(['what', 'value'], factsOf(model))}`
}

/** Adds a table as the display of metric values. Returns `scores`. */
export function displayedEvaluation<T extends object>(scores: T, facts: { readonly target: string; readonly rows: number }): T {
  const lines = Object.entries(scores).map(([name, value]) => [name, digits(value as number)])
  const title = `evaluation of ${show(facts.target)} on ${facts.rows} rows`
  return attachDisplay(scores, {
    text: () => (lines.length === 0 ? `${title}: no metric` : `${title}: ${lines.map((line) => line.join(' ')).join(', ')}`),
    markdown: () => `${title}\n\n${markdownTable(['metric', 'value'], lines)}`,
  })
}

/** Adds a table as the display of cross-validation scores: mean, standard deviation and folds. Returns `scores`. */
export function displayedFolds<T extends object>(scores: T, target: string): T {
  const entries = Object.entries(scores) as [string, { readonly mean: number; readonly std: number; readonly values: readonly number[] }][]
  const header = ['metric', 'mean', 'std', 'folds']
  const rows = entries.map(([name, { mean, std, values }]) => [
    name,
    digits(mean),
    digits(std),
    values.slice(0, 10).map(digits).join(' ') + (values.length > 10 ? ' …' : ''),
  ])
  const title = `cross-validation of ${show(target)} on ${entries[0]?.[1].values.length ?? 0} folds`
  attachDisplay(scores, {
    text: () =>
      `${title}: ${entries.map(([name, { mean, std }]) => `${name} ${digits(mean)} ± ${digits(std)}`).join(', ')}\n${textTable(header, rows)}`,
    markdown: () => `${title}\n\n${markdownTable(header, rows)}`,
  })
  for (const [name, fold] of entries) {
    attachDisplay(fold, {
      text: () =>
        `${name}: ${digits(fold.mean)} ± ${digits(fold.std)} over ${fold.values.length} folds (${fold.values.slice(0, 10).map(digits).join(', ')})`,
    })
  }
  return scores
}

function factsOf(model: ModelFacts): [string, string][] {
  const { task, target, classes, features, outOfBagScore, converged, iterations, parts } = model
  const facts: [string, string][] = [
    ['predicts', `${show(target)} (${task}${classes === undefined ? '' : ` into ${listed(classes.map(show))}`})`],
    [`${features.length} feature${features.length === 1 ? '' : 's'}`, listed(features.map(({ name }) => name))],
  ]
  const { importance } = parts.learner
  if (importance !== undefined) {
    const largest = parts.matrixNames.map((name, i) => ({ name, share: importance[i] as number })).sort((a, b) => b.share - a.share)
    facts.push([
      'most important',
      listed(
        largest.slice(0, 5).map(({ name, share }) => `${name} ${digits(share)}`),
        largest.length,
      ),
    ])
  }
  if (outOfBagScore !== undefined) facts.push(['out-of-bag score', digits(outOfBagScore)])
  if (converged !== undefined) facts.push(['converged', `${converged ? 'yes' : 'NO'}, ${iterations ?? '?'} iterations`])
  return facts
}

function arrows(steps: readonly { readonly kind: string }[]): string {
  return steps.map(({ kind }) => kind).join(' → ')
}

function optionsText(options: Params): string {
  const pairs = Object.entries(options).map(([name, value]) => `${name} ${String(value)}`)
  return pairs.length === 0 ? 'no options' : pairs.join(', ')
}

/** At most eight items, and how many more there are. */
function listed(items: readonly string[], all = items.length): string {
  const shown = items.slice(0, 8)
  return shown.join(', ') + (all > shown.length ? ` and ${all - shown.length} more` : '')
}

function digits(value: number): string {
  return String(Number(value.toPrecision(4)))
}
