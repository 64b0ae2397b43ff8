/** Calls that wait, for a limited time, for the backend's answer. */
import type { Clock } from '../../core/clock'
import type { QueueEntry } from './queue-log'

/** Resolves with the result of `work`, or with `undefined` after `limitMs`. Keeps the process alive meanwhile. @throws what `work` throws */
export function waitAtMost<T>(clock: Clock, work: Promise<T>, limitMs: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const keepAlive = setInterval(() => {}, 1 << 30)
    const cancel = clock.schedule(() => finish(() => resolve(undefined)), limitMs)
    const finish = (settle: () => void): void => {
      clearInterval(keepAlive)
      cancel()
      settle()
    }
    work.then(
      (result) => finish(() => resolve(result)),
      (error) => finish(() => reject(error)),
    )
  })
}

/** The calls that wait for the outcome of their queued operation. */
export interface AnswerWaits {
  /**
   * Waits for the outcome of `entry`. Resolves with `undefined` after the time limit or `releaseAll`.
   *
   * @param start starts the delivery, once the call is registered
   * @throws what the backend refuses the operation with
   */
  wait(entry: QueueEntry, start: () => void): Promise<{ readonly result: unknown } | undefined>
  /** Ends all waits; the operations stay queued. */
  releaseAll(): void
}

/** No waits. `limitMs`: how long each lasts at most. */
export function answerWaits(clock: Clock, limitMs: number): AnswerWaits {
  const releases = new Set<() => void>()
  return {
    async wait(entry, start) {
      let resolveEmpty: () => void = () => {}
      const outcome = new Promise<{ readonly result: unknown } | undefined>((resolve, reject) => {
        entry.waiter = { resolve: (result) => resolve({ result }), reject }
        resolveEmpty = () => resolve(undefined)
      })
      const release = (): void => {
        entry.waiter = undefined
        resolveEmpty()
      }
      releases.add(release)
      start()
      try {
        const answer = await waitAtMost(clock, outcome, limitMs)
        if (answer === undefined) release()
        return answer
      } finally {
        releases.delete(release)
      }
    },
    releaseAll() {
      for (const release of releases) release()
    },
  }
}
