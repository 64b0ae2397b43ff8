import { describe, expect, it } from 'vitest'
import { inOrderByKey } from '../../../src/core/in-order'

describe('inOrderByKey', () => {
  it('runs the tasks of a key one after the other, and those of others at once', async () => {
    const inOrder = inOrderByKey()
    const log: string[] = []
    const task = (name: string, turns: number) => async () => {
      log.push(`${name} begins`)
      for (let i = 0; i < turns; i++) await Promise.resolve()
      log.push(`${name} ends`)
      return name
    }
    const results = await Promise.all([inOrder('a', task('a1', 20)), inOrder('a', task('a2', 0)), inOrder('b', task('b1', 1))])
    expect(results).toEqual(['a1', 'a2', 'b1'])
    expect(log).toEqual(['a1 begins', 'b1 begins', 'b1 ends', 'a1 ends', 'a2 begins', 'a2 ends'])
  })

  it('goes on after a task that fails', async () => {
    const inOrder = inOrderByKey()
    const failed = inOrder('a', () => Promise.reject(new Error('first')))
    const next = inOrder('a', async () => 'second')
    await expect(failed).rejects.toThrow('first')
    expect(await next).toBe('second')
  })

  it('settles when all tasks of all keys have ended, also failed ones', async () => {
    const inOrder = inOrderByKey()
    const log: string[] = []
    const task = (name: string, turns: number) => async () => {
      for (let i = 0; i < turns; i++) await Promise.resolve()
      log.push(name)
    }
    const failed = inOrder('a', async () => {
      await task('a1', 5)()
      throw new Error('first')
    })
    failed.catch(() => {})
    const others = [inOrder('a', task('a2', 5)), inOrder('b', task('b1', 30))]
    await inOrder.settled()
    expect(log).toEqual(['a1', 'a2', 'b1'])
    await Promise.all(others)
    await inOrder.settled()
  })
})
