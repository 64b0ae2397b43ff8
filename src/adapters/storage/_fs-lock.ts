/** Short-lived locks between processes: a file made with O_EXCL that says who holds it. */
import { readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '../../core/clock'
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { systemCode } from './_fs-errors'
import { makeFolders } from './_fs-files'

/** A lock is held for milliseconds; one this old belongs to nobody any more. */
export const STALE_LOCK_MS = 15_000
/** How long to wait for a lock: longer than it takes to become stale. */
const PATIENCE_MS = 2 * STALE_LOCK_MS

/** A lock that is held. */
export interface HeldLock {
  /** Whether it is still surely ours: asked before the irreversible step. */
  isSafe(): boolean
  release(): Promise<void>
}

/** What a lock file holds: one line, written at once. */
interface Holder {
  readonly token: string
  readonly pid: number
  /** Host name and, on Linux, process-id namespace: inside one of these a pid means one process. */
  readonly host: string
  /** When the process started, as the kernel counts it; tells a reused pid. Empty where unknown. */
  readonly started: string
}

/** Locks inside one folder. */
export interface FsLocks {
  /** Waits for the lock called `id`. @throws Unavailable after 30 s, or the signal's reason */
  acquire(id: string, subject: string, signal: AbortSignal | undefined): Promise<HeldLock>
}

/** Locks as files in `folder`, which is created when first needed. */
export function createFsLocks(folder: string): FsLocks {
  // Files are stamped by the system, and other processes do not know our clock: locks live in real time.
  const clock = systemClock()
  let self: Promise<Pick<Holder, 'pid' | 'host' | 'started'>> | undefined

  const tryOnce = async (path: string, holder: Holder): Promise<boolean> => {
    try {
      await writeFile(path, JSON.stringify(holder), { flag: 'wx' })
      return true
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false
      if (systemCode(error) !== 'ENOENT') throw error
      await makeFolders(folder)
      return tryOnce(path, holder)
    }
  }

  /** Removes a lock whose holder is dead. Only one process looks at a time, so that none removes a fresh lock. */
  const breakIfStale = async (path: string): Promise<void> => {
    if (!(await isStale(path, await (self as NonNullable<typeof self>)))) return
    const guard = `${path}.break`
    if (!(await tryOnce(guard, { token: newId(), ...(await (self as NonNullable<typeof self>)) }))) {
      if (await isOlder(guard, STALE_LOCK_MS)) await rm(guard, { force: true })
      return
    }
    try {
      if (await isStale(path, await (self as NonNullable<typeof self>))) await rm(path, { force: true })
    } finally {
      await rm(guard, { force: true })
    }
  }

  return {
    async acquire(id, subject, signal) {
      self ??= describeSelf()
      const path = join(folder, `${id}.lock`)
      const holder: Holder = { token: newId(), ...(await self) }
      const giveUpAt = clock.now() + PATIENCE_MS
      for (let attempt = 0; !(await tryOnce(path, holder)); attempt++) {
        if (clock.now() > giveUpAt) throw new MillwrightError('Unavailable', `another process holds ${show(subject)} for too long`)
        await breakIfStale(path)
        const jitter = Number.parseInt(holder.token.slice(attempt % 30, (attempt % 30) + 2), 16) / 256
        await sleep(clock, Math.min(25, 1 << Math.min(attempt, 5)) * (0.5 + jitter), signal)
      }
      const since = clock.now()
      return {
        isSafe: () => clock.now() - since < STALE_LOCK_MS / 2,
        async release() {
          // After a long pause the lock may be another's.
          if (clock.now() - since < STALE_LOCK_MS / 2 || (await read(path))?.token === holder.token) await rm(path, { force: true })
        },
      }
    },
  }
}

async function isStale(path: string, self: Pick<Holder, 'host' | 'started'>): Promise<boolean> {
  if (await isOlder(path, STALE_LOCK_MS)) return true
  const holder = await read(path)
  // An empty lock is being written, or its writer was killed: then it grows old.
  if (holder === undefined || holder.host !== self.host) return false
  return !(await isAlive(holder))
}

async function read(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as Holder
    return Number.isInteger(holder.pid) ? holder : undefined
  } catch {
    return undefined
  }
}

async function isOlder(path: string, ageMs: number): Promise<boolean> {
  try {
    // The file system's own clock stamped the file, so the wall clock is what to compare with.
    return systemClock().now() - (await stat(path)).mtimeMs > ageMs
  } catch {
    return false
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return systemCode(error) !== 'ESRCH'
  }
  return started === '' || (await startOf(pid)) === started
}

async function describeSelf(): Promise<Pick<Holder, 'pid' | 'host' | 'started'>> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return { pid: process.pid, host: `${hostname()} ${namespace}`.trim(), started: await startOf(process.pid) }
}

/**
 * Field 22 of /proc/<pid>/stat (proc(5)): start time in clock ticks after boot. The name in field 2 may hold spaces.
 * Empty where there is no such file, and for a process that is dead but not yet buried (state Z or X).
 */
async function startOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return /^[ZX]/.test(fields[0] ?? '') ? '' : (fields[19] ?? '')
}
