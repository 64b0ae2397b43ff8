import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { isMillwrightError, MillwrightError } from '../../../src/core/errors'
import type { RunResult } from '../../../src/pipeline'
import { outputOf, Pipeline, toMermaid } from '../../../src/pipeline'
import { manualClock } from '../../../src/testing/manual-clock'
import { idle, jumpingClock } from './helpers'

async function failure(promise: Promise<unknown>): Promise<MillwrightError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isMillwrightError(error)) throw new Error(`expected an error of the library, got ${String(error)}`)
  return error
}

describe('Pipeline.step', () => {
  it('refuses repeated names, unknown needs, self-reference and bad options with clear messages', () => {
    const pipeline = new Pipeline('p').step('load', () => 1)
    const loose = pipeline as unknown as { step(name: string, definition: unknown, options?: unknown): unknown }
    expect(() => loose.step('load', () => 1)).toThrow('step "load" of pipeline "p" is defined twice')
    expect(() => loose.step('a', { needs: ['lod'], run: () => 1 })).toThrow(
      'step "a" of pipeline "p" needs "lod", which is not defined before it; defined are "load"',
    )
    expect(() => loose.step('a', { needs: ['a'], run: () => 1 })).toThrow('step "a" of pipeline "p" needs itself, which is a cycle')
    expect(() => loose.step('a', { needs: ['load', 'load'], run: () => 1 })).toThrow('needs "load" twice')
    expect(() => loose.step('a', { needs: ['load'] })).toThrow('`run` of step "a" of pipeline "p" must be a function')
    expect(() => loose.step('a', () => 1, { retyr: 3 })).toThrow('`retyr` is not an option of step "a" of pipeline "p"')
    expect(() => loose.step('a', () => 1, { retry: 0 })).toThrow(
      '`retry` of step "a" of pipeline "p" must be a whole number ≥ 1 or an object, got 0',
    )
    expect(() => loose.step('a', () => 1, { retry: { attempts: -1 } })).toThrow('`attempts` of `retry` of step "a"')
    expect(() => loose.step('../a', () => 1)).toThrow('the name of a step of pipeline "p" must be usable as a file name')
    expect(() => new Pipeline('a/b')).toThrow('the name of a pipeline must be usable as a file name')
    expect(() => new Pipeline('p', { concurrency: 0 })).toThrow('`concurrency` of Pipeline must be a whole number ≥ 1, got 0')
    // A refused step leaves nothing behind.
    expect(pipeline.graph().nodes.map((node) => node.name)).toEqual(['load'])
  })

  it('gives a graph as plain data and as Mermaid', () => {
    const pipeline = new Pipeline('daily')
      .step('load', () => 1, { cache: true, description: 'reads' })
      .step('train "it"', { needs: ['load'], run: () => 2, retry: 3, fallback: 'previous' })
      .step('promote', { needs: ['load', 'train "it"'], run: () => 3, when: () => true, fallback: () => 4 })
    const graph = pipeline.graph()
    expect(JSON.parse(JSON.stringify(graph))).toEqual({
      name: 'daily',
      nodes: [
        { name: 'load', description: 'reads', cached: true, attempts: 1, fallback: 'none', conditional: false },
        {
          name: 'train "it"',
          cached: false,
          attempts: 3,
          fallback: 'previous',
          conditional: false,
          backoff: { baseMs: 1000, factor: 2, maxMs: 30000 },
        },
        { name: 'promote', cached: false, attempts: 1, fallback: 'function', conditional: true },
      ],
      edges: [
        { from: 'load', to: 'train "it"' },
        { from: 'load', to: 'promote' },
        { from: 'train "it"', to: 'promote' },
      ],
    })
    expect(toMermaid(graph)).toBe(
      'flowchart TD\n  s0[("load")]\n  s1["train #34;it#34;"]\n  s2{"promote"}\n  s0 --> s1\n  s0 --> s2\n  s1 --> s2\n',
    )
    expect(String(pipeline)).toBe('Pipeline daily: load, train "it", promote')
  })
})

describe('Pipeline.run', () => {
  it('hands outputs on, with their types', async () => {
    const pipeline = new Pipeline('p')
      .step('load', async () => [1, 2, 3])
      .step('sum', ({ inputs }) => inputs.load.reduce((a, b) => a + b, 0), { needs: ['load'] })
      .step('text', { needs: ['load', 'sum'], run: ({ inputs }) => `${inputs.load.length}: ${inputs.sum.toFixed(1)}` })
    const result = await pipeline.run({ runId: 'r1' })
    const text: string | undefined = result.outputs.text
    expect(text).toBe('3: 6.0')
    expect(outputOf(result, 'sum')).toBe(6)
    expect(result).toMatchObject({ pipeline: 'p', runId: 'r1', status: 'finished' })
    expect(Object.values(result.steps).map((step) => [step.status, step.attempts])).toEqual([
      ['succeeded', 1],
      ['succeeded', 1],
      ['succeeded', 1],
    ])
  })

  it('runs an empty pipeline, and gives every run an id of its own', async () => {
    const [a, b] = [await new Pipeline('p').run(), await new Pipeline('p').run()]
    expect(a.status).toBe('finished')
    expect(a.runId).toMatch(/^[0-9a-f]{32}$/)
    expect(a.runId).not.toBe(b.runId)
  })

  it('checks the input and hands it to steps', async () => {
    const input = (value: unknown): { month: number } => {
      if (typeof (value as { month?: unknown } | undefined)?.month !== 'number')
        throw new MillwrightError('SchemaMismatch', 'month is missing')
      return value as { month: number }
    }
    const pipeline = new Pipeline('p', { input }).step('next', ({ input: { month } }) => month + 1)
    expect((await pipeline.run({ input: { month: 4 } })).outputs.next).toBe(5)
    expect((await failure(pipeline.run())).code).toBe('SchemaMismatch')
  })

  it('runs ready steps side by side, at most `concurrency` at once, started in order', async () => {
    for (const concurrency of [1, 2, 3]) {
      const started: string[] = []
      let active = 0
      let most = 0
      const work = (name: string) => async (): Promise<string> => {
        started.push(name)
        most = Math.max(most, ++active)
        await idle(3)
        active--
        return name
      }
      const pipeline = new Pipeline('p', { concurrency }).step('a', work('a')).step('b', work('b')).step('c', work('c'))
      await pipeline.run()
      expect(most).toBe(concurrency)
      expect(started).toEqual(['a', 'b', 'c'])
    }
  })

  it('rejects with the code, the step and the result when a step fails', async () => {
    const pipeline = new Pipeline('p')
      .step('load', () => 1)
      .step('train', {
        needs: ['load'],
        run: (): number => {
          throw new MillwrightError('NotFound', 'no such column', { hint: 'look' })
        },
      })
      .step('promote', { needs: ['train'], run: () => 1 })
    const error = await failure(pipeline.run({ runId: 'r' }))
    expect(error).toMatchObject({ code: 'NotFound', message: 'step "train" of pipeline "p" failed: no such column', hint: 'look' })
    expect(error.details).toMatchObject({ pipeline: 'p', runId: 'r', step: 'train' })
    const result = error.details.result as RunResult
    expect(result.status).toBe('failed')
    expect(result.steps.train).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'NotFound', message: 'no such column' } })
    expect(result.steps.promote).toMatchObject({ status: 'skipped', attempts: 0, reason: 'it needs "train", which was failed' })
    expect(JSON.parse(JSON.stringify(error)).details.result.steps.load.status).toBe('succeeded')
  })

  it('wraps foreign errors as Internal and keeps the cause, or returns the result when asked to', async () => {
    const cause = new TypeError('x is undefined')
    const pipeline = new Pipeline('p').step('a', (): number => {
      throw cause
    })
    const error = await failure(pipeline.run())
    expect([error.code, error.cause]).toEqual(['Internal', cause])
    const result = await pipeline.run({ throwOnFailure: false })
    expect(result.status).toBe('failed')
    expect(() => outputOf(result, 'a')).toThrow('step "a" of pipeline "p" has no output; it was failed')
  })

  it('stops the others on a failure, or goes on with what does not depend on it', async () => {
    const build = (onFailure: 'stop' | 'continue') =>
      new Pipeline('p', { onFailure })
        .step('bad', async (): Promise<number> => {
          await idle(2)
          throw new Error('no')
        })
        .step('slow', async ({ signal }) => {
          await idle(8)
          return signal.aborted
        })
        .step('after', { needs: ['slow'], run: ({ inputs }) => inputs.slow })
    const statuses = (result: RunResult<Record<'bad' | 'slow' | 'after', unknown>>): string[] =>
      Object.values(result.steps).map((step) => step.status)
    const stopped = await build('stop').run({ throwOnFailure: false })
    expect(statuses(stopped)).toEqual(['failed', 'cancelled', 'skipped'])
    expect(stopped.steps.slow.error?.message).toBe('pipeline "p" stopped because step "bad" failed')
    const continued = await build('continue').run({ throwOnFailure: false })
    expect(continued.status).toBe('failed')
    expect(statuses(continued)).toEqual(['failed', 'succeeded', 'succeeded'])
    expect(continued.outputs.after).toBe(false)
  })

  it('skips a step whose condition does not hold, and what needs it', async () => {
    const ran: string[] = []
    const pipeline = new Pipeline('p')
      .step('score', () => 0.7)
      .step('promote', { needs: ['score'], when: ({ inputs }) => inputs.score > 0.8, run: () => ran.push('promote') })
      .step('tell', { needs: ['promote'], run: () => ran.push('tell') })
      .step('log', { needs: ['score'], run: () => ran.push('log') })
    const result = await pipeline.run()
    expect(result.status).toBe('finished')
    expect(ran).toEqual(['log'])
    expect(result.steps.promote).toMatchObject({ status: 'skipped', reason: 'its condition does not hold' })
    expect(result.steps.tell).toMatchObject({ status: 'skipped', reason: 'it needs "promote", which was skipped' })
    expect('promote' in result.outputs).toBe(false)
  })

  it('emits events in order; a listener that throws breaks nothing', async () => {
    const pipeline = new Pipeline('p').step('a', ({ log }) => {
      log('hello')
      return 1
    })
    const seen: string[] = []
    const errors: unknown[] = []
    for (const type of ['run-start', 'step-start', 'step-log', 'step-end', 'run-end'] as const) pipeline.on(type, () => seen.push(type))
    pipeline.on('step-end', () => {
      throw new Error('listener')
    })
    pipeline.on('error', (error) => errors.push(error))
    expect((await pipeline.run()).status).toBe('finished')
    expect(seen).toEqual(['run-start', 'step-start', 'step-log', 'step-end', 'run-end'])
    expect(errors).toHaveLength(1)
  })

  it('reports progress of steps and of the whole', async () => {
    const events: string[] = []
    const pipeline = new Pipeline('p')
      .step('a', ({ progress }) => progress({ phase: 'rows', done: 5, total: 10, unit: 'rows' }))
      .step('b', ({ progress }) => progress({ done: 1, total: 1, unit: 'steps' }))
    await pipeline.run({ concurrency: 1, onProgress: ({ phase, done, total }) => events.push(`${phase} ${done}/${total}`) })
    expect(events).toEqual(['a: rows 5/10', 'pipeline 1/2', 'b 1/1', 'pipeline 2/2'])
  })

  it('gives steps a seed that depends on the run seed and the step only', async () => {
    const pipeline = new Pipeline('p').step('a', ({ seed }) => seed).step('b', ({ seed }) => seed)
    const [one, same, other] = [await pipeline.run({ seed: 1 }), await pipeline.run({ seed: 1 }), await pipeline.run({ seed: 2 })]
    expect(one.outputs).toEqual(same.outputs)
    expect(one.outputs.a).not.toBe(one.outputs.b)
    expect(one.outputs.a).not.toBe(other.outputs.a)
    expect(Number.isSafeInteger(one.outputs.a)).toBe(true)
  })

  it('runs steps through another executor', async () => {
    const jobs: string[] = []
    const executor = {
      portVersion: 1 as const,
      name: 'test',
      execute: async (job: { step: string; attempt: number; inputs: object; run(): Promise<unknown> }) => {
        jobs.push(`${job.step}#${job.attempt} ${JSON.stringify(job.inputs)}`)
        return job.step === 'remote' ? 'from elsewhere' : job.run()
      },
      close: async () => {},
    }
    const pipeline = new Pipeline('p', { executor }).step('local', () => 1).step('remote', { needs: ['local'], run: () => 'here' })
    expect((await pipeline.run()).outputs).toEqual({ local: 1, remote: 'from elsewhere' })
    expect(jobs).toEqual(['local#1 {}', 'remote#1 {"local":1}'])
  })

  it('refuses bad options of a run', async () => {
    const pipeline = new Pipeline('p').step('a', () => 1)
    expect((await failure(pipeline.run({ concurrncy: 2 } as object))).message).toContain('`concurrncy` is not an option of Pipeline.run')
    expect((await failure(pipeline.run({ force: ['b'] }))).message).toContain("`force` names 'b', which is no step of pipeline 'p'")
    expect((await failure(pipeline.run({ storage: memoryStorage(), runId: '../x' }))).code).toBe('InvalidArgument')
  })
})

describe('retry', () => {
  const flaky = (failures: number, error: () => unknown = () => new Error('flaky')) => {
    let calls = 0
    return ({ attempt }: { attempt: number }): number => {
      calls++
      if (calls <= failures) throw error()
      return attempt
    }
  }

  it('tries again with growing waits, and tells', async () => {
    const clock = jumpingClock()
    const pipeline = new Pipeline('p', { clock }).step('a', flaky(3), {
      retry: { attempts: 4, backoffMs: 100, factor: 10, maxMs: 5000, jitter: 0 },
    })
    const waits: number[] = []
    pipeline.on('step-retry', ({ delayMs }) => waits.push(delayMs))
    const result = await pipeline.run()
    expect(result.outputs.a).toBe(4)
    expect(result.steps.a.attempts).toBe(4)
    expect(waits).toEqual([100, 1000, 5000])
    expect(result.steps.a.durationMs).toBe(6100)
  })

  it('spreads waits reproducibly', async () => {
    const waitsOf = async (runId: string): Promise<number[]> => {
      const waits: number[] = []
      const pipeline = new Pipeline('p', { clock: jumpingClock() }).step('a', flaky(5), {
        retry: { attempts: 6, backoffMs: 100, factor: 1 },
      })
      pipeline.on('step-retry', ({ delayMs }) => waits.push(delayMs))
      await pipeline.run({ runId })
      return waits
    }
    const waits = await waitsOf('r')
    expect(waits).toEqual(await waitsOf('r'))
    expect(waits).not.toEqual(await waitsOf('s'))
    expect(new Set(waits).size).toBe(5)
    expect(waits.every((wait) => wait >= 0 && wait <= 100)).toBe(true)
  })

  it.each([
    ['InvalidArgument', 1],
    ['SchemaMismatch', 1],
    ['Unavailable', 3],
    ['Internal', 3],
    ['Conflict', 3],
  ] as const)('of %s makes %i attempts', async (code, attempts) => {
    const pipeline = new Pipeline('p', { clock: jumpingClock() }).step(
      'a',
      flaky(9, () => new MillwrightError(code, 'no')),
      { retry: 3 },
    )
    const result = await pipeline.run({ throwOnFailure: false })
    expect(result.steps.a).toMatchObject({ status: 'failed', attempts })
  })

  it('is decided by the caller when asked to', async () => {
    const pipeline = new Pipeline('p', { clock: jumpingClock() }).step('a', flaky(9), {
      retry: { attempts: 9, retryOn: (_, attempt) => attempt < 2 },
    })
    expect((await pipeline.run({ throwOnFailure: false })).steps.a.attempts).toBe(2)
  })

  it('gives up on an attempt that takes too long, and does not take its late answer', async () => {
    const clock = manualClock()
    const late: (() => void)[] = []
    const signals: AbortSignal[] = []
    const pipeline = new Pipeline('p', { clock }).step(
      'a',
      ({ attempt, signal }) => {
        signals.push(signal)
        if (attempt === 2) return 'second'
        return new Promise<string>((resolve) => late.push(() => resolve('first, late')))
      },
      { timeoutMs: 1000, retry: { attempts: 2, backoffMs: 0 } },
    )
    const running = pipeline.run()
    await idle()
    await clock.advance(999)
    expect(signals[0]?.aborted).toBe(false)
    await clock.advance(1)
    await clock.advance(0)
    for (const answer of late) answer()
    const result = await running
    expect(signals[0]?.reason).toMatchObject({ code: 'Unavailable', message: 'step "a" of pipeline "p" took longer than 1000 ms' })
    expect(result.outputs.a).toBe('second')
    expect(clock.pending).toBe(0)
  })
})

describe('cancellation', () => {
  it('rejects with the reason as it is, aborts running steps and starts no other', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    let inner: AbortSignal | undefined
    const ran: string[] = []
    const pipeline = new Pipeline('p')
      .step('a', ({ signal }) => {
        inner = signal
        controller.abort(reason)
        return new Promise<number>(() => {})
      })
      .step('b', { needs: ['a'], run: () => ran.push('b') })
    const ends: unknown[] = []
    pipeline.on('run-end', (event) => ends.push(event.status, event.error))
    await expect(pipeline.run({ signal: controller.signal })).rejects.toBe(reason)
    expect(inner?.reason).toBe(reason)
    expect(ran).toEqual([])
    expect(ends).toEqual(['cancelled', reason])
  })

  it('before the start runs nothing', async () => {
    const ran: string[] = []
    const pipeline = new Pipeline('p').step('a', () => ran.push('a'))
    const result = await pipeline.run({ signal: AbortSignal.abort(), throwOnFailure: false })
    expect(result.status).toBe('cancelled')
    expect(result.steps.a.status).toBe('skipped')
    expect(ran).toEqual([])
  })

  it('after the last step changes nothing, and ends waits between attempts', async () => {
    const late = new AbortController()
    const done = new Pipeline('p').step('a', () => 1)
    done.on('step-end', () => late.abort())
    expect((await done.run({ signal: late.signal })).status).toBe('finished')

    const clock = manualClock()
    const controller = new AbortController()
    const pipeline = new Pipeline('p', { clock }).step(
      'a',
      (): number => {
        throw new Error('no')
      },
      { retry: { attempts: 2, backoffMs: 1e9, jitter: 0 } },
    )
    const running = pipeline.run({ signal: controller.signal, throwOnFailure: false })
    await idle()
    controller.abort()
    expect((await running).steps.a.status).toBe('cancelled')
    expect(clock.pending).toBe(0)
  })
})

describe('fallback', () => {
  it('by a function stands in for the output and keeps the error', async () => {
    const pipeline = new Pipeline('p')
      .step(
        'rates',
        (): number[] => {
          throw new Error('offline')
        },
        { fallback: ({ error }) => [(error as Error).message.length] },
      )
      .step('sum', { needs: ['rates'], run: ({ inputs }) => inputs.rates.length })
    const result = await pipeline.run()
    expect(result.status).toBe('finished')
    expect(result.outputs).toEqual({ rates: [7], sum: 1 })
    expect(result.steps.rates).toMatchObject({ status: 'fallback', attempts: 1, error: { message: 'offline' } })
  })

  it('to the previous success works within the process and across processes', async () => {
    for (const storage of [undefined, memoryStorage()]) {
      let online = false
      const build = () =>
        new Pipeline('p', { storage }).step(
          'rates',
          () => {
            if (!online) throw new Error('offline')
            return { eur: 1.1 }
          },
          { fallback: 'previous' },
        )
      let pipeline = build()
      const first = await pipeline.run({ throwOnFailure: false })
      expect(first.steps.rates).toMatchObject({ status: 'failed', reason: 'there is no earlier success to fall back to' })
      online = true
      await pipeline.run()
      online = false
      if (storage !== undefined) pipeline = build()
      const result = await pipeline.run()
      expect(result.outputs.rates).toEqual({ eur: 1.1 })
      expect(result.steps.rates.status).toBe('fallback')
    }
  })

  it('that fails leaves the step failed with both told', async () => {
    const pipeline = new Pipeline('p').step(
      'a',
      (): number => {
        throw new Error('first')
      },
      {
        fallback: () => {
          throw new Error('second')
        },
      },
    )
    const result = await pipeline.run({ throwOnFailure: false })
    expect(result.steps.a).toMatchObject({ status: 'failed', error: { message: 'first' }, reason: 'its fallback failed too: second' })
  })
})
