/** Delivers alerts to sinks in the background: in order for each sink, with retries. */
import { backoffDelay } from '../core/backoff'
import { type Clock, sleep } from '../core/clock'
import { isMillwrightError } from '../core/errors'
import type { AlertMessage, AlertSink } from '../ports/alert-sink'

/** Sends messages in the background. */
export interface AlertDelivery {
  /** Queues a message for every sink. Never throws. */
  send(message: AlertMessage): void
  /** Resolves when every message queued so far was delivered or dropped after its last attempt. Never rejects. */
  settled(): Promise<void>
}

/** Options of the delivery. */
export interface AlertDeliveryOptions {
  readonly sinks: readonly AlertSink[]
  readonly clock: Clock
  /** Attempts for each message. */
  readonly attempts: number
  /** Delay before the second attempt; it doubles with each further one. */
  readonly retryMs: number
  /** Called when a message was dropped after its last attempt. */
  readonly onError: (error: unknown) => void
}

/** Creates a delivery to sinks. */
export function createAlertDelivery({ sinks, clock, attempts, retryMs, onError }: AlertDeliveryOptions): AlertDelivery {
  const tails = new Map<AlertSink, Promise<void>>()
  const deliver = async (sink: AlertSink, message: AlertMessage): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await sink.send(message)
        return
      } catch (error) {
        // Our own errors say whether they are retryable. About foreign errors nothing is known, so they are retried.
        if (attempt >= attempts || (isMillwrightError(error) && !error.retryable)) return onError(error)
        await sleep(clock, backoffDelay(attempt, { baseMs: retryMs }))
      }
    }
  }
  return {
    send(message) {
      for (const sink of sinks) {
        const tail = tails.get(sink) ?? Promise.resolve()
        tails.set(
          sink,
          tail.then(() => deliver(sink, message)),
        )
      }
    },
    async settled() {
      await Promise.all(tails.values())
    },
  }
}
