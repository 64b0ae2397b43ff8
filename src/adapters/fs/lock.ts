/** Short-lived locks between processes: files created with `O_EXCL` that name their holder. */
import { closeSync, ftruncateSync, openSync } from 'node:fs'
import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { backoffDelay } from '../../core/backoff'
import { utf8 } from '../../core/bytes'
import { sleep, systemClock } from '../../core/clock'
import { MillwrightError, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { makeFolders } from '../node/folders'
import { systemCode } from '../node/system-errors'
import { LEFTOVER_MS, nothingIfMissing, writeAllSync } from './files'

/** A lock is held for milliseconds. A lock of this age has been left by a process that ended. */
export const STALE_LOCK_MS = 15_000
/** Longest wait for a lock: longer than it takes to become stale. */
const LONGEST_WAIT_MS = 2 * STALE_LOCK_MS

/** A lock that is held. */
export interface HeldLock {
  /** Whether the lock is certainly still held. Checked before the irreversible step. */
  isSafe(): boolean
  release(): Promise<void>
}

/** The content of a lock file: one line, written at once. */
interface Holder {
  readonly token: string
  readonly pid: number
  /** Host name and, on Linux, process-id namespace. A pid is unique within them. */
  readonly host: string
  /** Start time of the process, as the kernel counts it, to detect a reused pid. Empty where unknown. */
  readonly started: string
}

/** Locks inside one folder. */
export interface FsLocks {
  /** Waits for the lock called `id`. @throws Unavailable after 30 s, or the signal's reason */
  acquire(id: string, subject: string, signal: AbortSignal | undefined): Promise<HeldLock>
  /** Removes the locks that killed processes left more than an hour ago, also those that no call needs again. */
  sweep(): Promise<void>
}

/** Locks as files in `folder`, which is created on first use. */
export function createFsLocks(folder: string): FsLocks {
  // Locks are shared with other processes, so their age is measured in real time. Durations are measured with a monotonic clock.
  const clock = systemClock()
  const now = (): number => performance.now()
  let self: Promise<Pick<Holder, 'pid' | 'host' | 'started'>> | undefined

  /**
   * Removes a lock whose holder has ended. A second file, the guard, lets only one process do so at a time: otherwise a process could remove a new lock.
   *
   * @param seenFor the token of a holder that has held the lock for longer than allowed
   */
  const breakIfStale = async (path: string, seenFor?: string): Promise<void> => {
    self ??= describeSelf()
    const me = await self
    if (!(await isStale(path, me, seenFor))) return
    const guard = `${path}.break`
    if (!(await tryOnce(folder, guard, { token: newId(), ...me }))) {
      if (await isOlder(guard, STALE_LOCK_MS)) await rm(guard, { force: true })
      return
    }
    try {
      if (await isStale(path, me, seenFor)) await rm(path, { force: true })
    } finally {
      await rm(guard, { force: true })
    }
  }

  return {
    async acquire(id, subject, signal) {
      self ??= describeSelf()
      const path = join(folder, `${id}.lock`)
      const holder: Holder = { token: newId(), ...(await self) }
      const giveUpAt = now() + LONGEST_WAIT_MS
      let seen: { readonly token: string; readonly since: number } | undefined
      for (let attempt = 0; !(await tryOnce(folder, path, holder)); attempt++) {
        if (now() > giveUpAt) throw new MillwrightError('Unavailable', `another process holds ${show(subject)} for too long`)
        const token = tokenOf(await read(path))
        if (seen?.token !== token) seen = { token, since: now() }
        await breakIfStale(path, now() - seen.since > STALE_LOCK_MS ? token : undefined)
        // A random number from two hexadecimal digits of the token, other digits in each attempt.
        const random = (): number => Number.parseInt(holder.token.slice(attempt % 30, (attempt % 30) + 2), 16) / 256
        await sleep(clock, backoffDelay(attempt + 1, { baseMs: 1, maxMs: 25, jitter: [0.5, 1.5], random }), signal)
      }
      const since = now()
      return {
        isSafe: () => now() - since < STALE_LOCK_MS / 2,
        async release() {
          // After a long pause, another process may hold the lock.
          if (now() - since < STALE_LOCK_MS / 2 || (await read(path))?.token === holder.token) await rm(path, { force: true })
        },
      }
    },
    async sweep() {
      const files = (await readdir(folder).catch(nothingIfMissing)) ?? []
      // In this order, the guard of a lock is removed before the lock.
      for (const file of files.sort().reverse()) {
        const path = join(folder, file)
        if (!(await isOlder(path, LEFTOVER_MS))) continue
        if (file.endsWith('.lock')) await breakIfStale(path)
        else await rm(path, { force: true })
      }
    },
  }
}

/**
 * Creates a lock file. Returns `false` if it exists. Synchronous calls: a process that is killed between creating and writing it leaves a lock without a
 * holder, for which others wait until it is old.
 */
async function tryOnce(folder: string, path: string, holder: Holder): Promise<boolean> {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx')
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    if (systemCode(error) !== 'ENOENT') throw error
    await makeFolders(folder)
    return tryOnce(folder, path, holder)
  }
  try {
    writeAllSync(descriptor, utf8(JSON.stringify(holder)))
  } catch (error) {
    // On a full disk an empty lock file must be enough, or nothing could be deleted there. If this process is killed, others wait until the lock is old.
    if (!['ENOSPC', 'EDQUOT'].includes(systemCode(error))) throw error
    try {
      ftruncateSync(descriptor, 0)
    } catch {
      // Whatever it holds, the file is a lock.
    }
  } finally {
    closeSync(descriptor)
  }
  return true
}

/** The token of a holder. Empty for a lock file without a valid holder, which is a valid lock. */
function tokenOf(holder: Holder | undefined): string {
  return holder?.token ?? ''
}

/**
 * Whether the holder of a lock has ended. For a process on this machine, the system is asked: a change of the wall clock then breaks no lock that
 * is held. For other machines, and for a lock that was not written completely, the age decides.
 */
async function isStale(path: string, self: Pick<Holder, 'host' | 'started'>, seenFor: string | undefined): Promise<boolean> {
  const holder = await read(path)
  if (seenFor !== undefined && tokenOf(holder) === seenFor) return true
  if (holder?.host === self.host) return !(await isAlive(holder))
  return isOlder(path, STALE_LOCK_MS)
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
    // The file system sets the time from the wall clock.
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
  return { pid: process.pid, host: `${hostName()} ${namespace}`.trim(), started: await startOf(process.pid) }
}

/** The host name, or a unique name where reading it is not allowed (Deno without `--allow-sys`). The age of other locks then decides. */
function hostName(): string {
  try {
    return hostname()
  } catch {
    return `unnamed-${newId()}`
  }
}

/**
 * Field 22 of /proc/<pid>/stat (proc(5)): start time in clock ticks after boot. The name in field 2 may hold spaces.
 * Empty where there is no such file, and for a process that has ended but still has an entry (state Z or X).
 */
async function startOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return /^[ZX]/.test(fields[0] ?? '') ? '' : (fields[19] ?? '')
}
