import { describe, expect, it } from 'vitest'
import type { ModelPackage, ModelRuntime, ModelSource } from '../../../src/ports/model'
import { Predictor } from '../../../src/predictor'
import { doubled, handClock, settle, type WatchedModel, watchedModel } from './helpers'

/** A source with an alias that moves, and a runtime that hands out watched models: version n multiplies by n. */
async function followed(): Promise<{
  predictor: Predictor
  clock: ReturnType<typeof handClock>
  models: Map<string, WatchedModel>
  state: { version: string; looks: number; opened: number; gate: Promise<void> | undefined; broken: boolean }
  events: string[]
}> {
  const state = { version: '1', looks: 0, opened: 0, gate: undefined as Promise<void> | undefined, broken: false }
  const models = new Map<string, WatchedModel>()
  const packed = (version: string): ModelPackage => ({
    flavor: 'watched',
    signature: doubled,
    files: {},
    task: 'regression',
    target: version,
  })
  const source: ModelSource = {
    async resolve() {
      state.looks++
      return { name: 'f', version: state.version }
    },
    async openModel() {
      state.opened++
      return { name: 'f', version: state.version, package: packed(state.version) }
    },
  }
  const runtime: ModelRuntime = {
    portVersion: 1,
    name: 'watched',
    capabilities: { batches: true, blocking: false },
    flavors: ['watched'],
    async load({ target = '' }) {
      if (state.gate) await state.gate
      if (state.broken) throw new Error('the file is damaged')
      const model = watchedModel(Number(target))
      models.set(target, model)
      return model
    },
  }
  const clock = handClock()
  const predictor = await Predictor.load(source, 'f@champion', { runtimes: [runtime], clock })
  const events: string[] = []
  predictor.on('model-reloaded', ({ from, to }) => events.push(`${from} → ${to}`))
  predictor.on('error', (error) => events.push((error as Error).message))
  return { predictor, clock, models, state, events }
}

const answer = async (predictor: Predictor): Promise<unknown> => (await predictor.predictOne({ x: 10 })).prediction

describe('follow', () => {
  it('loads the version that the alias moved to, then swaps; calls under way are answered by the old one', async () => {
    const { predictor, clock, models, state, events } = await followed()
    const stop = predictor.follow({ everyMs: 1000 })
    clock.advance(1000)
    await settle()
    expect([state.looks, state.opened, predictor.version]).toEqual([1, 1, '1'])

    const old = models.get('1') as WatchedModel
    const release = old.hold()
    const underWay = answer(predictor)
    state.version = '2'
    let loaded = (): void => {}
    state.gate = new Promise((resolve) => {
      loaded = resolve
    })
    clock.advance(1000)
    await settle()
    // Half loaded: the old one answers.
    expect([predictor.version, events]).toEqual(['1', []])
    loaded()
    await settle()
    expect([predictor.version, events, old.disposed()]).toEqual(['2', ['1 → 2'], 0])
    expect(await answer(predictor)).toBe(20)
    release()
    expect(await underWay).toBe(10)
    await settle()
    expect(old.disposed()).toBe(1)

    stop()
    stop()
    state.version = '3'
    clock.advance(10_000)
    await settle()
    expect([predictor.version, clock.timers]).toEqual(['2', 0])
    await predictor.close()
  })

  it('reports what fails, keeps the model, and tries again', async () => {
    const { predictor, clock, state, events } = await followed()
    predictor.follow({ everyMs: 1000 })
    state.version = '2'
    state.broken = true
    clock.advance(1000)
    await settle()
    expect(events).toEqual(['could not follow "f@champion", f@1 goes on answering: the file is damaged'])
    expect(await answer(predictor)).toBe(10)
    state.broken = false
    clock.advance(1000)
    await settle()
    expect([events[1], await answer(predictor)]).toEqual(['1 → 2', 20])
    await predictor.close()
  })

  it('ends with close, also in the middle of loading', async () => {
    const { predictor, clock, models, state, events } = await followed()
    predictor.follow({ everyMs: 1000 })
    state.version = '2'
    let loaded = (): void => {}
    state.gate = new Promise((resolve) => {
      loaded = resolve
    })
    clock.advance(1000)
    await settle()
    const closing = predictor.close()
    loaded()
    await closing
    expect([clock.timers, events, models.get('2')?.disposed(), models.get('1')?.disposed()]).toEqual([0, [], 1, 1])
    expect(() => predictor.follow({ everyMs: 1000 })).toThrow('cannot follow with f@1: the predictor is closed')
  })

  it('ends with its signal; one at a time; then it may begin anew', async () => {
    const { predictor, clock, state } = await followed()
    const controller = new AbortController()
    predictor.follow({ everyMs: 1000, signal: controller.signal })
    expect(() => predictor.follow({ everyMs: 1000 })).toThrow('cannot follow "f@champion": the predictor follows it already')
    controller.abort()
    expect(clock.timers).toBe(0)
    const other = handClock()
    predictor.follow({ everyMs: 5, clock: other })
    state.version = '2'
    other.advance(5)
    await settle()
    expect(predictor.version).toBe('2')
    await predictor.close()
  })

  it('says what it needs', async () => {
    const { predictor } = await followed()
    const follow = predictor.follow.bind(predictor) as (options?: unknown) => unknown
    expect(() => follow()).toThrow('the options of follow must be an object, got null')
    expect(() => follow({})).toThrow('`everyMs` of follow must be a finite number ≥ 1, got nothing')
    expect(() => follow({ everyMs: 0 })).toThrow('`everyMs` of follow must be a finite number ≥ 1, got 0')
    expect(() => follow({ everyMs: 1, every: 1 })).toThrow('`every` is not an option of follow; it has everyMs, signal, clock')
    expect(() => Predictor.of(watchedModel()).follow({ everyMs: 1 })).toThrow(
      'cannot follow with model@0: it was not loaded from a registry, so it has no alias',
    )
    await predictor.close()
  })
})
