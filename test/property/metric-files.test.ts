import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/storage/memory'
import { filesTracker } from '../../src/adapters/tracker/files'
import { metricLine, parseMetricLines } from '../../src/adapters/tracker/files/metric-lines'
import { utf8 } from '../../src/core/bytes'
import { MillwrightError } from '../../src/core/errors'
import type { ObjectStore } from '../../src/ports/object-store'
import type { MetricPoint } from '../../src/ports/tracker-backend'

const point = fc.record({
  key: fc.constantFrom('a', 'b/c'),
  value: fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0)),
  timestamp: fc.nat(50),
  step: fc.maxSafeInteger(),
})

describe('metric lines', () => {
  it('read back what was written, bit by bit', () => {
    fc.assert(
      fc.property(fc.array(point.map((each) => ({ ...each, key: 'a' }))), (points) => {
        const read = parseMetricLines(utf8(points.map(metricLine).join('')), 'a', 'a file')
        expect(read.every((each, i) => Object.is(each.value, points[i]?.value))).toBe(true)
        expect(read.map(({ timestamp, step }) => [timestamp, step])).toEqual(points.map(({ timestamp, step }) => [timestamp, step]))
      }),
    )
  })

  it('cut anywhere, lose at most the last line', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (points, share) => {
        const lines = points.map(metricLine)
        const bytes = utf8(lines.join(''))
        const cut = Math.floor(bytes.length * share)
        let whole = 0
        for (let length = 0; whole < lines.length && length + (lines[whole] as string).length <= cut; whole++)
          length += (lines[whole] as string).length
        expect(parseMetricLines(bytes.subarray(0, cut), 'a', 'a file')).toHaveLength(whole)
      }),
    )
  })
})

describe('a store whose appends break off at random', () => {
  it('ends with every point once, when what failed is handed in again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(point, { maxLength: 5 }), { maxLength: 6 }),
        fc.infiniteStream(fc.nat(60)),
        async (batches, cuts) => {
          const inner = memoryStorage()
          const storage: ObjectStore = {
            ...inner,
            async append(key, bytes) {
              const cut = cuts.next().value ?? 60
              if (cut > 40) return inner.append(key, bytes)
              await inner.append(key, bytes.subarray(0, cut))
              throw new MillwrightError('Unavailable', 'broken off')
            },
          }
          const tracker = filesTracker({ storage })
          const { experimentId } = await tracker.ensureExperiment('e')
          const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
          for (const metrics of batches) {
            for (let attempt = 0; attempt < 200; attempt++) {
              const done = await Promise.resolve(tracker.logBatch(runId, { metrics })).then(
                () => true,
                () => false,
              )
              if (done) break
            }
          }
          const identity = ({ value, timestamp, step }: MetricPoint): string => `${timestamp} ${value} ${step}`
          for (const key of ['a', 'b/c']) {
            const expected = new Set(
              batches
                .flat()
                .filter((each) => each.key === key)
                .map(identity),
            )
            const { items } = await tracker.getMetricHistory(runId, key)
            expect(items.map(identity).sort()).toEqual([...expected].sort())
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})
