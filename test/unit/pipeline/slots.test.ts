import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSlots } from '../../../src/pipeline/slots'

describe('slots', () => {
  it('are given to the lowest order first, never more than there are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(1000), { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (orders, count) => {
        const slots = createSlots(count)
        // The first take what is free, in the order of asking; the others wait.
        const releases = await Promise.all(Array.from({ length: count }, () => slots.acquire(0)))
        const given: number[] = []
        let held = 0
        const waiting = orders.map(async (order) => {
          const release = await slots.acquire(order)
          held++
          expect(held).toBeLessThanOrEqual(count)
          given.push(order)
          await Promise.resolve()
          held--
          release()
        })
        for (const release of releases) release()
        await Promise.all(waiting)
        expect([...given].sort((a, b) => a - b)).toEqual([...orders].sort((a, b) => a - b))
        if (count === 1) expect(given).toEqual([...orders].sort((a, b) => a - b))
      }),
      { numRuns: 60 },
    )
  })

  it('that are given back are free again', async () => {
    const slots = createSlots(1)
    for (let i = 0; i < 3; i++) (await slots.acquire(i))()
    const release = await slots.acquire(0)
    let got = false
    const next = slots.acquire(1).then(() => {
      got = true
    })
    await Promise.resolve()
    expect(got).toBe(false)
    release()
    await next
    expect(got).toBe(true)
  })
})
