/** Time as a value, so that nothing in the library reads the wall clock behind the caller's back. */

/** A source of time and of timers. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Calls `callback` once after `delayMs`; the returned function cancels. Must not keep a process alive. */
  schedule(callback: () => void, delayMs: number): () => void
}

/** The real clock. Its timers do not keep a Node process alive. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    schedule(callback, delayMs) {
      let timer: ReturnType<typeof setTimeout> | undefined
      // setTimeout fires at once for delays beyond 2³¹ − 1 ms, so longer ones go in parts.
      const arm = (left: number): void => {
        const part = Math.min(left, 2147483647)
        timer = setTimeout(() => (left > part ? arm(left - part) : callback()), part)
        ;(timer as unknown as { unref?: () => void }).unref?.()
      }
      arm(delayMs)
      return () => clearTimeout(timer)
    },
  }
}

/**
 * Resolves after `delayMs` on `clock`, or rejects with the signal's reason.
 *
 * Unlike {@link Clock.schedule} on the system clock, a sleep keeps the process alive: somebody is awaiting it.
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const keepAlive = setInterval(() => {}, 1 << 30)
    let cancel = (): void => {}
    const done = (): void => {
      clearInterval(keepAlive)
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      cancel()
      done()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    cancel = clock.schedule(() => {
      done()
      resolve()
    }, delayMs)
  })
}
