/**
 * Random forest against scikit-learn: training time at equal accuracy, on one core and on all of them, prediction of one row and of 10,000.
 *
 *   node scripts/run.mjs bench/forest.ts [--quick] [--only <name>]
 *
 * Needs `.venvs/bench` with scikit-learn (python3 -m venv .venvs/bench && .venvs/bench/bin/pip install scikit-learn); without
 * it only our own side is measured. Prints a table and JSON.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createRng } from '../src/core/random'
import { randomForestClassifier } from '../src/learn/index'
import { makeColumn } from '../src/schema/column'
import { type Table, tableOf } from '../src/schema/table'

interface Case {
  readonly name: string
  readonly columns: readonly Float64Array[]
  readonly labels: Uint8Array
  readonly trainRows: number
}

interface Measured {
  readonly fitSeconds: number
  readonly fitRuns: readonly number[]
  /** Mean processor time of a fit: steadier than the clock on a busy machine. */
  readonly fitCpuSeconds: number
  /** The same row again and again, whose way through the trees is in the cache. */
  readonly oneRowSeconds: number
  /** Always another row. */
  readonly anotherRowSeconds?: number
  readonly tenThousandRowsSeconds: number
  readonly accuracy: number
  readonly nodes: number
  readonly versions: Readonly<Record<string, string>>
}

const quick = process.argv.includes('--quick')
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined
const trees = 100
const repeats = quick ? 1 : 3
const python = '.venvs/bench/bin/python'

/** Seeded data of mixed strength: some features matter, alone and together, some are noise, some are coarse; labels are noisy. */
function synthetic(name: string, trainRows: number, features: number): Case {
  const rng = createRng(20261122 + features)
  const rows = trainRows + 20_000
  const columns = Array.from({ length: features }, () => new Float64Array(rows))
  const labels = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) {
    const x = columns.map((column, f) => {
      const value = f % 4 === 3 ? rng.int(24) : rng.normal()
      column[row] = value
      return value
    })
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = x
    const score = a * b + Math.sin(2 * c) + 0.08 * (d - 12) + 0.5 * e
    labels[row] = score + 0.7 * rng.normal() > 0 ? 1 : 0
  }
  return { name, columns, labels, trainRows }
}

/** The Electricity set (45,312 rows × 6), where the data folder beside the repository has it; rows dealt at random. */
function electricity(): Case | undefined {
  const path = '../shared/data/stream/elec2.csv.gz'
  if (!existsSync(path)) return undefined
  const [, ...lines] = gunzipSync(readFileSync(path)).toString('utf8').trim().split(/\r?\n/)
  const rng = createRng(3)
  const cells = lines
    .map((line) => ({ line: line.split(',').map(Number), key: rng.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ line }) => line)
  const features = (cells[0]?.length ?? 1) - 1
  const columns = Array.from({ length: features }, (_, f) => Float64Array.from(cells, (line) => line[f] as number))
  return { name: 'electricity', columns, labels: Uint8Array.from(cells, (line) => line[features] as number), trainRows: 36_000 }
}

function tableFrom({ columns, labels }: Case, from: number, to: number): Table {
  return tableOf([
    ...columns.map((values, f) => makeColumn(`x${f}`, { type: 'float64', values: values.slice(from, to) })),
    makeColumn('y', { type: 'int32', values: Int32Array.from(labels.slice(from, to)) }),
  ])
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}

function timed<T>(times: number, work: () => T): { readonly result: T; readonly seconds: number; readonly runs: number[] } {
  const runs: number[] = []
  let result: T | undefined
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    result = work()
    runs.push((performance.now() - start) / 1000)
  }
  return { result: result as T, seconds: median(runs), runs }
}

function measureOurs(job: Case): Measured {
  const train = tableFrom(job, 0, job.trainRows)
  const test = tableFrom(job, job.trainRows, job.labels.length)
  const model = randomForestClassifier({ nEstimators: trees, seed: 7 })
  const before = process.cpuUsage()
  const fit = timed(repeats, () => model.fit(train, { target: 'y' }))
  const used = process.cpuUsage(before)
  const predicted = fit.result.predict(test)
  const right = predicted.filter((label, row) => label === job.labels[job.trainRows + row]).length
  const rowAt = (i: number) => Object.fromEntries(job.columns.map((column, f) => [`x${f}`, column[job.trainRows + i] as number]))
  const row = rowAt(0)
  timed(5000, () => fit.result.predictProba([row]))
  const oneRow = timed(1000, () => fit.result.predictProba([row]))
  const others = Array.from({ length: 3000 }, (_, i) => rowAt(i))
  let next = 0
  const anotherRow = timed(others.length, () => fit.result.predictProba([others[next++] as (typeof others)[number]]))
  const many = tableFrom(job, job.trainRows, job.trainRows + Math.min(10_000, test.numRows))
  const scale = 10_000 / many.numRows
  const ten = timed(9, () => fit.result.predictProba(many))
  const learner = fit.result.state().learner as { readonly nodes?: number }
  return {
    fitSeconds: fit.seconds,
    fitRuns: fit.runs,
    fitCpuSeconds: (used.user + used.system) / 1e6 / repeats,
    oneRowSeconds: oneRow.seconds,
    anotherRowSeconds: anotherRow.seconds,
    tenThousandRowsSeconds: ten.seconds * scale,
    accuracy: right / predicted.length,
    nodes: learner.nodes ?? 0,
    versions: { node: process.version },
  }
}

function measureTheirs(job: Case, jobs: number): Measured | undefined {
  if (!existsSync(python) || process.argv.includes('--alone')) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'millwright-forest-'))
  try {
    const width = job.columns.length
    const cells = new Float64Array(job.labels.length * width)
    job.columns.forEach((column, f) => {
      for (let row = 0; row < column.length; row++) cells[row * width + f] = column[row] as number
    })
    writeFileSync(join(folder, `${job.name}.x.f64`), new Uint8Array(cells.buffer))
    writeFileSync(join(folder, `${job.name}.y.u8`), job.labels)
    const sizes = [job.trainRows, job.labels.length - job.trainRows, width, trees, repeats, jobs].map(String)
    const run = spawnSync(python, ['bench/forest_sklearn.py', folder, job.name, ...sizes], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`forest_sklearn.py failed: ${run.stderr}`)
    return JSON.parse(run.stdout) as Measured
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const ours = (seconds: number): string => (seconds < 0.01 ? `${(seconds * 1e6).toFixed(0)} µs` : `${seconds.toFixed(3)} s`)
const cases = [
  electricity(),
  synthetic('synthetic-45k', 45_000, 8),
  synthetic('synthetic-100k', 100_000, 20),
  synthetic('synthetic-300k', 300_000, 10),
]
  .filter((job): job is Case => job !== undefined)
  .filter(({ name }) => only === undefined || name === only)

/** The median time of a fit on all cores, in seconds. */
async function fitOnAllCores(job: Case): Promise<number> {
  const train = tableFrom(job, 0, job.trainRows)
  const runs: number[] = []
  for (let i = 0; i < repeats; i++) {
    const start = performance.now()
    await randomForestClassifier({ nEstimators: trees, seed: 7 }).fitAsync(train, { target: 'y', workers: true })
    runs.push((performance.now() - start) / 1000)
  }
  return median(runs)
}

const results: object[] = []
for (const job of cases) {
  const here = measureOurs(job)
  const there = measureTheirs(job, 1)
  const together = { millwright: await fitOnAllCores(job), scikitLearn: measureTheirs(job, -1)?.fitSeconds }
  console.log(`\n${job.name}: ${job.trainRows} rows × ${job.columns.length}, ${trees} trees`)
  const line = (what: string, a: number, b: number | undefined): void => {
    const peer = b === undefined ? '—' : `${ours(b).padStart(12)}   ${(b / a).toFixed(1)} ×`
    console.log(`  ${what.padEnd(14)}${ours(a).padStart(12)}   ${peer}`)
  }
  console.log(`  ${''.padEnd(14)}${'millwright'.padStart(12)}   scikit-learn   ratio`)
  line('fit', here.fitSeconds, there?.fitSeconds)
  line('fit, cpu', here.fitCpuSeconds, there?.fitCpuSeconds)
  line('fit, all cores', together.millwright, together.scikitLearn)
  line('one row', here.oneRowSeconds, there?.oneRowSeconds)
  line('another row', here.anotherRowSeconds ?? Number.NaN, undefined)
  line('10,000 rows', here.tenThousandRowsSeconds, there?.tenThousandRowsSeconds)
  console.log(`  ${'accuracy'.padEnd(14)}${here.accuracy.toFixed(4).padStart(12)}   ${there?.accuracy.toFixed(4).padStart(12) ?? '—'}`)
  console.log(`  ${'nodes'.padEnd(14)}${String(here.nodes).padStart(12)}   ${String(there?.nodes ?? '—').padStart(12)}`)
  results.push({
    name: job.name,
    trainRows: job.trainRows,
    features: job.columns.length,
    trees,
    repeats,
    millwright: here,
    scikitLearn: there ?? null,
    fitSecondsOnAllCores: together,
  })
}
const [cpu] = cpus()
console.log(`\n${JSON.stringify({ bench: 'forest', machine: { cpu: cpu?.model, cores: cpus().length }, results })}`)
