/**
 * Groups of alerts that wait for each other: the first message of a group waits for those that come with it, later ones wait for the next interval.
 *
 * Source: `group_by`, `group_wait` and `group_interval` of Alertmanager. What differs: a notification has what is new, not the whole group again.
 */
import type { AlertMessage } from '../ports/alert-sink'

/** A group that has an alert which fires, or messages that wait. Plain JSON. */
export interface AlertGroup {
  /** The values of the labels by which is grouped; '' for an alert that lacks one. */
  readonly labels: Readonly<Record<string, string>>
  /** Ids of its alerts that fire and whose message waits or was sent. */
  readonly firing: readonly string[]
  /** Messages that wait, oldest first. */
  readonly messages: readonly AlertMessage[]
  /** When they are sent, epoch milliseconds; absent while none waits. */
  readonly dueAt?: number | undefined
  /** When something of this group was sent last, epoch milliseconds; absent before the first time. */
  readonly sentAt?: number | undefined
}

/** The groups of a monitor. */
export interface AlertGroups {
  /** Lets messages wait, those of one group together. */
  add(messages: readonly AlertMessage[], at: number): void
  /**
   * Takes what is due at `at`, or all that waits: a list of messages for each group, to be sent as one notification. `holdBack` gets what a group would
   * send and returns what it may send; an alert whose first message it leaves out counts as one that does not fire yet.
   */
  take(at: number, which: 'due' | 'all', holdBack?: (messages: readonly AlertMessage[]) => readonly AlertMessage[]): AlertMessage[][]
  /** When the next group is due, epoch milliseconds. `undefined` when nothing waits. */
  nextDueAt(): number | undefined
  /** How many messages wait. */
  readonly waiting: number
  /** What `restore` takes. Empty without waits, since then nothing is kept. */
  state(): readonly AlertGroup[]
  /** Takes over the groups of an earlier process. What was grouped by other labels is due at once. `firing`: ids of the alerts that still fire. */
  restore(groups: readonly AlertGroup[], firing: ReadonlySet<string>): void
}

/** Options of {@link createAlertGroups}. */
export interface AlertGroupsOptions {
  readonly groupBy: readonly string[]
  /** How long the first message of a group waits. */
  readonly groupWaitMs: number
  /** How far apart the notifications of a group are. */
  readonly groupIntervalMs: number
}

/** A group of this many waiting messages is sent early. */
const mostWaiting = 1000

/** No groups yet. */
export function createAlertGroups({ groupBy, groupWaitMs, groupIntervalMs }: AlertGroupsOptions): AlertGroups {
  const groups = new Map<string, AlertGroup>()
  const waits = groupWaitMs > 0 || groupIntervalMs > 0
  const keyOf = (labels: AlertGroup['labels']): string => JSON.stringify(Object.entries(labels))
  const dueAt = ({ sentAt }: AlertGroup, at: number): number => {
    if (sentAt === undefined) return at + groupWaitMs
    if (groupIntervalMs === 0 || at <= sentAt) return Math.max(at, sentAt + groupIntervalMs)
    return sentAt + Math.ceil((at - sentAt) / groupIntervalMs) * groupIntervalMs
  }
  const send = (key: string, group: AlertGroup, at: number, holdBack: (messages: readonly AlertMessage[]) => readonly AlertMessage[]) => {
    const { labels, messages, sentAt } = group
    const allowed = holdBack(messages)
    const heldBack = new Set(messages.flatMap((message) => (isFirst(message) && !allowed.includes(message) ? message.id : [])))
    const firing = group.firing.filter((id) => !heldBack.has(id))
    // Of what began and ended in the first wait of a group, in which nothing fires any more, nobody hears.
    const isOver = sentAt === undefined && firing.length === 0 && groupWaitMs > 0
    const sent = isOver ? withoutWholeFirings(allowed) : [...allowed]
    if (waits && firing.length > 0) groups.set(key, { labels, firing, messages: [], sentAt: sent.length > 0 ? at : sentAt })
    else groups.delete(key)
    return sent
  }
  return {
    add(messages, at) {
      for (const message of messages) {
        const { id, state } = message
        const labels = Object.fromEntries(groupBy.map((name) => [name, message.labels[name] ?? '']))
        const key = keyOf(labels)
        const group = groups.get(key) ?? { labels, firing: [], messages: [] }
        const waiting = waitingWith(group.messages, message)
        groups.set(key, {
          ...group,
          firing: [...group.firing.filter((other) => other !== id), ...(state === 'firing' ? [id] : [])],
          messages: waiting,
          dueAt: waiting.length >= mostWaiting ? at : (group.dueAt ?? dueAt(group, at)),
        })
      }
    },
    take(at, which, holdBack = (messages) => messages) {
      const found = [...groups].filter(([, group]) => group.dueAt !== undefined && (which === 'all' || group.dueAt <= at))
      return found.map(([key, group]) => send(key, group, at, holdBack)).filter((messages) => messages.length > 0)
    },
    nextDueAt() {
      const times = [...groups.values()].flatMap((group) => group.dueAt ?? [])
      return times.length === 0 ? undefined : Math.min(...times)
    },
    get waiting() {
      return [...groups.values()].reduce((sum, { messages }) => sum + messages.length, 0)
    },
    state: () => [...groups.values()],
    restore(stored, firing) {
      groups.clear()
      for (const group of stored) {
        const known = { ...group, firing: group.firing.filter((id) => firing.has(id)) }
        const sameLabels = keyOf(group.labels) === keyOf(Object.fromEntries(groupBy.map((name) => [name, group.labels[name] ?? ''])))
        const asBefore = waits && sameLabels
        if (known.messages.length > 0 || (asBefore && known.firing.length > 0))
          groups.set(keyOf(group.labels), asBefore ? known : { ...known, dueAt: 0 })
      }
    },
  }
}

/** Whether the message is the one that tells of the alert for the first time. */
function isFirst({ state, reminder }: AlertMessage): boolean {
  return state === 'firing' && reminder === undefined
}

/** The messages without those of alerts that both began and ended among them. The end of an alert that was told before stays. */
function withoutWholeFirings(messages: readonly AlertMessage[]): AlertMessage[] {
  const begun = new Set(messages.filter(isFirst).map(({ id }) => id))
  const whole = new Set(messages.flatMap(({ id, state }) => (state === 'resolved' && begun.has(id) ? id : [])))
  return messages.filter(({ id }) => !whole.has(id))
}

/** The waiting messages and one more. A reminder takes the place of an earlier one, and is not needed where the first message still waits. */
function waitingWith(messages: readonly AlertMessage[], message: AlertMessage): readonly AlertMessage[] {
  if (message.reminder !== undefined && messages.some(({ id, reminder }) => id === message.id && reminder === undefined)) return messages
  return [...messages.filter(({ id, reminder }) => id !== message.id || reminder === undefined), message]
}
