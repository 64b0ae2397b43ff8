/**
 * What a step costs beside its own work, by executor: a chain of steps that do nothing, one after another, so that nothing overlaps. Beside BullMQ's own
 * flow of as many jobs (`FlowProducer`, one worker) on Redis, and its own jobs one after another on PostgreSQL. Needs Debian's redis-server and postgresql.
 *
 *   npm run bench -- executors [steps=200]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresBackend, FlowProducer, Queue, QueueEvents, Worker } from 'bullmq'
import { bullmqExecutor, bullmqWorker } from 'millwright/executor/bullmq'
import { inProcessExecutor, Pipeline } from 'millwright/pipeline'
import type { Executor, ObjectStore } from 'millwright/ports'
import { fsStorage } from 'millwright/storage/fs'
import { memoryStorage } from 'millwright/storage/memory'
import { type QueuePlace, startPostgres, startRedis } from '../test/interop/support/queue-servers'

const steps = Number(process.argv[2] ?? 200)
const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
const [redis, postgres] = [await startRedis(), await startPostgres()]
const connection = { url: (redis.place as { readonly redis: string }).redis, maxRetriesPerRequest: null }

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
  const row = await measured("BullMQ's own flow on Redis", async () => {
    let flow: { name: string; queueName: string; data: object; children?: unknown[] } = { name: 's0', queueName: 'bare', data: { i: 0 } }
    for (let i = 1; i < steps; i++) flow = { name: `s${i}`, queueName: 'bare', data: { i }, children: [flow] }
    const { job } = await producer.add(flow as Parameters<typeof producer.add>[0])
    await job.waitUntilFinished(events)
  })
  await Promise.all([worker.close(), events.close(), producer.close()])
  return row
}

/** Jobs of BullMQ itself on PostgreSQL, one after another; `options` are settings of the session. */
async function barePostgres(name: string, options?: string): Promise<Row> {
  const url = (postgres.place as { readonly postgres: string }).postgres
  const base = { connection: { connectionString: url, migrate: true, ...(options === undefined ? {} : { options }) } as never }
  const queueName = `bare-${name.replace(/\W+/g, '-')}`
  const events = new QueueEvents(queueName, base, createPostgresBackend as never)
  await events.waitUntilReady()
  const queue = new Queue(queueName, base, createPostgresBackend as never)
  const worker = new Worker(queueName, async (job) => job.data.i, base, createPostgresBackend as never)
  const row = await measured(name, async () => {
    for (let i = 0; i < steps; i++) await (await queue.add('step', { i })).waitUntilFinished(events)
  })
  await Promise.all([worker.close(), queue.close(), events.close()])
  return row
}

async function onQueue(name: string, at: QueuePlace, storage: ObjectStore): Promise<Row> {
  const place = { ...at, queue: name.replace(/\W+/g, '-') }
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
  await onQueue('bullmqExecutor on Redis, storage in memory', redis.place, memoryStorage()),
  await onQueue('bullmqExecutor on Redis, storage on disk', redis.place, fsStorage({ root: join(folder, 'b'), fsync: false })),
  await barePostgres("BullMQ's own jobs on PostgreSQL, each flushed"),
  await barePostgres("BullMQ's own jobs on PostgreSQL, not flushed one by one", '-c synchronous_commit=off'),
  await onQueue('bullmqExecutor on PostgreSQL, storage in memory', postgres.place, memoryStorage()),
]
await Promise.all([redis.stop(), postgres.stop()])
rmSync(folder, { recursive: true, force: true })
const msOf = (start: string): number => rows.find(({ name }) => name.startsWith(start))?.msPerStep ?? Number.NaN
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
    overBareMs: msOf('bullmqExecutor on Redis, storage in memory') - msOf("BullMQ's own flow on Redis"),
    overBarePostgresMs: msOf('bullmqExecutor on PostgreSQL') - msOf("BullMQ's own jobs on PostgreSQL, not flushed"),
  }),
)
process.exit(0)
