/**
 * 48 hours of a monitor that is killed again and again, on a simulated clock: at random moments, in the middle of a write or a delivery. Compared with the
 * same hours without a restart: no alert is lost, none is told twice (unless the kill came between the sink's acceptance and the note of it), and
 * what is kept does not grow.
 */
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import type { Clock } from '../../src/core/clock'
import { createRng, type Rng } from '../../src/core/random'
import { type AlertMessage, type AlertSink, Monitor, type MonitorOptions } from '../../src/monitor'
import type { PredictionRecord } from '../../src/ports/model'
import type { ObjectStore } from '../../src/ports/object-store'
import { times } from '../support/effort'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const hours = 48
const stepMs = times(20, 5) * minuteMs
const checkMs = times(20, 10) * minuteMs
const window = { lastMs: 2 * hourMs }

const rules: MonitorOptions['rules'] = [
  {
    name: 'accuracy',
    kind: 'performance',
    metric: 'accuracy',
    below: 0.75,
    clear: 0.8,
    window,
    by: { column: 'region' },
    forChecks: 2,
    coolDownMs: hourMs,
  },
  { name: 'latency', kind: 'latency', above: 80, window: { lastMs: hourMs }, keepFiringMs: 20 * minuteMs },
  { name: 'traffic', kind: 'volume', below: 5, window: { lastMs: 20 * minuteMs } },
  { name: 'labels', kind: 'labels', below: 0.5, window: { lastMs: hourMs }, minRows: 50 },
]

/** What happens in one minute: predictions, and labels of earlier ones, late, twice or never. */
interface Minute {
  readonly predictions: readonly PredictionRecord[]
  readonly labels: readonly (readonly [id: string, actual: string, at: number])[]
}

/** The world: bad hours for the model in the north and south, slow hours, an hour without traffic. */
function worldOf(seed: number): Minute[] {
  const rng = createRng(seed)
  const minutes = Array.from({ length: hours * 60 }, () => ({
    predictions: [] as PredictionRecord[],
    labels: [] as [string, string, number][],
  }))
  minutes.forEach((minute, i) => {
    const hour = i / 60
    if (hour >= 30 && hour < 31) return
    for (let n = 0; n < 3; n++) {
      const id = `${i}-${n}`
      const region = n === 0 ? 'north' : 'south'
      const bad = region === 'north' ? hour % 16 > 9 && hour % 16 < 13 : hour > 20 && hour < 26
      const latencyMs = (hour > 14 && hour < 17 ? 90 : 20) + rng.next() * 20
      const record = {
        id,
        model: 'bikes',
        version: hour < 24 ? '1' : '2',
        at: i * minuteMs,
        input: { region },
        prediction: 'yes',
        latencyMs,
        cached: false,
      }
      minute.predictions.push(record)
      const right = rng.next() < (bad ? 0.5 : 0.95)
      if (rng.next() < 0.1) continue
      for (let copies = rng.next() < 0.1 ? 2 : 1; copies > 0; copies--) {
        const arrives = i + rng.int(30)
        minutes[arrives]?.labels.push([id, right ? 'yes' : 'no', arrives * minuteMs])
      }
    }
  })
  return minutes
}

/** A process: once it is dead, nothing it does has an effect, and nothing it waits for comes. */
interface Process {
  readonly storage: ObjectStore
  readonly sink: AlertSink
  /** Resolves when the process is killed. */
  readonly death: Promise<void>
}

interface Pager {
  readonly got: AlertMessage[]
  /** Messages accepted from a process that died before it had stored that. Only they may come again. */
  unstored: number
}

/** Dies at its `life`-th call of storage or sink, before the call or after it. A sink fails now and then. */
function processOf(store: ObjectStore, pager: Pager, rng: Rng, life: number): Process {
  let calls = 0
  let dead = false
  const accepted = new Set<string>()
  let die = (): void => {}
  const death = new Promise<void>((resolve) => {
    die = () => {
      if (!dead) pager.unstored += accepted.size
      dead = true
      resolve()
    }
  })
  const never = <T>(): Promise<T> => new Promise<T>(() => {})
  const call = async <T>(work: () => T | Promise<T>): Promise<T> => {
    if (dead) return never()
    const last = ++calls === life
    if (last && rng.next() < 0.5) {
      die()
      return never()
    }
    const result = await work()
    if (dead || last) {
      die()
      return never()
    }
    return result
  }
  const put: ObjectStore['put'] = (key, bytes, options) =>
    call(async () => {
      const info = await store.put(key, bytes, options)
      if (key.endsWith('state.json')) {
        const { outbox } = JSON.parse(new TextDecoder().decode(bytes)) as { outbox: { messages: AlertMessage[] }[] }
        const waiting = new Set(outbox.flatMap(({ messages }) => messages.map(keyOf)))
        for (const message of accepted) if (!waiting.has(message)) accepted.delete(message)
      }
      return info
    })
  const sink: AlertSink = {
    portVersion: 1,
    name: 'pager',
    send: async (message) => {
      if (rng.next() < 0.2) throw new Error('the pager is down')
      await call(() => {
        pager.got.push(message)
        accepted.add(keyOf(message))
      })
    },
  }
  const storage = {
    ...store,
    put,
    delete: (key: string) => call(() => store.delete(key)),
    list: (options: object) => call(() => store.list(options)),
  }
  return { storage, sink, death }
}

/** Runs the world. `lives` gives how many calls each process makes before it dies. */
async function run(
  world: readonly Minute[],
  seed: number,
  lives: () => number,
  grouping: Pick<MonitorOptions, 'groupWaitMs' | 'groupIntervalMs'> = {},
) {
  const rng = createRng(seed)
  const store = memoryStorage()
  const pager: Pager = { got: [], unstored: 0 }
  let now = 0
  // Waits between attempts are over at once; those of groups when the hours have gone by, if their process still lives.
  const timers = new Map<() => void, number>()
  const schedule: Clock['schedule'] = (due, delayMs) => {
    if (delayMs < minuteMs) queueMicrotask(due)
    else timers.set(due, now + delayMs)
    return () => timers.delete(due)
  }
  const clock: Clock = { now: () => now, schedule }
  const kept: number[] = []
  let starts = 0
  let process = processOf(store, pager, rng, 0)
  const open = async (): Promise<Monitor> => {
    starts++
    timers.clear()
    process = processOf(store, pager, rng, lives())
    const { storage, sink } = process
    const options = { name: 'bikes', clock, rules, sinks: [sink], retentionMs: 6 * hourMs, maxChunks: 500, ...grouping }
    return Monitor.open({ ...options, storage })
  }
  /** Does something until a process has lived through it. What a killed one has written is still there, and ids keep rows from counting twice. */
  let monitor: Monitor | undefined
  const survive = async (work: (monitor: Monitor) => Promise<void>): Promise<void> => {
    for (;;) {
      const opened = monitor === undefined ? await openOrDie() : monitor
      if (opened === undefined) continue
      const ended = work(opened).then(() => true)
      if (await Promise.race([ended, process.death.then(() => false)])) {
        monitor = opened
        return
      }
      monitor = undefined
    }
  }
  const openOrDie = async (): Promise<Monitor | undefined> => {
    const opening = open()
    return Promise.race([opening, process.death.then(() => undefined)])
  }
  const pass = (until: number): Promise<void> => {
    now = until
    return survive(async (m) => {
      for (const [due, at] of timers) {
        if (at > now) continue
        timers.delete(due)
        due()
      }
      await m.flush()
    })
  }
  for (let i = 0; i < world.length; i += stepMs / minuteMs) {
    await pass(i * minuteMs)
    const minutes = world.slice(i, i + stepMs / minuteMs)
    const predictions = minutes.flatMap((minute) => minute.predictions)
    const labels = minutes.flatMap((minute) => minute.labels)
    await survive(async (m) => {
      for (const record of predictions) m.record(record)
      for (const [id, actual, at] of labels) m.label(id, actual, at)
      await m.flush()
    })
    if (now % checkMs !== 0) continue
    await survive(async (m) => {
      if ((m.alerts.lastCheckAt ?? -1) < now) m.check()
      await m.flush()
    })
    if (i % 360 === 0) kept.push(await bytesOf(store), monitor?.stats.rows ?? 0)
  }
  for (let i = 0; i < 20; i++) {
    await pass(now + checkMs)
    await survive(async (m) => {
      if ((m.alerts.lastCheckAt ?? -1) < now) m.check()
      await m.flush()
    })
  }
  return { pager, starts, kept }
}

async function bytesOf(store: ObjectStore): Promise<number> {
  const { objects } = await store.list({ prefix: 'monitor/', limit: 1000 })
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function keyOf({ id, state }: AlertMessage): string {
  return `${id} ${state}`
}

/** What a pager shows: the messages without repetitions of one key. */
function shown({ got }: Pager): string[] {
  const keys = new Set<string>()
  return got.flatMap((message) => {
    if (keys.has(keyOf(message))) return []
    keys.add(keyOf(message))
    const { state, rule, labels, startsAt, endsAt } = message
    return [`${rule} ${labels.region ?? ''} ${state} ${startsAt / hourMs} ${endsAt === undefined ? '' : endsAt / hourMs}`]
  })
}

describe('48 simulated hours', () => {
  it.each(Array.from({ length: times(1, 12) }, (_, i) => [i + 1]))(
    'tell each alert once, however often the process is killed (seed %i)',
    async (seed) => {
      const world = worldOf(seed)
      // Every second world groups its alerts, so that messages wait in the stored state while processes come and go.
      const grouping = seed % 2 === 0 ? {} : { groupWaitMs: 15 * minuteMs, groupIntervalMs: hourMs }
      const whole = await run(world, seed, () => Number.POSITIVE_INFINITY, grouping)
      const lives = createRng(seed + 1000)
      const killed = await run(world, seed, () => 1 + lives.int(times(100, 60)), grouping)
      expect(whole.starts).toBe(1)
      expect(killed.starts).toBeGreaterThan(15)
      expect(whole.pager.got.length).toBeGreaterThan(8)
      expect(new Set(whole.pager.got.map(({ rule }) => rule))).toEqual(new Set(['accuracy', 'labels', 'latency', 'traffic']))
      // The order between alerts may differ, since the pager fails at random.
      expect(shown(killed.pager).sort()).toEqual(shown(whole.pager).sort())
      expect(whole.pager.got).toHaveLength(shown(whole.pager).length)
      expect(killed.pager.got.length - shown(killed.pager).length).toBeLessThanOrEqual(killed.pager.unstored)
      for (const { kept } of [whole, killed]) {
        const settled = kept.slice(4)
        expect(Math.max(...settled.filter((_, i) => i % 2 === 0))).toBeLessThan(900_000)
        expect(Math.max(...settled.filter((_, i) => i % 2 === 1))).toBeLessThanOrEqual((6 * 60 + stepMs / minuteMs) * 3)
      }
    },
    60_000,
  )
})
