import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { axisOf } from '../../../src/plot/axis'
import { formatDay, formatNumber, formatPercent, formatValue } from '../../../src/plot/format'
import { embedJson } from '../../../src/plot/html'
import { barPair, dataTable, heatTable, html, type LifecycleReport, lifecycleReport, lineChart, page } from '../../../src/report'

const day = 86_400_000

describe('html', () => {
  it('escapes every text and no HTML twice', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { html: made } = html`<p title="${text}">${text}${html`<b>${text}</b>`}</p>`
        expect(made.replace(/<\/?[pb]( title=)?>?/g, '')).not.toMatch(/[<>]{2}|<script/i)
        expect(made.split('<').length - 1).toBe(4)
      }),
    )
    expect(html`${null}${undefined}${[1, 'a&b', html`<i>`]}`.html).toBe('1a&#38;b<i>')
  })

  it('embeds JSON that cannot end its script', () => {
    const nasty = { text: '</script><script>alert(1)</script>\u2028 & <!--' }
    const { html: made } = embedJson('data', nasty)
    expect(made.match(/<\/script>/g)).toHaveLength(1)
    expect(JSON.parse(made.replace(/^<script[^>]*>|<\/script>$/g, ''))).toEqual(nasty)
  })
})

describe('axes', () => {
  const range = [0, 1000] as const

  it('mark round values within the domain', () => {
    expect(axisOf('number', [0, 1], range).ticks).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    expect(axisOf('number', [0.73, 0.93], range).ticks).toEqual([0.74, 0.76, 0.78, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.92])
    expect(axisOf('number', [3, 3], range).ticks).toEqual([3])
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (min, span) => {
        const { ticks } = axisOf('number', [min, min + span], range)
        // d3 takes steps of 2 up to √10: at most 8 · √10 / 2 intervals where 8 ticks are asked for.
        expect(ticks.length).toBeLessThanOrEqual(13)
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(min - span * 1e-6)
          expect(tick).toBeLessThanOrEqual(min + span * (1 + 1e-6))
        }
      }),
    )
  })

  it('map ends to ends, and one value to the middle', () => {
    const { place } = axisOf('number', [10, 20], [100, 0])
    expect([place(10), place(15), place(20)]).toEqual([100, 50, 0])
    expect(axisOf('number', [5, 5], [0, 10]).place(5)).toBe(5)
  })

  it.each([
    ['years', Date.UTC(2000, 0, 1), Date.UTC(2010, 0, 1), ['2000', '2001', '2002']],
    ['quarters', Date.UTC(2020, 1, 1), Date.UTC(2022, 6, 1), ['Apr 2020', 'Jul 2020', 'Oct 2020']],
    ['months', Date.UTC(2011, 2, 15), Date.UTC(2011, 9, 1), ['Apr', 'May', 'Jun']],
    ['hours', Date.UTC(2011, 2, 15), Date.UTC(2011, 2, 15, 12), ['15 Mar 2011, 00:00', '15 Mar 2011, 03:00', '15 Mar 2011, 06:00']],
    [
      'seconds',
      Date.UTC(2011, 2, 15),
      Date.UTC(2011, 2, 15, 0, 1),
      ['15 Mar 2011, 00:00:00', '15 Mar 2011, 00:00:15', '15 Mar 2011, 00:00:30'],
    ],
  ])('mark %s where the domain is of that size', (_, from, to, labels) => {
    const { ticks, text } = axisOf('time', [from, to], range)
    expect(ticks.slice(0, 3).map(text)).toEqual(labels)
  })
})

describe('formats', () => {
  it('are short and the same everywhere', () => {
    expect([1234567.5, 0, -0.25, 0.12345, Number.NaN, Number.NEGATIVE_INFINITY, null].map((value) => formatNumber(value))).toEqual([
      '1\u2009234\u2009567.5',
      '0',
      '−0.25',
      '0.123',
      '–',
      '−∞',
      '–',
    ])
    expect([-0, -0.0001, 0.000214, 1.23e-41, 5e-324, -5e-324, 6e-6, 1e21].map((value) => formatNumber(value))).toEqual([
      '0',
      '−0.0001',
      '0.00021',
      '1.23e-41',
      '<1e-300',
      '>−1e-300',
      '6e-6',
      '1e21',
    ])
    expect([1.23e-41, 0.0001, 0.05, 0.12345, 1234.56, 2_500_000_000, -3e-7].map(formatValue)).toEqual([
      '1.23e-41',
      '0.0001',
      '0.05',
      '0.1235',
      '1\u2009234.6',
      '2.5e9',
      '−3e-7',
    ])
    expect(formatPercent(0.8642)).toBe('86.4\u00a0%')
    expect(formatPercent(Number.NaN)).toBe('–')
    expect(formatDay(Date.UTC(2011, 3, 8, 23))).toBe('8 Apr 2011')
    expect(formatDay(Number.NaN)).toBe('–')
  })
})

describe('charts', () => {
  const points = Array.from({ length: 2000 }, (_, i) => ({ x: Date.UTC(2011, 3, 1) + i * day * 0.1, y: 0.8 + Math.sin(i / 50) * 0.1 }))
  const numbersOf = (svg: string): number[] =>
    [...svg.matchAll(/ (?:x1?|cx|y1?|cy|width|height)="([^"]*)"|[ML](-?[\d.]+),(-?[\d.]+)/g)].flatMap((match) =>
      match.slice(1).filter(Boolean).map(Number),
    )

  it('draw lines inside the drawing, thinned out, with a description', () => {
    const { html: svg } = lineChart({
      description: 'goes "up" & down',
      series: [{ name: 'a', points, colour: 'a' }],
      thresholds: [{ value: 0.83, label: 'alert' }],
      marks: [1, 2, 3].map((number) => ({ x: points[number * 10]?.x ?? 0, number, label: `mark ${number}`, colour: 'c' as const })),
    })
    expect(svg).toContain('aria-label="goes &#34;up&#34; &#38; down"')
    const drawn = svg.match(/[ML][\d.]+,/g)?.length ?? 0
    expect(drawn).toBeLessThanOrEqual(600)
    expect(drawn).toBeGreaterThan(200)
    for (const value of numbersOf(svg)) {
      expect(value).toBeGreaterThanOrEqual(-1)
      expect(value).toBeLessThanOrEqual(1030)
    }
  })

  it('keep every spike and gap when they are thinned out', () => {
    const long = Array.from({ length: 100_000 }, (_, x) => ({
      x,
      y: x === 54_321 ? 9 : x === 70_001 ? -5 : x === 80_000 ? Number.NaN : Math.sin(x / 50),
    }))
    const { html: svg } = lineChart({
      description: 'd',
      x: 'number',
      yDomain: [-5, 9],
      height: 300,
      series: [{ name: 'a', points: long, colour: 'a' }],
    })
    const path = /<path d="([^"]*)"/.exec(svg)?.[1] ?? ''
    const heights = [...path.matchAll(/[ML][\d.]+,([\d.]+)/g)].map((match) => Number(match[1]))
    expect(svg.length).toBeLessThan(20_000)
    expect([Math.min(...heights), Math.max(...heights)]).toEqual([14, 272])
    expect(path.match(/M/g)).toHaveLength(2)
  })

  it('put badges that would touch on rows of their own', () => {
    const at = points[100]?.x ?? 0
    const marks = [0, 1, 2].map((i) => ({ x: at + i * day, number: i + 1, label: `${i}`, colour: 'c' as const }))
    const { html: svg } = lineChart({ description: 'd', series: [{ name: 'a', points, colour: 'a' }], marks })
    const badges = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="9"/g)].map((match) => [Number(match[1]), Number(match[2])])
    expect(badges).toHaveLength(3)
    badges.forEach(([x1 = 0, y1 = 0], i) => {
      for (const [x2 = 0, y2 = 0] of badges.slice(i + 1)) expect(Math.hypot(x1 - x2, y1 - y2)).toBeGreaterThan(18)
    })
  })

  it('survive no data, one point, gaps and equal values', () => {
    const empty = lineChart({ description: 'd', series: [{ name: 'a', points: [], colour: 'a' }] })
    const gaps = [
      { x: 1, y: 1 },
      { x: 2, y: Number.NaN },
      { x: 3, y: 1 },
    ]
    const flat = lineChart({ description: 'd', x: 'number', series: [{ name: 'a', points: gaps, colour: 'a' }] })
    for (const { html: svg } of [empty, flat, barPair({ description: 'd', names: ['a', 'b'], groups: [] })]) {
      expect(svg).not.toMatch(/NaN|Infinity/)
    }
    expect(flat.html.match(/[ML][\d.]+,/g)?.map((step) => step[0])).toEqual(['M', 'M'])
  })

  it('draw pairs of bars with their values, and leave out what is missing', () => {
    const { html: svg } = barPair({
      description: 'd',
      names: ['before', 'after'],
      y: 'percent',
      groups: [
        { title: 'Apr', values: [0.8, 0.9] },
        { title: 'May', values: [Number.NaN, 0.85] },
      ],
    })
    expect(svg.match(/<rect [^>]*rx="2.5"/g)).toHaveLength(3)
    for (const text of ['80.0', '90.0', '85.0', 'Apr', 'May', 'before', 'after']) expect(svg).toContain(`>${text}<`)
    expect(svg).not.toContain('NaN')
  })
})

describe('tables', () => {
  it('mark drift by weight and words, not by colour alone', () => {
    const { html: made } = heatTable({
      rowTitles: ['temp'],
      columnTitles: ['Apr', 'May', 'Jun'],
      values: [[0.3, 0.1, Number.NaN]],
      threshold: 0.25,
    })
    expect(made).toContain('aria-label="0.3, drifted"><b>0.3</b>')
    expect(made).toMatch(/>0\.1<\/td>/)
    expect(made).toContain('>–</td>')
  })

  it('have the sentence about a row below it, and no such line where there is none', () => {
    const { html: made } = dataTable<string>({
      columns: [{ title: 'a', cell: (row) => row }],
      rows: ['x', 'y'],
      words: (row) => (row === 'x' ? 'because' : ''),
    })
    expect(made).toContain('<tr class="words"><td colspan="1"><span>because</span></td></tr>')
    expect(made.match(/class="words"/g)).toHaveLength(1)
  })

  it('say when there is nothing', () => {
    expect(dataTable({ columns: [{ title: 'a', cell: () => '' }], rows: [], empty: 'no rows' }).html).toContain('no rows')
  })
})

describe('the lifecycle report', () => {
  const evil = '<img src=x onerror=alert(1)>"\'&'
  const report: LifecycleReport = {
    title: evil,
    lead: evil,
    createdAt: 0,
    tiles: [{ label: evil, value: evil, note: evil }],
    performance: {
      metric: evil,
      text: evil,
      retrained: [
        { x: 0, y: 0.9 },
        { x: day, y: 0.8 },
      ],
      championOnly: [{ x: 0, y: 0.7 }],
      threshold: 0.83,
      training: { from: -day, to: 0 },
    },
    periods: [{ title: evil, championOnly: 0.8, retrained: 0.9 }],
    events: (['trained', 'drift', 'performance', 'resolved', 'retrained', 'promoted', 'kept', 'rollback', 'failed'] as const).map(
      (kind, i) => ({
        at: day * (9 - i),
        kind,
        text: evil,
        marked: i !== 2,
      }),
    ),
    drift: { columns: [evil], periods: [evil], scores: [[1]], threshold: 0.25, text: evil },
    versions: [{ version: evil, aliases: ['champion', evil], createdAt: 0, metrics: { [evil]: 0.5 }, data: evil, runId: evil }],
    history: [{ at: 0, text: evil }],
    expectations: [{ name: evil, success: false, observed: evil }],
    sections: [{ title: evil, text: evil, body: html`<p>${evil}</p>` }],
  }

  it('escapes everything, runs and fetches nothing, and carries its numbers', () => {
    const made = lifecycleReport(report)
    expect(made).not.toContain('<img')
    expect(made).not.toMatch(/\b(?:src|href|action)\s*=\s*"?http/i)
    expect(made.match(/<script/g)).toHaveLength(1)
    expect(made).toContain("default-src 'none'")
    expect(made).toContain('prefers-color-scheme:dark')
    expect(made).not.toMatch(/>NaN|NaN"/)
    const json = /<script type="application\/json" id="report-data">(.*?)<\/script>/s.exec(made)?.[1] ?? ''
    expect((JSON.parse(json) as LifecycleReport).title).toBe(evil)
    expect(made.length).toBeLessThan(300_000)
  })

  it('numbers the marked events in order of time', () => {
    const made = lifecycleReport({ ...report, title: 't' })
    expect(made.match(/class="badge"/g)).toHaveLength(8)
    expect(made.indexOf('>failed</span>')).toBeLessThan(made.indexOf('>trained</span>'))
  })

  it('leaves out what is not given', () => {
    const made = lifecycleReport({ title: 'empty', createdAt: 0 })
    expect(made).not.toContain('<section')
    expect(page({ title: 'bare', sections: [] })).toMatch(/^<!doctype html>/)
  })
})

describe('wrong input', () => {
  const forgotten = Promise.resolve({}) as never
  const base = { title: 't', createdAt: 0 }
  it.each([
    [undefined, 'lifecycleReport takes an object with `title`, `createdAt` and its parts, got undefined'],
    [forgotten, 'lifecycleReport takes an object with `title`, `createdAt` and its parts, got a Promise (did you forget `await`?)'],
    [{}, '`title` of lifecycleReport must be text, got undefined'],
    [
      { ...base, events: [{ at: 'now', kind: 'drift', text: '' }] },
      '`events[0].at` of lifecycleReport must be epoch milliseconds, got "now"',
    ],
    [
      { ...base, versions: forgotten },
      '`versions` of lifecycleReport must be an array of versions, got a Promise (did you forget `await`?)',
    ],
    [{ ...base, drift: {} }, '`drift.columns` of lifecycleReport must be an array of column names, got undefined'],
    [{ ...base, event: [] }, '`event` is no part of a lifecycle report; it has title, lead, createdAt, tiles,'],
  ])('of lifecycleReport is named: %j', (given, message) => {
    expect(() => lifecycleReport(given as never)).toThrow(message)
  })

  it('of charts, tables and pages is named', () => {
    expect(() => barPair(undefined as never)).toThrow('barPair takes an object with `description`, `names`, `groups`, got undefined')
    expect(() => lineChart({ description: 'd' } as never)).toThrow('lineChart needs `series`, got an object (description)')
    expect(() => lineChart({ description: 'd', series: [1] } as never)).toThrow('`series` of lineChart must be an array of { name,')
    expect(() => dataTable(forgotten)).toThrow('dataTable takes an object with `columns`, `rows`, got a Promise (did you forget `await`?)')
    expect(() => heatTable({ values: forgotten } as never)).toThrow('heatTable needs `rowTitles`')
    expect(() => page({ title: 't', sections: forgotten })).toThrow('`sections` of page must be an array')
    expect(() => page({ title: 't', sections: [], titel: 'x' } as never)).toThrow('`titel` is not an option of page')
  })

  it('numbers events only where there is a chart that has them', () => {
    const events = [{ at: 0, kind: 'drift' as const, text: 'far' }]
    expect(lifecycleReport({ ...base, events })).not.toContain('>No.<')
    expect(lifecycleReport({ ...base, events, performance: { metric: 'f1', retrained: [], championOnly: [] } })).toContain('>No.<')
  })
})
