/** The warnings of a queued tracker. Each states the size of the queue. */
import type { QueueWarning } from './options'
import type { QueueLimits, QueueLog } from './queue-log'

/** The share of a limit from which the queue is nearly full. */
const nearlyFullShare = 0.8

/** Calls `onWarning`. */
export interface QueueWarnings {
  warn(kind: QueueWarning['kind'], message: string, error?: unknown): void
  /** Warns when the queue becomes nearly full. */
  checkSize(): void
  /** Warns that the queue is full, once until it has room again. */
  warnFull(error: unknown): void
}

/** Warnings of the tracker called `name`. */
export function queueWarnings(
  name: string,
  log: QueueLog,
  { maxEntries, maxBytes }: QueueLimits,
  onWarning: ((warning: QueueWarning) => void) | undefined,
): QueueWarnings {
  let fullness: 'ok' | 'nearly-full' | 'full' = 'ok'
  const warn: QueueWarnings['warn'] = (kind, message, error) => {
    const { entries, bytes } = log
    onWarning?.({ kind, message: `${name}: ${message}`, entries, bytes, ...(error === undefined ? {} : { error }) })
  }
  return {
    warn,
    checkSize() {
      const share = Math.max(log.entries / maxEntries, log.bytes / maxBytes)
      if (share < nearlyFullShare) fullness = 'ok'
      else if (fullness === 'ok') {
        fullness = 'nearly-full'
        warn('nearly-full', `the queue is ${Math.floor(share * 100)} % full`)
      }
    },
    warnFull(error) {
      if (fullness === 'full') return
      fullness = 'full'
      warn('full', 'the queue is full; writes fail until the backend answers again', error)
    },
  }
}
