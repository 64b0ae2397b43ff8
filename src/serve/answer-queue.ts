/** Writes the answers that become ready in one turn of the event loop together. */

/** The longest time that an answer waits for others, in milliseconds. */
const longestMs = 2

/** Answers that are ready to be sent. */
export interface AnswerQueue {
  /** Calls `send`, which must not throw: at the end of this turn of the event loop, or at once when an answer has waited long enough. */
  add(send: () => void): void
}

/** Options of {@link createAnswerQueue}. */
export interface AnswerQueueOptions {
  /** Whether no other answer can be expected, so that none needs to wait. @default never */
  readonly isAlone?: (() => boolean) | undefined
  /** A monotonic clock, in milliseconds. @default `performance.now` */
  readonly now?: (() => number) | undefined
  /** Calls a function at the end of this turn of the event loop. @default `setImmediate` */
  readonly defer?: ((callback: () => void) => void) | undefined
}

/**
 * An empty queue.
 *
 * A server that writes each answer before it reads the next request changes between its own code and that of the system for every one of them, and wakes
 * a client for each. Decision 46 says what it saves to write the answers of a turn one after the other.
 */
export function createAnswerQueue({ isAlone, now = () => performance.now(), defer = endOfTurn }: AnswerQueueOptions = {}): AnswerQueue {
  let waiting: (() => void)[] = []
  let oldestAt = 0
  let isDeferred = false
  const sendAll = (): void => {
    const ready = waiting
    waiting = []
    for (const send of ready) send()
  }
  return {
    add(send) {
      if (waiting.length === 0 && isAlone?.() === true) return send()
      const time = now()
      if (waiting.length === 0) oldestAt = time
      waiting.push(send)
      if (time - oldestAt > longestMs) return sendAll()
      if (isDeferred) return
      isDeferred = true
      defer(() => {
        isDeferred = false
        sendAll()
      })
    },
  }
}

function endOfTurn(callback: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(callback)
  else queueMicrotask(callback)
}
