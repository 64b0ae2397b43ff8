/** What other tools get wrong about metrics and monitoring, as their issue trackers say: each is a test of ours. Those of drift are in `test/unit/drift/known-bugs.test.ts`. */
import { afterEach, describe, expect, it } from 'vitest'
import { parseOpenMetrics } from '../../../src/adapters/openmetrics'
import { createRng } from '../../../src/core/random'
import { fitCbpe, type LabelledRows } from '../../../src/monitor'
import { nextPeriod, periodStart } from '../../../src/monitor/window'
import { type MetricFamily, toOpenMetrics, toPrometheusText } from '../../../src/ports'
import { createHistogram } from '../../../src/predictor/histogram'
import { tableOf } from '../../../src/schema/table'

describe('metrics as text', () => {
  const histogram = createHistogram([-1, 0, 1])
  for (const value of [5, -3, 0.5]) histogram.add(value)
  const families: MetricFamily[] = [
    { name: 'score', type: 'histogram', help: 'Scores "raw".', samples: [{ labels: {}, value: histogram.snapshot() }] },
    { name: 'share', type: 'gauge', help: 'Nothing seen.', samples: [{ labels: {}, value: Number.NaN }] },
  ]

  it('a value above all bounds is in the last bucket, also with a bound of −1 (prom-client 15.1.3: in le="-1")', () => {
    expect(histogram.snapshot().counts).toEqual([1, 0, 1, 1])
    expect(toPrometheusText(families)).toContain(
      'score_bucket{le="-1.0"} 1\nscore_bucket{le="0.0"} 1\nscore_bucket{le="1.0"} 2\nscore_bucket{le="+Inf"} 3\n',
    )
  })

  it('writes NaN, canonical bounds and quotes in help as the formats ask (prom-client: `Nan`, le="1", quotes as they are)', () => {
    expect(toPrometheusText(families)).toContain('\nshare NaN\n')
    const text = toOpenMetrics(families)
    expect(text).toContain('# HELP score Scores \\"raw\\".\n')
    expect(text).toContain('le="1.0"')
    expect(parseOpenMetrics(text).map(({ name }) => name)).toEqual(['score', 'share'])
  })
})

describe('performance without labels', () => {
  it('does not depend on the order of rows with equal scores (NannyML: CBPE of ROC AUC does)', () => {
    const rng = createRng(5)
    const scores = Array.from({ length: 300 }, () => rng.int(6) / 6)
    const rowsOf = (values: readonly number[]) => ({
      table: tableOf([]),
      predicted: values.map((score) => Number(score >= 0.5)),
      probabilities: { classes: [0, 1], values: Float64Array.from(values.flatMap((score) => [1 - score, score])) },
    })
    const labelled: LabelledRows = { ...rowsOf(scores), actual: scores.map((score) => Number(rng.next() < score)) }
    const estimator = fitCbpe(labelled, { calibrate: true })
    const shuffled = [...scores].sort(() => rng.next() - 0.5)
    for (const metric of ['rocAuc', 'averagePrecision'] as const) {
      const [one, other] = [scores, shuffled].map((order) => estimator.estimate(rowsOf(order), metric).value) as [number, number]
      expect(other).toBeCloseTo(one, 12)
    }
  })
})

describe('periods', () => {
  const zone = process.env.TZ
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })

  it.each(['UTC', 'America/New_York', 'Australia/Lord_Howe'])('of a day have 24 hours, in %s too when clocks change', (name) => {
    process.env.TZ = name
    // Clocks change in New York on 2025-03-09 and 2025-11-02, on Lord Howe Island (by half an hour) on 2025-04-06 and 2025-10-05.
    for (const day of ['2025-03-09', '2025-11-02', '2025-04-06', '2025-10-05']) {
      const start = Date.parse(`${day}T00:00:00Z`)
      expect(periodStart(start + 13 * 3_600_000, 'day')).toBe(start)
      expect(nextPeriod(start, 'day') - start).toBe(24 * 3_600_000)
    }
  })
})
