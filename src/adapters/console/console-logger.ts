/** Log lines on the console: for people, or as JSON for a collector. */
import { type Clock, systemClock } from '../../core/clock'
import { plainFields, type RedactOptions } from '../../core/log-values'
import { type Logger, type LogLevel, loggerOf } from '../../core/logger'
import { arrayOf, checkOptions, nonEmptyString, ofType, oneOf } from '../../core/options'

/** Options of {@link consoleLogger}. */
export interface ConsoleLoggerOptions extends RedactOptions {
  /** The least level that is written. @default 'info' */
  readonly level?: LogLevel | undefined
  /** `text`: time, level, message, `key=value`. `json`: one object a line with `level`, `time` (ISO 8601), `msg` and the fields. @default 'text' */
  readonly format?: 'text' | 'json' | undefined
  /** Writes a line. @default the method of `console` that has the name of the level */
  readonly write?: ((line: string, level: LogLevel) => void) | undefined
  /** @default the system clock */
  readonly clock?: Clock | undefined
}

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/**
 * A logger that writes one line a message. Fields that look like secrets (`password`, `token`, `apiKey`, …) are written as `[redacted]`.
 *
 * @throws InvalidArgument
 * @example
 * consoleLogger({ format: 'json' }).info('model loaded', { model: 'flights', version: '3' })
 */
export function consoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  checkOptions('consoleLogger', options, {
    level: oneOf('debug', 'info', 'warn', 'error'),
    format: oneOf('text', 'json'),
    write: ofType('function'),
    clock: ofType('object'),
    redact: arrayOf(nonEmptyString()),
  })
  const { level: least = 'info', format = 'text', clock = systemClock(), write = (line, level) => console[level](line) } = options
  return loggerOf((level, message, fields) => {
    if (rank[level] < rank[least]) return
    const time = new Date(clock.now()).toISOString()
    const plain = plainFields(fields, options)
    write(format === 'json' ? JSON.stringify({ ...plain, level, time, msg: message }) : textLine(time, level, message, plain), level)
  })
}

function textLine(time: string, level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(fields).map(([name, value]) => `${name}=${word(value)}`)
  return [time, level.toUpperCase().padEnd(5), oneLine(message), ...words].join(' ')
}

/** An error shows its message; its stack is for JSON. */
function word(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value)
  if (typeof value === 'object' && value !== null && 'stack' in value && 'message' in value) {
    const { name, message } = value as { readonly name?: unknown; readonly message: unknown }
    return JSON.stringify(`${name}: ${message}`)
  }
  return JSON.stringify(value) ?? 'undefined'
}

/** What came from outside must not begin a line of its own. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, '\\n')
}
