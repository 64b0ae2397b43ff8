/** The pipeline that the executor checks run; workers of the executor under test must serve it. */

import { utf8 } from '../core/bytes'
import { sleep } from '../core/clock'
import { MillwrightError } from '../core/errors'
import type { StepContext } from '../pipeline'
import { Pipeline } from '../pipeline'
import type { ObjectStore } from '../ports/object-store'

/** What a run of the check pipeline is told to do. */
export interface ExecutorCheckInput {
  /** A name of its own for each run, under which steps leave notes in the storage. */
  readonly run: string
  readonly act: 'value' | 'fail' | 'fail-foreign' | 'flaky' | 'wait' | 'deaf' | 'meet' | 'talk' | 'large' | 'fail-once-a-run'
  readonly value?: unknown
}

type Context = StepContext<unknown, object> & { readonly inputs?: Readonly<Record<string, unknown>> }

/**
 * The pipeline of {@link executorChecks}: a step `act` that does what the input says, and behind it a map over eight items, whose results are
 * summed. Serve it in every worker, over the storage that the checks are given.
 *
 * @example
 * // worker.ts
 * serveSteps([executorCheckPipeline(fsStorage({ root: workerData.root }))])
 */
export function executorCheckPipeline(storage: ObjectStore): ReturnType<typeof build> {
  return build(storage)
}

function build(storage: ObjectStore) {
  return new Pipeline<ExecutorCheckInput>('millwright-executor-checks', {
    storage,
    concurrency: 8,
    input: (value) => value as ExecutorCheckInput,
  })
    .step('act', (context) => act(context.input, context as unknown as Context, storage), { retry: { attempts: 3, backoffMs: 1 } })
    .step('other', (context) => other(context.input, context as unknown as Context, storage))
    .step('list', { needs: ['act'], run: () => Array.from({ length: 8 }, (_, i) => i) })
    .map('squares', { over: 'list', run: ({ item, index, seed }) => ({ square: item * item, index, seed }) })
    .step('sum', { needs: ['squares'], run: ({ inputs }) => inputs.squares.reduce((sum, { square }) => sum + square, 0) })
}

async function act({ act: what, value, run }: ExecutorCheckInput, context: Context, storage: ObjectStore): Promise<unknown> {
  const { signal, attempt, seed, runId, clock } = context
  const note = async (name: string): Promise<unknown> => storage.put(`notes/${run}/${name}`, utf8(String(attempt)))
  if (what === 'fail') throw new MillwrightError('InvalidArgument', 'the step refuses', { details: { column: 'x' }, hint: 'give another' })
  if (what === 'fail-foreign') throw new TypeError('a foreign failure')
  if (what === 'flaky' && attempt < 3) throw new MillwrightError('Unavailable', `attempt ${attempt} fails`)
  if (what === 'fail-once-a-run') {
    if ((await storage.head(`notes/${run}/mended`)) === undefined) throw new MillwrightError('NotFitted', 'not yet')
    return 'mended'
  }
  if (what === 'wait') {
    await note('waiting')
    await sleep(clock, 60_000, signal).catch(async (error: unknown) => {
      await note('stopped')
      throw error
    })
  }
  if (what === 'deaf') {
    await note('waiting')
    // A timer that keeps no process alive, when the executor has left the step behind.
    await new Promise<void>((resolve) => clock.schedule(resolve, 60_000))
  }
  if (what === 'meet') return meet(storage, run, ['act', 'other'], context)
  if (what === 'talk') {
    context.progress({ done: 1, total: 2, unit: 'rows' })
    context.log('halfway')
    context.progress({ done: 2, total: 2, unit: 'rows' })
  }
  if (what === 'large') return new Float64Array(131_072).fill(1.5)
  return { value, attempt, seed, runId, bytes: Uint8Array.of(1, 2, 255), day: new Date(86_400_000), nothing: undefined, not: Number.NaN }
}

async function other({ act: what, run }: ExecutorCheckInput, context: Context, storage: ObjectStore): Promise<unknown> {
  return what === 'meet' ? meet(storage, run, ['other', 'act'], context) : null
}

/** Leaves a note and waits for that of the other: both must run at the same time. */
async function meet(
  storage: ObjectStore,
  run: string,
  [own, awaited]: readonly [string, string],
  { signal, clock }: Context,
): Promise<string> {
  await storage.put(`notes/${run}/${own}`, utf8('here'))
  while ((await storage.head(`notes/${run}/${awaited}`)) === undefined) await sleep(clock, 10, signal)
  return 'met'
}
