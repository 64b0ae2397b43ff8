/** The alert sink port: where alerts go (a log, a webhook, Alertmanager, …). */
import type { Awaitable } from '../core/awaitable'

/** What an alert tells: which rule, in which state, with which numbers. Plain JSON. */
export interface AlertMessage {
  /** Equal for every message of one firing of one rule, so that a receiver can drop what it has seen: an idempotency key. */
  readonly id: string
  /** The rule's name: with `labels`, the identity of the alert. */
  readonly rule: string
  readonly state: 'firing' | 'resolved'
  readonly severity: 'info' | 'warning' | 'critical'
  /** Of bounded variety: the model's name, the environment; never values. */
  readonly labels: Readonly<Record<string, string>>
  /** One sentence with the numbers. */
  readonly summary: string
  /** What was measured at this check, and the threshold it was held against. */
  readonly value: number
  readonly threshold: number
  /** When the rule began to fire, epoch milliseconds. */
  readonly startsAt: number
  /** When it stopped. Only of `resolved`. */
  readonly endsAt?: number | undefined
  /** The numbers behind it. */
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * Receives alerts.
 *
 * Guarantees asked of an implementation: `send` may be called twice with one message (same `id` and `state`) after a failure; it keeps
 * the message's order; it holds nothing back once its promise resolves. A rejection is retried when the error is `retryable` or foreign.
 */
export interface AlertSink {
  readonly portVersion: 1
  /** For messages; never a secret. */
  readonly name: string
  send(message: AlertMessage, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<void>
}
