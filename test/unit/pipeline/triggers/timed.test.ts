import { beforeAll, describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { cronTrigger, intervalTrigger, Pipeline, schedule, type Trigger } from '../../../../src/pipeline'
import { manualClock } from '../../../../src/testing/manual-clock'
import { idle, warmUp } from '../helpers'

beforeAll(warmUp)

const at = (text: string): number => Date.parse(text)
const hour = 3_600_000

// The first run loads code, which takes as long as it takes; with a manual clock nothing may wait for that.
beforeAll(async () => void (await new Pipeline('first').step('a', () => 1).run()))

/** When a pipeline under `trigger` ran, between two times, the process living the whole time. */
async function runsBetween(trigger: Trigger, from: string, to: string): Promise<string[]> {
  const clock = manualClock(at(from))
  const ran: string[] = []
  const pipeline = new Pipeline('p', { clock }).step('a', () => void ran.push(new Date(clock.now()).toISOString()))
  const { stop, done } = schedule(pipeline, { triggers: [trigger], clock })
  await idle()
  await clock.advance(at(to) - at(from))
  stop()
  await done
  expect(clock.pending).toBe(0)
  return ran
}

describe('cronTrigger', () => {
  it('fires at the times of the expression in its zone', async () => {
    expect(
      await runsBetween(cronTrigger('30 8 * * 1-5', { timeZone: 'America/New_York' }), '2026-11-26T00:00Z', '2026-11-30T23:00Z'),
    ).toEqual(['2026-11-26T13:30:00.000Z', '2026-11-27T13:30:00.000Z', '2026-11-30T13:30:00.000Z'])
  })

  it('runs a time that the clock skips once, at the next time that exists, and a repeated one once', async () => {
    const trigger = (): Trigger => cronTrigger('30 2 * * *', { timeZone: 'Europe/Berlin' })
    expect(await runsBetween(trigger(), '2026-03-28T12:00Z', '2026-03-30T12:00Z')).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
    expect(await runsBetween(trigger(), '2026-10-24T12:00Z', '2026-10-26T12:00Z')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })

  it.each([
    ['61 * * * *', {}, 'cronTrigger takes a cron expression such as \'0 3 * * *\', got "61 * * * *": Invalid value for minute: 61'],
    ['', {}, 'cronTrigger takes a cron expression such as \'0 3 * * *\', got ""'],
    ['0 0 31 2 *', {}, 'the cron expression "0 0 31 2 *" is never due'],
    ['0 3 * * *', { timeZone: 'Mars/Olympus' }, '`timeZone` of cronTrigger must be the IANA name of a time zone, got "Mars/Olympus"'],
    ['0 3 * * *', { catchUp: 'some' }, '`catchUp` of cronTrigger must be one of "none", "last", "all", got "some"'],
    ['0 3 * * *', { name: '../up' }, 'the name of a trigger must be usable as a file name on every system'],
    ['0 3 * * *', { name: 'x'.repeat(101) }, 'the name of a trigger must have at most 100 characters, got 101'],
  ])('refuses %j with %j', (expression, options, message) => {
    expect(() => cronTrigger(expression, options as object)).toThrow(message)
  })
})

describe('times that passed while no process was running', () => {
  /** Lives until `diesAt`, again from `againAt` to `to`; when and why runs began in the second life. */
  async function secondLife(trigger: () => Trigger, store = memoryStorage()): Promise<string[]> {
    const clock = manualClock(at('2026-01-01T00:00Z'))
    const ran: string[] = []
    const pipeline = new Pipeline('p', { clock }).step('a', ({ input }) => void ran.push(String(input)))
    const live = (): ReturnType<typeof schedule> =>
      schedule(pipeline, {
        triggers: [trigger()],
        clock,
        storage: store,
        // The hours are simulated: with a short lease it would be renewed thousands of times.
        leaseMs: hour,
        run: ({ dueAt }) => ({ input: new Date(dueAt).toISOString().slice(11, 16) }),
      })
    const first = live()
    await idle()
    await clock.advance(1.5 * hour)
    first.stop()
    await first.done
    expect(ran).toEqual(['01:00'])
    await clock.advance(4 * hour)
    ran.length = 0
    const second = live()
    await idle()
    await clock.advance(1.2 * hour)
    second.stop()
    await second.done
    return ran
  }

  it.each([
    ['none', ['06:00']],
    ['last', ['05:00', '06:00']],
    ['all', ['02:00', '03:00', '04:00', '05:00', '06:00']],
  ] as const)('are treated by the policy %s', async (catchUp, expected) => {
    expect(await secondLife(() => cronTrigger('0 * * * *', { catchUp }))).toEqual(expected)
    expect(await secondLife(() => intervalTrigger({ everyMs: hour, catchUp }))).toEqual(expected)
  })
})

describe('intervalTrigger', () => {
  it('keeps its rhythm when the clock is set back', async () => {
    let shift = 0
    const manual = manualClock(at('2026-01-02T00:00Z'))
    const clock = { now: () => manual.now() + shift, schedule: manual.schedule }
    let runs = 0
    const pipeline = new Pipeline('p', { clock }).step('a', () => {
      runs += 1
    })
    const { stop, done } = schedule(pipeline, { everyMs: hour / 2, clock })
    await idle()
    await manual.advance(hour / 2)
    expect(runs).toBe(1)
    shift = -24 * hour
    await manual.advance(2 * hour)
    expect(runs).toBeGreaterThanOrEqual(4)
    stop()
    await done
  })

  it('refuses a missing interval', () => {
    expect(() => intervalTrigger({} as { everyMs: number })).toThrow('intervalTrigger needs `everyMs`')
  })
})
