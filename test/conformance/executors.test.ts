/** The executor checks, on the executors that need no server; and on broken ones, which must fail them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { serveSteps, threadsExecutor } from '../../src/adapters/threads'
import { MillwrightError } from '../../src/core/errors'
import { inProcessExecutor, Pipeline } from '../../src/pipeline'
import type { Executor, StepJob } from '../../src/ports'
import { bindChecks, type ExecutorSubject, executorCheckPipeline, executorChecks, runCheck } from '../../src/testing'
import { childProgram, source } from '../support/child-program'
import { dyingPipeline } from '../support/dying-pipeline'

let folder = ''
let program = ''

beforeAll(async () => {
  ;({ folder, program } = await childProgram(
    `import { workerData } from 'node:worker_threads'
     import { fsStorage } from ${source('src/adapters/fs/fs-storage')}
     import { serveSteps } from ${source('src/adapters/threads')}
     import { executorCheckPipeline } from ${source('src/testing')}
     import { dyingPipeline } from ${source('test/support/dying-pipeline')}
     const storage = fsStorage({ root: workerData.root, fsync: false })
     serveSteps([executorCheckPipeline(storage), dyingPipeline(storage)])`,
  ))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const close = async ({ executor }: ExecutorSubject): Promise<void> => executor.close()

describe('inProcessExecutor', () => {
  bindChecks(
    executorChecks(),
    { make: () => ({ executor: inProcessExecutor(), storage: memoryStorage() }), cleanUp: close },
    { describe, it },
  )
})

async function threads(): Promise<ExecutorSubject> {
  const root = await mkdtemp(join(folder, 'store-'))
  const worker = (): Worker => new Worker(program, { workerData: { root } })
  return { executor: threadsExecutor({ worker, size: 2, abortGraceMs: 50 }), storage: fsStorage({ root, fsync: false }) }
}

describe('threadsExecutor', () => {
  bindChecks(executorChecks(), { make: threads, cleanUp: close }, { describe, it })
})

describe('threadsExecutor, when a thread dies', () => {
  it('runs the step again in another thread', async () => {
    const { executor, storage } = await threads()
    const { outputs } = await dyingPipeline(storage).run({ executor, input: { deaths: 2 } })
    expect(outputs.die).toBe(3)
    await executor.close()
  })

  it('gives up when it dies again and again, and can go on with other steps', async () => {
    const { executor, storage } = await threads()
    const failed = await dyingPipeline(storage).run({ executor, input: { deaths: 9 }, throwOnFailure: false })
    expect(failed.steps.die.error).toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('a worker thread of threadsExecutor ended'),
    })
    expect((await executorCheckPipeline(storage).run({ executor, input: { run: 'a', act: 'value', value: 1 } })).status).toBe('finished')
    await executor.close()
  })

  it('says what is wrong with a worker that cannot start, is none, or does not serve the pipeline', async () => {
    const { storage } = await threads()
    const failure = async (worker: () => never | Worker): Promise<string> => {
      const executor = threadsExecutor({ worker, size: 1 })
      const { steps } = await dyingPipeline(storage).run({ executor, input: { deaths: 0 }, throwOnFailure: false })
      await executor.close()
      return `${steps.die.error?.code}: ${steps.die.error?.message}`
    }
    expect(await failure(() => new Worker('throw new Error("no module")', { eval: true }))).toBe(
      'Unavailable: a worker thread of threadsExecutor ended: no module',
    )
    expect(
      await failure(() => {
        throw new MillwrightError('NotFound', 'no such file')
      }),
    ).toBe('NotFound: no such file')
    expect(await failure(() => ({}) as never)).toMatch(/^InvalidArgument: `worker` of threadsExecutor must make a Worker/)
    const ready = `const { parentPort } = require('node:worker_threads'); parentPort.postMessage({ channel: 'millwright-steps', body: { kind: 'ready' } });`
    expect(await failure(() => new Worker(`${ready} parentPort.once('message', () => process.exit(3))`, { eval: true }))).toBe(
      'Unavailable: a worker thread of threadsExecutor ended: exit code 3',
    )
    const { executor } = await threads()
    const unknown = await new Pipeline('unknown', { storage }).step('a', () => 1).run({ executor, throwOnFailure: false })
    expect(unknown.steps.a.error?.message).toBe('this worker has no pipeline "unknown"; it has "millwright-executor-checks", "dying"')
    await executor.close()
  })

  it('refuses a run without storage, with a hint', async () => {
    const { executor } = await threads()
    const { steps } = await new Pipeline('p').step('a', () => 1).run({ executor, throwOnFailure: false })
    expect(steps.a.error).toMatchObject({ code: 'InvalidState', message: expect.stringContaining('the run has no storage') })
    await executor.close()
    expect(() => threadsExecutor({} as never)).toThrow('threadsExecutor needs `worker`')
    expect(() => serveSteps([])).toThrow('serveSteps takes a list of at least one pipeline')
  })
})

describe('a broken executor fails the checks', () => {
  const broken: Readonly<Record<string, (job: StepJob, good: Executor) => Promise<unknown>>> = {
    'gives nothing': async (job, good) => {
      await good.execute(job)
      return undefined
    },
    'swallows errors': (job, good) => good.execute(job).catch(() => null),
    'loses the code of errors': (job, good) =>
      good.execute(job).catch((error: Error) => {
        throw new Error(error.message)
      }),
    'makes every error one that is not tried again': (job, good) =>
      good.execute(job).catch((error: Error) => {
        throw new MillwrightError('InvalidArgument', error.message)
      }),
    'runs one step at a time': (() => {
      let last: Promise<unknown> = Promise.resolve()
      return (job: StepJob, good: Executor) => {
        const mine = last.then(() => good.execute(job))
        last = mine.catch(() => {})
        return mine
      }
    })(),
    'remembers results by step': (() => {
      const known = new Map<string, Promise<unknown>>()
      return (job: StepJob, good: Executor) => {
        const found = known.get(job.step) ?? good.execute(job)
        known.set(job.step, found)
        return found
      }
    })(),
    'forgets the log': (job, good) => good.execute({ ...job, run: async () => undefined }),
  }
  const parallelName = 'steps that are ready run at the same time'

  it.each(Object.keys(broken))('one that %s', async (name) => {
    const make = (): ExecutorSubject => {
      const good = inProcessExecutor()
      const run = broken[name] as (job: StepJob, good: Executor) => Promise<unknown>
      return {
        executor: { portVersion: 1, name: 'broken', execute: (job) => run(job, good), close: () => good.close() },
        storage: memoryStorage(),
      }
    }
    // The check that waits for its time to be over is left to the one that it is for.
    const wanted = executorChecks({ patienceMs: 200 }).filter(
      (check) => !check.name.startsWith('an aborted run') && (check.name === parallelName) === (name === 'runs one step at a time'),
    )
    const failed: string[] = []
    for (const check of wanted) await runCheck(check, { make, cleanUp: close }).catch(() => failed.push(check.name))
    expect(failed).not.toEqual([])
  })
})
