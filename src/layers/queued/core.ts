/** The working parts of a queued tracker: its log, ids, worker and warnings, and the few steps all calls share. */
import * as z from 'zod/mini'
import { fromUtf8, utf8 } from '../../core/bytes'
import type { Clock } from '../../core/clock'
import { isMillwrightError, MillwrightError } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import { assertSafeKey, newId } from '../../core/ids'
import { parseStored, storedFormat } from '../../core/stored'
import type { ArtifactOwner, ExperimentRecord } from '../../ports/tracker-backend'
import { deliverer } from './deliver'
import { type LocalIds, localIds } from './local-ids'
import type { QueuedOperation } from './operations'
import type { QueuedTrackerOptions, QueueWarning } from './options'
import { type QueueLog, queueLog } from './queue-log'
import { createShadow, type Shadow } from './shadow'
import { createWorker } from './worker'

/** What the calls of a queued tracker are made of. */
export interface QueueCore {
  readonly name: string
  readonly log: QueueLog
  readonly ids: LocalIds
  readonly shadow: Shadow
  /** Experiments seen before, by name. */
  readonly experiments: ReadonlyMap<string, ExperimentRecord>
  isOnline(): boolean
  /** Online, and nothing of an earlier time waits. */
  isCurrent(): boolean
  /** Reads what an earlier process left, once. @throws InvalidState after close */
  begin(): Promise<void>
  /** Takes an operation; gives the backend's answer where it comes in time, `undefined` otherwise. @throws what the backend refuses with */
  enqueue(operation: QueuedOperation, blob?: Uint8Array): Promise<unknown>
  /** Waits for deliveries; whether everything is at the backend. */
  settle(): Promise<boolean>
  /** Asks the backend, not longer than a call may wait. @throws Unavailable */
  ask<T>(work: () => Promise<T>): Promise<T>
  /** Learns from the waiting operations what an earlier process knew, once. */
  recall(): Promise<void>
  rememberExperiment(record: ExperimentRecord): Promise<void>
  /** It was renamed or deleted: its name says nothing any more. */
  forgetExperiment(experimentId: string): Promise<void>
  assertPath(path: string): void
  toServerOwner(owner: ArtifactOwner): Promise<ArtifactOwner>
  retryRejected(numbers: readonly number[] | undefined): Promise<number>
  flush(): Promise<void>
  close(): Promise<void>
}

/** What the record of an experiment that was seen before must hold. */
const experimentFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<ExperimentRecord> =>
    z.looseObject({
      experimentId: z.string(),
      name: z.string(),
      artifactUri: z.string(),
      lifecycleStage: z.enum(['active', 'deleted']),
      createdAt: z.number(),
      updatedAt: z.number(),
      tags: z.record(z.string(), z.string()),
    }),
)

/** The parts, wired. */
export function queueCore(options: QueuedTrackerOptions, clock: Clock): QueueCore {
  const { backend, storage, prefix = 'tracker-queue', waitMs = 2000, closeMs = 5000 } = options
  const { maxEntries = 1_000_000, maxBytes = 2 ** 30, backoffMs = 1000, maxBackoffMs = 60_000, concurrency = 4, maxFailures = 8 } = options
  assertSafeKey(prefix, '`prefix` of queuedTracker')
  const name = `queuedTracker(${backend.name})`
  const log = queueLog(storage, prefix, { maxEntries, maxBytes })
  const ids = localIds(storage, prefix)
  const shadow = createShadow()
  const experiments = new Map<string, ExperimentRecord>()
  const instance = newId()
  /** Ends the waiting of every call that waits for the backend. */
  const releases = new Set<() => void>()
  let closed = false
  let begun: Promise<void> | undefined
  let isRecalled = false
  let fullness: 'ok' | 'nearly-full' | 'full' = 'ok'

  const warn = (kind: QueueWarning['kind'], message: string, error?: unknown): void => {
    const { entries, bytes } = log
    options.onWarning?.({ kind, message: `${name}: ${message}`, entries, bytes, ...(error === undefined ? {} : { error }) })
  }

  const releaseAll = (): void => {
    for (const release of releases) release()
  }

  const assertOwner = async (): Promise<void> => {
    if (fromUtf8(await storage.get(`${prefix}/owner`)) === instance) return
    worker.stop()
    const error = new MillwrightError('InvalidState', `${name}: another process has taken the queue ${prefix} over`, {
      details: { isTakenOver: true },
    })
    warn('taken-over', 'another process has opened this queue; this one delivers no more', error)
    throw error
  }

  const worker = createWorker({
    log,
    ids,
    deliverer: deliverer(backend, ids),
    clock,
    ...{ backoffMs, maxBackoffMs, concurrency, maxFailures },
    assertOwner,
    events: {
      onBehind: () => releaseAll(),
      onOffline(error) {
        releaseAll()
        warn('offline', 'the backend does not answer; what is logged waits in the queue', error)
      },
      onOnline: () => warn('online', 'the backend answers again'),
      onRejected: (operation, error) =>
        warn(
          'rejected',
          `a queued ${operation?.kind ?? 'entry'} was refused and put aside: ${isMillwrightError(error) ? error.message : error}`,
          error,
        ),
    },
  })

  /** A damaged one costs asking the backend for the experiment, nothing else. */
  const readExperiment = async (key: string): Promise<ExperimentRecord | undefined> => {
    try {
      return parseStored(experimentFormat, await storage.get(key), key)
    } catch (error) {
      if (!isMillwrightError(error, 'Corrupt')) throw error
      warn('damaged', error.message, error)
      return undefined
    }
  }

  const load = async (): Promise<void> => {
    await storage.put(`${prefix}/owner`, utf8(instance))
    await log.load()
    for (let cursor: string | undefined; ; ) {
      const page = await storage.list({ prefix: `${prefix}/experiments/`, cursor })
      for (const { key } of page.objects) {
        const record = await readExperiment(key)
        if (record !== undefined) experiments.set(record.name, record)
      }
      cursor = page.cursor
      if (cursor === undefined) break
    }
    if (log.entries === 0) return
    worker.setBehind()
    worker.kick()
  }

  /** `work`, or `undefined` when it takes too long. Somebody awaits it, so the process stays alive meanwhile. */
  const inTime = <T>(work: Promise<T>, limitMs: number): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      const keepAlive = setInterval(() => {}, 1 << 30)
      const cancel = clock.schedule(() => done(() => resolve(undefined)), limitMs)
      const done = (then: () => void): void => {
        clearInterval(keepAlive)
        cancel()
        then()
      }
      work.then(
        (result) => done(() => resolve(result)),
        (error) => done(() => reject(error)),
      )
    })

  const noteFullness = (): void => {
    const used = Math.max(log.entries / maxEntries, log.bytes / maxBytes)
    if (used < 0.8) fullness = 'ok'
    else if (fullness === 'ok') {
      fullness = 'nearly-full'
      warn('nearly-full', `the queue is ${Math.floor(used * 100)} % full`)
    }
  }

  const begin = async (): Promise<void> => {
    if (closed) throw new MillwrightError('InvalidState', `${name} is closed`)
    begun ??= load()
    try {
      await begun
    } catch (error) {
      begun = undefined
      throw error
    }
  }
  // A queue that an earlier process left is delivered even if nothing is ever logged again.
  void Promise.resolve()
    .then(begin)
    .catch(() => {})

  return {
    name,
    log,
    ids,
    shadow,
    experiments,
    isOnline: () => worker.isOnline,
    isCurrent: () => worker.isCurrent,
    begin,
    async enqueue(operation, blob) {
      const entry = await log.append(operation, blob).catch((error) => {
        if (isMillwrightError(error, 'Unavailable') && error.details.isFull === true && fullness !== 'full') {
          fullness = 'full'
          warn('full', 'the queue is full; writes fail until the backend answers again', error)
        }
        throw error
      })
      noteFullness()
      if (!worker.isCurrent) {
        worker.kick()
        return undefined
      }
      const begunAt = clock.now()
      let give: () => void = () => {}
      const outcome = new Promise<{ readonly result: unknown } | undefined>((resolve, reject) => {
        entry.watcher = { resolve: (result) => resolve({ result }), reject }
        give = () => resolve(undefined)
      })
      const release = (): void => {
        entry.watcher = undefined
        give()
      }
      releases.add(release)
      worker.kick()
      try {
        const answered = await inTime(outcome, waitMs)
        if (answered === undefined) {
          release()
          // Where others were served meanwhile, the server is slow, not away.
          if (worker.deliveredAt >= begunAt) worker.setBehind()
          else worker.setOffline(new MillwrightError('Unavailable', `${backend.name} gave no answer in ${waitMs} ms`))
        }
        return answered?.result
      } finally {
        releases.delete(release)
      }
    },
    async settle() {
      if (log.entries === 0) return true
      if (!worker.isOnline) return false
      return (
        (await inTime(
          worker.drained().then(
            () => true,
            () => false,
          ),
          waitMs,
        )) ?? false
      )
    },
    async ask(work) {
      const answered = await inTime(
        work().then((result) => ({ result })),
        Math.max(waitMs, 1),
      )
      if (answered !== undefined) return answered.result
      throw new MillwrightError('Unavailable', `${backend.name} gave no answer in ${waitMs} ms`)
    },
    async recall() {
      if (isRecalled) return
      isRecalled = true
      for await (const operation of log.all()) shadow.learn(operation, clock.now())
    },
    async rememberExperiment(record) {
      const held = experiments.get(record.name)
      if (held !== undefined && held.experimentId === record.experimentId) return
      await storage.put(`${prefix}/experiments/${sha256Hex(record.name)}`, utf8(JSON.stringify(record)))
      experiments.set(record.name, record)
    },
    async forgetExperiment(experimentId) {
      for (const [name, held] of [...experiments]) {
        if (held.experimentId !== experimentId) continue
        experiments.delete(name)
        await storage.delete(`${prefix}/experiments/${sha256Hex(name)}`)
      }
    },
    assertPath: (path) => assertSafeKey(path, 'an artifact path'),
    toServerOwner: async (owner) =>
      'runId' in owner ? { runId: await ids.toServer(owner.runId) } : { modelId: await ids.toServer(owner.modelId) },
    async retryRejected(numbers) {
      await begin()
      const count = await log.takeBack(numbers)
      if (count > 0) worker.setBehind()
      worker.kick(true)
      return count
    },
    async flush() {
      await begin()
      await worker.drained()
    },
    async close() {
      if (closed) return
      closed = true
      await begun?.catch(() => {})
      if (log.entries > 0)
        await inTime(
          worker.drained().catch(() => {}),
          closeMs,
        )
      worker.stop()
      if (log.entries > 0) warn('left', `closed while ${log.entries} operations wait; they are delivered when the queue is opened again`)
      await backend.close()
    },
  }
}
