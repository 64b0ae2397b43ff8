/** The stored state of a monitor's alerts: one JSON object, replaced as a whole, so that a restart neither loses an alert nor repeats one. */
import * as z from 'zod/mini'
import { utf8 } from '../core/bytes'
import { isMillwrightError, MillwrightError } from '../core/errors'
import { parseStored, storedFormat } from '../core/stored'
import type { AlertMessage } from '../ports/alert-sink'
import type { ObjectStore } from '../ports/object-store'
import type { AlertBookState } from './alert-book'
import type { OutboxEntry } from './alert-delivery'
import type { AlertGroup } from './alert-groups'

/** What is stored. */
export interface MonitorState extends AlertBookState {
  /** The last check, epoch milliseconds. */
  readonly lastCheckAt?: number | undefined
  /** Absent in the state of earlier releases. */
  readonly groups?: readonly AlertGroup[] | undefined
  readonly outbox: readonly OutboxEntry[]
}

/** Where the state of one monitor is stored. */
export interface MonitorStateStore {
  /** The stored state, if there is one. @throws Corrupt; Unsupported when a later release wrote it */
  read(): Promise<MonitorState | undefined>
  /**
   * Stores what `current` gives when the write begins. Calls made during a write share the next one.
   * @throws Conflict when another process has written in between; the next call replaces what it wrote
   */
  write(): Promise<void>
}

/** The state of a monitor at `key`. */
export function createMonitorStateStore(storage: ObjectStore, key: string, current: () => MonitorState): MonitorStateStore {
  let etag: string | undefined
  let known = false
  let queued: Promise<void> | undefined
  let tail: Promise<void> = Promise.resolve()

  const put = async (): Promise<void> => {
    const bytes = utf8(JSON.stringify({ formatVersion: 1, ...current() }))
    const condition = !storage.capabilities.conditionalPut || !known ? {} : etag === undefined ? { ifAbsent: true } : { ifMatch: etag }
    try {
      etag = (await storage.put(key, bytes, condition)).etag
      known = true
    } catch (error) {
      if (isMillwrightError(error, 'Conflict')) {
        etag = (await storage.head(key))?.etag
        const text = `${key} was written by another process: two monitors of one name must not both check their rules`
        throw new MillwrightError('Conflict', text, { cause: error })
      }
      // Whether it was written is not known, so the next write has no condition.
      known = false
      throw error
    }
  }
  return {
    async read() {
      const info = await storage.head(key)
      etag = info?.etag
      known = true
      return info === undefined ? undefined : restored(parseStored(stateFormat, await storage.get(key), key))
    },
    write() {
      queued ??= tail.then(() => {
        queued = undefined
        return put()
      })
      const write = queued
      tail = write.catch(() => {})
      return write
    },
  }
}

/** JSON has no NaN: a value that was not defined is stored as `null`. */
function restored(state: MonitorState): MonitorState {
  const whole = (message: AlertMessage): AlertMessage => ({ ...message, value: message.value ?? Number.NaN })
  return {
    ...state,
    groups: state.groups?.map((group) => ({ ...group, messages: group.messages.map(whole) })),
    outbox: state.outbox.map(({ sink, messages }) => ({ sink, messages: messages.map(whole) })),
  }
}

const stateFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<MonitorState> => {
    const labels = z.record(z.string(), z.string())
    const severity = z.enum(['info', 'warning', 'critical'])
    const message = z.looseObject({
      id: z.string(),
      rule: z.string(),
      state: z.enum(['firing', 'resolved']),
      severity,
      labels,
      summary: z.string(),
      value: z.nullable(z.number()) as z.ZodMiniType<number>,
      threshold: z.number(),
      startsAt: z.number(),
      details: z.record(z.string(), z.any()),
    })
    const state = z.looseObject({
      state: z.enum(['inactive', 'pending', 'firing', 'resolved']),
      since: z.number(),
      checks: z.number(),
      activeAt: z.optional(z.number()),
      firedAt: z.optional(z.number()),
      clearSince: z.optional(z.number()),
      resolvedAt: z.optional(z.number()),
    })
    const alert = z.looseObject({
      rule: z.string(),
      group: labels,
      state,
      messageId: z.optional(z.string()),
      toldAt: z.optional(z.number()),
      reminders: z.optional(z.number()),
    })
    const silence = z.looseObject({
      id: z.string(),
      rule: z.optional(z.string()),
      labels,
      from: z.number(),
      until: z.number(),
      reason: z.string(),
    })
    const record = z.looseObject({
      rule: z.string(),
      labels,
      severity,
      startsAt: z.number(),
      endsAt: z.optional(z.number()),
      summary: z.string(),
    })
    const group = z.looseObject({
      labels,
      firing: z.array(z.string()),
      messages: z.array(message),
      dueAt: z.optional(z.number()),
      sentAt: z.optional(z.number()),
    })
    return z.looseObject({
      formatVersion: z.literal(1),
      lastCheckAt: z.optional(z.number()),
      alerts: z.array(alert),
      silences: z.array(silence),
      history: z.array(record),
      groups: z.optional(z.array(group)),
      outbox: z.array(z.looseObject({ sink: z.string(), messages: z.array(message) })),
    })
  },
  { field: 'formatVersion', reads: 1 },
)
