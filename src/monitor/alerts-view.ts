/** The alerts of a monitor, for those who look at them and silence them. */
import type { Clock } from '../core/clock'
import type { Alert, AlertRecord } from './alert-book'
import type { AlertEngine } from './alert-engine'
import { displayedAlerts } from './display'
import type { Silence, SilenceOptions } from './silence'

/** The alerts of a monitor and its silences. */
export interface Alerts {
  /** Alerts that are pending or firing, or have resolved at the last check. */
  readonly active: readonly Alert[]
  /** The last 1,000 firings, oldest first. */
  readonly history: readonly AlertRecord[]
  /** Silences that are not over. */
  readonly silences: readonly Silence[]
  /** Messages that wait for their group (`groupWaitMs`, `groupIntervalMs`). */
  readonly waiting: number
  /** Messages that no sink has accepted yet. */
  readonly undelivered: number
  /** The time of the last check, epoch milliseconds; that of an earlier process where its state was stored. */
  readonly lastCheckAt: number | undefined
  /**
   * Holds back the messages of some alerts for a time. The alerts go on, and events are emitted; an alert that still fires when the silence ends is
   * told at the next check.
   *
   * @throws InvalidArgument
   */
  silence(options: SilenceOptions): Silence
  /** Ends a silence early. Whether there was one of that id. */
  endSilence(id: string): boolean
}

/** The view of an engine. */
export function createAlerts(engine: AlertEngine, clock: Clock): Alerts {
  const { book } = engine
  return displayedAlerts({
    get active() {
      return book.active()
    },
    get history() {
      return book.history()
    },
    get silences() {
      return book.silences(clock.now())
    },
    get waiting() {
      return engine.waiting
    },
    get undelivered() {
      return engine.undelivered
    },
    get lastCheckAt() {
      return engine.lastCheckAt
    },
    silence(options) {
      const silence = book.silence(options, clock.now())
      engine.change()
      return silence
    },
    endSilence(id) {
      const ended = book.endSilence(id)
      if (ended) engine.change()
      return ended
    },
  })
}
