/** Turns what rules find into alerts: moves their states, tells listeners and sinks, and stores both before a sink is told. */
import type { Clock } from '../core/clock'
import type { AlertMessage, AlertSink } from '../ports/alert-sink'
import type { ObjectStore } from '../ports/object-store'
import { type AlertBook, createAlertBook } from './alert-book'
import { type AlertDelivery, createAlertDelivery } from './alert-delivery'
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
  /** Resolves when nothing is being sent or stored. Never rejects. */
  settled(): Promise<void>
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
  /** Messages of one check with the same values of these labels are one notification. */
  readonly groupBy: readonly string[]
  readonly onEvent: (type: 'alert-firing' | 'alert-resolved', message: AlertMessage) => void
  readonly onError: (error: unknown) => void
}

const maxHistory = 1000

/** Creates the engine. Sinks of the same name are told apart by their position. */
export function createAlertEngine(options: AlertEngineOptions): AlertEngine {
  const { name, rules, clock, storage, repeatMs, groupBy, onEvent, onError } = options
  const book = createAlertBook({ monitor: name, repeatMs, maxHistory })
  let lastCheckAt: number | undefined
  const state = (): MonitorState => ({
    ...(lastCheckAt === undefined ? {} : { lastCheckAt }),
    ...book.state(),
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
  const checkRule = (
    rule: AlertRule,
    at: number,
    read: (rule: AlertRule) => readonly Reading[],
    messages: AlertMessage[],
  ): RuleStatus[] => {
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
  return {
    book,
    get lastCheckAt() {
      return lastCheckAt
    },
    check(at, read) {
      const messages: AlertMessage[] = []
      const statuses = rules.flatMap((rule) => checkRule(rule, at, read, messages))
      lastCheckAt = at
      delivery.retry()
      for (const group of grouped(messages, groupBy)) delivery.send(group)
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
      delivery.restore(stored.outbox)
      delivery.retry()
    },
    async settled() {
      await delivery.settled()
      await saver.settled()
    },
    get undelivered() {
      return delivery.outbox().reduce((sum, { messages }) => sum + messages.length, 0)
    },
  }
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

/** Messages divided by the values of some labels, in the order of appearance. */
function grouped(messages: readonly AlertMessage[], by: readonly string[]): AlertMessage[][] {
  const groups = new Map<string, AlertMessage[]>()
  for (const message of messages) {
    const key = JSON.stringify(by.map((label) => message.labels[label] ?? ''))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [message])
    else group.push(message)
  }
  return [...groups.values()]
}
