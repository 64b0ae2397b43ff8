import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { MillwrightError } from '../../../src/core/errors'
import { manualClock } from '../../../src/testing/manual-clock'
import { consoleLogger, pinoLogger, withFields } from '../../../src/wiring/logging-entry'

const clock = manualClock(Date.parse('2026-07-01T10:00:00Z'))

function lines(): { readonly written: string[]; readonly write: (line: string, level: string) => void } {
  const written: string[] = []
  return { written, write: (line, level) => written.push(`${level}| ${line}`) }
}

describe('consoleLogger', () => {
  it('writes a line a message for people, from its level on', () => {
    const { written, write } = lines()
    const logger = consoleLogger({ clock, write })
    logger.debug('not written')
    logger.info('model loaded', { model: 'flights', version: 3, path: 'a b', tags: ['x'], none: undefined })
    logger.error('predict\nfailed', { error: new MillwrightError('Conflict', 'taken') })
    expect(written).toEqual([
      'info| 2026-07-01T10:00:00.000Z INFO  model loaded model=flights version=3 path="a b" tags=["x"] none=undefined',
      'error| 2026-07-01T10:00:00.000Z ERROR predict\\nfailed error="MillwrightError: taken"',
    ])
  })

  it('writes JSON with errors as objects and without secrets', () => {
    const { written, write } = lines()
    const circle: Record<string, unknown> = { big: 2n, bytes: new Uint8Array(3) }
    circle.self = circle
    const cause = new Error('refused')
    consoleLogger({ clock, write, format: 'json', redact: ['phone'] }).warn('x', {
      error: new MillwrightError('Unavailable', 'down', { cause }),
      request: { apiKey: 'k', headers: { authorization: 'Bearer k' }, phone: '1', tokens: 7, day: new Date(0) },
      circle,
      msg: 'a field cannot replace the message',
    })
    const line = JSON.parse(written[0]?.slice('warn| '.length) ?? '') as Record<string, { stack?: string; cause?: object }>
    expect(line).toMatchObject({
      ...{ level: 'warn', time: '2026-07-01T10:00:00.000Z', msg: 'x' },
      error: { name: 'MillwrightError', code: 'Unavailable', message: 'down', cause: { message: 'refused' } },
      request: { apiKey: '[redacted]', headers: { authorization: '[redacted]' }, phone: '[redacted]', tokens: 7 },
      circle: { big: '2', bytes: '[3 bytes]' },
    })
    expect(line.error?.stack).toContain('loggers.test')
    expect(JSON.stringify(line)).toContain('[too deep]')
  })

  it('takes the console itself, and refuses what it does not know', () => {
    expect(() => consoleLogger({ level: 'trace' as never })).toThrow('`level` of consoleLogger must be one of')
    expect(() => consoleLogger({ pretty: true } as never)).toThrow('`pretty` is not an option of consoleLogger')
  })
})

describe('pinoLogger', () => {
  it('passes messages and fields on to a real pino, errors by its serialiser', () => {
    const written: string[] = []
    const logger = pinoLogger(pino({ level: 'debug' }, { write: (line: string) => written.push(line) }))
    withFields(logger, { model: 'flights' }).debug('loaded', { password: 'x', version: 3 })
    logger.error('failed', { error: new MillwrightError('Conflict', 'taken') })
    const [first, second] = written.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(first).toMatchObject({ level: 20, msg: 'loaded', model: 'flights', version: 3, password: '[redacted]' })
    expect(second).toMatchObject({ level: 50, msg: 'failed', err: { type: 'MillwrightError', message: 'taken', code: 'Conflict' } })
  })

  it('refuses what is no pino logger', () => {
    expect(() => pinoLogger({} as never)).toThrow('pinoLogger takes a pino logger')
  })
})
