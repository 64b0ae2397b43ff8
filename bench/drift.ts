/** Fitting a drift detector on 100 columns × 100,000 rows, and comparing as many with it. Prints a table and JSON. */
import { cpus } from 'node:os'
import { createRng } from '../src/core/random'
import { DriftDetector } from '../src/drift'
import { columnFrom } from '../src/schema/column'
import { tableOf } from '../src/schema/table'

const columns = Number(process.argv[2] ?? 100)
const rows = Number(process.argv[3] ?? 100_000)
const repeats = 5

/** Half numbers, a quarter whole numbers, a quarter text of ten categories; a hundredth of the cells missing. */
function madeTable(seed: number, shift: number): ReturnType<typeof tableOf> {
  const rng = createRng(seed)
  const cells = (value: () => unknown): unknown[] => Array.from({ length: rows }, () => (rng.next() < 0.01 ? null : value()))
  return tableOf(
    Array.from({ length: columns }, (_, i) => {
      if (i % 4 < 2)
        return columnFrom(
          `f${i}`,
          'float64',
          cells(() => rng.normal() + shift),
        )
      if (i % 4 === 2)
        return columnFrom(
          `i${i}`,
          'int32',
          cells(() => Math.floor(rng.next() * 1000)),
        )
      return columnFrom(
        `s${i}`,
        'string',
        cells(() => `category ${Math.floor(rng.next() * 10)}`),
      )
    }),
  )
}

function median(work: () => unknown): number {
  const times = Array.from({ length: repeats }, () => {
    // Time of the processor, not of the clock: other programs on the machine do not count.
    const start = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  })
  return times.sort((a, b) => a - b)[repeats >> 1] as number
}

const [reference, current] = [madeTable(1, 0), madeTable(2, 0.02)]
const detector = new DriftDetector()
const fit = median(() => detector.fit(reference))
const detect = median(() => detector.detect(current))
const { model } = cpus()[0] ?? { model: 'unknown' }
console.log(`${columns} columns × ${rows} rows, ${repeats} repeats, median processor time, ${model}, Node ${process.version}\n`)
console.log(`| step | time |\n| --- | --- |\n| fit | ${(fit / 1000).toFixed(2)} s |\n| detect | ${(detect / 1000).toFixed(2)} s |`)
console.log(`\n${JSON.stringify({ name: 'drift', columns, rows, node: process.version, model, fit, detect })}`)
