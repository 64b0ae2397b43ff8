/** The loop of every search: suggests, tries, prunes, keeps and logs, several trials at a time, with the same outcome each time. */
import type { Clock } from '../../core/clock'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import type { FoldScores } from '../cross-validate'
import type { ParamValues } from './distributions'
import type { KnownTrials } from './known-trials'
import { type Pruner, shouldPrune } from './pruning'
import { logTrial, type SearchRun } from './search-run'
import { type ReportedTrial, type SearchTrial, stepsOf } from './trial'

/** What a trial can do while it runs. */
export interface RunningTrial {
  readonly number: number
  readonly params: ParamValues
  readonly signal: AbortSignal | undefined
  /**
   * Tells the score so far; `true` when the trial should stop. `step` is a whole number, greater than that of the report before.
   *
   * @param step what the score belongs to, such as the number of rounds learned; @default 0, 1, 2 …
   * @throws InvalidArgument
   */
  report(score: number, step?: number): boolean
}

/** What a trial came to. */
export interface TrialOutcome {
  readonly score: number
  readonly scores: Readonly<Record<string, FoldScores>>
  readonly pruned: boolean
}

/** What is to be tried next. */
export interface Suggestion {
  readonly params: ParamValues
  readonly rung?: number | undefined
  readonly resource?: number | undefined
}

/** One search. */
export interface TrialLoop {
  readonly method: string
  /** Numbers of the trials to run: from `first` up to, but not including, `end`. */
  readonly first: number
  readonly end: number
  /** At most so many in all, for progress. */
  readonly total: number
  readonly concurrency: number
  readonly higherIsBetter: boolean
  readonly pruner: Pruner | undefined
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
  readonly trials: KnownTrials
  readonly run: SearchRun | undefined
  readonly onProgress: OnProgress<'search'> | undefined
  readonly onTrial: ((trial: SearchTrial) => void) | undefined
  /** Called in the order of numbers, also for trials that are known, so that random numbers are drawn alike. */
  suggest(number: number, history: readonly SearchTrial[]): Suggestion
  attempt(trial: RunningTrial, suggestion: Suggestion): Promise<TrialOutcome>
}

/**
 * Runs trials. Trial i starts when all trials up to i − `concurrency` have ended, and knows exactly those: so what is tried, and what is
 * pruned, hangs on the seed and on `concurrency`, never on which trial was faster.
 *
 * @throws the signal's reason, after trials under way have stopped (finished ones are in the store); what the store and the tracker throw
 */
export async function runTrials(loop: TrialLoop): Promise<SearchTrial[]> {
  const { first, end, concurrency, trials } = loop
  const report = progressReporter(loop.onProgress)
  const ended: (SearchTrial | undefined)[] = []
  const running: Promise<void>[] = []
  let failure: { readonly error: unknown } | undefined
  let done = first
  for (let number = first; number < end && failure === undefined; number++) {
    await running[number - first - concurrency]
    if (failure !== undefined || loop.signal?.aborted) break
    const history = ended.slice(0, Math.max(0, number - first - concurrency + 1)) as SearchTrial[]
    const suggestion = loop.suggest(number, history)
    const work = async (): Promise<void> => {
      try {
        const trial = trials.known.get(number) ?? (await fresh(loop, number, suggestion, history))
        ended[number - first] = trial
        report({ phase: 'search', done: ++done, total: loop.total, unit: 'steps' })
        tell(loop.onTrial, trial)
      } catch (error) {
        failure ??= { error }
      }
    }
    running.push(work())
  }
  await Promise.all(running)
  if (failure !== undefined) throw failure.error
  throwIfAborted(loop.signal)
  return ended as SearchTrial[]
}

/** A listener that throws never breaks the search. */
function tell(onTrial: TrialLoop['onTrial'], trial: SearchTrial): void {
  try {
    onTrial?.(trial)
  } catch {
    // A listener must never break the work it watches.
  }
}

async function fresh(loop: TrialLoop, number: number, suggestion: Suggestion, history: readonly SearchTrial[]): Promise<SearchTrial> {
  const { clock, signal } = loop
  throwIfAborted(signal)
  const { params, rung, resource } = suggestion
  const child = await loop.run?.startChild({
    name: `trial ${number}`,
    tags: { 'millwright.search': loop.method, 'millwright.trial': String(number) },
  })
  const startTime = clock.now()
  const { reported, report } = reporting(loop, history)
  const facts = { number, params, ...(rung === undefined ? {} : { rung }), ...(resource === undefined ? {} : { resource }) }
  try {
    const trial = await attempted(loop, { number, params, signal, report }, suggestion)
    const whole: SearchTrial = { ...facts, ...trial, ...reported(), startTime, seconds: (clock.now() - startTime) / 1000 }
    await loop.trials.store?.put(whole)
    if (child !== undefined) await logTrial(child, whole, loop.trials.identity)
    return whole
  } catch (error) {
    await child?.finish(signal?.aborted ? 'killed' : 'failed')
    throw error
  }
}

/** Takes the reports of a trial, and asks the pruner. */
function reporting(
  { pruner, higherIsBetter }: TrialLoop,
  history: readonly SearchTrial[],
): { readonly report: RunningTrial['report']; readonly reported: () => Pick<SearchTrial, 'reports' | 'steps' | 'completedRungs'> } {
  const trial = { reports: [] as number[], steps: [] as number[], completedRungs: [] as number[] } satisfies ReportedTrial
  return {
    report(score, step) {
      const last = trial.steps.at(-1) ?? -1
      const now = step ?? last + 1
      if (!Number.isSafeInteger(now) || now <= last) {
        throw invalidArgument(`trial.report takes as step a whole number greater than ${last}, got ${show(step)}`)
      }
      trial.reports.push(score)
      trial.steps.push(now)
      return pruner !== undefined && shouldPrune(pruner, trial, history, higherIsBetter)
    },
    reported() {
      const { reports, steps, completedRungs } = trial
      const isCounted = stepsOf({ reports }).every((step, i) => step === steps[i])
      return { reports, ...(isCounted ? {} : { steps }), ...(completedRungs.length === 0 ? {} : { completedRungs }) }
    },
  }
}

/** A fit that throws makes a failed trial; an abort ends the search. */
async function attempted(
  loop: TrialLoop,
  running: RunningTrial,
  suggestion: Suggestion,
): Promise<Pick<SearchTrial, 'status' | 'score' | 'scores' | 'error'>> {
  try {
    const { pruned, score, scores } = await loop.attempt(running, suggestion)
    return { status: pruned ? 'pruned' : 'finished', score, scores }
  } catch (error) {
    if (loop.signal?.aborted) throw error
    return { status: 'failed', score: Number.NaN, scores: {}, error: error instanceof Error ? error.message : String(error) }
  }
}

/** The error when no trial finished. */
export function nothingFound(method: string, trials: readonly SearchTrial[]): MillwrightError {
  const failed = trials.find(({ error }) => error !== undefined)
  const why = failed === undefined ? 'no trial has a score that is a number' : `trial ${failed.number}: ${failed.error}`
  return new MillwrightError('InvalidState', `${method}: none of ${trials.length} trials succeeded; ${why}`)
}
