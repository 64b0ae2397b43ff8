/**
 * How the time of a drift report grows with rows (10,000 to a million) and columns (10 to 1,000): fitting, comparing with stored values and with stored sketches. The exponent is the
 * slope of log time against log size: 1 is linear. Prints a table and JSON.
 */
import { cpus } from 'node:os'
import { createRng } from '../src/core/random'
import { DriftDetector } from '../src/drift'
import { columnFrom, makeColumn } from '../src/schema/column'
import { type Table, tableOf } from '../src/schema/table'

const steps = ['fit', 'fit, sketches', 'report, stored values', 'report, stored sketches', 'profile of the current table'] as const
type Times = Record<(typeof steps)[number], number>

/** Three quarters numbers, a quarter words of ten categories. */
function made(columns: number, rows: number, seed: number): Table {
  const rng = createRng(seed)
  const words = Array.from({ length: 10 }, (_, i) => `category ${i}`)
  return tableOf(
    Array.from({ length: columns }, (_, i) =>
      i % 4 === 3
        ? columnFrom(
            `s${i}`,
            'string',
            Array.from({ length: rows }, () => words[rng.int(10)] as string),
          )
        : makeColumn(`f${i}`, { type: 'float64', values: Float64Array.from({ length: rows }, () => rng.normal()) }),
    ),
  )
}

/** The least processor time of three rounds in milliseconds. */
function timed(work: () => unknown): number {
  return Math.min(
    ...[1, 2, 3].map(() => {
      const start = process.cpuUsage()
      work()
      const { user, system } = process.cpuUsage(start)
      return (user + system) / 1000
    }),
  )
}

function measure(columns: number, rows: number): Times {
  const [reference, current] = [made(columns, rows, 1), made(columns, rows, 2)]
  const values = new DriftDetector().fit(reference)
  const sketches = new DriftDetector({ reference: 'sketch' }).fit(reference)
  return {
    fit: timed(() => new DriftDetector().fit(reference)),
    'fit, sketches': timed(() => new DriftDetector({ reference: 'sketch' }).fit(reference)),
    'report, stored values': timed(() => values.detect(current)),
    'report, stored sketches': timed(() => sketches.detect(current)),
    'profile of the current table': timed(() => new DriftDetector({ reference: 'sketch' }).fit(current).profile()),
  }
}

/** Slope of a straight line through (log size, log time). */
function exponent(sizes: readonly number[], times: readonly number[]): number {
  const [x, y] = [sizes.map(Math.log), times.map(Math.log)]
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [mx, my] = [mean(x), mean(y)]
  const above = x.reduce((sum, value, i) => sum + (value - mx) * ((y[i] as number) - my), 0)
  return above / x.reduce((sum, value) => sum + (value - mx) ** 2, 0)
}

measure(10, 20_000)
const { model } = cpus()[0] ?? { model: 'unknown' }
console.log(`least processor time of 3 in ms, ${model}, Node ${process.version}\n`)
const report: Record<string, unknown> = {}
for (const [what, sizes, tableOfSize] of [
  ['rows, 10 columns', [10_000, 31_623, 100_000, 316_228, 1_000_000], (rows: number) => measure(10, rows)],
  ['columns, 10,000 rows', [10, 32, 100, 316, 1000], (columns: number) => measure(columns, 10_000)],
] as const) {
  const times = sizes.map(tableOfSize)
  console.log(`| ${what} | ${sizes.join(' | ')} | exponent |\n| --- |${' --- |'.repeat(sizes.length + 1)}`)
  for (const step of steps) {
    const row = times.map((each) => each[step])
    console.log(`| ${step} | ${row.map((ms) => ms.toFixed(1)).join(' | ')} | ${exponent(sizes, row).toFixed(2)} |`)
  }
  console.log()
  report[what] = { sizes, times }
}
console.log(JSON.stringify({ name: 'drift-growth', node: process.version, model, ...report }))
