import { describe, expect, it } from 'vitest'
import { type LogFields, type Logger, loggerOf } from '../../../src/core/logger'
import { manualClock } from '../../../src/testing/manual-clock'
import { withLogging } from '../../../src/wiring/logging-entry'

function kept(): { readonly logger: Logger; readonly said: [string, string, LogFields][] } {
  const said: [string, string, LogFields][] = []
  return { said, logger: loggerOf((level, message, fields) => said.push([level, message, fields])) }
}

describe('withLogging', () => {
  it('logs start, end and duration, and leaves result, name and this as they are', async () => {
    const clock = manualClock()
    const { logger, said } = kept()
    const waits = withLogging(
      async function load(this: { base: number }, ms: number) {
        await new Promise<void>((resolve) => clock.schedule(resolve, ms))
        return this.base + ms
      } as (ms: number) => Promise<number>,
      { logger, clock, fields: (ms) => ({ ms }) },
    )
    const owner = { base: 1, waits }
    const going = owner.waits(250)
    await clock.advance(250)
    expect(await going).toBe(251)
    expect(waits.name).toBe('load')
    expect(said).toEqual([
      ['info', 'load started', { ms: 250 }],
      ['info', 'load finished', { ms: 250, durationMs: 250 }],
    ])
  })

  it('rethrows the very error, of a function or a promise', async () => {
    const { logger, said } = kept()
    const error = new Error('no')
    const throwing = (): never => {
      throw error
    }
    expect(() => withLogging(throwing, { logger, level: 'debug' })()).toThrow(error)
    await expect(withLogging(() => Promise.reject(error), { logger, name: 'later' })()).rejects.toBe(error)
    expect(said.map(([level, message, fields]) => [level, message, fields.error])).toEqual([
      ['debug', 'throwing started', undefined],
      ['error', 'throwing failed', error],
      ['info', 'later started', undefined],
      ['error', 'later failed', error],
    ])
  })

  it('keeps a synchronous function synchronous, and survives a logger and fields that throw', () => {
    const logger = loggerOf(() => {
      throw new Error('the log is full')
    })
    const fields = (): never => {
      throw new Error('no fields')
    }
    expect(withLogging((x: number) => 2 * x, { logger, fields })(4)).toBe(8)
  })

  it('refuses what is no function, and options without a logger', () => {
    expect(() => withLogging(5 as never, { logger: console })).toThrow('withLogging takes a function, got 5')
    expect(() => withLogging(() => 1, {} as never)).toThrow('withLogging needs `logger`')
  })
})
