/** Trials as nested runs of a tracker. The tracker is known by the methods that are called, so that searching needs none. */
import { isMillwrightError } from '../../core/errors'
import { canonicalJson } from '../../core/json'
import type { ParamValue } from './distributions'
import { type SearchTrial, stepsOf } from './trial'
import { trialDocument } from './trial-document'
import type { SearchIdentity } from './trial-store'

/** The artifact of a trial's run that holds the trial. */
export const TRIAL_FILE = 'trial.json'

/** The run that a search is logged to: a `Run` of `millwright/run` is one. */
export interface SearchRun {
  readonly runId: string
  startChild(options: {
    readonly name?: string | undefined
    readonly tags?: Readonly<Record<string, string>> | undefined
  }): Promise<SearchTrialRun>
  logParams(params: object): void
  logMetrics(metrics: Readonly<Record<string, number>>): void
  setTags(tags: Readonly<Record<string, string>>): void
}

/** The nested run of one trial. */
export interface SearchTrialRun {
  readonly runId: string
  logParams(params: object): void
  logMetrics(metrics: Readonly<Record<string, number>>, options?: { readonly step?: number | undefined }): void
  setTags(tags: Readonly<Record<string, string>>): void
  logJson(path: string, value: unknown): void
  finish(status?: 'finished' | 'failed' | 'killed'): Promise<void>
}

/**
 * Logs a trial that has ended, under the names that MLflow's autologging gives to scikit-learn's searches: the hyper-parameters as params,
 * `mean_test_<metric>` and `std_test_<metric>` (and `train`) as metrics, and the metric of each fold as steps of `fold_test_<metric>`. Scores
 * after so many rounds, and those that a function reports, are steps of `reported`; `millwright.trial_status` says `pruned`. The whole
 * trial is the artifact `trial.json`, from which a search resumes.
 */
export async function logTrial(run: SearchTrialRun, trial: SearchTrial, { fingerprint, description }: SearchIdentity): Promise<void> {
  run.logParams(Object.fromEntries(Object.entries(trial.params).map(([name, value]) => [name, value === null ? 'default' : value])))
  for (const [name, { mean, std, values, train }] of Object.entries(trial.scores)) {
    run.logMetrics({ [`mean_test_${name}`]: mean, [`std_test_${name}`]: std })
    if (train !== undefined) run.logMetrics({ [`mean_train_${name}`]: train.mean, [`std_train_${name}`]: train.std })
    values.forEach((value, step) => {
      run.logMetrics({ [`fold_test_${name}`]: value }, { step })
    })
  }
  if (Object.keys(trial.scores).length === 0 || trial.steps !== undefined) {
    stepsOf(trial).forEach((step, i) => {
      run.logMetrics({ reported: trial.reports[i] as number }, { step })
    })
  }
  run.logMetrics({ ...(trial.status === 'failed' ? {} : { score: trial.score }), trial_seconds: trial.seconds })
  run.setTags({
    'millwright.trial_status': trial.status,
    ...(trial.rung === undefined
      ? {}
      : { 'millwright.trial_rung': String(trial.rung), 'millwright.trial_resource': String(trial.resource) }),
    ...(trial.error === undefined ? {} : { 'millwright.error': trial.error.slice(0, 5000) }),
  })
  if (trial.status !== 'failed') run.logJson(TRIAL_FILE, { ...trialDocument(trial), fingerprint, search: description })
  await run.finish(trial.status === 'failed' ? 'failed' : 'finished')
}

/**
 * Logs to the search's own run what was found, as MLflow does: `best_<param>` and `best_cv_score`. A param cannot change, so what a resumed search
 * found is also in tags of the same names, and where a param has another value, the new one is in the tag alone.
 */
export function logBest(
  run: SearchRun,
  best: SearchTrial,
  facts: { readonly method: string; readonly trials: number; readonly resumed: boolean },
): void {
  const found = Object.entries(best.params).map(([name, value]) => [`best_${name}`, value ?? 'default'] as const)
  const params: readonly (readonly [string, ParamValue])[] = [['search', facts.method], ...found]
  let isKept = true
  for (const [name, value] of params) {
    try {
      run.logParams({ [name]: value })
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict')) throw error
      isKept = false
    }
  }
  if (facts.resumed || !isKept) run.setTags(Object.fromEntries(params.map(([name, value]) => [name, tagText(value)])))
  run.logMetrics({ best_cv_score: best.score, best_trial: best.number, trials: facts.trials })
}

function tagText(value: ParamValue): string {
  return typeof value === 'object' ? canonicalJson(value) : String(value)
}
