/** Logs the calls of a function: start, end, duration, error. */
import { type Clock, systemClock } from './clock'
import { invalidArgument, isPromise, show } from './errors'
import { type LogFields, type Logger, type LogLevel, loggerOf } from './logger'
import { checkOptions, nonEmptyString, ofType, oneOf, requireOptions } from './options'

/** Options of {@link withLogging}. */
export interface WithLoggingOptions<Args extends readonly unknown[]> {
  readonly logger: Logger
  /** What is called, for the messages. @default the name of the function */
  readonly name?: string | undefined
  /** Level of start and end; a failure is always an `error`. @default 'info' */
  readonly level?: LogLevel | undefined
  /** Facts of a call, made of its arguments. The arguments themselves are not logged. */
  readonly fields?: ((...args: Args) => LogFields) | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

/**
 * `fn`, with its calls logged: `<name> started`; `<name> finished` with `durationMs`; or `<name> failed` with `durationMs` and `error`. Results
 * and errors pass unchanged: what `fn` throws is thrown, what it rejects with rejects. A promise counts as finished when it settles. What the
 * logger or `fields` throws is ignored.
 *
 * @throws InvalidArgument
 * @example
 * const load = withLogging(loadFlights, { logger: consoleLogger(), fields: (day) => ({ day }) })
 */
export function withLogging<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  options: WithLoggingOptions<NoInfer<Args>>,
): (...args: Args) => Result {
  if (typeof fn !== 'function') throw invalidArgument(`withLogging takes a function, got ${show(fn)}`)
  requireOptions('withLogging', options, ['logger'])
  checkOptions('withLogging', options, {
    logger: ofType('object'),
    name: nonEmptyString(),
    level: oneOf('debug', 'info', 'warn', 'error'),
    fields: ofType('function'),
    clock: ofType('object'),
  })
  const { logger, name = fn.name || 'a function', level = 'info', fields, clock = systemClock() } = options
  const say = (at: LogLevel, what: string, facts: LogFields): void => void quietly(() => logger[at](`${name} ${what}`, facts))

  function logged(this: unknown, ...args: Args): Result {
    const facts = quietly(() => fields?.(...args)) ?? {}
    const startedAt = clock.now()
    const ended = (): LogFields => ({ ...facts, durationMs: clock.now() - startedAt })
    const finish = <T>(value: T): T => {
      say(level, 'finished', ended())
      return value
    }
    const fail = (error: unknown): never => {
      say('error', 'failed', { ...ended(), error })
      throw error
    }
    say(level, 'started', facts)
    let result: Result
    try {
      result = fn.apply(this, args as unknown as Args & unknown[])
    } catch (error) {
      return fail(error)
    }
    return isPromise(result) ? (result.then(finish, fail) as Result) : finish(result)
  }
  return Object.defineProperty(logged, 'name', { value: name })
}

/** A logger that adds `fields` to those of each message. */
export function withFields(logger: Logger, fields: LogFields): Logger {
  return loggerOf((level, message, more) => logger[level](message, { ...fields, ...more }))
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    // Logging must never break what it logs.
    return undefined
  }
}
