/** The wall clock is set back by hours, between runs and during them, on every tracker and registry that keeps its own data. */
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { createFsLocks } from '../../src/adapters/fs/lock'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { sqliteRegistry } from '../../src/adapters/sqlite/registry/sqlite-registry'
import { sqliteTracker } from '../../src/adapters/sqlite/tracker/sqlite-tracker'
import type { Clock } from '../../src/core/clock'
import { queuedTracker } from '../../src/layers/queued/queued-tracker'
import type { RegistryBackend } from '../../src/ports/registry-backend'
import type { TrackerBackend } from '../../src/ports/tracker-backend'
import { ModelRegistry, objectStoreBackend } from '../../src/registry'
import { createBareTracker as createTracker } from '../../src/run'
import { jumpingClock } from '../fixtures/jumping-clock'
import { serverLike } from '../fixtures/server-like'
import { NO_SQLITE, sqliteLibs } from '../fixtures/sqlite-libs'

const HOUR = 3_600_000
const folder = await mkdtemp(join(tmpdir(), 'millwright-clock-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const [driver] = await sqliteLibs()
if (driver === undefined) it.skip(`SQLite under a clock that goes backwards (left out: ${NO_SQLITE})`, () => {})
let count = 0
const place = (): string => join(folder, String(count++))

const trackers: Record<string, (clock: Clock) => Promise<TrackerBackend> | TrackerBackend> = {
  memory: (clock) => memoryTracker({ clock }),
  'files in memory': (clock) => filesTracker({ storage: memoryStorage({ clock }), clock }),
  'files on disk': (clock) => filesTracker({ storage: fsStorage({ root: place(), fsync: false }), clock }),
  queue: (clock) => queuedTracker({ backend: serverLike(memoryTracker({ clock })).backend, storage: memoryStorage(), clock }),
  ...(driver === undefined
    ? {}
    : { sqlite: (clock: Clock) => sqliteTracker({ path: `${place()}.db`, storage: memoryStorage(), clock, lib: driver.lib }) }),
}

describe.each(Object.entries(trackers))('a clock set back, on %s', (_, make) => {
  it('keeps the order of points, and ends no run before its start', async () => {
    const clock = jumpingClock()
    const tracker = createTracker({ backend: await make(clock), clock })
    const run = await tracker.startRun({ experiment: 'clock' })
    for (let step = 0; step < 30; step++) {
      run.logMetric('loss', 100 - step, { step })
      clock.jump(step % 10 === 9 ? -3 * HOUR : 7)
    }
    await run.finish()
    const points = await tracker.metricHistory(run.runId, 'loss')
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, step) => step))
    expect(points.map(({ timestamp }) => timestamp)).toEqual(points.map(({ timestamp }) => timestamp).sort((a, b) => a - b))
    const record = await tracker.getRun(run.runId)
    expect(record.metrics.loss?.value).toBe(71)
    expect(record.endTime).toBeGreaterThanOrEqual(points.at(-1)?.timestamp as number)
    expect(record.endTime).toBeGreaterThanOrEqual(record.startTime)
    await tracker.close()
  })

  it('keeps it when the run is resumed hours before it stopped', async () => {
    const clock = jumpingClock()
    const tracker = createTracker({ backend: await make(clock), clock })
    const run = await tracker.startRun({ experiment: 'clock' })
    clock.jump(HOUR)
    for (let step = 0; step < 5; step++) run.logMetric('loss', step, { step })
    await run.finish()
    clock.jump(-5 * HOUR)
    const again = await tracker.resumeRun(run.runId)
    for (let step = 5; step < 10; step++) again.logMetric('loss', step, { step })
    await again.finish()
    expect((await tracker.metricHistory(run.runId, 'loss')).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const record = await tracker.getRun(run.runId)
    expect(record.metrics.loss?.step).toBe(9)
    expect(record.endTime).toBeGreaterThan(record.startTime)
    await tracker.close()
  })

  it('searches give every run once, in one order, page by page', async () => {
    const clock = jumpingClock()
    const backend = await make(clock)
    const tracker = createTracker({ backend, clock })
    for (let i = 0; i < 12; i++) {
      await (await tracker.startRun({ experiment: 'clock', name: `run ${i}` })).finish()
      clock.jump(i % 4 === 3 ? -2 * HOUR : 1000)
    }
    const whole = (await tracker.search({ experiment: 'clock' })).map(({ runName }) => runName)
    expect(new Set(whole).size).toBe(12)
    expect((await tracker.search({ experiment: 'clock' })).map(({ runName }) => runName)).toEqual(whole)
    const paged: string[] = []
    let cursor: string | undefined
    do {
      const page = await backend.searchRuns({ limit: 5, cursor })
      paged.push(...page.items.map(({ runName }) => runName))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(paged).toEqual(whole)
    // What is asked for is the time that was on the clock then, the newest first.
    const starts = (await tracker.search({ experiment: 'clock' })).map(({ startTime }) => startTime)
    expect(starts).toEqual([...starts].sort((a, b) => b - a))
    await tracker.close()
  })

  it('writes what waits after the time it was to wait', async () => {
    const clock = jumpingClock()
    const backend = await make(clock)
    const tracker = createTracker({ backend, clock, flushIntervalMs: 2000 })
    const run = await tracker.startRun({ experiment: 'clock' })
    await run.flush()
    run.logMetric('loss', 1)
    clock.jump(-9 * HOUR)
    await clock.pass(2000)
    await expect.poll(async () => (await backend.getMetricHistory(run.runId, 'loss')).items.length, { timeout: 100_000 }).toBe(1)
    await run.finish()
    await tracker.close()
  })
})

describe('a clock set back while a server is away', () => {
  it('tries again when the time has passed, and delivers in order', async () => {
    const clock = jumpingClock()
    const server = serverLike(memoryTracker({ clock }))
    const queue = queuedTracker({ backend: server.backend, storage: memoryStorage(), clock, backoffMs: 1000 })
    const tracker = createTracker({ backend: queue, clock })
    const run = await tracker.startRun({ experiment: 'clock' })
    server.fate = () => 'before'
    for (let step = 0; step < 5; step++) {
      run.logMetric('loss', step, { step })
      await run.flush()
      clock.jump(-HOUR)
    }
    expect(queue.status().isOnline).toBe(false)
    server.fate = () => 'ok'
    await clock.pass(60_000)
    await expect.poll(() => queue.status().entries, { timeout: 100_000 }).toBe(0)
    await run.finish()
    expect((await tracker.metricHistory(run.runId, 'loss')).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4])
    await tracker.close()
  })
})

const registries: Record<string, () => Promise<RegistryBackend> | RegistryBackend> = {
  'files in memory': () => objectStoreBackend(memoryStorage()),
  'files on disk': () => objectStoreBackend(fsStorage({ root: place(), fsync: false })),
  ...(driver === undefined ? {} : { sqlite: () => sqliteRegistry({ path: `${place()}.db`, storage: memoryStorage(), lib: driver.lib }) }),
}

describe.each(Object.entries(registries))('a clock set back, in a registry on %s', (_, make) => {
  it('keeps versions and history in the order in which things happened', async () => {
    const clock = jumpingClock()
    const registry = new ModelRegistry({ backend: await make(), clock })
    for (let i = 0; i < 4; i++) {
      const files = { a: Uint8Array.of(i) }
      const version = await registry.register('model', { flavor: 'own', task: 'other', signature: { inputs: [], outputs: [] }, files })
      clock.jump(-HOUR)
      await registry.promote('model', version, 'champion', {
        approve: () => {
          // Whoever is asked may answer before the question was put, by the clock.
          clock.jump(-HOUR)
          return { approved: true, by: 'somebody' }
        },
      })
      clock.jump(-HOUR)
    }
    expect((await registry.listVersions('model')).map(({ version }) => version)).toEqual(['1', '2', '3', '4'])
    expect((await registry.resolve('model')).version).toBe('4')
    const history = await registry.history('model')
    const happened = ['1', '2', '3', '4'].flatMap((version) => [`version-registered ${version}`, `alias-moved ${version}`])
    expect(history.map(({ kind, version }) => `${kind} ${version}`)).toEqual(happened)
    expect((await registry.rollback('model', 'champion')).version).toBe('3')
    expect((await registry.rollback('model', 'champion')).version).toBe('2')
    await registry.setTags('model@champion', { seen: 'yes' })
    expect((await registry.resolve('model@champion')).tags.seen).toBe('yes')
    await registry.deleteVersion('model', '4')
    expect((await registry.listVersions('model')).map(({ version }) => version)).toEqual(['1', '2', '3'])
    await registry.close()
  })
})

describe('a clock set, and the locks of fsStorage', () => {
  const own = async (locks: string): Promise<{ readonly host: string; readonly started: string }> => {
    const held = await createFsLocks(locks).acquire('probe', 'probe', undefined)
    const { readFile } = await import('node:fs/promises')
    const holder = JSON.parse(await readFile(join(locks, 'probe.lock'), 'utf8')) as { host: string; started: string }
    await held.release()
    return holder
  }

  it('breaks no lock that a living process holds, however old it looks', async () => {
    const locks = place()
    const holder = await own(locks)
    const path = join(locks, 'a.lock')
    await writeFile(path, JSON.stringify({ token: 'other', pid: process.pid, ...holder }))
    // The clock was set forward: the lock seems to be hours old.
    await utimes(path, new Date(), new Date(Date.now() - 5 * HOUR))
    const waiting = createFsLocks(locks).acquire('a', 'a', AbortSignal.timeout(150))
    await expect(waiting).rejects.toThrow()
    expect(await readdir(locks)).toContain('a.lock')
  })

  // A process id is told from its next holder where the kernel says when a process began.
  it.skipIf(process.platform !== 'linux')('breaks the lock of a dead process that seems to be of the future (Linux)', async () => {
    const locks = place()
    const holder = await own(locks)
    const path = join(locks, 'a.lock')
    await writeFile(path, JSON.stringify({ token: 'other', pid: process.pid, host: holder.host, started: '1' }))
    await utimes(path, new Date(), new Date(Date.now() + 5 * HOUR))
    await (await createFsLocks(locks).acquire('a', 'a', undefined)).release()
  })

  it('sweeps locks and guards that were left long ago, and leaves those that are held', async () => {
    const root = place()
    const locks = join(root, '.millwright/locks')
    const holder = await own(locks)
    const hold = async (name: string, content: object, ageMs: number): Promise<void> => {
      await writeFile(join(locks, name), JSON.stringify(content))
      await utimes(join(locks, name), new Date(), new Date(Date.now() - ageMs))
    }
    await hold('dead.lock', { token: 'x', pid: 1, host: `not ${hostname()}`, started: '' }, 5 * HOUR)
    await hold('dead.lock.break', {}, 5 * HOUR)
    await hold('empty.lock', {}, 5 * HOUR)
    await hold('held.lock', { token: 'x', pid: process.pid, ...holder }, 5 * HOUR)
    await hold('fresh.lock', { token: 'x', pid: 1, host: `not ${hostname()}`, started: '' }, 0)
    await fsStorage({ root }).put('a', new Uint8Array(1))
    expect((await readdir(locks)).sort()).toEqual(['fresh.lock', 'held.lock'])
  })
})
