/**
 * NannyML beside us, chunk by chunk: CBPE on three years of employment predictions and on a model of the Titanic that we fitted, DLE on a model of its
 * fares. Prints how far the numbers are apart; needs the real files (MILLWRIGHT_DATA).
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseCsv, toCsv } from '../../../src/adapters/csv/csv'
import { readParquet } from '../../../src/adapters/parquet/parquet'
import { select, split } from '../../../src/dataset'
import { type FittedClassifier, type FittedRegressor, gradientBoostingClassifier, gradientBoostingRegressor } from '../../../src/learn'
import {
  estimateChunks,
  fitCbpe,
  fitDle,
  type LabelledRows,
  modelRows,
  type PerformanceEstimator,
  tableRows,
  type UnlabelledRows,
} from '../../../src/monitor'
import { columnFrom } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import { dataFolder } from '../support/shared-data'

const data = resolve(dataFolder, 'monitoring')
if (!existsSync(data)) {
  console.log(`left out: the files of ${data} are not there`)
  process.exit(0)
}
const folder = mkdtempSync(join(tmpdir(), 'millwright-nannyml-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** One comparison: what we estimate, and what NannyML is told to. */
interface Task {
  readonly name: string
  readonly kind: 'cbpe' | 'dle'
  readonly estimator: PerformanceEstimator
  readonly rows: UnlabelledRows
  readonly chunkRows: number
  readonly theirs: Readonly<Record<string, unknown>>
  /** How far an estimate may be from theirs, as a share of it. */
  readonly tolerance: number
}

/** Columns beside those of a table. */
function beside(table: Table, columns: Readonly<Record<string, ArrayLike<unknown>>>): Table {
  const more = Object.entries(columns).map(([name, cells]) => columnFrom(name, typeof cells[0] === 'string' ? 'string' : 'float64', cells))
  return tableOf([...table.columnNames.map((name) => table.column(name)), ...more])
}
function written(name: string, table: Table): string {
  const path = join(folder, name)
  writeFileSync(path, toCsv(table))
  return path
}
const bytesOf = (name: string): Uint8Array => readFileSync(join(data, name))

/** Three years of predictions of whether somebody is employed; the publisher's model. */
async function employment(): Promise<Task> {
  const [reference, analysis] = [
    await readParquet(bytesOf('employment_ma_reference.parquet')),
    await readParquet(bytesOf('employment_ma_analysis.parquet')),
  ]
  const labelled = tableRows(reference, { prediction: 'prediction', target: 'employed', probabilities: 'predicted_probability' })
  const scores = Array.from({ length: analysis.numRows }, (_, i) => Number(analysis.column('predicted_probability').at(i)))
  const rows: UnlabelledRows = {
    table: tableOf([]),
    predicted: scores.map((_, i) => analysis.column('prediction').at(i) as number),
    probabilities: { classes: labelled.probabilities?.classes ?? [], values: Float64Array.from(scores.flatMap((p) => [1 - p, p])) },
  }
  const paths = { reference: join(data, 'employment_ma_reference.parquet'), analysis: join(data, 'employment_ma_analysis.parquet') }
  const theirs = { ...paths, probability: 'predicted_probability', prediction: 'prediction', target: 'employed' }
  const estimator = fitCbpe(labelled, { chunkRows: 5000 })
  return { name: 'employment', kind: 'cbpe', estimator, rows, chunkRows: 5000, theirs, tolerance: 0.003 }
}

const useful = ['Pclass', 'Sex', 'Age', 'SibSp', 'Parch', 'Fare', 'Embarked'] as const
const passengers = parseCsv(bytesOf('titanic_reference.csv'))
const halves = split(select(passengers, [...useful, 'Survived'] as never), { test: 0.5, seed: 3 }) as unknown as {
  train: Table
  test: Table
}
const later = select(parseCsv(bytesOf('titanic_analysis.csv')), [...useful] as never) as Table

/** A model of who survived, fitted on one half of the reference; the other half is its reference. */
function titanic(): Task {
  const model = gradientBoostingClassifier({ nEstimators: 30 }).fit(halves.train, { target: 'Survived' }) as FittedClassifier
  const reference = modelRows(model, halves.test)
  const probabilities = model.predictProba(later)
  const rows = { table: later, predicted: model.predict(later), probabilities }
  const positive = ({ values }: { readonly values: Float64Array }): number[] => Array.from(values).filter((_, i) => i % 2 === 1)
  const paths = {
    reference: written(
      'survived-reference.csv',
      beside(halves.test, { y_pred: reference.predicted, y_proba: positive(reference.probabilities as never) }),
    ),
    analysis: written('survived-analysis.csv', beside(later, { y_pred: rows.predicted, y_proba: positive(probabilities) })),
  }
  const theirs = { ...paths, probability: 'y_proba', prediction: 'y_pred', target: 'Survived' }
  return { name: 'titanic', kind: 'cbpe', estimator: fitCbpe(reference, { chunkRows: 209 }), rows, chunkRows: 209, theirs, tolerance: 0.05 }
}

/** A model of the fare. Its error is estimated by boosted trees on both sides, which are not the same trees. */
function fares(): Task {
  const features = useful.filter((name) => name !== 'Fare')
  const columns = [...features, 'Fare'] as never
  const [train, test] = [select(halves.train, columns) as Table, select(halves.test, columns) as Table]
  const model = gradientBoostingRegressor({ nEstimators: 30 }).fit(train, { target: 'Fare' }) as FittedRegressor
  const reference: LabelledRows = modelRows(model, test)
  const inputs = select(later, [...features] as never) as Table
  const rows = { table: inputs, predicted: model.predict(inputs) }
  const paths = {
    reference: written('fare-reference.csv', beside(test, { y_pred: reference.predicted })),
    analysis: written('fare-analysis.csv', beside(inputs, { y_pred: rows.predicted })),
  }
  const theirs = { ...paths, features, prediction: 'y_pred', target: 'Fare' }
  return {
    name: 'fares',
    kind: 'dle',
    estimator: fitDle(reference, { features, chunkRows: 209 }),
    rows,
    chunkRows: 209,
    theirs,
    tolerance: 0.15,
  }
}

interface TheirChunk {
  readonly value: number | null
  readonly sampling_error: number | null
  readonly lower_threshold: number | null
  readonly upper_threshold: number | null
  readonly alert: boolean
}
type Answers = Readonly<Record<string, readonly TheirChunk[]>>

const started = performance.now()
const tasks = [await employment(), titanic(), fares()]
const metricNames: Readonly<Record<string, string>> = { rocAuc: 'roc_auc', averagePrecision: 'average_precision' }
const ours = tasks.map(({ estimator, rows, chunkRows }) =>
  estimator.metrics.map((metric) => [metric, estimateChunks(estimator, rows, { metric, chunkRows })] as const),
)
const ourSeconds = (performance.now() - started) / 1000
const spec = { cbpe: [] as unknown[], dle: [] as unknown[] }
for (const { kind, theirs, chunkRows } of tasks) spec[kind].push({ ...theirs, chunkRows })
const theirStart = performance.now()
const python = process.env.MILLWRIGHT_NANNYML ?? '.venvs/nannyml/bin/python'
const { stdout, stderr, status } = spawnSync(python, ['test/interop/nannyml/estimate.py'], {
  input: JSON.stringify(spec),
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
})
assert.equal(status, 0, stderr)
const theirSeconds = (performance.now() - theirStart) / 1000
const answers = JSON.parse(stdout.trim().split('\n').at(-1) as string) as { nannyml: string; cbpe: Answers[]; dle: Answers[] }

for (const [i, task] of tasks.entries()) {
  const theirs = answers[task.kind].shift() as Answers
  for (const [metric, estimates] of ours[i] as NonNullable<(typeof ours)[number]>) {
    const chunks = theirs[metricNames[metric] ?? metric]
    // NannyML's msle and rmsle refuse columns that we take.
    if (chunks === undefined) continue
    assert.equal(estimates.length, chunks.length, `${task.name} ${metric}: chunks`)
    const away = estimates.map(({ value }, c) => Math.abs(value - (chunks[c]?.value ?? Number.NaN)) / Math.abs(chunks[c]?.value ?? 1))
    const errors = estimates.map(
      ({ value, high, low }, c) => Math.min(high - value, value - low) / 3 / (chunks[c]?.sampling_error ?? Number.NaN),
    )
    const limits = estimates.map(({ limits: { lower, upper } }, c) =>
      Math.max(Math.abs(lower - (chunks[c]?.lower_threshold ?? lower)), Math.abs(upper - (chunks[c]?.upper_threshold ?? upper))),
    )
    const alerts = estimates.filter(({ alert }, c) => alert !== chunks[c]?.alert).length
    const worst = Math.max(...away)
    const mean = away.reduce((sum, one) => sum + one, 0) / away.length
    console.log(
      `${task.name} ${metric}: ${estimates.length} chunks, estimates apart by ${(mean * 100).toFixed(3)} % on average and ${(worst * 100).toFixed(3)} % at most; ` +
        `limits apart by ${Math.max(...limits).toFixed(5)}; standard error ${Math.min(...errors).toFixed(2)} to ${Math.max(...errors).toFixed(2)} times theirs; ${alerts} alerts differ`,
    )
    assert.ok(mean <= task.tolerance, `${task.name} ${metric}: ${mean}`)
  }
}
console.log(`NannyML ${answers.nannyml}: ${theirSeconds.toFixed(1)} s with its start, ours ${ourSeconds.toFixed(1)} s with reading`)
