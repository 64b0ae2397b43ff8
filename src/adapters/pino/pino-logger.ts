/** A pino logger behind the logger port. */
import { invalidArgument, show } from '../../core/errors'
import { plainFields, type RedactOptions } from '../../core/log-values'
import { type Logger, type LogLevel, loggerOf } from '../../core/logger'
import { arrayOf, checkOptions, nonEmptyString } from '../../core/options'

/** What is used of pino, or of a logger of the same form (Fastify's `app.log`, bunyan). */
export type PinoLike = { readonly [L in LogLevel]: (fields: object, message: string) => void }

/**
 * A logger over a pino logger that the application has. Fields become pino's first argument; `error` becomes `err`, the name that pino's
 * serialiser reads. Levels, transports and bindings stay pino's matter. Fields that look like secrets are `[redacted]`.
 *
 * @throws InvalidArgument for what is no pino logger
 * @example
 * const logger = pinoLogger(pino({ level: 'debug' }))
 */
export function pinoLogger(pino: PinoLike, options: RedactOptions = {}): Logger {
  if (typeof pino?.info !== 'function' || typeof pino.error !== 'function') {
    throw invalidArgument(`pinoLogger takes a pino logger: write pinoLogger(pino()), got ${show(pino)}`)
  }
  checkOptions('pinoLogger', options, { redact: arrayOf(nonEmptyString()) })
  return loggerOf((level, message, { error, ...fields }) => {
    // The error itself, not a copy: pino's serialiser takes Error objects.
    pino[level]({ ...plainFields(fields, options), ...(error === undefined ? {} : { err: error }) }, message)
  })
}
