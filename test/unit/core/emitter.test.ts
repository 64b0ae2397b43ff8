import { describe, expect, it } from 'vitest'
import { createEmitter } from '../../../src/core/emitter'

interface Events {
  readonly tick: number
  readonly error: unknown
}

describe('createEmitter', () => {
  it('calls listeners in order and unsubscribes', () => {
    const emitter = createEmitter<Events>()
    const seen: string[] = []
    const off = emitter.on('tick', (n) => seen.push(`a${n}`))
    emitter.on('tick', (n) => seen.push(`b${n}`))
    emitter.emit('tick', 1)
    off()
    off()
    emitter.emit('tick', 2)
    expect(seen).toEqual(['a1', 'b1', 'b2'])
    expect(emitter.listenerCount('tick')).toBe(1)
  })

  it('unsubscribes after one event, and by signal', () => {
    const emitter = createEmitter<Events>()
    const seen: string[] = []
    const controller = new AbortController()
    emitter.on('tick', (n) => seen.push(`once${n}`), { once: true })
    emitter.on('tick', (n) => seen.push(`signal${n}`), { signal: controller.signal })
    emitter.on('tick', () => seen.push('never'), { signal: AbortSignal.abort() })
    emitter.emit('tick', 1)
    controller.abort()
    emitter.emit('tick', 2)
    expect(seen).toEqual(['once1', 'signal1'])
    expect(emitter.listenerCount('tick')).toBe(0)
  })

  it('sends what a listener throws to error listeners only, and goes on', () => {
    const emitter = createEmitter<Events>()
    const seen: unknown[] = []
    const failure = new Error('listener')
    emitter.on('tick', () => {
      throw failure
    })
    emitter.on('tick', (n) => seen.push(n))
    expect(() => emitter.emit('tick', 1)).not.toThrow()
    emitter.on('error', (error) => seen.push(error))
    emitter.on('error', () => {
      throw new Error('worse')
    })
    expect(() => emitter.emit('tick', 2)).not.toThrow()
    expect(seen).toEqual([1, failure, 2])
  })

  it('lets a listener unsubscribe itself and others while it is called', () => {
    const emitter = createEmitter<Events>()
    const seen: string[] = []
    const off = emitter.on('tick', () => {
      seen.push('first')
      off()
    })
    emitter.on('tick', () => seen.push('second'))
    emitter.emit('tick', 1)
    emitter.emit('tick', 2)
    expect(seen).toEqual(['first', 'second', 'second'])
  })
})
