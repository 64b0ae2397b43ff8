import { describe, expect, it } from 'vitest'
import { abortable, throwIfAborted, yieldToEventLoop } from '../../../src/core/signal'

describe('throwIfAborted', () => {
  it('throws the reason as it is', () => {
    const reason = { any: 'thing' }
    expect(() => throwIfAborted(undefined)).not.toThrow()
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow()
    try {
      throwIfAborted(AbortSignal.abort(reason))
      expect.unreachable()
    } catch (error) {
      expect(error).toBe(reason)
    }
  })
})

describe('abortable', () => {
  it('is the promise while nothing aborts', async () => {
    const { signal } = new AbortController()
    expect(await abortable(Promise.resolve(1), undefined)).toBe(1)
    expect(await abortable(Promise.resolve(2), signal)).toBe(2)
    await expect(abortable(Promise.reject(new Error('own')), signal)).rejects.toThrow('own')
  })

  it('rejects with the reason as soon as the signal aborts', async () => {
    const controller = new AbortController()
    const waiting = abortable(new Promise(() => {}), controller.signal)
    controller.abort('stop')
    await expect(waiting).rejects.toBe('stop')
  })

  it('leaves no unhandled rejection when the work fails after the abort, also if it was aborted before', async () => {
    const unhandled: unknown[] = []
    const listener = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', listener)
    try {
      let fail = (_: Error): void => {}
      const work = new Promise<void>((_, reject) => {
        fail = reject
      })
      await expect(abortable(work, AbortSignal.abort('early'))).rejects.toBe('early')
      fail(new Error('late'))
      await yieldToEventLoop()
      await yieldToEventLoop()
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listener)
    }
  })
})
