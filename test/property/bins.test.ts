/** The bin of a value is the number of edges below it, whatever the edges and values. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { binEdges, MISSING_BIN, toBins } from '../../src/learn/forest/bins'
import { times } from '../support/effort'

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer({ min: -3, max: 3 }),
  fc.double({ min: -1, max: 1 }),
  fc.constantFrom(
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    Number.MIN_VALUE,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    -0,
  ),
)

it('for numbers of every size, and for other values than those that the edges are of', () => {
  fc.assert(
    fc.property(
      fc.array(anyNumber, { maxLength: 60 }),
      fc.array(anyNumber, { maxLength: 20 }),
      fc.integer({ min: 2, max: 70 }),
      (known, others, maxBins) => {
        const column = Float64Array.from(known)
        const [edges] = binEdges({ numRows: column.length, names: ['x'], columns: [column] }, maxBins)
        expect(edges).toBeInstanceOf(Float64Array)
        expect(edges?.length).toBeLessThan(maxBins)
        const all = Float64Array.from([...known, ...others])
        const bins = toBins({ numRows: all.length, names: ['x'], columns: [all] }, [edges as Float64Array])
        const wanted = Array.from(all, (value) => (Number.isNaN(value) ? MISSING_BIN : edges?.filter((edge) => edge < value).length))
        expect([...bins]).toEqual(wanted)
        // One by one, as rows come to a server.
        const alone = Array.from(
          all,
          (value) => toBins({ numRows: 1, names: ['x'], columns: [Float64Array.of(value)] }, [edges as Float64Array])[0],
        )
        expect(alone).toEqual(wanted)
      },
    ),
    { numRuns: times(300, 20_000), seed: 12 },
  )
})
