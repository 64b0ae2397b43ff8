/** Exclusive access to single keys, within this process and between processes. */
import { createHash } from 'node:crypto'
import { MillwrightError, show } from '../../core/errors'
import { throwIfAborted } from '../../core/signal'
import type { FsLocks } from './lock'

/** Locks keys of one store. */
export class KeyLocks {
  readonly #name: string
  readonly #locks: FsLocks
  /** The last piece of work on each key in this process. */
  readonly #queues = new Map<string, Promise<unknown>>()

  /** @param name the store's name, for messages */
  constructor(name: string, locks: FsLocks) {
    this.#name = name
    this.#locks = locks
  }

  /**
   * Runs `work` while nothing else holds `key`.
   *
   * @param work calls `assertHeld` before its irreversible step. @throws Unavailable if the lock may have been lost, the signal's reason
   */
  exclusively<T>(key: string, signal: AbortSignal | undefined, work: (assertHeld: () => void) => Promise<T>): Promise<T> {
    const before = this.#queues.get(key) ?? Promise.resolve()
    const result = before.then(() => this.#lockAndRun(key, signal, work))
    const settled = result.catch(() => {})
    this.#queues.set(key, settled)
    void settled.then(() => this.#queues.get(key) === settled && this.#queues.delete(key))
    return result
  }

  /** Resolves when all work that was begun is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#queues.values())
  }

  async #lockAndRun<T>(key: string, signal: AbortSignal | undefined, work: (assertHeld: () => void) => Promise<T>): Promise<T> {
    const lock = await this.#locks.acquire(createHash('sha256').update(key).digest('hex').slice(0, 32), key, signal)
    try {
      return await work(() => {
        if (!lock.isSafe()) throw new MillwrightError('Unavailable', `${this.#name}: writing ${show(key)} was interrupted for too long`)
        throwIfAborted(signal)
      })
    } finally {
      await lock.release()
    }
  }
}
