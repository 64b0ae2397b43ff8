/** Many fits at the same time: on threads, and on the calling one. */
import { abortable, throwIfAborted } from '../../core/signal'
import { availableThreads, giveBack, type ProgramThread, takeThreads } from '../../core/threads'
import type { Table } from '../../schema/table'
import { type Estimator, type FitOptions, prepareFit, tellWarnings } from '../estimator'
import type { FittedModel } from '../fitted-model'
import type { LearnerState } from '../learner'
import { learnerFromState } from '../restore'
import { program } from './fit-program'
import type { FitRequest } from './fit-request'

/** The fits to do. */
export interface FitPlan {
  readonly estimator: Estimator
  readonly count: number
  /** The rows of one fit. */
  readonly tableOf: (fit: number) => Table
  readonly options: Pick<FitOptions, 'target' | 'signal' | 'logger'>
  /** Threads beside the calling one; `true`: as many as the machine has cores for. */
  readonly workers: number | boolean
}

/**
 * Fits, each the same as by `fitAsync`, and gives the models in order. Those that are under way when the caller stops are given up.
 *
 * @throws as `fitAsync`
 */
export async function* fitsOnThreads(plan: FitPlan): AsyncGenerator<FittedModel, void> {
  const { estimator, count, workers, options } = plan
  const threads =
    program === undefined || estimator.learner.given === undefined
      ? []
      : takeThreads(program, threadCount(workers, count), 'millwright fit')
  const stop = new AbortController()
  const onAbort = (): void => stop.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', onAbort, { once: true })
  const models = Array.from({ length: count }, () => deferred())
  let next = 0
  const work = async (fitOne: (table: Table) => Promise<FittedModel>): Promise<void> => {
    while (next < count && !stop.signal.aborted) {
      const { resolve, reject } = models[next] as Deferred
      const table = plan.tableOf(next++)
      try {
        resolve(await fitOne(table))
      } catch (error) {
        reject(error)
      }
    }
  }
  const here = (table: Table): Promise<FittedModel> => estimator.fitAsync(table, { ...options, signal: stop.signal })
  try {
    throwIfAborted(options.signal)
    for (const thread of threads) void work((table) => fitThere(thread, plan, table, here))
    void work(here)
    for (const { model } of models) yield await abortable(model, options.signal)
  } finally {
    stop.abort(new Error('no longer wanted'))
    options.signal?.removeEventListener('abort', onAbort)
    if (program !== undefined) giveBack(program, threads)
  }
}

function threadCount(workers: number | boolean, fits: number): number {
  return Math.min(fits - 1, workers === true ? Math.max(1, availableThreads() - 1) : Number(workers))
}

/** The fit on a thread; on the calling one when the thread ends. */
async function fitThere(
  thread: ProgramThread,
  { estimator, options }: FitPlan,
  table: Table,
  here: (table: Table) => Promise<FittedModel>,
): Promise<FittedModel> {
  if (!thread.isAlive) return here(table)
  const { learner } = estimator
  const { features, target, finish } = prepareFit(estimator, table, options)
  const request: FitRequest = { fit: { kind: learner.kind, given: learner.given as object, features, target } }
  let state: LearnerState
  try {
    state = (await thread.ask(request)) as LearnerState
  } catch {
    // What the fit itself throws, it throws here as well, and as what it is.
    return here(table)
  }
  const model = finish(learnerFromState(state, { features: features.columns.length, classes: target.numClasses }))
  tellWarnings(model.warnings, options.logger)
  return model
}

interface Deferred {
  readonly model: Promise<FittedModel>
  readonly resolve: (model: FittedModel) => void
  readonly reject: (error: unknown) => void
}

function deferred(): Deferred {
  let settle: Omit<Deferred, 'model'> | undefined
  const model = new Promise<FittedModel>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // A fit that fails after the caller has stopped is nobody's error.
  model.catch(() => {})
  return { model, ...(settle as Omit<Deferred, 'model'>) }
}
