import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { fromUtf8, utf8 } from '../../src/core/bytes'
import { MillwrightError } from '../../src/core/errors'
import { metricLine, parseMetricLines } from '../../src/mlruns/metric-lines'
import type { ObjectStore } from '../../src/ports/object-store'
import type { MetricPoint } from '../../src/ports/tracker-backend'
import { times } from '../support/effort'

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

describe('metric files', () => {
  it('have a line that is logged again at one time once, whatever the order of steps and the batches', async () => {
    const few = fc.record({ key: fc.constant('a'), value: fc.nat(2), timestamp: fc.nat(2), step: fc.integer({ min: -1, max: 2 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(few, { maxLength: 12 }), { maxLength: 4 }), async (batches) => {
        const storage = memoryStorage()
        const tracker = filesTracker({ storage })
        const { experimentId } = await tracker.ensureExperiment('e')
        const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
        for (const metrics of batches) await tracker.logBatch(runId, { metrics })
        const expected: string[] = []
        let since = 0
        const points = batches.flat()
        points.forEach((each, i) => {
          if (each.timestamp !== points[i - 1]?.timestamp) since = expected.length
          const line = metricLine(each)
          if (!expected.slice(since).includes(line)) expected.push(line)
        })
        const file = `mlruns/${experimentId}/${runId}/metrics/a`
        const written = (await storage.head(file)) === undefined ? '' : fromUtf8(await storage.get(file))
        expect(written).toBe(expected.join(''))
      }),
    )
  })

  it('hold a batch of many parts whole', async () => {
    const storage = memoryStorage()
    const tracker = filesTracker({ storage })
    const { experimentId } = await tracker.ensureExperiment('e')
    const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
    const metrics = Array.from({ length: 5000 }, (_, step) => ({ key: 'a', value: step / 7, timestamp: step >> 8, step }))
    await tracker.logBatch(runId, { metrics })
    expect(fromUtf8(await storage.get(`mlruns/${experimentId}/${runId}/metrics/a`))).toBe(metrics.map(metricLine).join(''))
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
      { numRuns: times(20, 60) },
    )
  })
})
