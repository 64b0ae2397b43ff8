/** What a thread is asked, and how it answers: trees of a forest, or the fit of a learner. */
import { MillwrightError, show } from '../../core/errors'
import type { Answer } from '../../core/thread-program'
import { gradientBoostingClassifier, gradientBoostingRegressor } from '../boosting/gradient-boosting'
import { type BinnedForest, type RunGrower, runGrower } from '../forest/grow-forest'
import { randomForestClassifier, randomForestRegressor } from '../forest/random-forest'
import { type FeatureMatrix, runSteps, type TargetVector } from '../learner'

/** A request: `forest` first, then runs of its trees; or a whole fit. */
export type FitRequest =
  | { readonly forest: BinnedForest }
  | { readonly run: { readonly from: number; readonly end: number } }
  | { readonly fit: { readonly kind: string; readonly given: object; readonly features: FeatureMatrix; readonly target: TargetVector } }

/** The learners that a thread can make. */
const learners = { gradientBoostingClassifier, gradientBoostingRegressor, randomForestClassifier, randomForestRegressor }

/** Grows the runs that are asked for. */
let grower: RunGrower | undefined

/** Answers a request. */
export function fitOnThread(request: FitRequest): Answer {
  if ('forest' in request) {
    grower = runGrower(request.forest)
    return { result: undefined }
  }
  if ('run' in request) {
    if (grower === undefined) throw new MillwrightError('Internal', 'a thread was asked for trees of no forest')
    const steps = grower.run(request.run.from, request.run.end)
    for (;;) {
      const step = steps.next()
      if (!step.done) continue
      const { trees, gains, leaves } = step.value
      return { result: step.value, transfer: [leaves, ...trees, ...gains].map(({ buffer }) => buffer as ArrayBuffer) }
    }
  }
  const { kind, given, features, target } = request.fit
  const make = Object.hasOwn(learners, kind) ? learners[kind as keyof typeof learners] : undefined
  if (make === undefined) throw new MillwrightError('Internal', `a thread was asked for a ${show(kind)}`)
  const state = runSteps(make(given).learner.steps(features, target)).state()
  return { result: state, transfer: state.bytes === undefined ? [] : [state.bytes.buffer as ArrayBuffer] }
}
