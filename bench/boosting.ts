/**
 * Gradient boosting against LightGBM and scikit-learn's HistGradientBoosting, one thread each: scores on real tables (100 iterations, the
 * defaults of each), and the processor time of a fit on 100,000 × 20.
 *
 *   node scripts/run.mjs bench/boosting.ts [--time | --scores] [--alone]
 *
 * Needs `.venvs/trees` (python3 -m venv .venvs/trees && .venvs/trees/bin/pip install -r test/interop/trees/requirements.txt). Prints a table and JSON.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCsv } from '../src/adapters/csv/csv'
import type { Dataset } from '../src/dataset/dataset'
import { filter } from '../src/dataset/filter'
import { drop } from '../src/dataset/select'
import { evaluate, gradientBoostingClassifier, gradientBoostingRegressor } from '../src/learn/index'
import { makeColumn } from '../src/schema/column'
import { type Table, tableOf } from '../src/schema/table'

interface Peers<T> {
  readonly lightgbm: T
  readonly scikitLearn: T
}

interface Work {
  readonly task: 'classification' | 'regression'
  readonly target: string
  readonly folds: number
}

const python = '.venvs/trees/bin/python'
const repeats = 3

function run<T>(...args: readonly string[]): T {
  const { stdout, stderr, status } = spawnSync(python, ['bench/boosting_peers.py', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (status !== 0) throw new Error(`boosting_peers.py ${args[0]} failed: ${stderr}`)
  return JSON.parse(stdout) as T
}

/** The mean score over the folds of a table: accuracy or R². */
function ownScore(folder: string, name: string, { task, target, folds }: Work): number {
  const table = parseCsv(readFileSync(join(folder, `${name}.csv`), 'utf8'))
  const part = (test: (fold: unknown) => boolean): Dataset =>
    drop(
      filter(table, (row) => test(row.fold)),
      ['fold'],
    )
  let sum = 0
  for (let fold = 0; fold < folds; fold++) {
    const train = part((of) => of !== fold)
    const test = part((of) => of === fold)
    const model = task === 'classification' ? gradientBoostingClassifier({ seed: 1 }) : gradientBoostingRegressor({ seed: 1 })
    const fitted = model.fit(train, { target })
    sum += evaluate(fitted, test, { metrics: [task === 'classification' ? 'accuracy' : 'r2'] as never })[
      task === 'classification' ? 'accuracy' : 'r2'
    ] as number
  }
  return sum / folds
}

function timeTable(folder: string, from: number, to: number): Table {
  const bytes = readFileSync(join(folder, 'time.f64'))
  const cells = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const column = (f: number): Float64Array => cells.slice(f * 110_000 + from, f * 110_000 + to)
  return tableOf([
    ...Array.from({ length: 20 }, (_, f) => makeColumn(`x${f}`, { type: 'float64', values: column(f) })),
    makeColumn('y', { type: 'int32', values: Int32Array.from(column(20)) }),
  ])
}

function ownTime(folder: string): { readonly cpuSeconds: number; readonly score: number } {
  const train = timeTable(folder, 0, 100_000)
  const test = timeTable(folder, 100_000, 110_000)
  const taken: number[] = []
  let score = 0
  for (let i = 0; i < repeats; i++) {
    const before = process.cpuUsage()
    const fitted = gradientBoostingClassifier({ seed: 1 }).fit(train, { target: 'y' })
    const { user, system } = process.cpuUsage(before)
    taken.push((user + system) / 1e6)
    score = evaluate(fitted, test, { metrics: ['accuracy'] }).accuracy
  }
  return { cpuSeconds: Math.min(...taken), score }
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-boosting-'))
try {
  const { tables, versions } = run<{ tables: Record<string, Work>; versions: object }>('tables', folder)
  const alone = process.argv.includes('--alone')
  const results: object[] = []
  if (!process.argv.includes('--time')) {
    console.log(`${'score'.padEnd(16)}millwright   lightgbm   scikit-learn   behind the better one, points`)
    for (const [name, work] of Object.entries(tables)) {
      const own = ownScore(folder, name, work)
      const peers = alone ? undefined : run<Peers<number>>('score', folder, name)
      const behind = peers === undefined ? undefined : 100 * (Math.max(peers.lightgbm, peers.scikitLearn) - own)
      console.log(
        `${name.padEnd(16)}${own.toFixed(4).padStart(10)}   ${peers?.lightgbm.toFixed(4).padStart(8)}   ${peers?.scikitLearn.toFixed(4).padStart(12)}   ${behind?.toFixed(2)}`,
      )
      results.push({ name, metric: work.task === 'classification' ? 'accuracy' : 'r2', millwright: own, ...peers })
    }
  }
  if (!process.argv.includes('--scores')) {
    const own = ownTime(folder)
    const peers = alone ? undefined : run<Peers<{ cpuSeconds: number; score: number }>>('time', folder, String(repeats))
    console.log(`fit of 100,000 × 20, processor seconds: millwright ${own.cpuSeconds.toFixed(2)} (accuracy ${own.score.toFixed(4)})`)
    for (const [name, { cpuSeconds, score }] of Object.entries(peers ?? {})) {
      console.log(
        `  ${name} ${cpuSeconds.toFixed(2)} (accuracy ${score.toFixed(4)}), millwright ÷ it ${(own.cpuSeconds / cpuSeconds).toFixed(2)}`,
      )
    }
    results.push({ name: 'time', millwright: own, ...peers })
  }
  console.log(JSON.stringify({ bench: 'boosting', versions: { node: process.version, ...versions }, cpu: cpus()[0]?.model, results }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
