/** The checks of the guarantees of executors. */
import { utf8 } from '../core/bytes'
import { isMillwrightError, MillwrightError } from '../core/errors'
import { newId } from '../core/ids'
import type { ProgressEvent } from '../core/progress'
import type { RunOptions, RunResult } from '../pipeline'
import { inProcessExecutor } from '../pipeline'
import type { Executor } from '../ports/executor'
import type { ObjectStore } from '../ports/object-store'
import { type Check, type CheckContext, suiteOf } from './check'
import { type ExecutorCheckInput, executorCheckPipeline } from './executor-check-pipeline'
import { expectEqual, expectThat } from './expect'

/** An executor under test. */
export interface ExecutorSubject {
  readonly executor: Executor
  /** What its workers and the checks share. The workers serve `executorCheckPipeline` over it. */
  readonly storage: ObjectStore
  /** Whether it runs steps at the same time. @default true */
  readonly parallel?: boolean | undefined
  /** Called after each check. @default closes the executor */
  close?(): Promise<void>
}

/** Options of {@link executorChecks}. */
export interface ExecutorCheckOptions {
  /** How long a check waits for steps that must meet, in milliseconds. @default 30000 */
  readonly patienceMs?: number | undefined
}

type Context = CheckContext<ExecutorSubject>

/**
 * The checks of the executor port. They check the guarantees that {@link Executor} documents, by runs of {@link executorCheckPipeline}.
 *
 * @example
 * bindChecks(executorChecks(), { make: () => ({ executor: inProcessExecutor(), storage: memoryStorage() }) }, { describe, it })
 */
export function executorChecks({ patienceMs = 30_000 }: ExecutorCheckOptions = {}): readonly Check<ExecutorSubject>[] {
  return suiteOf('executorChecks', [...results(patienceMs), ...failures(), ...aborts(), ...life()])
}

function check(name: string, run: (context: Context) => Promise<void>): Check<ExecutorSubject> {
  return { name, requires: [], run }
}

type Given = Omit<ExecutorCheckInput, 'run'> & { readonly run?: string }
type Pipe = ReturnType<typeof executorCheckPipeline>
type Result = Awaited<ReturnType<Pipe['run']>>

/** Runs the check pipeline on the executor. */
async function go(
  { executor, storage }: ExecutorSubject,
  input: Given,
  options: Omit<RunOptions<ExecutorCheckInput>, 'input'> = {},
): Promise<Result> {
  const pipeline = executorCheckPipeline(storage)
  return pipeline.run({ seed: 7, executor, throwOnFailure: false, ...options, input: { run: newId(), ...input } })
}

function results(patienceMs: number): Check<ExecutorSubject>[] {
  return [
    check('a run gives the outputs of the same run in one process', async ({ subject }) => {
      const input = { act: 'value', run: 'r', value: { text: 'ä', list: [1, [2]], big: 2n ** 70n } } as const
      const got = await go(subject, input, { runId: newId() })
      const wanted = await go({ ...subject, executor: inProcessExecutor() }, input, { runId: newId() })
      const own = (result: Result): unknown => ({ ...result.outputs, act: { ...(result.outputs.act as object), runId: '' } })
      expectEqual(got.status, 'finished', 'status of the run')
      expectEqual(own(got), own(wanted), 'outputs of the run')
      expectEqual(digests(got, ['list', 'squares', 'sum']), digests(wanted, ['list', 'squares', 'sum']), 'fingerprints of the outputs')
    }),
    check('a step is given its attempt, seed and run id', async ({ subject }) => {
      const runId = newId()
      const { outputs } = await go(subject, { act: 'flaky' }, { runId })
      const { attempt, runId: seen, seed } = outputs.act as { attempt: number; runId: string; seed: number }
      expectEqual([attempt, seen, Number.isSafeInteger(seed)], [3, runId, true], 'attempt, run id, seed')
    }),
    check('items of a map step run with their index, and their results keep the order', async ({ subject }) => {
      const { outputs } = await go(subject, { act: 'value' })
      const squares = outputs.squares ?? []
      expectEqual(
        squares.map(({ index, square }) => [index, square]),
        Array.from({ length: 8 }, (_, i) => [i, i * i]),
        'index and result of each item',
      )
      expectEqual(new Set(squares.map(({ seed }) => seed)).size, 8, 'different seeds of the items')
      expectEqual(outputs.sum, 140, 'the sum behind the map')
    }),
    check('an output of a megabyte arrives whole', async ({ subject }) => {
      const { outputs } = await go(subject, { act: 'large' })
      const large = outputs.act as Float64Array
      expectThat(large instanceof Float64Array && large.length === 131_072 && large.every((x) => x === 1.5), 'all 131,072 numbers')
    }),
    check('steps that are ready run at the same time', async ({ subject }) => {
      if (subject.parallel === false) return
      const { outputs } = await go(subject, { act: 'meet' }, { signal: AbortSignal.timeout(patienceMs) })
      expectEqual([outputs.act, outputs.other], ['met', 'met'], 'two steps that wait for each other')
    }),
    check('two runs at the same time do not mix', async ({ subject }) => {
      const all = await Promise.all(Array.from({ length: 6 }, (_, i) => go(subject, { act: 'value', value: i })))
      expectEqual(
        all.map(({ outputs }) => (outputs.act as { value: number }).value),
        [0, 1, 2, 3, 4, 5],
        'the value of each run',
      )
    }),
    check('what a step logs and reports arrives', async ({ subject }) => {
      const logged: string[] = []
      const seen: ProgressEvent[] = []
      const pipeline = executorCheckPipeline(subject.storage)
      pipeline.on('step-log', ({ message }) => logged.push(message))
      const input = { act: 'talk', run: newId() } as const
      await pipeline.run({ input, executor: subject.executor, onProgress: (event) => seen.push(event) })
      expectEqual(logged, ['halfway'], 'log messages')
      const rows = seen.filter(({ unit }) => unit === 'rows')
      expectEqual(rows.at(-1), { phase: 'act', done: 2, total: 2, unit: 'rows' }, 'the last progress of the step')
    }),
  ]
}

function digests(result: Result, steps: readonly (keyof Result['steps'])[]): unknown {
  return steps.map((step) => (result as RunResult<Record<string, unknown>>).steps[step]?.digest)
}

function failures(): Check<ExecutorSubject>[] {
  return [
    check('an error of the library arrives with its code, details and hint, and is not tried again', async ({ subject }) => {
      const error = await failureOf(subject, { act: 'fail' })
      expectThat(isMillwrightError(error, 'InvalidArgument'), `InvalidArgument, got ${String(error)}`)
      const { message, hint, details } = error as MillwrightError
      expectThat(message.includes('the step refuses') && hint === 'give another', `its message and hint, got ${message} (${hint})`)
      const { steps } = (details.result ?? {}) as Partial<Result>
      expectEqual(steps?.act?.attempts, 1, 'attempts')
    }),
    check('a foreign error arrives with its message, and is tried again', async ({ subject }) => {
      const error = await failureOf(subject, { act: 'fail-foreign' })
      expectThat((error as Error).message.includes('a foreign failure'), `its message, got ${String(error)}`)
      const { steps } = ((error as MillwrightError).details.result ?? {}) as Partial<Result>
      expectEqual(steps?.act?.attempts, 3, 'attempts')
    }),
    check('an attempt that failed before a resume is made again, and not taken from memory', async ({ subject }) => {
      const { executor, storage } = subject
      const pipeline = executorCheckPipeline(storage)
      const input = { act: 'fail-once-a-run', run: newId() } as const
      const { runId, status } = await pipeline.run({ input, executor, throwOnFailure: false })
      expectEqual(status, 'failed', 'status before')
      await storage.put(`notes/${input.run}/mended`, utf8('yes'))
      const resumed = await pipeline.resume(runId, { executor })
      expectEqual(resumed.outputs.act, 'mended', 'the output after')
    }),
  ]
}

async function failureOf({ executor, storage }: ExecutorSubject, input: Given): Promise<unknown> {
  try {
    await executorCheckPipeline(storage).run({ executor, input: { run: newId(), ...input } })
  } catch (error) {
    return error
  }
  throw new MillwrightError('Internal', 'expected the run to fail')
}

function aborts(): Check<ExecutorSubject>[] {
  return (['wait', 'deaf'] as const).map((act) =>
    check(
      `an aborted run ends at once, and the executor goes on (step that ${act === 'wait' ? 'listens' : 'ignores its signal'})`,
      async ({ subject }) => {
        const { storage } = subject
        const run = newId()
        const controller = new AbortController()
        const going = go(subject, { act, run }, { signal: controller.signal })
        await noteOf(storage, run, 'waiting')
        const startedAt = Date.now()
        controller.abort(new MillwrightError('Unavailable', 'no more time'))
        expectEqual((await going).status, 'cancelled', 'status of the aborted run')
        expectThat(Date.now() - startedAt < 10_000, 'the end of the run within ten seconds')
        const { outputs } = await go(subject, { act: 'value', value: 'after' })
        expectEqual((outputs.act as { value: string }).value, 'after', 'the run after it')
      },
    ),
  )
}

async function noteOf(storage: ObjectStore, run: string, name: string): Promise<void> {
  const until = Date.now() + 30_000
  while ((await storage.head(`notes/${run}/${name}`)) === undefined) {
    if (Date.now() > until) throw new MillwrightError('Unavailable', `a step did not leave its note ${name} within 30 seconds`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function life(): Check<ExecutorSubject>[] {
  return [
    check('close is idempotent, and a closed executor refuses', async ({ subject }) => {
      const { executor } = subject
      await go(subject, { act: 'value' })
      await executor.close()
      await executor.close()
      if (executor.name === inProcessExecutor().name) return
      const { status, steps } = await go(subject, { act: 'value' })
      expectEqual([status, steps.act.error?.code], ['failed', 'InvalidState'], 'status and code of a run on a closed executor')
    }),
    check('it has a name and the version of the port', async ({ subject: { executor } }) => {
      expectEqual(executor.portVersion, 1, 'portVersion')
      expectThat(typeof executor.name === 'string' && executor.name !== '', 'a name')
    }),
  ]
}
