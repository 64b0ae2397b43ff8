/** What the lanes redis and postgres show of `bullmqExecutor` and `bullmqWorker`, with workers in processes of their own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { bundle } from '../../../scripts/run.mjs'
import { bullmqExecutor } from '../../../src/adapters/bullmq'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { threadsExecutor } from '../../../src/adapters/threads'
import { createRng } from '../../../src/core/random'
import type { ObjectStore } from '../../../src/ports'
import { executorChecks, runCheck } from '../../../src/testing'
import { dyingPipeline } from '../../support/dying-pipeline'
import { penguinDigests, penguinPipeline } from '../../support/penguin-pipeline'
import type { QueuePlace } from './queue-servers'
import { stormItems, stormPipeline } from './storm-pipeline'

const folder = join('node_modules', '.millwright', `queue-lane-${process.pid}`)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Bundles a program of this folder once. */
async function program(name: string): Promise<string> {
  const out = join(folder, `${name}.mjs`)
  await bundle(join('test', 'interop', 'support', `${name}.ts`), out)
  return out
}

/** A process of a bundled program that has said `ready`. */
export class Process {
  readonly lines: string[] = []
  readonly child: ChildProcess
  readonly ended: Promise<number | null>

  private constructor(path: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const onExit = (): void => void this.child.kill('SIGKILL')
    process.once('exit', onExit)
    this.child.once('close', () => process.off('exit', onExit))
    let text = ''
    this.child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const whole = text.split('\n')
      text = whole.pop() ?? ''
      this.lines.push(...whole)
    })
    this.ended = new Promise((resolve) => this.child.once('close', resolve))
  }

  static async start(path: string, args: readonly string[], isAwaited = true): Promise<Process> {
    const made = new Process(path, args)
    if (isAwaited) await made.ready()
    return made
  }

  /** Resolves when it has said `ready`. @throws Error when it has ended without */
  async ready(): Promise<void> {
    while (!this.lines.includes('ready')) {
      if (this.child.exitCode !== null) throw new Error(`${this.child.spawnargs[1]} ended with ${this.child.exitCode}`)
      await pause(10)
    }
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }
}

/** A folder for a storage that processes share. */
export function sharedRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'millwright-queue-'))
  process.on('exit', () => rmSync(root, { recursive: true, force: true }))
  return root
}

/** Starts `count` worker processes. */
export async function startWorkers(place: QueuePlace, root: string, count: number, leaseMs = 1000): Promise<Process[]> {
  const path = await program('queue-worker')
  return Promise.all(Array.from({ length: count }, () => Process.start(path, [JSON.stringify(place), root, String(leaseMs)])))
}

/** The published checks, with two worker processes; and a step whose worker dies, joined by a worker that comes later. */
export async function showChecks(place: QueuePlace): Promise<void> {
  const root = sharedRoot()
  const workers = await startWorkers(place, root, 2)
  const storage = fsStorage({ root, fsync: false })
  const failures: string[] = []
  for (const check of executorChecks()) {
    const startedAt = Date.now()
    await runCheck(check, {
      make: () => ({ executor: bullmqExecutor(place), storage }),
      cleanUp: ({ executor }) => executor.close(),
    }).catch((error: unknown) => failures.push(`${check.name}: ${(error as Error).stack}`))
    if (process.env.MILLWRIGHT_TIMES) console.info(`${Date.now() - startedAt} ms: ${check.name}`)
  }
  assert.deepEqual(failures, [])
  console.info(`${executorChecks().length} checks of the executor port passed`)

  const executor = bullmqExecutor(place)
  const going = dyingPipeline(storage).run({ executor, input: { deaths: 2 } })
  await Promise.all(workers.map(({ ended }) => ended))
  console.info('both workers have died in a step; a new one comes')
  const late = await startWorkers(place, root, 1)
  assert.equal((await going).outputs.die, 3)
  await executor.close()
  for (const worker of late) worker.child.kill('SIGTERM')
  assert.deepEqual(await Promise.all(late.map(({ ended }) => ended)), [0])
}

/** The one definition of all engines gives the same digests in this process, in worker threads, and by three worker processes of the queue. */
export async function showOneDefinition(place: QueuePlace): Promise<void> {
  const read = (): string => readFileSync('examples/data/penguins.csv', 'utf8')
  const store = (root: string): ObjectStore => fsStorage({ root, fsync: false })
  const wanted = await penguinDigests({ storage: store(sharedRoot()), read })
  assert.ok(Object.keys(wanted).length >= 8)

  const threadRoot = sharedRoot()
  const threadProgram = await program('threads-worker')
  const threads = threadsExecutor({ worker: () => new Worker(resolve(threadProgram), { workerData: { root: threadRoot } }), size: 3 })
  assert.deepEqual(await penguinDigests({ storage: store(threadRoot), read, executor: threads, concurrency: 3 }), wanted)
  await threads.close()

  const root = sharedRoot()
  const workers = await startWorkers(place, root, 3)
  const executor = bullmqExecutor(place)
  const pipeline = penguinPipeline({ storage: store(root), read, executor, concurrency: 8 })
  const { steps } = await pipeline.run()
  assert.deepEqual(Object.fromEntries(Object.entries(steps).map(([name, { digest }]) => [name, digest])), wanted)
  assert.equal(steps.read.attempts, 2)
  assert.equal(steps.prices.status, 'fallback')
  assert.equal(steps.fit.items?.length, 20)
  const again = await pipeline.run()
  assert.deepEqual(
    Object.entries(again.steps)
      .filter(([, { status }]) => status !== 'cached')
      .map(([name]) => name),
    ['prices'],
  )
  await executor.close()
  for (const worker of workers) await worker.kill()
  console.info(
    `${Object.keys(wanted).length} steps, a map of 20: the same digests in process, in 3 threads and by 3 worker processes; the second run executes nothing that is cached`,
  )
}

/** Processes that run the pipeline and its steps are killed at random; every run ends once, with its result, and each effect once. */
export async function showStorm(place: QueuePlace, kills: number): Promise<void> {
  const root = sharedRoot()
  const rng = createRng(11)
  const [workerPath, schedulerPath] = [await program('queue-worker'), await program('queue-scheduler')]
  const startWorker = (): Promise<Process> => Process.start(workerPath, [JSON.stringify(place), root, '400'], false)
  const startScheduler = (count: number): Promise<Process> =>
    Process.start(schedulerPath, [JSON.stringify(place), root, String(count)], false)
  const workers = await Promise.all([startWorker(), startWorker(), startWorker()])
  let scheduler = await startScheduler(1_000_000)
  const ended: string[] = []
  const take = ({ lines }: Process): void => void ended.push(...lines.filter((line) => line.startsWith('end ')))
  let schedulerKills = 0
  for (let i = 0; i < kills; i++) {
    const victim = rng.int(5)
    // On a busy machine a process may take seconds to start; a kill counts when it ends one that works.
    await (victim < 3 ? (workers[victim] as Process) : scheduler).ready()
    await pause(50 + rng.int(500))
    if (victim < 3) {
      await (workers[victim] as Process).kill()
      workers[victim] = await startWorker()
    } else {
      // Two that run the pipelines at once: the new one comes before the old one is gone.
      const next = victim === 4 ? await startScheduler(1_000_000) : undefined
      await scheduler.kill()
      take(scheduler)
      schedulerKills += 1
      scheduler = next ?? (await startScheduler(1_000_000))
    }
  }
  await scheduler.kill()
  take(scheduler)
  const storage = fsStorage({ root, fsync: false })
  const pipeline = stormPipeline(storage)
  const begun = (await pipeline.listRuns()).length
  const last = await startScheduler(begun + 2)
  assert.equal(await last.ended, 0)
  const runs = await pipeline.listRuns()
  assert.deepEqual([...new Set(runs.map(({ status }) => status))], ['finished'])
  const joined = new Set(runs.map(({ steps }) => steps.join?.digest))
  assert.equal(joined.size, 1)
  for (const { runId } of runs) {
    const { objects } = await storage.list({ prefix: `effects/${runId}/` })
    assert.equal(objects.length, stormItems, `effects of run ${runId}`)
  }
  for (const worker of workers) await worker.kill()
  const resumed = runs.filter(({ resumes }) => resumes > 0).length
  assert.ok(resumed > 0, 'no run was interrupted')
  console.info(
    `${kills} kills (${schedulerKills} of the process that runs the pipeline): ${runs.length} runs, ${resumed} of them resumed, all with the same result; each effect once`,
  )
}
