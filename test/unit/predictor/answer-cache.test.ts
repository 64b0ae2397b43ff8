import { describe, expect, it } from 'vitest'
import { Predictor } from '../../../src/predictor'
import { handClock, settle, watchedModel } from './helpers'

describe('equal rows at the same time', () => {
  it('share one execution, within a call and between calls', async () => {
    const model = watchedModel()
    const predictor = Predictor.of(model, { cache: {} })
    const release = model.hold()
    const calls = [
      predictor.predict([{ x: 1 }, { x: 2 }, { x: 1 }]),
      predictor.predict([{ x: 2 }, { x: 3 }]),
      predictor.predictOne({ x: 1 }),
    ]
    await settle()
    release()
    const answers = (await Promise.all(calls)).flat().map(({ prediction }) => prediction)
    expect(answers).toEqual([2, 4, 2, 4, 6, 2])
    expect(model.batches).toEqual([2, 1])
    expect(predictor.stats()).toMatchObject({ cacheHits: 3, cacheMisses: 3 })
  })

  it('are computed after all when the call that computes them is aborted or fails', async () => {
    const model = watchedModel()
    const predictor = Predictor.of(model, { cache: {} })
    const release = model.hold()
    const leader = new AbortController()
    const [first, second] = [predictor.predictOne({ x: 1 }, { signal: leader.signal }), predictor.predictOne({ x: 1 })]
    await settle()
    leader.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    release()
    expect((await second).prediction).toBe(2)
    expect(model.batches).toEqual([1, 1])
    const both = await Promise.allSettled([predictor.predictOne({ x: 13 }), predictor.predictOne({ x: 13 })])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('wait no longer than their own signal and deadline allow', async () => {
    const model = watchedModel()
    const clock = handClock()
    const predictor = Predictor.of(model, { cache: {}, clock })
    const release = model.hold()
    const leader = predictor.predictOne({ x: 1 })
    const controller = new AbortController()
    const [left, late] = [predictor.predictOne({ x: 1 }, { signal: controller.signal }), predictor.predictOne({ x: 1 }, { deadlineMs: 10 })]
    await settle()
    controller.abort(new Error('left'))
    clock.advance(10)
    await expect(left).rejects.toThrow('left')
    await expect(late).rejects.toMatchObject({ code: 'Unavailable', details: { reason: 'deadline' } })
    release()
    expect((await leader).prediction).toBe(2)
    expect(clock.timers).toBe(0)
  })

  it('are not shared between two versions', async () => {
    const [old, next] = [watchedModel(2), watchedModel(10)]
    const predictor = Predictor.of(old, { cache: {} })
    const release = old.hold()
    const before = predictor.predictOne({ x: 1 })
    await settle()
    predictor.swap(next, { version: '2' })
    expect((await predictor.predictOne({ x: 1 })).prediction).toBe(10)
    release()
    expect((await before).prediction).toBe(2)
    expect((await predictor.predictOne({ x: 1 })).prediction).toBe(10)
    expect(next.batches).toEqual([1])
  })
})
