import { describe, expect, it } from 'vitest'
import { type LogFields, loggerOf } from '../../../src/core/logger'
import { Pipeline } from '../../../src/pipeline'

describe('the log of a pipeline', () => {
  it('has a line for each event, with its facts beside it', async () => {
    const lines: [string, string, LogFields][] = []
    const logger = loggerOf((level, message, fields) => lines.push([level, message, fields]))
    const pipeline = new Pipeline('p', { logger, concurrency: 1 })
      .step('load', {
        retry: { attempts: 2, backoffMs: 0 },
        run: ({ attempt, log }) => {
          if (attempt === 1) throw new Error('reset')
          log('here')
          return [1, 2]
        },
      })
      .map('half', {
        over: 'load',
        run: ({ item }) => {
          if (item === 2) throw new TypeError('odd')
          return item
        },
      })
    await pipeline.run({ runId: 'r', throwOnFailure: false })
    expect(lines.map(([level, message]) => `${level} ${message}`)).toEqual([
      'debug p: run started',
      'debug p/load: attempt 1',
      'warn p/load: attempt 1 failed, the next one comes in 0 ms',
      'debug p/load: attempt 2',
      'info p/load: here',
      'debug p/load: succeeded',
      'debug p/half[0]: attempt 1',
      'debug p/half[1]: attempt 1',
      'error p/half: failed',
      'error p: run failed',
    ])
    expect(lines[2]?.[2]).toMatchObject({ pipeline: 'p', runId: 'r', step: 'load', attempt: 1, error: new Error('reset') })
    expect(lines.at(-2)?.[2]).toMatchObject({ runId: 'r', step: 'half', error: { name: 'TypeError' } })
  })

  it('breaks no run when the logger throws', async () => {
    const logger = loggerOf(() => {
      throw new Error('disk full')
    })
    expect((await new Pipeline('p', { logger }).step('a', ({ log }) => log('x')).run()).status).toBe('finished')
  })
})
