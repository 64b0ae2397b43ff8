/**
 * Forests on ordinary tables, small and wide, and linear models, against scikit-learn (n_jobs=1): processor time of a fit, the least of several.
 *
 *   node scripts/run.mjs bench/small.ts [--only <name>]
 *
 * Needs `.venvs/bench` with scikit-learn; without it only our own side is measured. Prints a table and JSON.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRng } from '../src/core/random'
import {
  type Estimator,
  linearRegression,
  logisticRegression,
  randomForestClassifier,
  randomForestRegressor,
  ridgeRegression,
} from '../src/learn'
import { makeColumn } from '../src/schema/column'
import { tableOf } from '../src/schema/table'

interface Case {
  readonly name: string
  readonly model: 'forest' | 'forest of numbers' | 'logistic' | 'least squares' | 'ridge'
  readonly rows: number
  readonly features: number
  /** All features but four are 0 or 1, a few of them 1. */
  readonly oneHot?: true
}

const cases: readonly Case[] = [
  { name: '600 × 8', model: 'forest', rows: 600, features: 8 },
  { name: '1,000 × 30', model: 'forest', rows: 1000, features: 30 },
  { name: '2,900 × 12 numbers', model: 'forest of numbers', rows: 2900, features: 12 },
  { name: '2,900 × 250 one-hot', model: 'forest of numbers', rows: 2900, features: 250, oneHot: true },
  { name: '2,900 × 250 one-hot', model: 'forest', rows: 2900, features: 250, oneHot: true },
  { name: '3,000 × 100', model: 'forest', rows: 3000, features: 100 },
  { name: '8,000 × 12', model: 'forest', rows: 8000, features: 12 },
  { name: '20,000 × 16', model: 'forest', rows: 20_000, features: 16 },
  { name: '2,000 × 20', model: 'logistic', rows: 2000, features: 20 },
  { name: '20,000 × 100', model: 'logistic', rows: 20_000, features: 100 },
  { name: '2,900 × 250 one-hot', model: 'logistic', rows: 2900, features: 250, oneHot: true },
  { name: '2,900 × 250 one-hot', model: 'least squares', rows: 2900, features: 250, oneHot: true },
  { name: '5,000 × 400', model: 'least squares', rows: 5000, features: 400 },
  { name: '5,000 × 400', model: 'ridge', rows: 5000, features: 400 },
  { name: '20,000 × 16', model: 'least squares', rows: 20_000, features: 16 },
]

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined
const python = '.venvs/bench/bin/python'
const makers: Readonly<Record<Case['model'], () => Estimator>> = {
  forest: () => randomForestClassifier({ nEstimators: 100, seed: 7 }),
  'forest of numbers': () => randomForestRegressor({ nEstimators: 100, seed: 7 }),
  logistic: () => logisticRegression(),
  'least squares': () => linearRegression(),
  ridge: () => ridgeRegression(),
}

interface Data {
  readonly columns: readonly Float64Array[]
  readonly target: Float64Array
}

function dataOf({ rows, features, model, oneHot }: Case): Data {
  const rng = createRng(rows + features)
  const columns = Array.from({ length: features }, (_, f) =>
    Float64Array.from({ length: rows }, () => (oneHot && f >= 4 ? Number(rng.next() < 0.04) : f % 4 === 3 ? rng.int(24) : rng.normal())),
  )
  const at = (f: number, row: number): number => columns[f % features]?.[row] as number
  const score = Float64Array.from(
    { length: rows },
    (_, row) => at(0, row) * at(1, row) + Math.sin(2 * at(2, row)) + 0.5 * at(4, row) + 0.7 * rng.normal(),
  )
  const isClasses = model === 'forest' || model === 'logistic'
  return { columns, target: isClasses ? score.map((value) => Number(value > 0.2)) : score }
}

/** The least processor time of several fits, in milliseconds. Long ones are done twice. */
function ours(job: Case, { columns, target }: Data): number {
  const estimator = makers[job.model]()
  const isClasses = job.model === 'forest' || job.model === 'logistic'
  const table = tableOf([
    ...columns.map((values, f) => makeColumn(`x${f}`, { type: 'float64', values })),
    isClasses ? makeColumn('y', { type: 'int32', values: Int32Array.from(target) }) : makeColumn('y', { type: 'float64', values: target }),
  ])
  let least = Number.POSITIVE_INFINITY
  let all = 0
  for (let i = 0; i < 8 && (i < 3 || all < 2000); i++) {
    const before = process.cpuUsage()
    estimator.fit(table, { target: 'y', logger: { debug() {}, info() {}, warn() {}, error() {} } })
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
    all += (user + system) / 1000
  }
  return least
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
const results: { readonly model: string; readonly table: string; readonly ours: number; theirs?: number }[] = []
const jobs: object[] = []
for (const [i, job] of cases.entries()) {
  if (only !== undefined && !`${job.model} ${job.name}`.includes(only)) continue
  const data = dataOf(job)
  const file = join(folder, `${i}.bin`)
  writeFileSync(file, Buffer.concat([...data.columns, data.target].map((values) => Buffer.from(values.buffer))))
  jobs.push({ file, model: job.model, rows: job.rows, features: job.features })
  results.push({ model: job.model, table: job.name, ours: ours(job, data) })
}
let versions: Record<string, string> = { node: process.version }
if (existsSync(python)) {
  const environment = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
  const { stdout, stderr, status } = spawnSync(python, ['bench/small_sklearn.py'], {
    input: JSON.stringify(jobs),
    encoding: 'utf8',
    env: environment,
  })
  if (status !== 0) throw new Error(stderr)
  const theirs = JSON.parse(stdout) as { readonly milliseconds: readonly number[]; readonly versions: Record<string, string> }
  results.forEach((result, i) => {
    result.theirs = theirs.milliseconds[i] as number
  })
  versions = { ...versions, ...theirs.versions }
}
rmSync(folder, { recursive: true, force: true })
const digits = (value: number | undefined): string => (value === undefined ? '' : value.toPrecision(3))
console.log('model              table                 ours ms   scikit-learn ms   times faster')
for (const { model, table, ours: own, theirs } of results) {
  const times = theirs === undefined ? '' : (theirs / own).toFixed(2)
  console.log(`${model.padEnd(19)}${table.padEnd(22)}${digits(own).padStart(7)}${digits(theirs).padStart(18)}${times.padStart(15)}`)
}
console.log(JSON.stringify({ versions, machine: cpus()[0]?.model, results }))
