/**
 * What a step costs beside its own work, by executor: a chain of steps that do nothing, one after another, so that nothing overlaps. On Redis beside
 * BullMQ's own flow of as many jobs (`FlowProducer`, one worker). Needs `redis-server` (Debian: redis-server).
 *
 *   npm run bench -- executors [steps=200]
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlowProducer, QueueEvents, Worker } from 'bullmq'
import { bullmqExecutor, bullmqWorker } from 'millwright/executor/bullmq'
import { inProcessExecutor, Pipeline } from 'millwright/pipeline'
import type { Executor, ObjectStore } from 'millwright/ports'
import { fsStorage } from 'millwright/storage/fs'
import { memoryStorage } from 'millwright/storage/memory'

const steps = Number(process.argv[2] ?? 200)
const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
const port = await freePort()
const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder], { stdio: 'ignore' })
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }

interface Row {
  readonly name: string
  readonly msPerStep: number
  readonly cpuMsPerStep: number
}

function chain(storage: ObjectStore | undefined): Pipeline<unknown, { s0: number }> {
  let pipeline = new Pipeline('chain', { ...(storage === undefined ? {} : { storage }) }).step('s0', () => 0)
  for (let i = 1; i < steps; i++) {
    pipeline = pipeline.step(`s${i}`, { needs: [`s${i - 1}` as 's0'], run: () => i }) as unknown as typeof pipeline
  }
  return pipeline as unknown as Pipeline<unknown, { s0: number }>
}

async function measured(name: string, work: () => Promise<unknown>): Promise<Row> {
  await work()
  const before = process.cpuUsage()
  const startedAt = performance.now()
  await work()
  const ms = performance.now() - startedAt
  const { user, system } = process.cpuUsage(before)
  return { name, msPerStep: ms / steps, cpuMsPerStep: (user + system) / 1000 / steps }
}

async function withExecutor(name: string, storage: ObjectStore | undefined, executor: Executor): Promise<Row> {
  const pipeline = chain(storage)
  const row = await measured(name, () => pipeline.run({ executor }))
  await executor.close()
  return row
}

async function bareFlow(): Promise<Row> {
  const events = new QueueEvents('bare', { connection })
  await events.waitUntilReady()
  const worker = new Worker('bare', async (job) => job.data.i, { connection })
  const producer = new FlowProducer({ connection })
  const row = await measured("BullMQ's own flow", async () => {
    let flow: { name: string; queueName: string; data: object; children?: unknown[] } = { name: 's0', queueName: 'bare', data: { i: 0 } }
    for (let i = 1; i < steps; i++) flow = { name: `s${i}`, queueName: 'bare', data: { i }, children: [flow] }
    const { job } = await producer.add(flow as Parameters<typeof producer.add>[0])
    await job.waitUntilFinished(events)
  })
  await Promise.all([worker.close(), events.close(), producer.close()])
  return row
}

async function onRedis(name: string, storage: ObjectStore): Promise<Row> {
  const place = { redis: `redis://127.0.0.1:${port}`, queue: name.replace(/\W+/g, '-') }
  const worker = bullmqWorker({ ...place, pipelines: [chain(storage)] })
  await worker.ready()
  const row = await withExecutor(name, storage, bullmqExecutor(place))
  await worker.close()
  return row
}

const rows = [
  await withExecutor('in process, no storage', undefined, inProcessExecutor()),
  await withExecutor('in process, storage in memory', memoryStorage(), inProcessExecutor()),
  await withExecutor('in process, storage on disk', fsStorage({ root: join(folder, 'a'), fsync: false }), inProcessExecutor()),
  await bareFlow(),
  await onRedis('bullmqExecutor, storage in memory', memoryStorage()),
  await onRedis('bullmqExecutor, storage on disk', fsStorage({ root: join(folder, 'b'), fsync: false })),
]
redis.kill('SIGKILL')
rmSync(folder, { recursive: true, force: true })
const bare = rows.find(({ name }) => name === "BullMQ's own flow") as Row
console.table(
  rows.map(({ name, msPerStep, cpuMsPerStep }) => ({ name, 'ms a step': msPerStep.toFixed(2), 'CPU ms a step': cpuMsPerStep.toFixed(2) })),
)
console.log(
  JSON.stringify({
    steps,
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    rows,
    overBareMs: (rows.at(-2)?.msPerStep ?? 0) - bare.msPerStep,
  }),
)
process.exit(0)

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}
