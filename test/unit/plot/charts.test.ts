import { inspect } from 'node:util'
import { parseXml, type XmlElement, type XmlNode } from '@rgrove/parse-xml'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { calibrationCurve, confusionMatrix, precisionRecallCurve, rocCurve } from '../../../src/metrics'
import {
  barPair,
  boxChart,
  type Chart,
  calibrationChart,
  confusionMatrixChart,
  densityChart,
  histogramChart,
  intervalChart,
  lineChart,
  parallelCoordinates,
  precisionRecallChart,
  residualChart,
  rocChart,
  scatterChart,
} from '../../../src/plot'

const hostile = '"><script>alert(1)</script>&\u2028'
const rng = createRng(5)
const normal = (n: number, mean = 0): Float64Array => Float64Array.from({ length: n }, () => mean + rng.normal())
const actual = Array.from({ length: 200 }, () => rng.int(2))
const scores = actual.map((label) => 1 / (1 + Math.exp(-(label - 0.5 + rng.normal()))))
const two = [
  { name: hostile, values: normal(300) },
  { name: 'current', values: normal(200, 1) },
] as const

const charts: Readonly<Record<string, Chart>> = {
  histogram: histogramChart({ series: two, xTitle: hostile, description: hostile }),
  density: densityChart({ series: two, xTitle: hostile }),
  boxes: boxChart({ series: two, yTitle: hostile }),
  scatter: scatterChart({ series: [{ name: hostile, x: normal(50), y: normal(50) }], guide: 'diagonal' }),
  residuals: residualChart({ actual: normal(50), predicted: normal(50), xTitle: hostile }),
  roc: rocChart({ curves: [{ name: hostile, curve: rocCurve(actual, scores), score: 0.7 }] }),
  precisionRecall: precisionRecallChart({ curves: [{ name: hostile, curve: precisionRecallCurve(actual, scores) }] }),
  calibration: calibrationChart({ curves: [{ name: hostile, curve: calibrationCurve(actual, scores) }] }),
  confusion: confusionMatrixChart(confusionMatrix([hostile, 'b', 'b'], ['b', 'b', hostile])),
  lines: lineChart({ description: hostile, series: [{ name: hostile, colour: 'a', points: [{ x: 0, y: 1 }] }] }),
  bars: barPair({ description: hostile, names: [hostile, 'b'], groups: [{ title: hostile, values: [1, 2] }] }),
}

function elements(node: XmlElement): XmlElement[] {
  const isElement = (child: XmlNode): child is XmlElement => child.type === 'element'
  return [node, ...node.children.filter(isElement).flatMap(elements)]
}

describe('a chart', () => {
  it.each(Object.entries(charts))('%s is an SVG document without scripts, variables or numbers that are none', (_, { svg }) => {
    const { root } = parseXml(svg)
    expect(root?.name).toBe('svg')
    const all = elements(root as XmlElement)
    expect(all.map(({ name }) => name)).not.toContain('script')
    expect(root?.attributes['aria-label']).toBeTruthy()
    for (const { name, attributes } of all) {
      for (const value of Object.values(attributes)) expect(`${name} ${value}`).not.toMatch(/NaN|Infinity|undefined|var\(/)
    }
    // Placed into a page, its style sheet must not reach beyond it.
    const style = all.find(({ name }) => name === 'style')?.text ?? ''
    const selectors = style
      .replace(/@media[^{]*\{(.*)\}$/s, '$1')
      .split('}')
      .map((rule) => rule.split('{')[0]?.trim() ?? '')
    for (const selector of selectors.filter(Boolean)) expect(selector).toMatch(/^\.millwright-chart /)
  })

  it.each(Object.entries(charts))('%s can be placed into a page', (_, { html }) => {
    expect(html).toMatch(/^<figure>/)
    expect(html).not.toMatch(/<script/)
  })

  it('has dark colours for every light one it uses', () => {
    const { svg } = charts.histogram as Chart
    expect(svg).toContain('.millwright-chart [fill="#0072b2"]{fill:#56b4e9}')
  })
})

/** The heights of the bars of a filled histogram path: M x bottom V top. */
const barTops = (svg: string): number[] =>
  [...svg.matchAll(/M[\d.]+ ([\d.]+)V([\d.]+)H/g)].map(([, bottom, top]) => Number(bottom) - Number(top))

describe('histogramChart', () => {
  it('draws bars as high as their counts', () => {
    const heights = barTops(histogramChart({ series: [{ name: 'a', edges: [0, 1, 2, 3], counts: [1, 4, 2] }] }).svg)
    expect(heights).toHaveLength(3)
    expect((heights[1] as number) / (heights[0] as number)).toBeCloseTo(4, 1)
    expect((heights[2] as number) / (heights[0] as number)).toBeCloseTo(2, 1)
  })

  it('draws nothing for missing values, and shows them empty where there are no others', () => {
    expect(
      barTops(histogramChart({ series: [{ name: 'a', values: [Number.NaN, 1, 1, 2, Number.POSITIVE_INFINITY] }], bins: 2 }).svg),
    ).toHaveLength(2)
    expect(barTops(histogramChart({ series: [{ name: 'a', values: [Number.NaN] }] }).svg)).toEqual([0])
  })

  it.each([
    [{}, /histogramChart needs `series`/],
    [{ series: [] }, /`series` of histogramChart must be an array of one to 4/],
    [{ series: [{ name: 'a', values: [1] }], bin: 3 }, /`bin` is not an option of histogramChart/],
    [{ series: [{ name: 'a', edges: [0, 1], counts: [1, 2] }] }, /1 bins have 2 counts in "a"/],
    [
      {
        series: [
          { name: 'a', edges: [0, 1], counts: [1] },
          { name: 'b', edges: [0, 2], counts: [1] },
        ],
      },
      /all series must have the same edges/,
    ],
  ])('refuses %j', (options, message) => {
    expect(() => histogramChart(options as never)).toThrow(message)
  })
})

describe('densityChart', () => {
  it('draws a line for a constant sample, and nothing for an empty one', () => {
    expect(densityChart({ series: [{ name: 'a', values: [3, 3, 3] }] }).svg).toContain('a: all values equal')
    expect(densityChart({ series: [{ name: 'a', values: [] }] }).svg).toContain('<title>a</title>')
  })
})

describe('boxChart', () => {
  it('names the quartiles, and counts what lies beyond the whiskers', () => {
    const { svg } = boxChart({ series: [{ name: 'a', values: [1, 2, 3, 4, 5, 100] }] })
    expect(svg).toContain('a: median 3.5, quartiles 2.25 and 4.75, 6 values, 1 beyond the whiskers')
    expect(svg.match(/<circle/g)).toHaveLength(1)
  })
})

describe('scatterChart', () => {
  it('draws a seeded sample of too many points, and says so', () => {
    const [x, y] = [normal(5000), normal(5000)]
    const chart = scatterChart({ series: [{ name: 'a', x, y }], maxPoints: 500, seed: 3 })
    const dots = chart.svg.match(/h0/g)?.length ?? 0
    expect(dots).toBeGreaterThan(400)
    expect(dots).toBeLessThan(600)
    expect(chart.svg).toContain(`${dots} of 5\u2009000 points`)
    expect(scatterChart({ series: [{ name: 'a', x, y }], maxPoints: 500, seed: 3 }).svg).toBe(chart.svg)
  })

  it('refuses lists of different lengths', () => {
    expect(() => scatterChart({ series: [{ name: 'a', x: [1], y: [1, 2] }] })).toThrow(/as many x as y/)
    expect(() => residualChart({ actual: [1], predicted: [1, 2] })).toThrow(/two lists of numbers of one length/)
  })
})

describe('rocChart', () => {
  it('leads from the lower left to the upper right corner of the plot', () => {
    const perfect = rocCurve([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    const { svg } = rocChart({ curves: [{ name: 'perfect', curve: perfect, score: 1 }] })
    const diagonal =
      /<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)" [^>]*dasharray="5 5"/.exec(svg)?.slice(1).map(Number) ?? []
    const [x1, y1, x2, y2] = diagonal
    const path = /<path d="M([\d.,L]+)" fill="none"/
      .exec(svg)?.[1]
      ?.split('L')
      .map((point) => point.split(',').map(Number))
    expect(path?.at(0)).toEqual([x1, y1])
    expect(path?.at(-1)).toEqual([x2, y2])
    expect(path).toContainEqual([x1, y2])
    expect(svg).toContain('perfect (1)')
  })

  it('refuses what is no curve', () => {
    expect(() => rocChart({ curves: [{ name: 'a', curve: {} as never }] })).toThrow(/\{ falsePositiveRate, truePositiveRate \}/)
  })
})

describe('confusionMatrixChart', () => {
  it('names every cell, and shades it by its share of the actual class', () => {
    const { svg } = confusionMatrixChart(confusionMatrix(['a', 'a', 'a', 'b'], ['a', 'a', 'b', 'b']))
    expect(svg).toContain('a predicted as b: 1 (33.3 %)'.replace(' %', '\u00a0%'))
    expect(svg).toContain('b predicted as b: 1 (100.0 %)'.replace(' %', '\u00a0%'))
    expect(() => confusionMatrixChart({} as never)).toThrow(/takes what confusionMatrix/)
  })
})

describe('charts of hostile input', () => {
  it('are well-formed files whatever characters the names have', () => {
    const name = 'a\u0000\u0008\u001b\ufffe\ud800<b>&'
    const { svg } = histogramChart({ series: [{ name, values: [1, 2, 3] }], xTitle: name, description: name })
    expect(parseXml(svg)).toBeDefined()
    expect(svg).toContain('a\ufffd\ufffd\ufffd\ufffd\ufffd&#60;b&#62;&#38;')
  })

  it('refuse bins that are none', () => {
    const of = (edges: number[], counts: number[]) => () => histogramChart({ series: [{ name: 'a', edges, counts }] })
    for (const edges of [
      [1, 0, 2],
      [0, 0, 1],
      [0, Number.NaN, 1],
    ])
      expect(of(edges, [1, 2])).toThrow('each above the one before')
    expect(of([0, 1], [Number.NaN])).toThrow('counts of "a" must be finite numbers ≥ 0')
  })

  it('print as one line, and are pictures in notebooks', () => {
    const chart = histogramChart({ series: [{ name: 'delay', values: [1, 2, 3] }] })
    expect(inspect(chart)).toBe('Chart: Histogram of delay, 640 × 300')
    const display = (chart as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for('Jupyter.display')]
    expect(display?.()['image/svg+xml']).toBe(chart.svg)
  })
})

describe('numbers at the ends of the double range', () => {
  const samples: Readonly<Record<string, readonly number[]>> = {
    large: [-1e308, 0, 1e308],
    largest: [-Number.MAX_VALUE, Number.MAX_VALUE],
    'large and alike': [1.7e308, 1.79e308],
    tiny: [1e-320, 2e-320, 3e-320],
    smallest: [Number.MIN_VALUE, Number.MIN_VALUE],
    'tiny of both signs': [-1e-320, 1e-320],
    'tiny and large': [1e-320, 1e308],
    'one bit apart': [1, 1 + Number.EPSILON],
    'not finite': [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, Number.NaN],
    nothing: [],
  }
  const make: Readonly<Record<string, (values: readonly number[]) => Chart>> = {
    histogram: (values) => histogramChart({ series: [{ name: 'a', values }] }),
    'histogram with bins': (values) => histogramChart({ series: [{ name: 'a', values }], bins: 7 }),
    density: (values) => densityChart({ series: [{ name: 'a', values }] }),
    boxes: (values) => boxChart({ series: [{ name: 'a', values }] }),
    scatter: (values) => scatterChart({ series: [{ name: 'a', x: values, y: values }], guide: 'diagonal' }),
    residuals: (values) => residualChart({ actual: values, predicted: values.map((value) => value / 2) }),
    lines: (values) =>
      lineChart({ description: 'd', x: 'number', series: [{ name: 'a', colour: 'a', points: values.map((y, x) => ({ x, y })) }] }),
    'lines over them': (values) =>
      lineChart({ description: 'd', x: 'number', series: [{ name: 'a', colour: 'a', points: values.map((x, y) => ({ x, y })) }] }),
    bars: (values) =>
      barPair({ description: 'd', names: ['a'], groups: values.map((value) => ({ title: 't', values: [value] })) } as never),
    intervals: (values) =>
      intervalChart({
        description: 'd',
        rows: values.map((value) => ({ name: 'a', value, interval: [value, value], colour: 'a', label: 'l' })),
      }),
    parallel: (values) =>
      parallelCoordinates({
        description: 'd',
        lines: values.map(() => ({ name: 'a', colour: 'a' })),
        axes: ['a', 'b'].map((name) => ({ name, values })),
      }),
  }

  it.each(Object.entries(make))('have a place in %s', (_, chart) => {
    for (const [name, values] of Object.entries(samples)) {
      const { svg } = chart(values)
      const drawn = svg.replace(/<(title|text)\b.*?<\/\1>|(aria-label|stroke|fill|stop-color)="[^"]*"/gs, '')
      expect(drawn, name).not.toMatch(/NaN|Infinity|undefined/)
      // Nothing is drawn far outside of the picture.
      for (const [number] of drawn.replace(/<style>.*?<\/style>/s, '').matchAll(/-?\d+(\.\d+)?(e[+-]?\d+)?/g))
        expect(Math.abs(Number(number)), `${name}: ${number}`).toBeLessThan(3000)
    }
  })
})
