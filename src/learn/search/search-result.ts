/** What a search found. */
import { attachDisplay, markdownTable, textTable } from '../../core/display'
import { type Table, tableFromRows } from '../../schema/table'
import type { Classifier, Estimator, Regressor } from '../estimator'
import type { FittedClassifier, FittedModel, FittedRegressor } from '../fitted-model'
import type { ParamValues } from './distributions'
import { ranked, type SearchTrial } from './trial'

/** All trials of a search, and the best. */
export interface SearchTrials {
  /** `gridSearch`, `randomSearch`, `tpeSearch`, `successiveHalving` or `optimize`. */
  readonly method: string
  /** What trials are ordered by: the name of the first metric, or `objective`. */
  readonly metric: string
  readonly higherIsBetter: boolean
  readonly best: SearchTrial
  readonly bestParams: ParamValues
  readonly bestScore: number
  /** In the order of their numbers. */
  readonly trials: readonly SearchTrial[]
  /** How long this call took; trials that were stored before are not counted. */
  readonly seconds: number
}

/** The fitted model of an estimator. */
export type FittedOf<E extends Estimator> = E extends Classifier ? FittedClassifier : E extends Regressor ? FittedRegressor : FittedModel

/** What a search over an estimator's options found. */
export interface SearchResult<E extends Estimator = Estimator> extends SearchTrials {
  /** The estimator with the best params, not fitted. */
  readonly bestEstimator: E
  /** The best estimator fitted on the whole table; `undefined` with `refit: false`. */
  readonly fitted: FittedOf<E> | undefined
}

/** Lets a result read as a table of its trials, the best first. Returns `result`. */
export function displayedSearch<T extends SearchTrials>(result: T): T {
  const { method, metric, trials, best } = result
  const pruned = trials.filter(({ status }) => status === 'pruned').length
  const failed = trials.filter(({ status }) => status === 'failed').length
  const less = [pruned > 0 ? `${pruned} pruned` : '', failed > 0 ? `${failed} failed` : ''].filter((part) => part !== '')
  const title = `${method}: best ${metric} ${digits(best.score)} of ${trials.length} trials${less.length === 0 ? '' : ` (${less.join(', ')})`}`
  const found = Object.entries(best.params).map(([name, value]) => `${name} ${valueText(value)}`)
  const { header, rows } = rankedRows(result)
  return attachDisplay(result, {
    text: () => `${title}: ${found.join(', ')}\n${textTable(header, rows)}`,
    markdown: () => `${title}\n\n${markdownTable(header, rows)}`,
  })
}

/** Header and rows of the table of trials, the best first. */
export function rankedRows({ trials, metric, higherIsBetter }: SearchTrials): { readonly header: string[]; readonly rows: string[][] } {
  const names = paramNames(trials)
  const halving = trials.some(({ resource }) => resource !== undefined)
  const header = ['trial', ...names, ...(halving ? ['resource'] : []), metric, '±', 'seconds', 'status']
  const rows = ranked(trials, higherIsBetter).map((trial) => [
    String(trial.number),
    ...names.map((name) => valueText(trial.params[name])),
    ...(halving ? [String(trial.resource ?? '')] : []),
    digits(trial.score),
    digits(trial.scores[metric]?.std ?? Number.NaN),
    trial.seconds.toFixed(2),
    trial.status,
  ])
  return { header, rows }
}

/**
 * The trials as a table, one row each in the order of their numbers: `number`, `status`, the params by name, `mean_<metric>` and `std_<metric>`,
 * `score`, `seconds`. Lists and objects among the params are JSON text.
 *
 * @example
 * toCsv(trialsTable(result))
 */
export function trialsTable({ trials }: SearchTrials): Table {
  const names = paramNames(trials)
  const metrics = [...new Set(trials.flatMap(({ scores }) => Object.keys(scores)))]
  return tableFromRows(
    trials.map((trial) => {
      const cells: [string, string | number | boolean | null][] = [
        ['number', trial.number],
        ['status', trial.status],
        ...names.map((name): [string, string | number | boolean | null] => {
          const value = trial.params[name] ?? null
          return [name, typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as string | number | boolean | null)]
        }),
        ...metrics.flatMap((name): [string, number | null][] => [
          [`mean_${name}`, trial.scores[name]?.mean ?? null],
          [`std_${name}`, trial.scores[name]?.std ?? null],
        ]),
        ['score', trial.score],
        ['seconds', trial.seconds],
        ...(trial.resource === undefined ? [] : ([['resource', trial.resource]] as [string, number][])),
      ]
      return Object.fromEntries(cells)
    }),
  )
}

/** The names of all params, in the order of appearance. */
export function paramNames(trials: readonly SearchTrial[]): string[] {
  return [...new Set(trials.flatMap(({ params }) => Object.keys(params)))]
}

function valueText(value: unknown): string {
  if (value === undefined) return ''
  if (value === null) return 'default'
  if (typeof value === 'number') return digits(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function digits(value: number): string {
  return Number.isNaN(value) ? '' : String(Number(value.toPrecision(4)))
}
