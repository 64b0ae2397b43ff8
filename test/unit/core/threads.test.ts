/** Threads that run a program given as text. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { availableThreads, giveBack, type ProgramThread, ThreadFailure, takeThreads } from '../../../src/core/threads'

/** A program that answers with what it was sent, throws, or ends. */
const echo = `
const { parentPort } = require('node:worker_threads')
parentPort.on('message', ({ id, message }) => {
  if (message.exit) process.exit(3)
  parentPort.postMessage(message.bad ? { id, error: 'bad work' } : { id, result: message })
})
`

const take = (program = echo): ProgramThread => takeThreads(program, 1, 'test')[0] as ProgramThread

describe('threads', () => {
  afterEach(() => void vi.useRealTimers())

  it('answer messages, and hand buffers over', async () => {
    const thread = take()
    const bytes = Uint8Array.of(1, 2, 3)
    const answers = await Promise.all([thread.ask({ n: 1 }), thread.ask({ bytes }, [bytes.buffer])])
    expect(answers).toEqual([{ n: 1 }, { bytes: Uint8Array.of(1, 2, 3) }])
    expect(bytes.length).toBe(0)
    await expect(thread.ask({ bad: true })).rejects.toThrow('bad work')
    expect(thread.isAlive).toBe(true)
    thread.end()
    await expect(thread.ask({})).rejects.toBeInstanceOf(ThreadFailure)
  })

  it('fail what they were asked when they end or cannot start', async () => {
    const thread = take()
    await expect(Promise.allSettled([thread.ask({ exit: true }), thread.ask({ n: 2 })])).resolves.toMatchObject([
      { status: 'rejected', reason: { message: 'the thread ended with code 3' } },
      { status: 'rejected' },
    ])
    expect(thread.isAlive).toBe(false)
    await expect(take('throw new Error("no start")').ask({})).rejects.toThrow('no start')
    const unsendable = take()
    await expect(unsendable.ask({ work: () => {} })).rejects.toBeInstanceOf(ThreadFailure)
  })

  it('are kept for a few seconds after use; those at work are ended', async () => {
    vi.useFakeTimers()
    const [first, second] = takeThreads(echo, 2, 'test') as [ProgramThread, ProgramThread]
    await first.ask({ n: 1 })
    giveBack(echo, [first])
    expect(take()).toBe(first)
    giveBack(echo, [first])
    vi.advanceTimersByTime(4999)
    expect(first.isAlive).toBe(true)
    vi.advanceTimersByTime(1)
    expect(first.isAlive).toBe(false)
    const asked = second.ask({ n: 2 })
    giveBack(echo, [second])
    await expect(asked).rejects.toBeInstanceOf(ThreadFailure)
    expect(availableThreads()).toBeGreaterThanOrEqual(1)
  })
})
