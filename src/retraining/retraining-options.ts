/** Options of the closed loop. */
import type { Awaitable } from '../core/awaitable'
import type { Clock } from '../core/clock'
import { invalidArgument, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import { anything, arrayOf, checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../core/options'
import { type Metric, type MetricName, metricByName } from '../metrics'
import type { CheckReport } from '../monitor'
import type { ModelPackage, ModelRuntime, PackableModel } from '../ports/model'
import type { ObjectStore } from '../ports/object-store'
import { objectStoreRule } from '../ports/port-rules'
import type { Gate, ModelRegistry, Registration } from '../registry'
import type { Table } from '../schema/table'
import type { RetrainingTrigger } from './verdict'

/** The argument of the training function. */
export interface RetrainingRequest {
  /** The id of this retraining; it can be used as the id of a pipeline run. */
  readonly id: string
  readonly trigger: RetrainingTrigger
  readonly signal: AbortSignal
}

/** The result of training: a model, and the newest labelled rows, which it was not trained on. */
export interface Challenger extends Pick<Registration, 'run' | 'example' | 'metrics' | 'dataset' | 'description' | 'tags'> {
  readonly model: PackableModel | ModelPackage
  /** The rows both models are compared on: the inputs and the target column. */
  readonly holdout: Table
}

/** What a canary is asked to try. */
export interface CanaryTrialRequest {
  /** The id of the retraining. After a restart the trial is asked for again, with the same id: continue it. */
  readonly id: string
  readonly model: string
  readonly alias: string
  /** The versions whose answers are compared. */
  readonly champion: string
  readonly challenger: string
  /** The id of the run and everything else of the start. */
  readonly trigger: RetrainingTrigger
  readonly signal: AbortSignal
}

/** How a canary ended. */
export interface CanaryTrialOutcome {
  readonly passed: boolean
  /** One sentence with the numbers. */
  readonly summary: string
}

/** The method with which a predictor loads the model of a moved alias; a `Predictor` has it. */
export interface Refreshable {
  refresh(): Promise<boolean>
}

/** Options of `createRetraining`. */
export interface RetrainingOptions {
  /** The monitor whose checks trigger retraining. */
  readonly monitor: { on(type: 'check-end', listener: (report: CheckReport) => void): () => void }
  readonly registry: ModelRegistry
  /** Name of the registered model. */
  readonly model: string
  /** The alias in use. @default 'champion' */
  readonly alias?: string | undefined
  /** Every challenger gets this alias, promoted or not; `null` for none. @default 'challenger' */
  readonly challengerAlias?: string | null | undefined
  /** Trains a challenger: usually runs a `Pipeline`. */
  readonly train: (request: RetrainingRequest) => Awaitable<Challenger>
  /** Runtimes that open champion and challenger. */
  readonly runtimes: readonly ModelRuntime[]
  /** The target column in the held-out rows. @default the one the challenger was trained for */
  readonly target?: string | undefined
  /** The metric that decides. */
  readonly metric: MetricName | Metric
  /** The challenger must be better by at least this much; with 0 it must be strictly better. @default 0 */
  readonly margin?: number | undefined
  /** Gates that the challenger must pass, in addition to the comparison. */
  readonly gates?: readonly Gate[] | undefined
  /** Alert rules that trigger while they fire. @default every performance rule */
  readonly rules?: readonly string[] | undefined
  /** Least time between two triggers, in milliseconds on the monitor's clock, also after a failure. @default 0 */
  readonly coolDownMs?: number | undefined
  /** Most retrainings that triggers may start in a span of time, on the monitor's clock. @default no limit */
  readonly budget?: { readonly retrainings: number; readonly perMs: number } | undefined
  /** Longest time of `train`, in milliseconds; after it the retraining fails. @default no limit */
  readonly timeLimitMs?: number | undefined
  /**
   * Tries the challenger on live traffic, after the gates have passed and before it is promoted; a trial that fails keeps the champion. It may
   * promote the challenger itself. Left out while there is no champion.
   */
  readonly canary?: ((request: CanaryTrialRequest) => Awaitable<CanaryTrialOutcome>) | undefined
  /** Predictors to refresh after a promotion. */
  readonly predictors?: readonly Refreshable[] | undefined
  /** Stores every verdict as JSON under `retraining/<model>/`. @default in memory only */
  readonly storage?: ObjectStore | undefined
  /**
   * Keeps the state of the loop in `storage`, too, so that a retraining goes on after a crash, cool-down and budget outlive the process, and of
   * several processes one retrains at a time. `train` and `canary` are then called again with the same `id`. @default false
   */
  readonly durable?: boolean | undefined
  /** How long another process waits before it takes over from one that died, in milliseconds. @default 30000 */
  readonly leaseMs?: number | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/** Checks options. @throws InvalidArgument */
export function checkRetrainingOptions(options: RetrainingOptions): void {
  checkOptions('createRetraining', options, {
    monitor: has('on', 'a monitor'),
    registry: has('promote', 'a model registry'),
    model: nonEmptyString(),
    alias: nonEmptyString(),
    challengerAlias: { allowed: 'an alias or null', test: (value) => value === null || (typeof value === 'string' && value !== '') },
    train: ofType('function'),
    runtimes: { allowed: 'a list of at least one model runtime', test: (value) => Array.isArray(value) && value.length > 0 },
    target: nonEmptyString(),
    metric: anything(),
    margin: finiteNumber(0),
    gates: arrayOf(ofType('function')),
    rules: arrayOf(nonEmptyString()),
    coolDownMs: finiteNumber(0),
    budget: {
      allowed: 'an object of two numbers, { retrainings, perMs }',
      test: (value) => typeof value === 'object' && value !== null && isBudget(value),
    },
    timeLimitMs: finiteNumber(1),
    canary: ofType('function'),
    predictors: arrayOf(has('refresh', 'a predictor')),
    storage: objectStoreRule(),
    durable: ofType('boolean'),
    leaseMs: finiteNumber(3),
    clock: ofType('object'),
  })
  for (const key of ['monitor', 'registry', 'model', 'train', 'runtimes', 'metric'] as const) {
    if (options?.[key] === undefined) throw invalidArgument(`createRetraining needs \`${key}\`, got ${show(options?.[key])}`)
  }
  if (options.durable && options.storage === undefined) throw invalidArgument('`durable` of createRetraining needs `storage`')
  assertSafeSegment(options.model, '`model` of createRetraining')
  metricByName(options.metric as string | Metric)
}

function isBudget({ retrainings, perMs, ...rest }: { readonly retrainings?: unknown; readonly perMs?: unknown }): boolean {
  return wholeNumber(1).test(retrainings) && finiteNumber(1).test(perMs) && Object.keys(rest).length === 0
}

function has(method: string, allowed: string): { readonly allowed: string; readonly test: (value: unknown) => boolean } {
  return { allowed, test: (value) => typeof (value as Record<string, unknown> | null)?.[method] === 'function' }
}
