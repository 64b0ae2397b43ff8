import { beforeAll, describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { Pipeline } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports/object-store'
import { manualClock } from '../../../src/testing/manual-clock'
import { idle, warmUp } from './helpers'

beforeAll(warmUp)

const folder = 'pipelines/p/runs/r/'

async function filesOf(storage: ObjectStore): Promise<string[]> {
  return (await storage.list({ prefix: folder })).objects.map(({ key }) => key.slice(folder.length))
}

/** The key of the only journal. */
async function journalOf(storage: ObjectStore): Promise<string> {
  const { journal } = JSON.parse(fromUtf8(await storage.get(`${folder}state.json`))) as { journal: string }
  return `${folder}journal-${journal}.jsonl`
}

/** A map over three items, then a step that waits until it is released. */
function held(storage: ObjectStore, clock = manualClock()) {
  const ran: string[] = []
  let release = (): void => {}
  const wait = new Promise<void>((resolve) => {
    release = resolve
  })
  const make = (waits: boolean) =>
    new Pipeline('p', { storage, clock, leaseMs: 3000, concurrency: 1 })
      .step('list', () => {
        ran.push('list')
        return [1, 2, 3]
      })
      .map('each', {
        over: 'list',
        run: async ({ item }) => {
          ran.push(`each ${item}`)
          if (waits && item === 3) await wait
          return item * 2
        },
      })
      .step('sum', { needs: ['each'], run: ({ inputs }) => inputs.each.reduce((a, b) => a + b) })
  return { make, ran, clock, release }
}

/** Begins a run that waits in the third item, and lets its process "die". */
async function died(storage: ObjectStore): Promise<ReturnType<typeof held>> {
  const all = held(storage)
  void all
    .make(true)
    .run({ runId: 'r' })
    .catch(() => {})
  await idle()
  return all
}

describe('the journal of a run', () => {
  it('has a line for each step and item that ended; the record has all of it in the end, and the journal is gone', async () => {
    const storage = memoryStorage()
    const { make, release } = held(storage)
    const running = make(true).run({ runId: 'r' })
    await idle()
    expect(await filesOf(storage)).toEqual([expect.stringMatching(/^journal-[0-9a-f]{32}\.jsonl$/), 'state.json'])
    const lines = fromUtf8(await storage.get(await journalOf(storage)))
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { step: 'list', result: { status: 'succeeded' } },
      { step: 'each', index: 0, result: { status: 'succeeded' } },
      { step: 'each', index: 1, result: { status: 'succeeded' } },
    ])
    const during = await make(false).inspectRun('r')
    expect(during).toMatchObject({ format: 1, status: 'running', steps: { list: { status: 'succeeded' } } })
    expect(Object.keys(during.items?.each ?? {})).toEqual(['0', '1'])
    release()
    await running
    expect(await filesOf(storage)).toEqual(['state.json'])
    expect(JSON.parse(fromUtf8(await storage.get(`${folder}state.json`)))).toMatchObject({
      format: 1,
      status: 'finished',
      steps: { list: {}, each: { items: [{}, {}, {}] }, sum: {} },
    })
  })

  it('is begun anew when the lease is renewed, and lost lines are not missed', async () => {
    const storage = memoryStorage()
    const { make, release, clock, ran } = held(storage)
    const running = make(true).run({ runId: 'r' })
    await idle()
    await clock.advance(1000)
    // The lines are in the record now, so the next journal begins with its first line.
    expect(await filesOf(storage)).toEqual(['state.json'])
    const during = await make(false).inspectRun('r')
    expect(Object.keys(during.items?.each ?? {})).toEqual(['0', '1'])
    expect(during.lease?.expiresAt).toBe(clock.now() + 3000)
    release()
    expect((await running).outputs.sum).toBe(12)
    expect(ran).toEqual(['list', 'each 1', 'each 2', 'each 3'])
  })

  it('is what a resumed run goes on from', async () => {
    const storage = memoryStorage()
    const { make, ran } = await died(storage)
    expect((await make(false).resume('r', { takeOver: true })).outputs.sum).toBe(12)
    expect(ran).toEqual(['list', 'each 1', 'each 2', 'each 3', 'each 3'])
    expect(await filesOf(storage)).toEqual(['state.json'])
  })

  it('may end in the middle of a line that nobody acknowledged; other damage is told with its place', async () => {
    const storage = memoryStorage()
    const { make, ran } = await died(storage)
    const key = await journalOf(storage)
    const whole = fromUtf8(await storage.get(key))
    await storage.put(key, utf8(`${whole}{"step":"each","index":2,"res`))
    expect(Object.keys((await make(false).inspectRun('r')).items?.each ?? {})).toEqual(['0', '1'])
    await storage.put(key, utf8(whole.replace('"index":1', '"index":-1')))
    await expect(make(false).inspectRun('r')).rejects.toMatchObject({
      code: 'Corrupt',
      message: expect.stringContaining(`${key} (line 3)`),
    })
    await storage.put(key, utf8(`${whole}{"step":"each","index":2,"res`))
    expect((await make(false).resume('r', { takeOver: true })).outputs.sum).toBe(12)
    expect(ran.slice(-1)).toEqual(['each 3'])
  })

  it('of a process that lost the run is not read', async () => {
    const storage = memoryStorage()
    const { make, release } = held(storage)
    const first = make(true).run({ runId: 'r' })
    await idle()
    const second = make(false).resume('r', { takeOver: true })
    await second
    release()
    await expect(first).rejects.toMatchObject({ code: 'Conflict', message: 'run "r" of pipeline "p" was taken by another process' })
    const state = await make(false).inspectRun('r')
    expect(state).toMatchObject({ status: 'finished', resumes: 1, steps: { list: { restored: true } } })
  })

  it('is not appended to after the lease has ended: the record tells whether the run is still its own', async () => {
    const storage = memoryStorage()
    let now = 0
    let suspended = (): void => {}
    const wait = new Promise<void>((resolve) => {
      suspended = resolve
    })
    // A process that is suspended: its clock goes on, its timers do not fire.
    const clock = { now: () => now, schedule: () => () => {} }
    const ran: string[] = []
    const make = (name: string) =>
      new Pipeline('p', { storage, clock, leaseMs: 3000 })
        .step('a', async () => {
          ran.push(`${name} a`)
          if (name === 'first') await wait
          return 1
        })
        .step('b', { needs: ['a'], run: () => ran.push(`${name} b`) })
    const first = make('first').run({ runId: 'r' })
    await idle()
    now = 4000
    await make('second').resume('r')
    suspended()
    await expect(first).rejects.toMatchObject({ code: 'Conflict' })
    // Without looking it would have begun `b`.
    expect(ran).toEqual(['first a', 'second a', 'second b'])
  })

  it('that could not be deleted is never taken for that of a resumed run', async () => {
    const inner = memoryStorage()
    const storage: ObjectStore = {
      ...inner,
      delete: async (key, options) => {
        if (key.includes('journal')) throw new Error('no answer')
        await inner.delete(key, options)
      },
    }
    const clock = manualClock()
    const never = new Promise<never>(() => {})
    let hangs = true
    let release = (): void => {}
    const wait = new Promise<void>((resolve) => {
      release = resolve
    })
    const make = (version: string, hold: Promise<void>) =>
      new Pipeline('p', { storage, clock, leaseMs: 3000, concurrency: 1 })
        .step('a', { cache: { version }, run: () => (version === '1' ? 10 : 1000) })
        .step('b', {
          needs: ['a'],
          run: async ({ inputs }) => {
            if (hangs) await hold
            return inputs.a + 1
          },
        })
        .step('c', {
          needs: ['b'],
          run: ({ inputs }) => {
            if (version === '1') throw new Error('c is broken')
            return inputs.b
          },
        })
    const first = make('1', wait).run({ runId: 'r' })
    await idle()
    // The lease is renewed, so the run has a second journal, which the end of the run leaves behind.
    await clock.advance(1000)
    release()
    await expect(first).rejects.toThrow('c is broken')
    // With new code for `a`, a second process dies in `b`; a third one goes on.
    void make('2', never).resume('r')
    await idle()
    const made = await make('2', never).inspectRun('r')
    expect(Object.keys(made.steps)).toEqual(['a'])
    hangs = false
    expect((await make('2', never).resume('r', { takeOver: true })).outputs).toEqual({ a: 1000, b: 1001, c: 1001 })
  })

  it('can be read while its owner writes the record whole', async () => {
    const inner = memoryStorage()
    const { make, clock, release } = held(inner)
    let turn: (() => Promise<void>) | undefined
    const storage: ObjectStore = {
      ...inner,
      async get(key, options) {
        const bytes = await inner.get(key, options)
        if (key.endsWith('state.json')) {
          const next = turn
          turn = undefined
          await next?.()
        }
        return bytes
      },
    }
    const running = make(true).run({ runId: 'r' })
    await idle()
    turn = () => clock.advance(1000)
    const during = await held(storage, clock).make(false).inspectRun('r')
    expect(turn).toBeUndefined()
    expect(Object.keys(during.items?.each ?? {})).toEqual(['0', '1'])
    release()
    await running
  })
})
