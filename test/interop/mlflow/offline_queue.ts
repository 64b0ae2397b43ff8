/**
 * Training against a real MLflow server that goes away: logging goes on in a process of its own, which is killed (-9) and started again
 * while the server is down; when the server is back, everything is there, in order and once, as the Python client sees it.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { queuedTracker } from '../../../src/layers/queued/queued-tracker'
import { createBareTracker as createTracker } from '../../../src/run'
import { freePort, freshFolder, mlflowVersion, pause, runPython, startServer } from '../support/mlflow'

const [mode, root = '', url = '', name = ''] = process.argv.slice(2)
if (mode === 'train') await train()
else await main()

/** The tracker of a training process: short limits, so that the program does not take long. */
function queued(folder: string, at: string) {
  const backend = mlflowTracker({ url: at, retries: 0, timeoutMs: 5000 })
  return queuedTracker({ backend, storage: fsStorage({ root: `${folder}/queue` }), backoffMs: 200, maxBackoffMs: 1000 })
}

/** Logs until it is killed; tells each step that was acknowledged. */
async function train(): Promise<void> {
  const tracker = createTracker({ backend: queued(root, url) })
  const run = await tracker.startRun({ experiment: 'offline', name })
  process.stdout.write(`run ${run.runId}\n`)
  for (let step = 0; ; step++) {
    run.logMetrics({ loss: 1 / (step + 1), nan: Number.NaN }, { step })
    run.logParam(`p${step}`, step)
    run.setTag('last', String(step))
    if (step % 10 === 0) run.logText(`notes/${step}.txt`, `note ${step}`)
    await run.flush()
    process.stdout.write(`acked ${step}\n`)
    await pause(100)
  }
}

/** A training process, and what it told. */
function startTraining(folder: string, at: string, runName: string) {
  const child = spawn(process.execPath, [process.argv[1] as string, 'train', folder, at, runName], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  const acked = (): number => Math.max(-1, ...[...text.matchAll(/acked (\d+)\n/g)].map(([, n]) => Number(n)))
  return {
    acked,
    async until(steps: number): Promise<void> {
      for (let i = 0; acked() < steps; i++) {
        if (i > 1200 || child.exitCode !== null) throw new Error(`training stands still at step ${acked()}`)
        await pause(50)
      }
    },
    kill: () =>
      new Promise<void>((resolve) => {
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      }),
  }
}

async function main(): Promise<void> {
  const folder = freshFolder()
  const port = await freePort()
  const at = `http://127.0.0.1:${port}`
  let server = await startServer(folder, { port })
  // Begun while the server is there, gone on with while it is not.
  const first = startTraining(folder, at, 'first')
  await first.until(5)
  await server.stop()
  await first.until(first.acked() + 30)
  await first.kill()
  // Begun and killed while the server is away.
  const second = startTraining(folder, at, 'second')
  await second.until(25)
  await second.kill()
  const third = startTraining(folder, at, 'third')
  await third.until(10)
  server = await startServer(folder, { port })
  // The third goes on and delivers what the others left.
  await third.until(third.acked() + 20)
  await third.kill()
  const queue = queued(folder, at)
  // A flush ends as soon as the server is silent; on a busy machine that happens.
  for (let i = 0; queue.status().entries > 0 || i === 0; i++) {
    await queue.flush().catch(async (error) => {
      if (i === 20) throw error
      await pause(500)
    })
  }
  assert.deepEqual(queue.status(), { entries: 0, bytes: 0, isOnline: true, rejected: 0 })
  await queue.close()
  const acked = { first: first.acked(), second: second.acked(), third: third.acked() }
  const told = runPython<Record<keyof typeof acked, Record<string, unknown>[]>>('offline_queue.py', at)
  await server.stop()
  for (const key of ['first', 'second', 'third'] as const) {
    const runs = told[key]
    assert.equal(runs?.length, 1, `one run ${key}`)
    const [run] = runs as { steps: number[]; nan: number; params: number; last: string; notes: string[] }[]
    assert.ok(run !== undefined && run.steps.length > acked[key], `${key}: ${run?.steps.length} points of ${acked[key] + 1} acknowledged`)
    assert.deepEqual(
      run.steps,
      run.steps.map((_, i) => i),
      'each step once',
    )
    assert.ok(run.nan > acked[key] && run.params > acked[key])
    assert.ok(Number(run.last) >= acked[key])
    assert.ok(run.notes.length >= Math.floor(acked[key] / 10) + 1)
  }
  const total = acked.first + acked.second + acked.third + 3
  console.info(
    `offline_queue: ${total} acknowledged steps of 3 killed processes, all at MLflow ${mlflowVersion()} after it came back, each once`,
  )
}
