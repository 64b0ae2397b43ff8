/** Turns what rules find into alerts: moves their states, tells listeners and sinks, and stores both before a sink is told. */
import type { Clock } from '../core/clock'
import type { AlertMessage, AlertSink } from '../ports/alert-sink'
import type { ObjectStore } from '../ports/object-store'
import { type AlertBook, createAlertBook } from './alert-book'
import { type AlertDelivery, createAlertDelivery } from './alert-delivery'
import { type AlertGroups, createAlertGroups } from './alert-groups'
import type { AlertState } from './alert-state'
import { createMonitorStateStore, type MonitorState, type MonitorStateStore } from './monitor-state'
import type { Reading } from './reading'
import type { AlertRule } from './rule'

/** The status of a rule at a check, for all rows or for one group. */
export interface RuleStatus extends Reading {
  readonly rule: string
  readonly kind: AlertRule['kind']
  readonly state: AlertState['state']
  /** When that state began, epoch milliseconds. */
  readonly since: number
}

/** The engine of a monitor. */
export interface AlertEngine {
  readonly book: AlertBook
  readonly lastCheckAt: number | undefined
  /** Moves the alerts of all rules by what `read` finds. A rule for which it throws keeps its alerts. */
  check(at: number, read: (rule: AlertRule) => readonly Reading[]): readonly RuleStatus[]
  /** Stores the state if it has changed and there is a storage. @throws what the storage throws */
  save(): Promise<void>
  /** Stores the state in the background after something else has changed the book. */
  change(): void
  /** Takes over the stored state, and sends what an earlier process left in the outbox. @throws Corrupt */
  restore(): Promise<void>
  /** Sends what waits for its group, however long it would still wait. */
  sendWaiting(): void
  /** Resolves when nothing is being sent or stored. Never rejects. */
  settled(): Promise<void>
  /** Messages that wait for their group. */
  readonly waiting: number
  /** Messages that no sink has accepted yet. */
  readonly undelivered: number
}

/** Options of {@link createAlertEngine}. */
export interface AlertEngineOptions {
  readonly name: string
  readonly rules: readonly AlertRule[]
  readonly sinks: readonly AlertSink[]
  readonly clock: Clock
  readonly storage: ObjectStore | undefined
  readonly repeatMs: number | undefined
  /** Messages with the same values of these labels are one notification. */
  readonly groupBy: readonly string[]
  readonly groupWaitMs: number
  readonly groupIntervalMs: number
  readonly onEvent: (type: 'alert-firing' | 'alert-resolved', message: AlertMessage) => void
  readonly onError: (error: unknown) => void
}

const maxHistory = 1000

/** Creates the engine. Sinks of the same name are told apart by their position. */
export function createAlertEngine(options: AlertEngineOptions): AlertEngine {
  const { name, rules, clock, storage, repeatMs, onEvent, onError } = options
  const book = createAlertBook({ monitor: name, repeatMs, maxHistory })
  const groups = createAlertGroups(options)
  let lastCheckAt: number | undefined
  const state = (): MonitorState => ({
    ...(lastCheckAt === undefined ? {} : { lastCheckAt }),
    ...book.state(),
    groups: groups.state(),
    outbox: delivery.outbox(),
  })
  const store = storage && createMonitorStateStore(storage, `monitor/${name}/state.json`, state)
  const saver = createSaver(store, onError)
  const delivery: AlertDelivery = createAlertDelivery({
    sinks: distinct(options.sinks),
    clock,
    attempts: 3,
    retryMs: 500,
    maxWaiting: 1000,
    onError,
    beforeSend: saver.change,
    onDelivered: () => void saver.change(),
  })
  const send = createGroupSender({ groups, book, delivery, clock, onDue: () => void saver.change() })
  return {
    book,
    get lastCheckAt() {
      return lastCheckAt
    },
    check(at, read) {
      const messages: AlertMessage[] = []
      const statuses = rules.flatMap((rule) => checkRule(rule, { at, read, messages, book, onEvent, onError }))
      lastCheckAt = at
      delivery.retry()
      groups.add(messages, at)
      send(at, 'due')
      void saver.change()
      return statuses
    },
    save: saver.save,
    change: () => void saver.change(),
    async restore() {
      const stored = await store?.read()
      if (stored === undefined) return
      lastCheckAt = stored.lastCheckAt
      book.restore(stored, rules)
      groups.restore(stored.groups ?? [], new Set(book.active().flatMap(({ messageId }) => messageId ?? [])))
      delivery.restore(stored.outbox)
      delivery.retry()
      send(clock.now(), 'due')
    },
    sendWaiting() {
      if (groups.waiting === 0) return
      send(clock.now(), 'all')
      void saver.change()
    },
    async settled() {
      await delivery.settled()
      await saver.settled()
    },
    get waiting() {
      return groups.waiting
    },
    get undelivered() {
      return delivery.outbox().reduce((sum, { messages }) => sum + messages.length, 0)
    },
  }
}

interface RuleCheck extends Pick<AlertEngineOptions, 'onEvent' | 'onError'> {
  readonly at: number
  readonly read: (rule: AlertRule) => readonly Reading[]
  readonly book: AlertBook
  /** Gets what the sinks must be told. */
  readonly messages: AlertMessage[]
}

/** Moves the alerts of a rule. None where the rule cannot be evaluated. */
function checkRule(rule: AlertRule, { at, read, book, messages, onEvent, onError }: RuleCheck): RuleStatus[] {
  let readings: readonly Reading[]
  try {
    readings = read(rule)
  } catch (error) {
    onError(error)
    return []
  }
  return readings.map((reading) => {
    const noData = { keep: undefined, ok: false, alert: true }[rule.noData ?? 'keep']
    const change = book.update(rule, { ...reading, active: reading.active ?? noData }, at)
    if (change.event !== undefined) onEvent(change.event.state === 'firing' ? 'alert-firing' : 'alert-resolved', change.event)
    if (change.message !== undefined) messages.push(change.message)
    return { ...reading, rule: rule.name, kind: rule.kind, state: change.state.state, since: change.state.since }
  })
}

interface GroupSenderParts {
  readonly groups: AlertGroups
  readonly book: AlertBook
  readonly delivery: AlertDelivery
  readonly clock: Clock
  /** Called when a group was sent because its time had come, not at a check. */
  readonly onDue: () => void
}

/** Sends the groups that are due, or all, and sets a timer for the next one. */
function createGroupSender({ groups, book, delivery, clock, onDue }: GroupSenderParts): (at: number, which: 'due' | 'all') => void {
  let cancel = (): void => {}
  const send = (at: number, which: 'due' | 'all'): void => {
    for (const messages of groups.take(at, which, (all) => book.holdBackSilenced(all, at))) delivery.send(messages)
    cancel()
    const next = groups.nextDueAt()
    if (next === undefined) return
    const whenDue = (): void => {
      // A timer may be a millisecond early.
      send(Math.max(next, clock.now()), 'due')
      onDue()
    }
    cancel = clock.schedule(whenDue, Math.max(0, next - clock.now()))
  }
  return send
}

/** Stores the state when it has changed, at once in the background or when asked to. */
function createSaver(store: MonitorStateStore | undefined, onError: (error: unknown) => void) {
  const saves = new Set<Promise<void>>()
  let changed = false
  const write = async (): Promise<void> => {
    changed = false
    try {
      await store?.write()
    } catch (error) {
      changed = true
      throw error
    }
  }
  return {
    /** Writes in the background; a failure is reported. Resolves when the write has ended. */
    change(): Promise<void> {
      const save = write().catch(onError)
      saves.add(save)
      return save.finally(() => saves.delete(save))
    },
    /** Writes what a failed write has left. */
    async save(): Promise<void> {
      await Promise.all(saves)
      if (changed) await write()
    },
    async settled(): Promise<void> {
      await Promise.all(saves)
    },
  }
}

/** Sinks with distinct names, since the outbox is stored by name. */
function distinct(sinks: readonly AlertSink[]): AlertSink[] {
  return sinks.map((sink, i) => {
    const before = sinks.slice(0, i).filter(({ name }) => name === sink.name).length
    if (before === 0) return sink
    const { sendAll } = sink
    return {
      portVersion: 1,
      name: `${sink.name}#${before + 1}`,
      send: (message, options) => sink.send(message, options),
      ...(sendAll === undefined ? {} : { sendAll: (messages, options) => sendAll.call(sink, messages, options) }),
    }
  })
}
