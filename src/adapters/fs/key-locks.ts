/** Exclusive access to single keys, within this process and between processes. */
import { createHash } from 'node:crypto'
import { MillwrightError, show } from '../../core/errors'
import { inOrderByKey } from '../../core/in-order'
import { throwIfAborted } from '../../core/signal'
import type { FsLocks } from './lock'

/** The locks on the keys of one store. */
export class KeyLocks {
  readonly #name: string
  readonly #locks: FsLocks
  /** Lets tasks of one key wait for each other in this process, so that only one of them waits for the lock file. */
  readonly #inOrder = inOrderByKey()

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
    return this.#inOrder(key, () => this.#lockAndRun(key, signal, work))
  }

  /** Resolves when all work that was begun is done. */
  settled(): Promise<void> {
    return this.#inOrder.settled()
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
