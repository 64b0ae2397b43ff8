/** An estimator with some of its options changed, by the flat names under which `estimator.options` lists them. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { nearest } from '../../core/spelling'
import { chain, stepNames } from '../chain'
import { type Estimator, makeEstimator } from '../estimator'
import type { Learner } from '../learner'
import type { Transformer } from '../transformer'

/**
 * The estimator with some options changed. Of a chain, the names are those of its `options`: the step, a dot and the option
 * (`randomForestClassifier.maxDepth`, `standardScaler2.withMean`); of a single model the option alone will do. `null` and `undefined` set an
 * option back to its default.
 *
 * @throws InvalidArgument for an unknown name or a value that the step refuses; Unsupported for a step that cannot be changed
 *
 * @example
 * withOptions(chain([simpleImputer(), randomForestClassifier()]), { 'simpleImputer.strategy': 'median', 'randomForestClassifier.maxDepth': 8 })
 */
export function withOptions<E extends Estimator>(estimator: E, changes: Readonly<Record<string, unknown>>): E {
  const steps: readonly (Transformer | Learner)[] = [...estimator.transformers, estimator.learner]
  const names = stepNames(steps)
  const perStep = new Map<string, Record<string, unknown>>()
  for (const [name, value] of Object.entries(changes)) {
    const [step, option] = placeOf(name, names, estimator)
    perStep.set(step, { ...perStep.get(step), [option]: value ?? undefined })
  }
  const changed = steps.map((step, i) => changedStep(step, names[i] as string, perStep.get(names[i] as string)))
  const learner = changed.at(-1) as Learner
  const model = makeEstimator(learner.kind, [], learner, learner.options)
  const single = estimator.kind !== 'chain' && estimator.transformers.length === 0
  return (single ? model : chain([...(changed.slice(0, -1) as Transformer[]), model])) as unknown as E
}

function changedStep(step: Transformer | Learner, name: string, changes: Record<string, unknown> | undefined): Transformer | Learner {
  if (changes === undefined) return step
  if (step.withOptions === undefined) {
    throw new MillwrightError(
      'Unsupported',
      `the options of ${name} cannot be changed by name: ${Object.keys(changes).map(show).join(', ')}`,
      {
        hint: 'give the search a function instead: (params) => chain([…])',
      },
    )
  }
  return step.withOptions(changes)
}

/** The step and the option that a name means. */
function placeOf(name: string, names: readonly string[], estimator: Estimator): readonly [step: string, option: string] {
  const step = names.filter((each) => name.startsWith(`${each}.`)).sort((a, b) => b.length - a.length)[0]
  if (step !== undefined) return [step, name.slice(step.length + 1)]
  if (names.length === 1 && !name.includes('.')) return [names[0] as string, name]
  const meant = nearest(name, Object.keys(estimator.options))
  throw invalidArgument(`${show(name)} names no step of the estimator; its steps are ${names.join(', ')}`, {
    hint: meant === undefined ? `write the step before the option: ${names.at(-1)}.${name}` : `did you mean ${show(meant)}?`,
  })
}
