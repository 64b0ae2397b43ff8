/** What XGBoost's objectives make of the sums of the trees. */
import type { EnsembleLink } from '../../learn/ensemble/links'

/** From the base score in the file, which is an answer, to the sum that it is the answer of. */
type Margin = 'identity' | 'logit' | 'log'

/** The link and the margin of an objective. */
export interface Objective {
  readonly link: EnsembleLink
  readonly margin: Margin
}

const identity: Objective = { link: 'identity', margin: 'identity' }
const exponential: Objective = { link: 'exponential', margin: 'log' }

/** By name, as files have it. */
export const objectives: Readonly<Record<string, Objective>> = {
  'reg:squarederror': identity,
  'reg:linear': identity,
  'reg:squaredlogerror': identity,
  'reg:pseudohubererror': identity,
  'reg:absoluteerror': identity,
  'reg:quantileerror': identity,
  'reg:expectileerror': identity,
  'reg:logistic': { link: 'sigmoid', margin: 'logit' },
  'binary:logistic': { link: 'logistic', margin: 'logit' },
  'binary:logitraw': identity,
  'binary:hinge': { link: 'step', margin: 'identity' },
  'multi:softprob': { link: 'softmax', margin: 'identity' },
  'multi:softmax': { link: 'softmax', margin: 'identity' },
  'count:poisson': exponential,
  'reg:gamma': exponential,
  'reg:tweedie': exponential,
  'survival:cox': exponential,
  'survival:aft': exponential,
  'rank:pairwise': identity,
  'rank:ndcg': identity,
  'rank:map': identity,
}

/** The sum of a base score, in float32 as XGBoost computes it. */
export function marginOf(score: number, margin: Margin): number {
  if (margin === 'log') return Math.fround(Math.log(score))
  return margin === 'logit' ? Math.fround(-Math.log(Math.fround(Math.fround(1 / score) - 1))) : Math.fround(score)
}
