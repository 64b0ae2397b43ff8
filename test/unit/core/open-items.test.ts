import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OpenItems, type Placed } from '../../../src/core/open-items'

describe('OpenItems', () => {
  it('holds what a Set would hold, after any additions and removals', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(9))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const things = Array.from({ length: 10 }, (): Placed => ({ place: -1 }))
        const open = new OpenItems<Placed>()
        const expected = new Set<Placed>()
        for (const [isAddition, index] of steps) {
          const thing = things[index] as Placed
          if (!isAddition) {
            open.delete(thing)
            expected.delete(thing)
          } else if (!expected.has(thing)) {
            open.add(thing)
            expected.add(thing)
          }
          expect(open.size).toBe(expected.size)
          expect(new Set(open.list())).toEqual(expected)
        }
      }),
      { seed: 52 },
    )
  })

  it('leaves what was removed to the next collection of the young generation', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void
    setFlagsFromString('--no-expose-gc')
    const oldBytes = (): number => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0
    const open = new OpenItems<Placed & { readonly cells: number[] }>()
    const waiting: (Placed & { readonly cells: number[] })[] = []
    let before = 0
    for (let i = 0; i < 4000; i++) {
      const request = { place: -1, cells: new Array<number>(500).fill(i) }
      open.add(request)
      waiting.push(request)
      if (waiting.length > 32) open.delete(waiting.shift() as Placed & { readonly cells: number[] })
      // What survives two collections is old: here once what is open, as after a lull.
      if (i % 100 === 0 || i === 901 || i === 902) collect({ type: 'minor' })
      if (i === 1000) before = oldBytes()
    }
    // 3,000 requests of 4 kB; a Set would have moved most of them to the old generation.
    expect(oldBytes() - before).toBeLessThan(500_000)
  })
})
