/** What the options of pipelines, runs and workers may be. */
import { anything, arrayOf, either, finiteNumber, nonEmptyString, type OptionRule, ofType, wholeNumber } from '../core/options'

type Rules = Readonly<Record<string, OptionRule>>

/** Options that a pipeline and its runs share. */
export function sharedRules(): Rules {
  return {
    storage: ofType('object'),
    concurrency: wholeNumber(1),
    executor: ofType('object'),
    tracker: ofType('object'),
    clock: ofType('object'),
  }
}

/** Options of a run. */
export function runRules(): Rules {
  return { ...commonRules(), runId: nonEmptyString(), seed: finiteNumber() }
}

/** Options of a resumed run. */
export function resumeRules(): Rules {
  return { ...commonRules(), takeOver: ofType('boolean') }
}

/** Options of a plan. */
export function planRules(): Rules {
  const { input, params, force, storage } = commonRules()
  return { input, params, force, storage, seed: finiteNumber() } as Rules
}

/** Options of a worker. */
export function workerRules(): Rules {
  const callback = ofType('function')
  return {
    storage: ofType('object'),
    secrets: secretRule(),
    signal: ofType('object'),
    clock: ofType('object'),
    onLog: callback,
    cache: ofType('boolean'),
    onProgress: callback,
  }
}

/** Options of a sub-pipeline. */
export function subPipelineRules(): Rules {
  const names = arrayOf(nonEmptyString())
  const make = ofType('function')
  return { needs: names, params: names, input: make, subParams: make, when: make, output: nonEmptyString() }
}

function commonRules(): Rules {
  return {
    ...sharedRules(),
    input: anything(),
    params: ofType('object'),
    secrets: secretRule(),
    signal: ofType('object'),
    onProgress: ofType('function'),
    force: either(ofType('boolean'), arrayOf(nonEmptyString())),
    throwOnFailure: ofType('boolean'),
  }
}

function secretRule(): OptionRule {
  return either(ofType('object'), ofType('function'))
}
