/** Delivery of alerts to sinks: in order for each sink, retried, and never in the way of anything else. */
import { backoffDelay } from '../core/backoff'
import { type Clock, sleep } from '../core/clock'
import { isMillwrightError } from '../core/errors'
import type { AlertMessage, AlertSink } from '../ports/alert-sink'

/** Sends messages in the background. */
export interface AlertDelivery {
  /** Queues a message for every sink. Never throws. */
  send(message: AlertMessage): void
  /** Resolves when everything queued so far was delivered or given up. Never rejects. */
  settled(): Promise<void>
}

/** How delivery goes. */
export interface AlertDeliveryOptions {
  readonly sinks: readonly AlertSink[]
  readonly clock: Clock
  /** Attempts for each message. */
  readonly attempts: number
  /** Wait before the second attempt; doubles with each. */
  readonly retryMs: number
  /** Told when a message was given up. */
  readonly onError: (error: unknown) => void
}

/** A delivery over sinks. */
export function createAlertDelivery({ sinks, clock, attempts, retryMs, onError }: AlertDeliveryOptions): AlertDelivery {
  const tails = new Map<AlertSink, Promise<void>>()
  const deliver = async (sink: AlertSink, message: AlertMessage): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await sink.send(message)
        return
      } catch (error) {
        // Errors of our own say whether trying again makes sense; of foreign ones nothing is known, so they are tried again.
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
