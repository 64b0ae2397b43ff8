/** The closed loop whose training is a pipeline. */
import type { Awaitable } from '../core/awaitable'
import { systemClock } from '../core/clock'
import { invalidArgument, show } from '../core/errors'
import { ofType, requireOptions } from '../core/options'
import type { RunOptions } from '../pipeline/pipeline-options'
import type { RunResult } from '../pipeline/result'
import { type RunnablePipeline, runOrResume } from '../pipeline/run-or-resume'
import { createRetraining, type Retraining } from './create-retraining'
import type { Challenger, RetrainingOptions, RetrainingRequest } from './retraining-options'

/** How {@link retrainOn} retrains. */
export interface RetrainPolicy<Input, Steps, Params = object>
  extends Omit<RetrainingOptions, 'monitor' | 'train' | 'durable' | 'storage'>,
    Required<Pick<RetrainingOptions, 'storage'>> {
  /** Makes the challenger, and the newest labelled rows, of the outputs of the pipeline. */
  readonly challenger: (result: RunResult<Steps>, request: RetrainingRequest) => Awaitable<Challenger>
  /** Options of the pipeline's runs: input, parameters, executor; a function gets what triggered the retraining. */
  readonly run?:
    | RetrainingRunOptions<Input, Params>
    | ((request: RetrainingRequest) => Awaitable<RetrainingRunOptions<Input, Params>>)
    | undefined
}

/** Options of the runs of a pipeline that retrains. */
export type RetrainingRunOptions<Input, Params = object> = Omit<RunOptions<Input, Params>, 'runId' | 'signal' | 'throwOnFailure'>

/**
 * Retrains with `pipeline` when an alert of `monitor` fires: runs it, compares the challenger that comes out with the champion on the newest
 * labelled rows, and promotes it through the gates and the canary, or keeps the champion. Each retraining leaves a verdict.
 *
 * The state is kept in `storage`: a process that dies at any point is continued by the next one that calls this, the pipeline from its last
 * finished step if it has a storage. The id of the retraining is that of the run.
 *
 * @throws InvalidArgument
 * @example
 * const loop = retrainOn(monitor, pipeline, { registry, model: 'bikes', runtimes, metric: 'accuracy', storage,
 *   challenger: ({ outputs }) => ({ model: outputs.train, holdout: outputs.newest }), budget: { retrainings: 4, perMs: 30 * day } })
 */
export function retrainOn<Input, Steps, Params>(
  monitor: RetrainingOptions['monitor'],
  pipeline: RunnablePipeline<Input, Steps, Params>,
  policy: RetrainPolicy<Input, Steps, Params>,
): Retraining {
  if (typeof pipeline?.resume !== 'function') throw invalidArgument(`retrainOn takes a monitor and a pipeline, got ${show(pipeline)}`)
  requireOptions('retrainOn', policy, ['challenger', 'storage'])
  const { challenger, run, ...options } = policy
  if (!ofType('function').test(challenger)) throw invalidArgument(`\`challenger\` of retrainOn must be a function, got ${show(challenger)}`)
  const clock = options.clock ?? systemClock()
  const train = async (request: RetrainingRequest): Promise<Challenger> => {
    const given = typeof run === 'function' ? await run(request) : (run ?? {})
    const result = await runOrResume(pipeline, request.id, {
      ...given,
      clock: given.clock ?? clock,
      signal: request.signal,
      throwOnFailure: true,
    })
    return challenger(result, request)
  }
  return createRetraining({ ...options, monitor, train, durable: true })
}
