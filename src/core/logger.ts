/** Where the library may say something. Silent unless the caller hands in a logger. */

/** Facts beside a message: plain values and errors. */
export type LogFields = Readonly<Record<string, unknown>>

/** Receives messages, each with the facts it speaks of; `console` is one. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** The levels of a logger, most talkative first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Says nothing. */
export function silentLogger(): Logger {
  return loggerOf(() => {})
}

/** A logger of one function. */
export function loggerOf(log: (level: LogLevel, message: string, fields: LogFields) => void): Logger {
  return {
    debug: (message, fields = {}) => log('debug', message, fields),
    info: (message, fields = {}) => log('info', message, fields),
    warn: (message, fields = {}) => log('warn', message, fields),
    error: (message, fields = {}) => log('error', message, fields),
  }
}
