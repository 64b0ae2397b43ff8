/** What LightGBM's objectives make of the sums of the trees. */
import type { EnsembleLink } from '../../learn/ensemble/links'

/** The link of an objective, and what the sums are multiplied by before it. */
export interface Objective {
  readonly link: EnsembleLink
  readonly slope: number
}

const links: Readonly<Record<string, EnsembleLink>> = {
  regression: 'identity',
  regression_l1: 'identity',
  huber: 'identity',
  fair: 'identity',
  quantile: 'identity',
  mape: 'identity',
  poisson: 'exponential',
  gamma: 'exponential',
  tweedie: 'exponential',
  binary: 'logistic',
  multiclass: 'softmax',
  multiclassova: 'oneVersusRest',
  cross_entropy: 'sigmoid',
  cross_entropy_lambda: 'softplus',
  lambdarank: 'identity',
  rank_xendcg: 'identity',
  custom: 'identity',
}

/**
 * The objective of a line such as `binary sigmoid:1` or `regression sqrt`; without a line, sums as they are.
 *
 * @returns `undefined` for an objective that is not known
 */
export function objectiveOf(line: string | undefined): Objective | undefined {
  const [name = 'custom', ...params] = line === undefined || line.trim() === '' ? [] : line.trim().split(/\s+/)
  const link = Object.hasOwn(links, name) ? links[name] : undefined
  if (link === undefined) return undefined
  if (link === 'identity' && params.includes('sqrt')) return { link: 'signedSquare', slope: 1 }
  const slope = link === 'logistic' || link === 'oneVersusRest' ? params.find((param) => param.startsWith('sigmoid:')) : undefined
  return { link, slope: slope === undefined ? 1 : Number(slope.slice('sigmoid:'.length)) }
}
