/**
 * Delivers alerts to sinks in the background: with retries, and in order for each alert. What a sink has not accepted stays in the outbox and is
 * tried again at the next check, also after a restart.
 */
import { backoffDelay } from '../core/backoff'
import { type Clock, sleep } from '../core/clock'
import { isMillwrightError, MillwrightError } from '../core/errors'
import type { AlertMessage, AlertSink } from '../ports/alert-sink'

/** Messages that one sink has not accepted yet. Plain JSON. */
export interface OutboxEntry {
  /** The name of the sink. */
  readonly sink: string
  /** The messages of one group: one notification where the sink can do that. */
  readonly messages: readonly AlertMessage[]
}

/** Sends messages in the background. */
export interface AlertDelivery {
  /** Puts a group of messages into the outbox of every sink. Never throws. */
  send(messages: readonly AlertMessage[]): void
  /** Tries everything in the outbox, as `send` does. */
  retry(): void
  /** Resolves when every message was delivered, dropped, or left in the outbox after its last attempt. Never rejects. */
  settled(): Promise<void>
  /** What has not been delivered, oldest first. */
  outbox(): readonly OutboxEntry[]
  /** Puts back what an earlier process left; entries of sinks that no longer exist are dropped. */
  restore(entries: readonly OutboxEntry[]): void
}

/** Options of the delivery. */
export interface AlertDeliveryOptions {
  /** Their names are distinct. */
  readonly sinks: readonly AlertSink[]
  readonly clock: Clock
  /** Attempts for each message before it waits for the next check. */
  readonly attempts: number
  /** Delay before the second attempt; it doubles with each further one. */
  readonly retryMs: number
  /** Most entries waiting for one sink; the oldest is dropped first. */
  readonly maxWaiting: number
  /** Called when a message was not accepted at its last attempt, or was dropped. */
  readonly onError: (error: unknown) => void
  /** Awaited before anything is sent, so that the outbox is stored before a sink knows of its messages. Never rejects. */
  readonly beforeSend: () => Promise<void>
  /** Called when an entry has left the outbox. */
  readonly onDelivered: () => void
}

interface SinkQueue {
  readonly sink: AlertSink
  entries: OutboxEntry[]
  running: Promise<void> | undefined
  again: boolean
}

/** Creates a delivery to sinks. */
export function createAlertDelivery(options: AlertDeliveryOptions): AlertDelivery {
  const queues = options.sinks.map((sink): SinkQueue => ({ sink, entries: [], running: undefined, again: false }))
  const start = (queue: SinkQueue): void => {
    queue.again = true
    queue.running ??= work(queue, options).finally(() => {
      queue.running = undefined
      // A message that came in just after the last look.
      if (queue.again) start(queue)
    })
  }
  const put = (queue: SinkQueue, entry: OutboxEntry): void => {
    queue.entries.push(entry)
    if (queue.entries.length <= options.maxWaiting) return
    const dropped = queue.entries.shift() as OutboxEntry
    const names = dropped.messages.map(({ rule }) => rule).join(', ')
    const text = `${queue.sink.name} has accepted none of the last ${options.maxWaiting} notifications; the oldest (${names}) was dropped`
    options.onError(new MillwrightError('Unavailable', text))
  }
  return {
    send(messages) {
      for (const queue of queues) {
        // A sink that takes single messages gets an entry for each, so that none is repeated because the next one failed.
        const groups = queue.sink.sendAll === undefined ? messages.map((message) => [message]) : [messages]
        for (const group of groups) put(queue, { sink: queue.sink.name, messages: group })
        start(queue)
      }
    },
    retry() {
      for (const queue of queues) if (queue.entries.length > 0) start(queue)
    },
    async settled() {
      while (queues.some(({ running }) => running !== undefined)) await Promise.all(queues.map(({ running }) => running))
    },
    outbox: () => queues.flatMap(({ entries }) => entries),
    restore(entries) {
      for (const queue of queues) queue.entries = [...entries.filter(({ sink }) => sink === queue.sink.name), ...queue.entries]
    },
  }
}

/** Tries every entry once, also those that arrive meanwhile. A failed entry holds back only later messages of its own alerts. */
async function work(queue: SinkQueue, options: AlertDeliveryOptions): Promise<void> {
  const held = new Set<string>()
  const tried = new Set<OutboxEntry>()
  while (queue.again) {
    queue.again = false
    const entries = queue.entries.filter((entry) => !tried.has(entry))
    await options.beforeSend()
    for (const entry of entries) {
      tried.add(entry)
      const ids = entry.messages.map(({ id }) => id)
      if (ids.some((id) => held.has(id)) || !(await deliver(queue.sink, entry, options))) {
        for (const id of ids) held.add(id)
      } else {
        queue.entries = queue.entries.filter((other) => other !== entry)
        options.onDelivered()
      }
    }
  }
}

/** Whether the entry is done with: accepted, or refused for good. */
async function deliver(sink: AlertSink, { messages }: OutboxEntry, options: AlertDeliveryOptions): Promise<boolean> {
  const { attempts, retryMs, clock, onError } = options
  for (let attempt = 1; ; attempt++) {
    try {
      if (sink.sendAll !== undefined && messages.length > 1) await sink.sendAll(messages)
      else for (const message of messages) await sink.send(message)
      return true
    } catch (error) {
      // Our own errors say whether they are retryable. About foreign errors nothing is known, so they are retried.
      const final = isMillwrightError(error) && !error.retryable
      if (attempt >= attempts || final) {
        onError(error)
        return final
      }
      await sleep(clock, backoffDelay(attempt, { baseMs: retryMs }))
    }
  }
}
