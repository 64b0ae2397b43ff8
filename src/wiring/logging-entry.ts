/** `millwright/logging`: loggers for the console and for pino, and functions whose calls are logged. */
export { type ConsoleLoggerOptions, consoleLogger } from '../adapters/console/console-logger'
export { type PinoLike, pinoLogger } from '../adapters/pino/pino-logger'
export type { RedactOptions } from '../core/log-values'
export { type LogFields, type Logger, type LogLevel, silentLogger } from '../core/logger'
export { type WithLoggingOptions, withFields, withLogging } from '../core/with-logging'
