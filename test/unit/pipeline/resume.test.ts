import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { MillwrightError } from '../../../src/core/errors'
import { Pipeline } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports/object-store'
import { failingStore, type ScheduledCall } from '../../../src/testing/failing-store'
import { manualClock } from '../../../src/testing/manual-clock'
import { idle } from './helpers'

/** Three steps in a row, each of which writes down that it ran. */
function chainOf(storage: ObjectStore, ran: string[], failing: () => string | undefined = () => undefined) {
  const work = (name: string, value: number): number => {
    ran.push(name)
    if (failing() === name) throw new Error(`${name} is broken`)
    return value
  }
  return new Pipeline('chain', { storage })
    .step('a', ({ input }) => work('a', (input as number | undefined) ?? 1))
    .step('b', { needs: ['a'], run: ({ inputs }) => work('b', inputs.a + 1) })
    .step('c', { needs: ['b'], run: ({ inputs }) => work('c', inputs.b * 10) })
}

/** The storage, or one like it that cannot append. */
function withoutAppend(storage: ObjectStore, appendAtomic = false): ObjectStore {
  return appendAtomic ? storage : { ...storage, capabilities: { ...storage.capabilities, appendAtomic } }
}

describe('resume', () => {
  it('continues after a failure with what succeeded', async () => {
    const storage = memoryStorage()
    const ran: string[] = []
    await expect(chainOf(storage, ran, () => 'b').run({ runId: 'r', input: 5 })).rejects.toThrow('b is broken')
    const result = await chainOf(storage, ran).resume('r')
    expect(ran).toEqual(['a', 'b', 'b', 'c'])
    expect(result.status).toBe('finished')
    expect(result.outputs).toEqual({ a: 5, b: 6, c: 60 })
    expect(result.steps.a).toMatchObject({ status: 'succeeded', restored: true })
    expect(result.steps.b.restored).toBeUndefined()
  })

  it('continues after a cancellation', async () => {
    const storage = memoryStorage()
    const ran: string[] = []
    const controller = new AbortController()
    const pipeline = chainOf(storage, ran)
    pipeline.on('step-end', ({ step }) => step === 'a' && controller.abort())
    await expect(pipeline.run({ runId: 'r', signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect((await pipeline.inspectRun('r')).status).toBe('cancelled')
    expect((await chainOf(storage, ran).resume('r')).outputs.c).toBe(20)
    expect(ran).toEqual(['a', 'b', 'c'])
  })

  it('keeps an input that is given anew, for the next time', async () => {
    const storage = memoryStorage()
    const ran: string[] = []
    let broken = true
    const make = () =>
      new Pipeline('p', { storage })
        .step('a', ({ input }) => ran.push('a') && Number(input) * 10)
        .step('c', {
          needs: ['a'],
          run: ({ inputs, input }) => {
            if (broken) throw new Error('no')
            return [inputs.a, input]
          },
        })
    await make().run({ runId: 'r', input: 1, throwOnFailure: false })
    await make().resume('r', { input: 2, throwOnFailure: false })
    // One that cannot be stored must be given again.
    await make().resume('r', { input: () => 3, throwOnFailure: false })
    await expect(make().resume('r')).rejects.toThrow('the input of run "r" of pipeline "p" could not be stored; pass it to resume()')
    await make().resume('r', { input: 2, takeOver: true, throwOnFailure: false })
    broken = false
    expect((await make().resume('r')).outputs).toEqual({ a: 20, c: [20, 2] })
    expect(ran).toEqual(['a', 'a', 'a', 'a'])
  })

  it('runs steps again whose code changed, and what needs them', async () => {
    const storage = memoryStorage()
    const ran: string[] = []
    const make = (version: string, broken: boolean) =>
      new Pipeline('p', { storage })
        .step('a', () => ran.push('a'), { cache: { version: '1' } })
        .step('b', () => ran.push('b'), { cache: { version } })
        .step('c', { needs: ['b'], run: () => ran.push('c') })
        .step('d', {
          needs: ['a', 'c'],
          run: () => {
            if (broken) throw new Error('no')
            return ran.push('d')
          },
        })
    await make('1', true).run({ runId: 'r', throwOnFailure: false, concurrency: 1 })
    expect(ran).toEqual(['a', 'b', 'c'])
    await make('2', false).resume('r', { concurrency: 1 })
    expect(ran).toEqual(['a', 'b', 'c', 'b', 'c', 'd'])
  })

  it('runs steps again whose output could not be stored', async () => {
    const storage = memoryStorage()
    const ran: string[] = []
    let broken = true
    const pipeline = new Pipeline('p', { storage })
      .step('fit', () => {
        ran.push('fit')
        return { predict: () => 1 }
      })
      .step('score', {
        needs: ['fit'],
        run: ({ inputs }) => {
          if (broken) throw new Error('no')
          return inputs.fit.predict()
        },
      })
    await pipeline.run({ runId: 'r', throwOnFailure: false })
    broken = false
    expect((await pipeline.resume('r')).outputs.score).toBe(1)
    expect(ran).toEqual(['fit', 'fit'])
  })

  it('refuses unknown and finished runs, a run id used twice, and a missing storage', async () => {
    const storage = memoryStorage()
    const pipeline = chainOf(storage, [])
    await pipeline.run({ runId: 'r' })
    await expect(pipeline.resume('q')).rejects.toMatchObject({
      code: 'NotFound',
      message: 'run "q" of pipeline "chain" is not in memoryStorage',
    })
    await expect(pipeline.resume('r')).rejects.toMatchObject({ code: 'InvalidState' })
    await expect(pipeline.run({ runId: 'r' })).rejects.toMatchObject({ code: 'AlreadyExists' })
    await expect(new Pipeline('p').resume('r')).rejects.toThrow('needs the storage that holds it')
    await storage.put('pipelines/chain/runs/x/state.json', new TextEncoder().encode('{"format":3,"steps":{}}'))
    await expect(pipeline.resume('x')).rejects.toMatchObject({ code: 'Unsupported' })
    await storage.put('pipelines/chain/runs/x/state.json', new TextEncoder().encode('{"form'))
    await expect(pipeline.resume('x')).rejects.toMatchObject({ code: 'Corrupt' })
  })
})

describe('the record of a run', () => {
  it('can be looked at while it runs and afterwards', async () => {
    const clock = manualClock(1000)
    const storage = memoryStorage()
    let release = (): void => {}
    const pipeline = new Pipeline('p', { storage, clock })
      .step('a', () => 1)
      .step('b', {
        needs: ['a'],
        run: () =>
          new Promise<number>((resolve) => {
            release = () => resolve(2)
          }),
      })
    const running = pipeline.run({ runId: 'r1', seed: 7 })
    await idle()
    const during = await pipeline.inspectRun('r1')
    expect(during).toMatchObject({
      format: 1,
      pipeline: 'p',
      runId: 'r1',
      status: 'running',
      seed: 7,
      steps: { a: { status: 'succeeded' } },
    })
    expect(during.lease?.expiresAt).toBe(31_000)
    expect(during.steps.b).toBeUndefined()
    await clock.advance(5000)
    release()
    await running
    const after = await pipeline.inspectRun('r1')
    expect(after).toMatchObject({ status: 'finished', startedAt: 1000, endedAt: 6000, steps: { b: { durationMs: 5000 } } })
    expect(after.lease).toBeUndefined()
    const second = pipeline.run({ runId: 'r2' })
    await idle()
    release()
    await second
    expect((await pipeline.listRuns()).map((run) => run.runId)).toEqual(['r2', 'r1'])
    expect(clock.pending).toBe(0)
  })

  it('has one owner: others are refused while the lease is alive, also when it is renewed', async () => {
    const clock = manualClock()
    const storage = memoryStorage()
    const ran: string[] = []
    let release = (): void => {}
    const build = (name: string) =>
      new Pipeline('p', { storage, clock, leaseMs: 3000 })
        .step('a', () => ran.push(`${name}: a`))
        .step('b', {
          needs: ['a'],
          run: () => {
            ran.push(`${name}: b`)
            return name === 'first'
              ? new Promise<number>((resolve) => {
                  release = () => resolve(1)
                })
              : 2
          },
        })
    const first = build('first').run({ runId: 'r', throwOnFailure: false })
    await idle()
    await expect(build('second').resume('r')).rejects.toMatchObject({ code: 'Conflict' })
    await clock.advance(10_000)
    await expect(build('second').resume('r')).rejects.toMatchObject({ code: 'Conflict' })
    // Taken over by force: the first may not write any more.
    const second = await build('second').resume('r', { takeOver: true })
    expect(second.outputs.b).toBe(2)
    release()
    await expect(first).rejects.toMatchObject({ code: 'Conflict', message: 'run "r" of pipeline "p" was taken by another process' })
    expect(ran).toEqual(['first: a', 'first: b', 'second: b'])
    expect((await build('third').inspectRun('r')).status).toBe('finished')
    expect(clock.pending).toBe(0)
  })

  it('goes to exactly one of many that resume at once', async () => {
    const storage = memoryStorage()
    const ran: string[] = []
    await chainOf(storage, ran, () => 'b').run({ runId: 'r', throwOnFailure: false })
    ran.length = 0
    const tries = await Promise.allSettled(Array.from({ length: 6 }, () => chainOf(storage, ran).resume('r')))
    const won = tries.filter((each) => each.status === 'fulfilled')
    const lost = tries.filter((each) => each.status === 'rejected').map((each) => (each as PromiseRejectedResult).reason as MillwrightError)
    expect(won).toHaveLength(1)
    expect(lost.map((error) => error.code)).toEqual(['Conflict', 'Conflict', 'Conflict', 'Conflict', 'Conflict'])
    expect(ran).toEqual(['b', 'c'])
  })

  it('survives a write that arrived although it was reported lost', async () => {
    const inner = memoryStorage()
    let puts = 0
    const storage: ObjectStore = {
      ...inner,
      put: async (key, bytes, options) => {
        const info = await inner.put(key, bytes, options)
        if (key.endsWith('state.json') && ++puts === 2) throw new MillwrightError('Conflict', 'lost answer, retried by a layer')
        return info
      },
    }
    expect((await chainOf(storage, []).run({ runId: 'r' })).status).toBe('finished')
  })
})

describe('a storage that fails', () => {
  it.each([true, false])('at any one call leaves a run that can be resumed to the same end (appending: %s)', async (appendAtomic) => {
    const calls: ScheduledCall[] = []
    const memory = (): ObjectStore => withoutAppend(memoryStorage(), appendAtomic)
    const probe = failingStore(memory(), (call) => {
      calls.push(call)
      return undefined
    })
    const expected = (await chainOf(probe, []).run({ runId: 'r', input: 4 })).outputs
    expect(calls.length).toBeGreaterThan(8)
    expect(calls.some(({ operation }) => operation === 'append')).toBe(appendAtomic)
    for (const moment of ['before', 'after'] as const)
      for (const [failAt, { operation, key }] of calls.entries()) {
        const inner = memory()
        const storage = failingStore(inner, ({ index }) => index === failAt && moment)
        const ran: string[] = []
        const run = chainOf(storage, ran).run({ runId: 'r', input: 4 })
        // Where appending fails the record is written whole, and a journal that stays behind harms nobody.
        if (operation === 'append' || (operation === 'delete' && key.includes('journal'))) {
          expect((await run).outputs).toEqual(expected)
          expect(Object.keys((await chainOf(inner, []).inspectRun('r')).steps)).toEqual(['a', 'b', 'c'])
          continue
        }
        await expect(run).rejects.toMatchObject({ code: 'Unavailable' })
        const known = await chainOf(inner, ran)
          .inspectRun('r')
          .catch(() => undefined)
        // Only the answer to the very last write was lost: the run is finished as the caller wanted.
        if (known?.status === 'finished') continue
        const acknowledged = Object.entries(known?.steps ?? {}).flatMap(([step, { status }]) => (status === 'succeeded' ? [step] : []))
        const again: string[] = []
        const result =
          known === undefined
            ? await chainOf(inner, again).run({ runId: 'r', input: 4 })
            : await chainOf(inner, again).resume('r', { takeOver: true })
        expect(result.outputs).toEqual(expected)
        // What was acknowledged is not done again.
        for (const step of acknowledged) expect(again).not.toContain(step)
      }
  })

  it('for good rejects with its error, not with a step', async () => {
    const storage = failingStore(
      memoryStorage(),
      ({ operation }) => operation === 'put' && new MillwrightError('PermissionDenied', 'read only'),
    )
    const ran: string[] = []
    await expect(chainOf(storage, ran).run()).rejects.toMatchObject({ code: 'PermissionDenied', message: 'read only' })
    expect(ran).toEqual([])
  })
})

describe('a process that is killed', () => {
  it('in the middle of a run loses nothing that was recorded', async () => {
    const root = await mkdtemp(join(tmpdir(), 'millwright-kill-'))
    try {
      const script = join(root, 'victim.mjs')
      const source = (path: string): string => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url))
      await build({
        stdin: {
          contents: `
            import { appendFileSync } from 'node:fs'
            import { fsStorage } from ${JSON.stringify(source('adapters/fs/fs-storage.ts'))}
            import { Pipeline } from ${JSON.stringify(source('pipeline/index.ts'))}
            const root = ${JSON.stringify(root)}
            const [mode, dieIn] = process.argv.slice(2)
            const pipeline = new Pipeline('killed', { storage: fsStorage({ root: root + '/store' }) })
            let all = pipeline
            for (let i = 0; i < 5; i++) {
              all = all.step('s' + i, { needs: i === 0 ? [] : ['s' + (i - 1)], run: ({ inputs }) => {
                appendFileSync(root + '/ran.txt', 's' + i + '\\n')
                if (dieIn === 's' + i) process.kill(process.pid, 'SIGKILL')
                return i === 0 ? 1 : inputs['s' + (i - 1)] * 2
              } })
            }
            const result = mode === 'run' ? await all.run({ runId: 'r' }) : await all.resume('r', { takeOver: true })
            console.log(JSON.stringify(result.outputs))
          `,
          resolveDir: fileURLToPath(new URL('../../..', import.meta.url)),
          loader: 'ts',
        },
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile: script,
        logLevel: 'silent',
      })
      const go = (...args: string[]): Promise<{ signal: string | null; out: string }> =>
        new Promise((resolve) => {
          execFile(process.execPath, [script, ...args], (error, out) =>
            resolve({ signal: (error?.signal as string | undefined) ?? null, out }),
          )
        })
      await writeFile(join(root, 'ran.txt'), '')
      expect((await go('run', 's2')).signal).toBe('SIGKILL')
      expect((await go('resume', 's4')).signal).toBe('SIGKILL')
      expect(JSON.parse((await go('resume')).out)).toEqual({ s0: 1, s1: 2, s2: 4, s3: 8, s4: 16 })
      expect((await readFile(join(root, 'ran.txt'), 'utf8')).trim().split('\n')).toEqual(['s0', 's1', 's2', 's2', 's3', 's4', 's4'])
      const state = await new Pipeline('killed', { storage: fsStorage({ root: join(root, 'store') }) }).inspectRun('r')
      expect(state).toMatchObject({ status: 'finished', resumes: 2 })
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  })
})
