/** What a checkpoint can do with its outcome. */
import { utf8 } from '../core/bytes'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { checkOptions, nonEmptyString, type OptionRule, ofType, oneOf, requireOptions } from '../core/options'
import type { AlertSink } from '../ports/alert-sink'
import type { ObjectStore } from '../ports/object-store'
import type { ActionCondition, CheckpointAction, CheckpointResult } from './checkpoint'

/** Options every action has. */
export interface ActionOptions {
  /** @default 'always'; 'failure' for `notifyAction` and `failAction` */
  readonly when?: ActionCondition | undefined
}

/** Where results are stored. */
export interface StoreResultOptions extends ActionOptions {
  readonly storage: ObjectStore
  /** Ends in `/`. @default 'validations/' */
  readonly prefix?: string | undefined
}

/**
 * Stores the result of each suite as JSON that Great Expectations reads: `<prefix><checkpoint>/<run>/<number>-<suite>.json`. Nothing is
 * overwritten: a run has keys of its own, and where the storage has conditional writes a key that is taken fails the action.
 */
export function storeResultAction(options: StoreResultOptions): CheckpointAction {
  requireOptions('storeResultAction', options, ['storage'])
  checkOptions('storeResultAction', options, { ...storageRules(), ...whenRule() })
  const { storage, prefix = 'validations/', when } = options
  return {
    name: 'storeResult',
    when,
    run: async (result, { signal }) => {
      for (const [i, validation] of result.results.entries()) {
        await putNew(storage, resultKey(prefix, result, i), JSON.stringify(validation), signal)
      }
      return resultKey(prefix, result, 0).replace(/[^/]+$/, '')
    },
  }
}

/** Writes a key that must not be there yet. @throws Conflict when it is, where the storage has conditional writes */
export async function putNew(storage: ObjectStore, key: string, text: string, signal: AbortSignal | undefined): Promise<void> {
  await storage.put(key, utf8(text), { signal, ...(storage.capabilities.conditionalPut ? { ifAbsent: true } : {}) })
}

/** The key of a suite's result. */
function resultKey(prefix: string, { checkpoint, runId, results }: CheckpointResult, index: number): string {
  const suite = (results[index]?.suite_name ?? '').replace(/[^\w.-]+/g, '_')
  return `${prefix}${checkpoint}/${runId}/${index + 1}-${suite || 'suite'}.json`
}

/** Whom a checkpoint tells. */
export interface NotifyOptions extends ActionOptions {
  /** Added to the alert's labels. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/**
 * Sends an alert to a sink: `firing` when a suite was not met, with the gravest severity and the first failures; `resolved` otherwise
 * (with `when: 'always'`, so that the alert ends). One message a run; its id is the checkpoint and the run.
 */
export function notifyAction(sink: AlertSink, options: NotifyOptions = {}): CheckpointAction {
  if (typeof sink?.send !== 'function') throw invalidArgument(`notifyAction needs an AlertSink, got ${show(sink)}`)
  checkOptions('notifyAction', options, { labels: ofType('object'), ...whenRule() })
  return {
    name: `notify ${sink.name}`,
    when: options.when ?? 'failure',
    run: async (result, { signal }) => {
      await sink.send(
        {
          id: `${result.checkpoint}/${result.runId}`,
          rule: `checkpoint ${result.checkpoint}`,
          state: result.success ? 'resolved' : 'firing',
          severity: result.maxSeverity ?? 'info',
          labels: { checkpoint: result.checkpoint, ...options.labels },
          summary: summaryOf(result),
          value: unmetOf(result).length,
          threshold: 0,
          startsAt: result.runTime,
          ...(result.success ? { endsAt: result.runTime } : {}),
          details: { runId: result.runId, unmet: unmetOf(result).slice(0, 20) },
        },
        { signal },
      )
      return undefined
    },
  }
}

/**
 * Makes `run` throw, after all other actions have run: for a pipeline step that must not go on with such data.
 *
 * @param options `when`: `'failure'`, or the least severity that stops, such as `'critical'`
 */
export function failAction(options: ActionOptions = {}): CheckpointAction {
  checkOptions('failAction', options, whenRule())
  return {
    name: 'failCheckpoint',
    when: options.when ?? 'failure',
    run: (result) => {
      throw new MillwrightError('SchemaMismatch', summaryOf(result), {
        details: { refusedBy: 'checkpoint', checkpoint: result.checkpoint, runId: result.runId, unmet: unmetOf(result).slice(0, 20) },
      })
    },
  }
}

/** Calls a function with the result; what it returns, if it is text, becomes the note of the action. */
export function callbackAction(
  work: (result: CheckpointResult) => Promise<string | undefined> | string | undefined,
  options: ActionOptions & { readonly name?: string | undefined } = {},
): CheckpointAction {
  if (typeof work !== 'function') throw invalidArgument(`callbackAction needs a function, got ${show(work)}`)
  checkOptions('callbackAction', options, { name: nonEmptyString(), ...whenRule() })
  return { name: options.name ?? 'callback', when: options.when, run: (result) => work(result) }
}

/** Rule of `when`. */
export function whenRule(): Readonly<Record<string, OptionRule>> {
  return { when: oneOf('always', 'failure', 'success', 'info', 'warning', 'critical') }
}

/** Rules of `storage` and `prefix`. */
export function storageRules(): Readonly<Record<string, OptionRule>> {
  return {
    storage: { allowed: 'an ObjectStore', test: (value) => typeof (value as Partial<ObjectStore> | null)?.put === 'function' },
    prefix: {
      allowed: "text that ends in '/', or ''",
      test: (value) => value === '' || (typeof value === 'string' && value.endsWith('/')),
    },
  }
}

function unmetOf({ results }: CheckpointResult): string[] {
  return results.flatMap((result) =>
    result.results
      .filter(({ success }) => !success)
      .map(
        ({ expectation_config: { type, kwargs } }) =>
          `${result.suite_name}: ${type}${kwargs.column === undefined ? '' : ` (${kwargs.column})`}`,
      ),
  )
}

function summaryOf(result: CheckpointResult): string {
  const unmet = unmetOf(result)
  const all = result.results.reduce((sum, { statistics }) => sum + statistics.evaluated_expectations, 0)
  const head = `checkpoint ${show(result.checkpoint)}, run ${result.runId}: `
  if (unmet.length === 0) return `${head}all ${all} expectations were met`
  const more = unmet.length > 3 ? ` and ${unmet.length - 3} more` : ''
  return `${head}${unmet.length} of ${all} expectations were not met: ${unmet.slice(0, 3).join(', ')}${more}`
}
