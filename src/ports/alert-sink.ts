/** The alert sink port: where alerts go (a log, a webhook, Alertmanager, …). */
import type { Awaitable } from '../core/awaitable'

/** An alert: its rule, its state and the measured numbers. Plain JSON. */
export interface AlertMessage {
  /** Equal for all messages of one firing of one rule. With `state` and `reminder` it is the idempotency key by which a receiver drops duplicates. */
  readonly id: string
  /** The name of the rule. `rule` and `labels` together identify the alert. */
  readonly rule: string
  readonly state: 'firing' | 'resolved'
  /** Of the messages that repeat while an alert keeps firing: 1, 2, … Absent in the first one. */
  readonly reminder?: number | undefined
  readonly severity: 'info' | 'warning' | 'critical'
  /** Labels with few distinct values, such as the name of the model or the environment. Never measured values. */
  readonly labels: Readonly<Record<string, string>>
  /** One sentence with the numbers. */
  readonly summary: string
  /** The value measured at this check. */
  readonly value: number
  /** The threshold that `value` was compared with. */
  readonly threshold: number
  /** When the rule began to fire. Epoch milliseconds. */
  readonly startsAt: number
  /** When the rule stopped firing. Only with state `resolved`. Epoch milliseconds. */
  readonly endsAt?: number | undefined
  /** Further numbers of the check. */
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * Receives alerts.
 *
 * Guarantees every implementation gives:
 * - **Delivery**: when the promise of `send` resolves, the receiver has accepted the message. Nothing is buffered after that.
 * - **Order**: messages are delivered in the order of the calls.
 * - **Repetition**: `send` may be called again with the same message (same `id` and `state`) after it rejected, and accepts it.
 *
 * The caller repeats `send` after a rejection with a `retryable` error, or with an error that is no `MillwrightError`. After a restart it may repeat
 * a message that was accepted just before.
 */
export interface AlertSink {
  readonly portVersion: 1
  /** For messages: what and where. Never a secret. */
  readonly name: string
  /** Delivers one message. */
  send(message: AlertMessage, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
  /** Delivers the messages of one group as one notification; all or none of them is accepted. @default one `send` for each */
  sendAll?(messages: readonly AlertMessage[], options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
}
