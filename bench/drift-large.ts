/**
 * 1,000 columns × 3 million rows against a stored profile: the rows come in batches, two processes profile one half each, their profiles are added up and compared. The data are made on the
 * fly and never at hand together; what making them took is told apart. Prints a table and JSON.
 *
 *   node scripts/run.mjs bench/drift-large.ts [columns] [rows]
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRng } from '../src/core/random'
import { DriftDetector, type DriftProfile, mergeProfiles, ProfileBuilder } from '../src/drift'
import { driftReportHtml } from '../src/report'
import { makeColumn } from '../src/schema/column'
import { type Table, tableOf } from '../src/schema/table'

const columns = Number(process.argv[2] ?? 1000)
const rows = Number(process.argv[3] ?? 3_000_000)
const [part, file] = process.argv.slice(4)
const BATCH = 10_000
const referenceRows = 100_000

/** Nine of ten columns are numbers, every tenth a code of ten; every hundredth column is moved by a tenth of a standard deviation. */
function batch(seed: number, isCurrent: boolean): Table {
  const rng = createRng(seed)
  return tableOf(
    Array.from({ length: columns }, (_, i) => {
      if (i % 10 === 9) {
        const codes = Float64Array.from({ length: BATCH }, () => rng.int(10))
        return makeColumn(`c${i}`, { type: 'float64', values: codes })
      }
      const shift = isCurrent && i % 100 === 0 ? 0.1 : 0
      return makeColumn(`f${i}`, { type: 'float64', values: Float64Array.from({ length: BATCH }, () => rng.normal() + shift) })
    }),
  )
}

const categorical = Array.from({ length: Math.floor(columns / 10) }, (_, i) => `c${10 * i + 9}`)

interface Work {
  readonly making: number
  readonly profiling: number
  readonly peakMb: number
}

/** Processor seconds so far. */
function seconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Profiles batches of the seeds from `first` on. */
function profiled(first: number, count: number, isCurrent: boolean): { readonly profile: DriftProfile; readonly work: Work } {
  const builder = new ProfileBuilder({}, { categorical })
  let [making, profiling] = [0, 0]
  for (let i = 0; i < count; i++) {
    const start = seconds()
    const table = batch(first + i, isCurrent)
    const made = seconds()
    builder.add(table)
    making += made - start
    profiling += seconds() - made
  }
  return { profile: builder.profile(), work: { making, profiling, peakMb: process.resourceUsage().maxRSS / 1024 } }
}

/** The two halves of the current rows, in processes of their own. */
function halves(folder: string): Promise<{ readonly profile: DriftProfile; readonly work: Work }[]> {
  return Promise.all(
    [0, 1].map((half) => {
      const path = join(folder, `${half}.json`)
      return new Promise<{ profile: DriftProfile; work: Work }>((resolve, reject) => {
        const args = ['scripts/run.mjs', 'bench/drift-large.ts', String(columns), String(rows), String(half), path]
        spawn(process.execPath, args, { stdio: 'inherit' }).on('exit', (code) => {
          if (code === 0) resolve(JSON.parse(readFileSync(path, 'utf8')))
          else reject(new Error(`half ${half} ended with ${code}`))
        })
      })
    }),
  )
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-drift-large-'))
  const { profile: reference } = profiled(1, referenceRows / BATCH, false)
  const start = performance.now()
  const parts = await halves(folder)
  const wall = (performance.now() - start) / 1000
  rmSync(folder, { recursive: true, force: true })
  const before = seconds()
  const current = mergeProfiles(parts.map(({ profile }) => profile))
  const report = DriftDetector.fromProfile(reference, { correction: 'bonferroni' }).detect(current)
  const compared = seconds() - before
  const page = driftReportHtml(report)
  const peakMb = process.resourceUsage().maxRSS / 1024
  const profiling = Math.max(...parts.map(({ work }) => work.profiling))
  const making = Math.max(...parts.map(({ work }) => work.making))
  const memory = parts.map(({ work }) => work.peakMb)
  const { model } = cpus()[0] ?? { model: 'unknown' }
  console.log(`${columns} columns × ${rows} rows in batches of ${BATCH}, ${model}, Node ${process.version}\n`)
  console.log('| what | figure |\n| --- | --- |')
  console.log(`| profiling, processor time of the slower of two processes | ${profiling.toFixed(1)} s |`)
  console.log(`| a value | ${((2e9 * profiling) / (columns * rows)).toFixed(1)} ns |`)
  console.log(`| adding the two profiles up, report | ${compared.toFixed(2)} s |`)
  console.log(`| in all on two cores | ${(profiling + compared).toFixed(1)} s |`)
  console.log(
    `| peak memory of the two processes, of the one that compares | ${memory.map((mb) => mb.toFixed(0)).join(' + ')}, ${peakMb.toFixed(0)} MB |`,
  )
  console.log(`| profile | ${(JSON.stringify(current).length / columns / 1000).toFixed(1)} kB a column |`)
  console.log(`| page | ${(page.length / 1000).toFixed(0)} kB |`)
  console.log(`| drifted columns found, of ${Math.ceil(columns / 100)} | ${report.driftedColumns.length} |`)
  console.log(`| not counted: making the data, processor time of one process | ${making.toFixed(1)} s |`)
  console.log(`| from start to end of both processes on this machine, data and all | ${wall.toFixed(1)} s |`)
  const figures = { profiling, compared, making, wall, memory, peakMb, drifted: report.driftedColumns.length }
  console.log(`\n${JSON.stringify({ name: 'drift-large', columns, rows, node: process.version, model, ...figures })}`)
}

if (part === undefined || file === undefined) await main()
else {
  const count = Math.round(rows / BATCH / 2)
  writeFileSync(file, JSON.stringify(profiled(10_000 + Number(part) * count, count, true)))
}
