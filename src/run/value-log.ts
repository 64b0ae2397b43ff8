/** Checks the params, metrics and tags of a run, and puts them into its buffer. */
import { invalidArgument, show } from '../core/errors'
import { ofType } from '../core/options'
import { assertPoint, assertRunKey, assertText, paramConflict, runLimits } from '../ports/run-keys'
import type { RunRecord } from '../ports/tracker-backend'
import { flattenParams } from './params'
import type { LogMetricOptions, RunContext } from './run-context'

/** Logs values of one run. A call that throws logs nothing. */
export interface ValueLog {
  /** @throws InvalidArgument, Conflict */
  param(key: string, value: unknown): void
  params(params: object): void
  metric(key: string, value: number, options: LogMetricOptions): void
  metrics(metrics: Readonly<Record<string, number>>, options: LogMetricOptions): void
  tags(tags: Readonly<Record<string, string>>): void
  /** Points logged so far. */
  points(): number
}

/** Creates the log of a run, with the params and metrics that it has already. */
export function createValueLog(record: RunRecord, context: Pick<RunContext<never>, 'backend' | 'buffer' | 'clock' | 'onMetric'>): ValueLog {
  const { runId } = record
  const { buffer, clock, onMetric } = context
  const { keys } = context.backend.capabilities
  const held = new Map(Object.entries(record.params))
  const known = new Set(Object.keys(record.metrics))
  let points = 0

  const addParams = (params: ReadonlyMap<string, string>): void => {
    for (const [key, value] of params) {
      const before = held.get(key)
      if (before !== undefined && before !== value) throw paramConflict(runId, key, before, value)
    }
    for (const [key, value] of params) {
      if (held.has(key)) continue
      held.set(key, value)
      buffer.param(key, value)
    }
  }
  const check = (key: string, value: number, step: number, timestamp: number): void => {
    if (!known.has(key)) assertRunKey(key, 'metric', keys)
    assertPoint(key, value, step, timestamp)
  }
  const add = (key: string, value: number, step: number, timestamp: number): void => {
    known.add(key)
    points++
    buffer.metric(key, value, timestamp, step)
    onMetric({ runId, key, value, step, timestamp })
  }
  return {
    param(key, value) {
      assertRunKey(key, 'param', keys)
      addParams(flattenParams(value, keys, key))
    },
    params(params) {
      addParams(flattenParams(params, keys))
    },
    metric(key, value, options) {
      checkPlace('logMetric', options)
      const { step = 0, timestamp = Math.floor(clock.now()) } = options
      check(key, value, step, timestamp)
      add(key, value, step, timestamp)
    },
    metrics(metrics, options) {
      checkPlace('logMetrics', options)
      const { step = 0, timestamp = Math.floor(clock.now()) } = options
      assertNamed('metrics', metrics)
      const entries = Object.entries(metrics)
      for (const [key, value] of entries) check(key, value, step, timestamp)
      for (const [key, value] of entries) add(key, value, step, timestamp)
    },
    tags(tags) {
      assertNamed('tags', tags)
      const entries = Object.entries(tags)
      for (const [key, value] of entries) {
        assertRunKey(key, 'tag', keys)
        assertText(value, runLimits.tagValue, `the value of tag ${show(key)}`)
      }
      for (const [key, value] of entries) buffer.tag(key, value)
    },
    points: () => points,
  }
}

/** Refuses an array, whose names would be 0, 1, 2, and a Promise. */
function assertNamed(what: string, value: unknown): void {
  if (ofType('object').test(value) && !Array.isArray(value)) return
  throw invalidArgument(`${what} must be an object of names and values, got ${show(value)}`)
}

/** Refuses unknown options, and a number instead of options: the point would have the wrong step. */
function checkPlace(operation: string, options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw invalidArgument(`${operation} takes options such as { step: 3 }, got ${show(options)}`)
  }
  for (const name in options) {
    if (name === 'step' || name === 'timestamp') continue
    throw invalidArgument(`${show(name)} is not an option of ${operation}; it has step, timestamp`)
  }
}
