/** Loops that log the duration of each step. */
import { checkOptions, nonEmptyString, ofType, wholeNumber } from '../core/options'
import type { OnProgress } from '../core/progress'
import type { Run } from './run'

/** Options of {@link track} and {@link trackAsync}. */
export interface TrackOptions {
  /** Called after every step, for example with `progressBar()`. */
  readonly onProgress?: OnProgress<'loop'> | undefined
  /** The number of steps. @default the length or size of `items`, if it has one */
  readonly total?: number | undefined
  /** The number of the first step, for resumed runs. @default 0 */
  readonly firstStep?: number | undefined
  /** Key of the metric that holds the duration of each step, in seconds. @default 'step_seconds' */
  readonly durationKey?: string | undefined
}

/** One step of a loop. */
export interface TrackedStep<T> {
  readonly item: T
  readonly step: number
  /** Logs metrics at this step. */
  log(metrics: Readonly<Record<string, number>>): void
}

/**
 * Loops over `items`. Each item is one step: its duration becomes a metric, and `log` logs metrics at this step.
 *
 * @example for (const { item: rate, log } of track(run, [0.1, 0.01])) log({ loss: train(rate) })
 * @throws InvalidArgument
 */
export function* track<T>(run: Run, items: Iterable<T>, options: TrackOptions = {}): Generator<TrackedStep<T>, void> {
  const turn = turns<T>(run, items, options)
  for (const item of items) {
    const current = turn.begin(item)
    yield current
    turn.end(current)
  }
}

/** As {@link track}, also for asynchronous iterables such as batches of a stream. */
export async function* trackAsync<T>(
  run: Run,
  items: AsyncIterable<T> | Iterable<T>,
  options: TrackOptions = {},
): AsyncGenerator<TrackedStep<T>, void> {
  const turn = turns<T>(run, items, options)
  for await (const item of items) {
    const current = turn.begin(item)
    yield current
    turn.end(current)
  }
}

interface Loop<T> {
  begin(item: T): TrackedStep<T>
  end(turn: TrackedStep<T>): void
}

function turns<T>(run: Run, items: unknown, options: TrackOptions): Loop<T> {
  checkOptions('track', options, {
    onProgress: ofType('function'),
    total: wholeNumber(0),
    firstStep: wholeNumber(),
    durationKey: nonEmptyString(),
  })
  const { onProgress, firstStep = 0, durationKey = 'step_seconds', total = sizeOf(items) } = options
  let step = firstStep
  let start = 0
  return {
    begin(item) {
      const at = step
      start = performance.now()
      return { item, step: at, log: (metrics) => run.logMetrics(metrics, { step: at }) }
    },
    end({ step: at }) {
      run.logMetric(durationKey, (performance.now() - start) / 1000, { step: at })
      step = at + 1
      try {
        onProgress?.({ phase: 'loop', done: step - firstStep, total, unit: 'steps' })
      } catch {
        // A progress listener must never break the work it watches.
      }
    },
  }
}

function sizeOf(items: unknown): number | undefined {
  const { length, size } = (items ?? {}) as { length?: unknown; size?: unknown }
  return typeof length === 'number' ? length : typeof size === 'number' ? size : undefined
}
