/** Loops that log themselves. */
import { checkOptions, nonEmptyString, ofType, wholeNumber } from '../core/options'
import type { OnProgress } from '../core/progress'
import type { Run } from './run'

/** Options of {@link track} and {@link trackAsync}. */
export interface TrackOptions {
  /** Told after every turn: `progressBar()`, for example. */
  readonly onProgress?: OnProgress<'loop'> | undefined
  /** How many turns there will be. @default the length or size of what is looped over, where it has one */
  readonly total?: number | undefined
  /** The step of the first turn: for runs that are taken up again. @default 0 */
  readonly firstStep?: number | undefined
  /** Key of the metric that holds how long each turn took, in seconds. @default 'step_seconds' */
  readonly durationKey?: string | undefined
}

/** One turn of a loop. */
export interface TrackedStep<T> {
  readonly item: T
  readonly step: number
  /** Logs metrics at this step. */
  log(metrics: Readonly<Record<string, number>>): void
}

/**
 * Loops over anything, one step a turn; each turn's duration becomes a metric, and what `log` is given bears the step.
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

/** As {@link track}, over what comes asynchronously (or not): batches of a stream, for example. */
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

interface Turns<T> {
  begin(item: T): TrackedStep<T>
  end(turn: TrackedStep<T>): void
}

function turns<T>(run: Run, items: unknown, options: TrackOptions): Turns<T> {
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
