import { describe, expect, it } from 'vitest'
import { createCommitSync } from '../../../../src/adapters/sqlite/database/commit-sync'

/** Flushes that end when they are told to. */
function manualFlush(): { flush: () => Promise<void>; end: (error?: Error) => void; count: () => number } {
  let started = 0
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  return {
    flush: () => {
      started++
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    end(error) {
      const next = waiting.shift()
      if (error === undefined) next?.resolve()
      else next?.reject(error)
    },
    count: () => started,
  }
}

/** Whether a promise has settled once everything that can run has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const mark = (): void => {
    settled = true
  }
  promise.then(mark, mark)
  await new Promise((resolve) => setImmediate(resolve))
  return settled
}

describe('createCommitSync', () => {
  it('does not flush where nothing was committed', async () => {
    const { flush, count } = manualFlush()
    await createCommitSync(flush).durable()
    expect(count()).toBe(0)
  })

  it('flushes once for all that was committed before', async () => {
    const { flush, end, count } = manualFlush()
    const sync = createCommitSync(flush)
    sync.committed()
    sync.committed()
    const all = [sync.durable(), sync.durable()]
    end()
    await Promise.all(all)
    await sync.durable()
    expect(count()).toBe(1)
  })

  it('does not take a flush that began before the commit for its own', async () => {
    const { flush, end, count } = manualFlush()
    const sync = createCommitSync(flush)
    sync.committed()
    const first = sync.durable()
    sync.committed()
    const second = sync.durable()
    const third = sync.durable()
    end()
    await first
    expect(await isSettled(second)).toBe(false)
    expect(count()).toBe(2)
    end()
    await Promise.all([second, third])
    expect(count()).toBe(2)
  })

  it('throws a failed flush to all that wait for it, and flushes again when asked again', async () => {
    const { flush, end, count } = manualFlush()
    const sync = createCommitSync(flush)
    sync.committed()
    const both = [sync.durable(), sync.durable()]
    end(new Error('EIO'))
    for (const outcome of await Promise.allSettled(both)) expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'EIO' } })
    const again = sync.durable()
    end()
    await again
    expect(count()).toBe(2)
  })
})
