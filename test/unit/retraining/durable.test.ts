import { beforeAll, describe, expect, it } from 'vitest'
import { functionModel, functionRuntime } from '../../../src/adapters/function/function-runtime'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8 } from '../../../src/core/bytes'
import { MillwrightError } from '../../../src/core/errors'
import { Monitor } from '../../../src/monitor'
import { Pipeline } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports'
import { ModelRegistry } from '../../../src/registry'
import { type CanaryTrialRequest, createRetraining, type Retraining, type RetrainingOptions, retrainOn } from '../../../src/retraining'
import { tableFromRows } from '../../../src/schema/table'
import { failingStore, manualClock } from '../../../src/testing'
import { answer } from '../monitor/helpers'
import { idle, warmUp } from '../pipeline/helpers'

beforeAll(warmUp)

const signature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'busy', type: 'boolean' }] } as const
const functions = { above5: ({ x }: { x?: unknown }) => Number(x) > 5, above3: ({ x }: { x?: unknown }) => Number(x) > 3 }
const runtimes = [functionRuntime({ functions })]
const model = (name: keyof typeof functions): ReturnType<typeof functionModel> =>
  functionModel(functions[name], { name, signature, task: 'classification', target: 'busy' })
const holdout = tableFromRows(Array.from({ length: 10 }, (_, x) => ({ x, busy: x > 3 })))

interface World {
  readonly storage: ObjectStore
  readonly registry: ModelRegistry
  readonly clock: ReturnType<typeof manualClock>
  readonly monitor: Monitor
  /** A process of its own over the same stores. */
  readonly live: (options?: Partial<RetrainingOptions>) => Retraining
  /** Records rows that are all wrong, then checks at `at`. */
  readonly fail: (at: number) => void
  readonly champion: () => Promise<string>
}

async function world(): Promise<World> {
  const clock = manualClock(1000)
  const storage = memoryStorage()
  const registry = new ModelRegistry({ storage, clock })
  await registry.promote('bikes', await registry.register('bikes', model('above5')), 'champion')
  const rule = { name: 'accuracy', kind: 'performance', metric: 'accuracy', below: 0.7, window: { lastMs: 50 }, minRows: 2 } as const
  const monitor = new Monitor({ clock, rules: [rule] })
  return {
    ...{ storage, registry, clock, monitor },
    live: (options = {}) =>
      createRetraining({
        ...{ monitor, registry, model: 'bikes', runtimes, metric: 'accuracy', clock, storage, durable: true, leaseMs: 300 },
        train: () => ({ model: model('above3'), holdout }),
        ...options,
      }),
    fail(at) {
      for (let i = 0; i < 4; i++) {
        monitor.record(answer(`${at}-${i}`, at - i))
        monitor.label(`${at}-${i}`, 'no', at)
      }
      monitor.check(at)
    },
    champion: async () => (await registry.resolve('bikes@champion')).version,
  }
}

const forever = (): Promise<never> => new Promise(() => {})

describe('a durable loop', () => {
  it('is continued by another process when its own dies, under the same id', async () => {
    const { live, clock, champion, registry } = await world()
    const asked: string[] = []
    const dead = live({
      train({ id }) {
        asked.push(id)
        return forever()
      },
    })
    void dead.retrain('first').catch(() => {})
    await idle()
    const next = live({
      train({ id, trigger }) {
        asked.push(id)
        expect(trigger).toMatchObject({ rule: 'manual', summary: 'first', value: Number.NaN })
        return { model: model('above3'), holdout }
      },
    })
    // The lease of the first is renewed as long as it lives.
    await expect(next.retrain()).rejects.toThrow('another one runs')
    await clock.advance(1000)
    expect(asked).toHaveLength(1)
    await dead.close()
    await clock.advance(400)
    await next.idle()
    expect(asked[1]).toBe(asked[0])
    expect(next.verdicts).toMatchObject([{ id: asked[0], outcome: 'promoted' }])
    expect(await champion()).toBe('2')
    expect((await registry.listVersions('bikes')).map(({ tags }) => tags.retraining)).toContain(asked[0])
    await next.close()
    expect(clock.pending).toBe(0)
  })

  it('writes the event of a promotion whose process died between moving the alias and writing it', async () => {
    const { live, clock, storage, champion, registry } = await world()
    // The last thing that this process does is to move the alias; it writes nothing more, and its lease ends.
    let die = (): void => {}
    const death = new Promise<void>((resolve) => {
      die = resolve
    })
    let isDead = false
    const dying: ObjectStore = {
      ...storage,
      put(key, bytes, options) {
        isDead ||= key.includes('/history/') && fromUtf8(bytes).includes('"alias":"champion"')
        if (!isDead) return storage.put(key, bytes, options)
        die()
        return forever()
      },
    }
    void live({ storage: dying, registry: new ModelRegistry({ storage: dying, clock }) }).retrain('first')
    await death
    expect(await champion()).toBe('2')
    await clock.advance(400)
    const next = live()
    await next.idle()
    expect(next.verdicts).toMatchObject([{ outcome: 'promoted', gates: [{ passed: true }] }])
    const moves = (await registry.history('bikes')).filter(({ alias }) => alias === 'champion')
    expect(moves.map(({ how, from, version }) => [how, from, version])).toEqual([
      ['promote', undefined, '1'],
      ['promote', '1', '2'],
    ])
    await next.close()
  })

  it('remembers cool-down and budget in the next process', async () => {
    const { live, fail } = await world()
    const options = { coolDownMs: 500, budget: { retrainings: 2, perMs: 10_000 }, margin: 1 }
    const first = live(options)
    fail(2000)
    await first.idle()
    await first.close()
    const second = live(options)
    const refused: string[] = []
    second.on('retraining-refused', ({ reason }) => refused.push(reason))
    await second.idle()
    fail(2400)
    await second.idle()
    expect(second.verdicts).toHaveLength(0)
    fail(2600)
    await second.idle()
    expect(second.verdicts).toHaveLength(1)
    fail(5000)
    fail(6000)
    await second.idle()
    expect(second.verdicts).toHaveLength(1)
    expect(refused).toEqual(['retraining of bikes: the budget of 2 in 10000 ms is spent'])
    fail(12_300)
    await second.idle()
    expect(second.verdicts).toHaveLength(2)
    await second.close()
  })

  it('goes on when the storage was away', async () => {
    const { live, clock, storage, champion } = await world()
    let isDown = false
    let trained = 0
    const errors: unknown[] = []
    const flaky = failingStore(storage, ({ key }) => isDown && key.startsWith('retraining/') && 'before')
    const loop = live({
      storage: flaky,
      train() {
        isDown = trained++ === 0
        return { model: model('above3'), holdout }
      },
    })
    loop.on('error', (error) => errors.push(error))
    await loop.retrain().catch(() => {})
    expect(await champion()).toBe('1')
    expect(errors).not.toEqual([])
    isDown = false
    await clock.advance(1000)
    await loop.idle()
    expect(await champion()).toBe('2')
    await loop.close()
  })

  it('gives up what was interrupted again and again', async () => {
    const { live, clock, storage } = await world()
    const key = 'retraining/bikes/state/champion.json'
    const trigger = { rule: 'manual', at: 1, summary: 'x', value: null, threshold: null }
    const current = { id: 'a1', trigger, startedAt: 1, stage: 'training', resumes: 10 }
    const state = { format: 1, model: 'bikes', updatedAt: 1, triggeredAt: [1], current }
    await storage.put(key, new TextEncoder().encode(JSON.stringify(state)))
    const loop = live({ train: forever })
    await loop.idle()
    expect(loop.verdicts).toMatchObject([{ id: 'a1', outcome: 'failed', error: { message: 'it was interrupted 11 times' } }])
    await loop.close()
    expect(clock.pending).toBe(0)
  })

  it('needs a storage', async () => {
    const { live } = await world()
    expect(() => live({ storage: undefined })).toThrow('`durable` of createRetraining needs `storage`')
  })
})

describe('limits and the canary', () => {
  it('fails a training that takes too long', async () => {
    const { live, clock } = await world()
    const loop = live({ durable: false, timeLimitMs: 200, train: forever })
    const ended = loop.retrain()
    await clock.advance(200)
    expect(await ended).toMatchObject({
      outcome: 'failed',
      error: { code: 'Unavailable', message: 'training of bikes took longer than 200 ms' },
    })
    await loop.close()
  })

  it.each([true, false])('tries the challenger on live traffic after the gates (passed: %s)', async (passed) => {
    const { live, champion } = await world()
    const asked: Partial<CanaryTrialRequest>[] = []
    const loop = live({
      canary({ champion, challenger, alias }) {
        asked.push({ champion, challenger, alias })
        return { passed, summary: '3 errors in 100 answers' }
      },
    })
    const verdict = await loop.retrain()
    expect(asked).toEqual([{ champion: '1', challenger: '2', alias: 'champion' }])
    expect(verdict.outcome).toBe(passed ? 'promoted' : 'kept')
    expect(verdict.gates.at(-1)).toEqual({
      ...{ gate: 'canary', passed, required: 'the canary against version 1 passes', measured: '3 errors in 100 answers' },
    })
    expect(await champion()).toBe(passed ? '2' : '1')
    await loop.close()
  })

  it('does not start the canary when another gate refuses, nor without a champion', async () => {
    const { live } = await world()
    const canary = (): never => {
      throw new Error('never asked')
    }
    const loop = live({ canary, gates: [() => false] })
    const { outcome, gates } = await loop.retrain()
    expect(outcome).toBe('kept')
    expect(gates.at(-1)?.measured).toBe('not started: another gate refused')
    await loop.close()
    const first = live({ canary, alias: 'production' })
    expect((await first.retrain()).outcome).toBe('promoted')
    await first.close()
  })

  it('takes a challenger that the canary promoted itself as promoted', async () => {
    const { live, registry, champion } = await world()
    const loop = live({
      async canary({ challenger }) {
        await registry.promote('bikes', challenger, 'champion')
        return { passed: true, summary: 'all well' }
      },
    })
    expect((await loop.retrain()).outcome).toBe('promoted')
    expect(await champion()).toBe('2')
    await loop.close()
  })

  it('does not overwrite who moves the alias on after the canary has promoted', async () => {
    const { live, registry, champion } = await world()
    const resolve = registry.resolve.bind(registry)
    const loop = live({
      async canary({ challenger }) {
        await registry.promote('bikes', challenger, 'champion')
        // Between the look at the alias and the promotion of the loop, somebody rolls back.
        registry.resolve = async (reference) => {
          registry.resolve = resolve
          const found = await resolve(reference)
          await registry.rollback('bikes', 'champion', { reason: 'complaints' })
          return found
        }
        return { passed: true, summary: 'all well' }
      },
    })
    expect(await loop.retrain()).toMatchObject({ outcome: 'failed', error: { code: 'Conflict' } })
    expect(await champion()).toBe('1')
    await loop.close()
  })
})

describe('retrainOn', () => {
  const pipelineOf = (storage: ObjectStore, calls: string[], train: () => 'above3' | 'above5' | Promise<never>) =>
    new Pipeline('retrain', { storage })
      .step('collect', ({ input }) => {
        calls.push(`collect ${input}`)
        return 10
      })
      .step('train', {
        needs: ['collect'],
        run: () => {
          calls.push('train')
          return train()
        },
      })

  it('runs the pipeline when an alert fires, and records everything', async () => {
    const { monitor, registry, storage, clock, fail, champion } = await world()
    const calls: string[] = []
    const pipeline = pipelineOf(storage, calls, () => 'above3')
    const loop = retrainOn(monitor, pipeline, {
      ...{ registry, model: 'bikes', runtimes, metric: 'accuracy', clock, storage },
      run: ({ trigger }) => ({ input: trigger.rule }),
      challenger: ({ outputs, runId }) => ({ model: model(outputs.train ?? 'above5'), holdout, tags: { pipelineRun: runId } }),
    })
    await loop.idle()
    fail(2000)
    await loop.idle()
    expect(calls).toEqual(['collect accuracy', 'train'])
    const [verdict] = loop.verdicts
    expect(verdict).toMatchObject({ outcome: 'promoted', trigger: { rule: 'accuracy' } })
    expect(await champion()).toBe('2')
    expect((await registry.resolve('bikes@2')).tags).toMatchObject({ pipelineRun: verdict?.id, retraining: verdict?.id })
    expect((await pipeline.inspectRun(verdict?.id ?? '')).status).toBe('finished')
    await loop.close()
  })

  it('goes on with the finished steps after a crash, also when the pipeline had finished', async () => {
    const { monitor, registry, storage, clock, champion } = await world()
    const calls: string[] = []
    const policy = { registry, model: 'bikes', runtimes, metric: 'accuracy', clock, storage, leaseMs: 300 } as const
    const challenger = ({ outputs }: { readonly outputs: { readonly train?: 'above3' | 'above5' | undefined } }) => ({
      ...{ model: model(outputs.train ?? 'above5'), holdout },
    })
    const dead = retrainOn(monitor, pipelineOf(storage, calls, forever), { ...policy, challenger })
    void dead.retrain().catch(() => {})
    await idle(60)
    expect(calls).toEqual(['collect undefined', 'train'])
    await dead.close()
    // The second one finishes the pipeline and dies before it has registered.
    const second = retrainOn(
      monitor,
      pipelineOf(storage, calls, () => 'above3'),
      { ...policy, challenger: forever },
    )
    await idle(60)
    await clock.advance(31_000)
    expect(calls).toEqual(['collect undefined', 'train', 'train'])
    await second.close()
    const third = retrainOn(
      monitor,
      pipelineOf(storage, calls, () => 'above3'),
      { ...policy, challenger },
    )
    await idle(60)
    await clock.advance(1000)
    await third.idle()
    expect(calls).toHaveLength(3)
    expect(third.verdicts).toMatchObject([{ outcome: 'promoted' }])
    expect(await champion()).toBe('2')
    await third.close()
  })

  it('keeps the champion when the pipeline fails, and says which step', async () => {
    const { monitor, registry, storage, clock, champion } = await world()
    const pipeline = pipelineOf(storage, [], () => {
      throw new MillwrightError('Unavailable', 'no data today')
    })
    const loop = retrainOn(monitor, pipeline, {
      registry,
      model: 'bikes',
      runtimes,
      metric: 'accuracy',
      clock,
      storage,
      challenger: forever,
    })
    const verdict = await loop.retrain()
    expect(verdict.summary).toContain('step "train" of pipeline "retrain" failed: no data today')
    expect([verdict.outcome, await champion()]).toEqual(['failed', '1'])
    await loop.close()
  })

  it.each([
    [{}, 'retrainOn needs `challenger`'],
    [{ challenger: 5, storage: memoryStorage() }, '`challenger` of retrainOn must be a function, got 5'],
    [{ challenger: forever, storage: memoryStorage(), train: forever }, /needs `registry`|`train`/],
  ])('refuses %o', (policy, message) => {
    expect(() => retrainOn(new Monitor(), new Pipeline('p'), policy as never)).toThrow(message)
  })
})
