/** Writes the events of a run to a logger, each with the facts it speaks of. */
import type { Logger } from '../core/logger'
import type { PipelineEvents, StepEvent } from './events'

/** What is logged of each event; others are left out. Errors have had their secrets taken out before they became events. */
const writers: {
  readonly [K in keyof PipelineEvents]?: (logger: Logger, event: PipelineEvents[K]) => void
} = {
  'run-start': (logger, { pipeline, runId, resumed }) => logger.debug(`${pipeline}: run started`, { pipeline, runId, resumed }),
  'run-end': (logger, { pipeline, runId, status, durationMs }) =>
    logger[status === 'failed' ? 'error' : 'debug'](`${pipeline}: run ${status}`, { pipeline, runId, durationMs }),
  'step-start': (logger, event) => logger.debug(`${placeOf(event)}: attempt ${event.attempt}`, factsOf(event)),
  'step-retry': (logger, { error, delayMs, attempt, ...event }) =>
    logger.warn(`${placeOf(event)}: attempt ${attempt} failed, the next one comes in ${Math.round(delayMs)} ms`, {
      ...factsOf(event),
      attempt,
      error,
    }),
  'step-log': (logger, event) => logger.info(`${placeOf(event)}: ${event.message}`, factsOf(event)),
  'step-warning': (logger, event) => logger.warn(`${placeOf(event)}: ${event.message}`, factsOf(event)),
  'step-end': (logger, { result, ...event }) => {
    const { status, attempts, durationMs, error, reason } = result
    logger[status === 'failed' ? 'error' : 'debug'](`${placeOf(event)}: ${status}`, {
      ...factsOf(event),
      ...{ attempts, durationMs },
      ...(error === undefined ? {} : { error }),
      ...(reason === undefined ? {} : { reason }),
    })
  },
}

/** Logs one event. What the logger throws is ignored. */
export function logEvent<K extends keyof PipelineEvents>(logger: Logger, type: K, event: PipelineEvents[K]): void {
  try {
    writers[type]?.(logger, event)
  } catch {
    // A logger must never break a run.
  }
}

function placeOf({ pipeline, step, index }: StepEvent): string {
  return `${pipeline}/${step}${index === undefined ? '' : `[${index}]`}`
}

function factsOf({ pipeline, runId, step, index }: StepEvent): Record<string, unknown> {
  return { pipeline, runId, step, ...(index === undefined ? {} : { index }) }
}
