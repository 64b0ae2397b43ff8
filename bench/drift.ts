/**
 * A drift report on 100 columns × 100,000 rows, against Evidently's DataDriftPreset and whylogs' profile on the same data: fitting, comparing with stored values and with
 * stored sketches, the page. Needs the Python of the lane evidently. Prints a table and JSON.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRng } from '../src/core/random'
import { DriftDetector } from '../src/drift'
import { driftReportHtml } from '../src/report'
import { columnFrom, makeColumn } from '../src/schema/column'
import { type Table, tableOf } from '../src/schema/table'

const columns = Number(process.argv[2] ?? 100)
const rows = Number(process.argv[3] ?? 100_000)
const python = process.env.MILLWRIGHT_EVIDENTLY ?? '.venvs/evidently/bin/python'
const repeats = 5

/** Half numbers, a quarter whole numbers, a quarter codes of ten categories; a hundredth of the cells missing. */
function madeCells(seed: number, shift: number): Float64Array {
  const rng = createRng(seed)
  const cells = new Float64Array(columns * rows)
  for (let at = 0; at < cells.length; at++) {
    const kind = Math.floor(at / rows) % 4
    const value = kind < 2 ? rng.normal() + shift : Math.floor(rng.next() * (kind === 2 ? 1000 : 10))
    cells[at] = rng.next() < 0.01 ? Number.NaN : value
  }
  return cells
}

function tableFrom(cells: Float64Array): Table {
  return tableOf(
    Array.from({ length: columns }, (_, i) => {
      const values = cells.subarray(i * rows, (i + 1) * rows)
      if (i % 4 !== 3) return makeColumn(`${i % 4 === 2 ? 'i' : 'f'}${i}`, { type: 'float64', values })
      return columnFrom(
        `s${i}`,
        'string',
        Array.from(values, (code) => (Number.isNaN(code) ? null : `category ${code}`)),
      )
    }),
  )
}

/** The median processor time of some rounds in milliseconds, and what the last one gave. */
function timed<T>(work: () => T): { readonly ms: number; readonly result: T } {
  let result: T | undefined
  const times = Array.from({ length: repeats }, () => {
    // Time of the processor, not of the clock: other programs on the machine do not count.
    const start = process.cpuUsage()
    result = work()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  })
  return { ms: times.sort((a, b) => a - b)[repeats >> 1] as number, result: result as T }
}

const cells = { reference: madeCells(1, 0), current: madeCells(2, 0.02) }
const [reference, current] = [tableFrom(cells.reference), tableFrom(cells.current)]
const fit = timed(() => new DriftDetector().fit(reference))
const sketched = timed(() => new DriftDetector({ reference: 'sketch' }).fit(reference))
const [values, sketches] = [fit, sketched].map(({ result }) => JSON.stringify(result.profile())) as [string, string]
const detect = timed(() => fit.result.detect(current))
const fromSketch = timed(() => DriftDetector.fromProfile(JSON.parse(sketches)).detect(current))
const today = timed(() => new DriftDetector({ reference: 'sketch' }).fit(current).profile())
const bothSketched = timed(() => DriftDetector.fromProfile(JSON.parse(sketches)).detect(today.result))
const page = timed(() => driftReportHtml(detect.result))
const rss = process.resourceUsage().maxRSS / 1024

interface Peer {
  readonly version: string
  readonly run: number
  readonly page: number
  readonly pageBytes: number
  readonly peakMb: number
  readonly whylogs: { readonly version?: string; readonly profile?: number; readonly error?: string }
}
let peer: Peer | undefined
if (existsSync(python)) {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-drift-'))
  for (const [name, data] of Object.entries(cells)) writeFileSync(join(folder, `${name}.bin`), new Uint8Array(data.buffer))
  const { stdout, stderr, status } = spawnSync(python, ['bench/drift_evidently.py', folder, String(columns), String(rows)], {
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true, force: true })
  if (status !== 0) throw new Error(stderr)
  peer = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Peer
}
const { model } = cpus()[0] ?? { model: 'unknown' }
console.log(
  `${columns} columns × ${rows} rows, median processor time of ${repeats}, ${peer?.version ?? 'Evidently is not there'} once, ${model}, Node ${process.version}\n`,
)
console.log('| step | millwright | peer | ratio |\n| --- | --- | --- | --- |')
const line = (step: string, ms: number, seconds?: number): void =>
  console.log(
    `| ${step} | ${(ms / 1000).toFixed(3)} s | ${seconds === undefined ? '–' : `${seconds.toFixed(1)} s`} | ${seconds === undefined ? '–' : ((seconds * 1000) / ms).toFixed(0)} |`,
  )
line('fit, values kept', fit.ms)
line('fit, sketches kept', sketched.ms)
line('report, both tables at hand', fit.ms + detect.ms, peer?.run)
line('report, stored values', detect.ms, peer?.run)
line('report, stored sketches', fromSketch.ms, peer?.run)
line('profile of the current table (whylogs)', today.ms, peer?.whylogs.profile)
line('report, both sides as stored sketches', bothSketched.ms, peer?.run)
line('page', page.ms, peer?.page)
console.log(
  `| page | ${(page.result.length / 1000).toFixed(0)} kB | ${peer === undefined ? '–' : `${(peer.pageBytes / 1e6).toFixed(1)} MB`} | |\n| profile a column | ${(values.length / columns / 1000).toFixed(1)} kB of values, ${(sketches.length / columns / 1000).toFixed(1)} kB of sketches | | |\n| peak memory of the process, data and all | ${rss.toFixed(0)} MB | ${peer === undefined ? '–' : `${peer.peakMb.toFixed(0)} MB`} | |`,
)
const times = Object.fromEntries(
  Object.entries({ fit, sketched, detect, fromSketch, today, bothSketched, page }).map(([name, { ms }]) => [name, ms]),
)
console.log(
  `\n${JSON.stringify({ name: 'drift', columns, rows, node: process.version, model, ...times, rss, profileBytes: [values.length, sketches.length], peer })}`,
)
