/** What is used of BullMQ, and where its queues lie: in Redis or in PostgreSQL. */
import { invalidArgument, show } from '../../core/errors'
import { finiteNumber, nonEmptyString, type OptionRule } from '../../core/options'
import { loadPeer } from '../../core/peer'

/** Where the queues lie. Exactly one of `redis` and `postgres`. */
export interface QueueConnection {
  /** A URL, `redis://127.0.0.1:6379`, or options of ioredis. Needs the packages `bullmq` and `ioredis`. */
  readonly redis?: string | Readonly<Record<string, unknown>> | undefined
  /**
   * A URL, `postgres://user@127.0.0.1/database`, or options of a `pg` pool. Needs the packages `bullmq` and `pg`. BullMQ's tables are made and
   * migrated in the schema `bullmq`; an option `schema` names another, `migrate: false` leaves the migration to you.
   *
   * Its transactions are not flushed one by one: should the *server* crash, what the queue lost of the last second is asked for again.
   * `options`, pg's settings of a session, is sent in place of the `-c synchronous_commit=off` that says so: `'-c synchronous_commit=on'` flushes
   * each; `''` sends no settings, for a pooler that refuses them, such as PgBouncer.
   */
  readonly postgres?: string | Readonly<Record<string, unknown>> | undefined
  /** The first part of the names of the queues; executor and workers must agree. @default 'millwright' */
  readonly queue?: string | undefined
  /**
   * How long a worker may be silent before its step is given to another, in milliseconds. It must be longer than the longest stretch of a step
   * that does not give the event loop a turn. @default 30000
   */
  readonly leaseMs?: number | undefined
  /** The module `bullmq`, where the library cannot import it by itself. */
  readonly lib?: BullmqLibrary | undefined
}

/** A job of a queue. */
export interface QueueJob {
  readonly id?: string | undefined
  readonly data: unknown
  readonly returnvalue: unknown
  readonly failedReason?: string | undefined
  readonly finishedOn?: number | undefined
  updateProgress(progress: object): Promise<void>
  updateData(data: object): Promise<void>
}

/** A queue. */
export interface JobQueue {
  add(name: string, data: object, options: object): Promise<QueueJob>
  getJob(id: string): Promise<QueueJob | undefined>
  remove(id: string): Promise<number>
  waitUntilReady(): Promise<unknown>
  on(type: 'error', listener: (error: Error) => void): unknown
  close(): Promise<void>
}

/** The events of a queue. */
export interface JobQueueEvents {
  on(type: string, listener: (event: never) => void): unknown
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
}

/** A worker of a queue. */
export interface QueueConsumer {
  on(type: string, listener: (...event: never[]) => void): unknown
  waitUntilReady(): Promise<unknown>
  close(force?: boolean): Promise<void>
}

/** The module `bullmq`, as far as it is used. */
export interface BullmqLibrary {
  readonly Queue: new (name: string, options: object, backend?: unknown) => JobQueue
  readonly QueueEvents: new (name: string, options: object, backend?: unknown) => JobQueueEvents
  readonly Worker: new (
    name: string,
    processor: (job: QueueJob, token?: string, signal?: AbortSignal) => Promise<unknown>,
    options: object,
    backend?: unknown,
  ) => QueueConsumer
  readonly createPostgresBackend: unknown
}

/** Rules of the options that executor and worker share. */
export function connectionRules(): Readonly<Record<string, OptionRule>> {
  const place = {
    allowed: 'a URL or an object of options',
    test: (value: unknown) => (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null),
  }
  return {
    redis: place,
    postgres: place,
    queue: { allowed: 'a non-empty string without ":"', test: (value) => nonEmptyString().test(value) && !String(value).includes(':') },
    leaseMs: finiteNumber(100),
    lib: { allowed: 'the module bullmq', test: (value) => typeof (value as BullmqLibrary | null)?.Queue === 'function' },
  }
}

/** Checks that one place is given. @throws InvalidArgument */
export function assertOnePlace(subject: string, { redis, postgres }: QueueConnection): void {
  if ((redis === undefined) !== (postgres === undefined)) return
  throw invalidArgument(
    `${subject} needs one of \`redis\` and \`postgres\`, got ${redis === undefined ? 'neither' : `both ${show(redis)} and ${show(postgres)}`}`,
    { hint: `${subject}({ redis: 'redis://127.0.0.1:6379' }), or ${subject}({ postgres: 'postgres://127.0.0.1/mlops' })` },
  )
}

/** The name of the store, without credentials. */
export function placeOf({ redis, postgres }: QueueConnection): string {
  return redis === undefined ? `PostgreSQL ${addressOf(postgres)}` : `Redis ${addressOf(redis)}`
}

function addressOf(place: QueueConnection['redis']): string {
  const given: Readonly<Record<string, unknown>> = typeof place === 'string' ? { url: place } : (place ?? {})
  const url = given.url ?? given.connectionString
  if (url === undefined) return `${given.host ?? 'localhost'}${given.port === undefined ? '' : `:${given.port}`}`
  try {
    return new URL(String(url)).host
  } catch {
    return 'at a URL that cannot be read'
  }
}

/** The opened library: makes queues, events and workers at the place. */
export interface OpenedLibrary {
  queue(pipeline: string): JobQueue
  events(pipeline: string): JobQueueEvents
  worker(pipeline: string, processor: ConstructorParameters<BullmqLibrary['Worker']>[1], options: object): QueueConsumer
}

/** Loads BullMQ. @throws MissingDependency */
export async function openLibrary(subject: string, options: QueueConnection): Promise<OpenedLibrary> {
  const client = options.redis === undefined ? 'pg' : 'ioredis'
  const use = { needed: `${subject} without \`lib\``, hint: `npm install bullmq ${client}` }
  const lib = options.lib ?? (await loadPeer<BullmqLibrary>('bullmq', use))
  const backend = options.redis === undefined ? [lib.createPostgresBackend] : []
  const name = (pipeline: string): string => `${options.queue ?? 'millwright'}-${pipeline}`
  const base = (isBlocking: boolean): object => ({ connection: connectionOf(options, isBlocking) })
  return {
    queue: (pipeline) => new lib.Queue(name(pipeline), base(false), ...backend),
    events: (pipeline) => new lib.QueueEvents(name(pipeline), base(true), ...backend),
    worker: (pipeline, processor, more) => new lib.Worker(name(pipeline), processor, { ...base(true), ...more }, ...backend),
  }
}

/** A copy: BullMQ keeps and completes what it is given. */
function connectionOf({ redis, postgres }: QueueConnection, isBlocking: boolean): object {
  if (redis !== undefined) {
    const given = typeof redis === 'string' ? { url: redis } : redis
    // Workers wait for a connection as long as it takes; what adds jobs must answer.
    return { ...given, ...(isBlocking ? { maxRetriesPerRequest: null } : {}) }
  }
  const given: Readonly<Record<string, unknown>> = typeof postgres === 'string' ? { connectionString: postgres } : (postgres ?? {})
  return {
    migrate: true,
    ...given,
    options: given.options ?? '-c synchronous_commit=off',
  }
}
