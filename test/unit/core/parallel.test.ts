import { describe, expect, it } from 'vitest'
import { forEach, mapAll } from '../../../src/core/parallel'

/** Work that notes what was begun and how much went on at once. */
function watched(failing: readonly number[] = []) {
  const begun: number[] = []
  let [now, most] = [0, 0]
  const work = async (item: number): Promise<number> => {
    begun.push(item)
    most = Math.max(most, ++now)
    await Promise.resolve()
    now--
    if (failing.includes(item)) throw new Error(`item ${item}`)
    return item * 10
  }
  return { begun, work, most: () => most }
}

describe('work in parallel', () => {
  it('is bounded, and its results are in the order of the items', async () => {
    const { work, most } = watched()
    expect(await mapAll([1, 2, 3, 4, 5], 2, work)).toEqual([10, 20, 30, 40, 50])
    expect(most()).toBe(2)
    expect(await mapAll([], 2, work)).toEqual([])
  })

  it('ends at a failure, or makes all calls and tells the first', async () => {
    const stopped = watched([2, 3])
    await expect(forEach([1, 2, 3, 4, 5, 6], 1, async (item) => void (await stopped.work(item)))).rejects.toThrow('item 2')
    expect(stopped.begun).toEqual([1, 2])
    const whole = watched([2, 3])
    await expect(mapAll([1, 2, 3, 4], 2, whole.work)).rejects.toThrow('item 2')
    expect(whole.begun).toEqual([1, 2, 3, 4])
  })
})
