/** Steps 4 to 6: the following months as requests, the labels a day later, and what the monitor makes of it. */
import type { Monitor, Predictor } from 'millwright'
import type { Retraining } from 'millwright/retraining'
import { ask } from './client'
import { type BikeData, features } from './data'
import { day, event, month, percent, progress } from './print'
import { HOUR, type Settings, story } from './settings'
import { dataTime } from './watching'

/** What the stream needs. */
export interface StreamParts {
  readonly settings: Settings
  readonly data: BikeData
  readonly url: string
  readonly monitor: Monitor
  /** The first champion alone, with a log of its own. */
  readonly shadow: { readonly predictor: Predictor; readonly monitor: Monitor }
  readonly retraining: Retraining
}

/** A point of the two lines of the report: accuracy over the last seven days. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** What came of it. */
export interface StreamResult {
  readonly requests: number
  readonly rows: number
  readonly seconds: number
  readonly retrained: readonly Point[]
  readonly championOnly: readonly Point[]
}

interface Label {
  readonly id: string
  readonly busy: boolean
  readonly knownAt: number
}

/** Sends the months that follow, part by part, delivers the labels that are known by then, and checks. */
export async function streamMonths(parts: StreamParts): Promise<StreamResult> {
  const { settings, data, url, monitor, shadow, retraining } = parts
  const started = performance.now()
  const everyMs = settings.config.monitoring.check_interval_hours * HOUR
  const lines = { retrained: [] as Point[], championOnly: [] as Point[] }
  let waiting: Label[] = []
  let requests = 0
  let nextCheck = story.streamFrom + everyMs
  const deliver = (): void => {
    const known = waiting.filter(({ knownAt }) => knownAt <= dataTime.now)
    waiting = waiting.filter(({ knownAt }) => knownAt > dataTime.now)
    for (const { id, busy } of known) {
      monitor.label(id, busy)
      shadow.monitor.label(id, busy)
    }
  }
  const check = async (): Promise<void> => {
    monitor.check(dataTime.now)
    // Data time stands still while a challenger is trained.
    await retraining.idle()
    for (const [line, watched] of [
      [lines.retrained, monitor],
      [lines.championOnly, shadow.monitor],
    ] as const) {
      const { value, labelled } = watched.performance({ metric: 'accuracy', window: { lastMs: story.windowMs + story.labelDelayMs } })
      if (labelled >= 96) line.push({ x: dataTime.now, y: value })
    }
  }
  for (const { rows, labels, end } of partsOf(data, Math.min(24 * HOUR, everyMs))) {
    const { predictions } = await ask(url, rows)
    requests += 1
    const ids = predictions.map(({ id }) => id)
    await shadow.predictor.predict(rows, { ids })
    waiting.push(...labels.map((label, i) => ({ ...label, id: ids[i] as string })))
    dataTime.now = end
    deliver()
    if (end < nextCheck) continue
    nextCheck = end + everyMs
    await check()
    if (new Date(end).getUTCDate() === 1)
      event(
        end,
        `${month(end - HOUR)} is over: accuracy of its last seven labelled days ${percent(lines.retrained.at(-1)?.y ?? Number.NaN)}, the first champion alone ${percent(lines.championOnly.at(-1)?.y ?? Number.NaN)}`,
      )
    progress(`${day(end)}: ${requests} requests, accuracy of the last seven days ${percent(lines.retrained.at(-1)?.y ?? Number.NaN)}`)
  }
  dataTime.now += story.labelDelayMs
  deliver()
  await check()
  return { requests, rows: data.following.numRows, seconds: (performance.now() - started) / 1000, ...lines }
}

type Part = {
  readonly rows: Record<string, string | number | boolean | null>[]
  readonly labels: { readonly busy: boolean; readonly knownAt: number }[]
  readonly end: number
}

/** The rows of each span of time: what is sent, and what will be known later. */
function* partsOf({ following }: BikeData, spanMs: number): Generator<Part> {
  let part: Part | undefined
  for (const row of following) {
    const at = row.timestamp as number
    const end = story.streamFrom + (Math.floor((at - story.streamFrom) / spanMs) + 1) * spanMs
    if (part !== undefined && part.end !== end) yield part
    if (part?.end !== end) part = { rows: [], labels: [], end }
    part.rows.push(Object.fromEntries(['timestamp', ...features].map((name) => [name, row[name] ?? null])))
    part.labels.push({ busy: row[story.target] as boolean, knownAt: at + story.labelDelayMs })
  }
  if (part !== undefined) yield part
}

/** One row for each month: the metric with retraining and without. */
export function byMonth(
  monitor: Monitor,
  shadow: Monitor,
): {
  readonly title: string
  readonly from: number
  readonly to: number
  readonly rows: number
  readonly retrained: number
  readonly championOnly: number
}[] {
  const alone = shadow.performanceBy('month', { metric: 'accuracy' })
  return monitor.performanceBy('month', { metric: 'accuracy' }).map(({ from, to, value, labelled }) => ({
    ...{ title: month(from), from, to, rows: labelled, retrained: value },
    championOnly: alone.find((point) => point.from === from)?.value ?? Number.NaN,
  }))
}
