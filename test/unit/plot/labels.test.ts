import { describe, expect, it } from 'vitest'
import { parallelCoordinates } from '../../../src/plot/parallel-coordinates'
import { fitText, keepInside, textWidth } from '../../../src/plot/text-size'
import { barPair, lineChart } from '../../../src/report'

/** The estimated box of a text: where it is drawn, turned by how much around which point. */
interface Label {
  readonly text: string
  readonly corners: readonly (readonly [number, number])[]
}

const viewBox = (svg: string): readonly [number, number] => {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)" class="chart/.exec(svg) ?? []
  return [Number(width), Number(height)]
}

/** Every text of the drawing as the four corners of its estimated box. */
function labelsOf(svg: string): Label[] {
  const drawing = svg.slice(svg.indexOf('class="chart'))
  return [...drawing.matchAll(/<text ([^>]*)>([^<]*)/g)].map(([, attributes = '', escaped = '']) => {
    const number = (name: string): number => Number(new RegExp(`(?:^| )${name}="(-?[\\d.]+)"`).exec(attributes)?.[1] ?? 0)
    const text = escaped.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    const size = Number(/font-size:([\d.]+)px/.exec(attributes)?.[1] ?? 12)
    const width = textWidth(text, size)
    const anchor = /text-anchor="(\w+)"/.exec(attributes)?.[1] ?? 'start'
    const from = anchor === 'middle' ? -width / 2 : anchor === 'end' ? -width : 0
    const [, tx = '0', ty = '0', turn = '0'] = /translate\((-?[\d.]+) (-?[\d.]+)\) rotate\((-?\d+)\)/.exec(attributes) ?? []
    const angle = (Number(turn) * Math.PI) / 180
    // Letters reach from about 0.75 em above the line to 0.2 em below.
    const box = [
      [from, -0.75 * size],
      [from + width, -0.75 * size],
      [from + width, 0.2 * size],
      [from, 0.2 * size],
    ] as const
    const corners = box.map(([x, y]): readonly [number, number] => [
      Number(tx) + number('x') + x * Math.cos(angle) - y * Math.sin(angle),
      Number(ty) + number('y') + x * Math.sin(angle) + y * Math.cos(angle),
    ])
    return { text, corners }
  })
}

/** Whether two boxes overlap: no line along a side of either keeps them apart (separating axis theorem). */
function overlap(a: Label, b: Label): boolean {
  for (const { corners } of [a, b]) {
    for (let i = 0; i < 2; i++) {
      const [[x1, y1], [x2, y2]] = [corners[i], corners[i + 1]] as [readonly [number, number], readonly [number, number]]
      const along = ([x, y]: readonly [number, number]): number => x * (x2 - x1) + y * (y2 - y1)
      const [p, q] = [a.corners.map(along), b.corners.map(along)]
      if (Math.max(...p) <= Math.min(...q) + 1e-6 || Math.max(...q) <= Math.min(...p) + 1e-6) return false
    }
  }
  return true
}

function expectReadable(svg: string): void {
  const [width, height] = viewBox(svg)
  const labels = labelsOf(svg)
  expect(labels.length).toBeGreaterThan(0)
  for (const { text, corners } of labels) {
    for (const [x, y] of corners) {
      const isInside = x >= -0.5 && x <= width + 0.5 && y >= -0.5 && y <= height + 0.5
      if (!isInside) expect.fail(`"${text}" leaves the drawing at ${x.toFixed(1)}, ${y.toFixed(1)} of ${width} × ${height}`)
    }
  }
  labels.forEach((label, i) => {
    for (const other of labels.slice(i + 1)) if (overlap(label, other)) expect.fail(`"${label.text}" runs into "${other.text}"`)
  })
}

const counts = [...Array.from({ length: 20 }, (_, i) => i + 1), 25, 30, 40, 50]
const titlesOf: Readonly<Record<string, (i: number) => string>> = {
  short: (i) => `g${i}`,
  long: (i) => `a rather long name of group number ${i}`,
  Chinese: (i) => `第${i}个组的名称很长`,
}

describe('labels of bar pairs', () => {
  for (const [kind, title] of Object.entries(titlesOf)) {
    it.each(counts)(`stay inside and apart: %i groups with ${kind} names`, (count) => {
      for (const scale of [1, 0.001, 1_234_567]) {
        const groups = Array.from({ length: count }, (_, i) => {
          const values: [number, number] = [scale * (0.5 + ((i * 7) % 10) / 20), scale * (0.6 + ((i * 3) % 10) / 25)]
          return { title: title(i), values }
        })
        expectReadable(barPair({ description: 'd', names: ['a', 'b'], groups, yTitle: 'accuracy' }).html)
      }
      const shares = Array.from({ length: count }, (_, i) => ({ title: title(i), values: [0.8, 0.9] as [number, number] }))
      expectReadable(barPair({ description: 'd', names: ['a', 'b'], groups: shares, y: 'percent', yDomain: [0.7, 0.95] }).html)
    })
  }
})

describe('labels of lines', () => {
  const day = 86_400_000
  const start = Date.UTC(2024, 10, 20)
  it.each([0.01, 1, 5, 30, 80, 365, 800, 4000])('stay inside and apart: %d days', (days) => {
    for (const size of [1e-41, 1e-3, 1, 123_456, 1e12]) {
      const points = Array.from({ length: 50 }, (_, i) => ({ x: start + (i * days * day) / 49, y: size * (1 + Math.sin(i)) }))
      const thresholds = [
        { value: size * 0.5, label: 'alert' },
        { value: size * 0.51, label: 'a threshold with a very long name that has no room' },
      ]
      const { html } = lineChart({
        description: 'd',
        series: [{ name: 'a', colour: 'a', points }],
        thresholds,
        yTitle: 'loss',
        xTitle: 'time',
      })
      expectReadable(html)
    }
  })

  it.each([1, 10, 999, 123_456_789, 1e-9])('stay inside and apart: steps to %d', (most) => {
    const points = Array.from({ length: 20 }, (_, i) => ({ x: (i * most) / 19, y: i }))
    expectReadable(lineChart({ description: 'd', x: 'number', series: [{ name: 'a', colour: 'a', points }] }).html)
  })
})

describe('labels of parallel coordinates', () => {
  it.each([1, 2, 3, 5, 8, 11])('stay inside and apart: %i axes', (count) => {
    for (const name of ['lr', 'model.hyperparameters.learning_rate_schedule.initial_value_of_the_first_stage']) {
      for (const result of [false, true]) {
        const texts = ['RandomForestClassifier', 'a', null, 'gradient boosting with early stopping']
        const axes = Array.from({ length: count }, (_, i) => ({
          name: `${name}${i}`,
          result,
          values: i % 2 === 0 ? texts : [1, 1e6, 3, 1e-7],
        }))
        const lines = texts.map((text) => ({ name: String(text), colour: 'a' as const }))
        expectReadable(parallelCoordinates({ description: 'd', lines, axes }).html)
      }
    }
  })
})

describe('texts', () => {
  it('are shortened to their room and kept inside', () => {
    expect(fitText('short', 100)).toBe('short')
    const cut = fitText('a rather long name', 60)
    expect(cut).toBe('a rat…me')
    expect(textWidth(cut)).toBeLessThanOrEqual(60)
    expect(fitText('abc', 1)).toBe('a…')
    expect(textWidth('漢字')).toBe(24)
    expect(keepInside(0, 'abc', [0, 100])).toBeCloseTo(textWidth('abc') / 2)
    expect(keepInside(50, 'x'.repeat(99), [0, 100])).toBe(50)
  })
})
