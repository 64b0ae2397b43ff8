import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseOpenMetrics } from '../../../../src/adapters/openmetrics'
import type { MetricFamily, MetricSample } from '../../../../src/ports/metric-family'
import { toOpenMetrics } from '../../../../src/ports/metric-text'
import { createHistogram } from '../../../../src/predictor/histogram'
import { dataFolder } from '../../../interop/support/shared-data'

/** The public cases of the OpenMetrics project are not carried by this repository; they are checked where they lie beside it. */
const casesPath = join(dataFolder, '..', 'golden', 'openmetrics-parse-cases.json')
interface Case {
  readonly name: string
  readonly shouldParse: boolean
  readonly text: string
}

describe('parseOpenMetrics', () => {
  it.skipIf(!existsSync(casesPath))('accepts and refuses what the OpenMetrics project says', () => {
    const { cases } = JSON.parse(readFileSync(casesPath, 'utf8')) as { cases: Case[] }
    const wrong = cases.filter(({ text, shouldParse }) => parses(text) !== shouldParse).map(({ name }) => name)
    expect(cases.length).toBeGreaterThan(100)
    expect(wrong).toEqual([])
  })

  it('gives families with their samples', () => {
    const text = `# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
# HELP latency_seconds Time, \\"all\\" of it.\\nIn seconds.
latency_seconds_bucket{model="a",le="0.5"} 1 # {trace_id="x\\"y"} 0.4 17.5
latency_seconds_bucket{model="a",le="+Inf"} 2
latency_seconds_sum{model="a"} 3.5
latency_seconds_count{model="a"} 2
# TYPE calls counter
calls_total{path="C:\\\\x"} 1e3 12
other NaN
# EOF
`
    const [latency, calls, other] = parseOpenMetrics(text)
    expect(latency).toMatchObject({ name: 'latency_seconds', type: 'histogram', unit: 'seconds', help: 'Time, "all" of it.\nIn seconds.' })
    expect(latency?.samples[0]).toEqual({
      name: 'latency_seconds_bucket',
      labels: { model: 'a', le: '0.5' },
      value: 1,
      exemplar: { labels: { trace_id: 'x"y' }, value: 0.4, timestamp: 17.5 },
    })
    expect(calls?.samples).toEqual([{ name: 'calls_total', labels: { path: 'C:\\x' }, value: 1000, timestamp: 12 }])
    expect(other).toMatchObject({ type: 'unknown', samples: [{ value: Number.NaN }] })
  })

  it.each([
    ['a 1\n', 'the text is not OpenMetrics: it does not end in # EOF'],
    ['a 1\n\n# EOF\n', 'line 2 is not OpenMetrics: a line must begin with the name of a metric'],
    ['a 1\na 2\n# EOF\n', 'line 2 is not OpenMetrics: a with these labels occurs twice'],
    ['a{b="1",b="2"} 1\n# EOF\n', 'line 1 is not OpenMetrics: the label "b" occurs twice'],
    ['# TYPE a histogram\na_bucket{le="1.0"} 0\n# EOF\n', 'the text is not OpenMetrics: a histogram needs the bucket +Inf'],
    ['# TYPE a counter\na_total -1\n# EOF\n', 'line 2 is not OpenMetrics: a_total must not be negative, got -1'],
  ])('says where a text is wrong, and why: %j', (text, message) => {
    expect(() => parseOpenMetrics(text)).toThrow(message)
  })

  it('reads back whatever toOpenMetrics writes', () => {
    const label = fc.constantFrom('model', 'version', 'le_', 'column')
    const labels = fc.dictionary(
      label,
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\r')),
      { noNullPrototype: true },
    )
    const number = fc.double().filter((value) => !Object.is(value, -0))
    const counts = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 20 })
    const value = { counter: fc.double({ min: 0, noNaN: true }), gauge: number, info: fc.constant(1), histogram: counts.map(histogramOf) }
    const family = fc.constantFrom('counter', 'gauge', 'info', 'histogram').chain((type) =>
      fc.record({
        type: fc.constant(type),
        help: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\r')),
        samples: fc.uniqueArray(fc.record({ labels, value: value[type as 'gauge'] as fc.Arbitrary<number> }), {
          minLength: 1,
          maxLength: 4,
          selector: (sample) => JSON.stringify(Object.entries(sample.labels).sort()),
        }),
      }),
    )
    fc.assert(
      fc.property(fc.array(family, { maxLength: 4 }), (some) => {
        const families = some.map((one, i) => ({
          ...one,
          name: `millwright_f${i}${one.type === 'info' ? '' : '_seconds'}`,
        })) as MetricFamily[]
        const read = parseOpenMetrics(toOpenMetrics(families))
        expect(read.map(({ name, type, help }) => [name, type, help])).toEqual(families.map(({ name, type, help }) => [name, type, help]))
        for (const [i, { samples }] of read.entries()) {
          const { samples: written, type } = families[i] as MetricFamily
          if (type !== 'histogram')
            expect(samples.map(({ labels: of, value: v }) => [of, v])).toEqual(
              written.map((sample: MetricSample) => [sample.labels, sample.value]),
            )
        }
      }),
      { numRuns: 100 },
    )
  })
})

function histogramOf(values: readonly number[]): unknown {
  const histogram = createHistogram([0.001, 0.5, 1, 1e6])
  for (const value of values) histogram.add(value)
  return histogram.snapshot()
}

function parses(text: string): boolean {
  try {
    parseOpenMetrics(text)
    return true
  } catch {
    return false
  }
}
