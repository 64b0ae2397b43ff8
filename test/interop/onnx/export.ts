/** Exported chains in Python: onnx.checker and onnxruntime accept every file and give our answers on every row of real flights. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCsv } from '../../../src/adapters/csv/csv'
import type { Dataset } from '../../../src/dataset/dataset'
import { drop } from '../../../src/dataset/select'
import {
  chain,
  columns,
  type Estimator,
  functionTransformer,
  kBinsDiscretizer,
  linearRegression,
  logisticRegression,
  minMaxScaler,
  oneHotEncoder,
  ordinalEncoder,
  polynomialFeatures,
  powerTransformer,
  randomForestClassifier,
  randomForestRegressor,
  simpleImputer,
  standardScaler,
  targetEncoder,
} from '../../../src/learn'
import { toOnnx } from '../../../src/onnx'

const python = '.venvs/onnx/bin/python'
const folder = mkdtempSync(join(tmpdir(), 'millwright-onnx-'))

function run(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(python, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}`)
  return stdout
}

function flights(file: string, rows: number, seed: number): Dataset {
  run('test/interop/onnx/flights.py', join(folder, file), String(rows), String(seed))
  return parseCsv(readFileSync(join(folder, file), 'utf8'))
}

const train = flights('train.csv', 40_000, 1)
const unseen = flights('unseen.csv', 10_300, 2)
const forest = { nEstimators: 100, maxDepth: 12, seed: 1 }
const routed = columns([
  { columns: 'numeric', transformer: [simpleImputer({ strategy: 'median', addIndicator: true }), minMaxScaler()] },
  { columns: ['carrier', 'origin'], transformer: oneHotEncoder({ minFrequency: 300, handleUnknown: 'infrequentIfExist' }) },
  { columns: ['dest'], transformer: targetEncoder() },
])

const models: Readonly<Record<string, readonly [Estimator, 'late' | 'arr_delay']>> = {
  'imputer, one-hot, forest of 100 trees': [chain([simpleImputer(), oneHotEncoder(), randomForestClassifier(forest)]), 'late'],
  'ordinal, forest that takes missing values': [chain([ordinalEncoder(), randomForestClassifier(forest)]), 'late'],
  'routed columns, regression forest': [chain([routed, randomForestRegressor(forest)]), 'arr_delay'],
  'scaled, one-hot, logistic regression': [chain([simpleImputer(), standardScaler(), oneHotEncoder(), logisticRegression()]), 'late'],
  'powers, bins, products, functions, one-hot, forest': [
    chain([
      functionTransformer('log1p', { columns: ['distance'] }),
      powerTransformer({ columns: ['dep_delay'] }),
      kBinsDiscretizer({ columns: ['air_time'] }),
      polynomialFeatures({ columns: ['month', 'hour'] }),
      oneHotEncoder(),
      randomForestClassifier(forest),
    ]),
    'late',
  ],
  'imputer, one-hot, least squares': [chain([simpleImputer(), oneHotEncoder(), linearRegression()]), 'arr_delay'],
}

const cases: object[] = []
for (const [name, [estimator, target]] of Object.entries(models)) {
  const other = target === 'late' ? 'arr_delay' : 'late'
  const fitted = estimator.fit(drop(train, [other]), { target })
  const model = `${cases.length}.onnx`
  const started = performance.now()
  const bytes = await toOnnx(fitted, { verify: false })
  const took = performance.now() - started
  await toOnnx(fitted, {
    sample: unseen,
    onVerified: ({ rows, maxDifference, ties }) =>
      console.log(
        `${name}: ${(bytes.length / 1024).toFixed(0)} kB in ${took.toFixed(0)} ms; in Node ${rows} rows, difference ${maxDifference}, ${ties} ties`,
      ),
  })
  writeFileSync(join(folder, model), bytes)
  const classes = fitted.task === 'classification'
  const scores = classes ? Array.from(fitted.predictProba(unseen).values) : (fitted.predict(unseen) as number[])
  const k = fitted.classes?.length ?? 1
  cases.push({
    name,
    model,
    rows: 'unseen.csv',
    labels: classes ? fitted.predict(unseen).map(String) : [],
    scores: classes ? Array.from({ length: unseen.numRows }, (_, i) => scores.slice(i * k, i * k + k)) : scores,
  })
}
writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases))
for (const line of run('test/interop/onnx/check.py', folder).trim().split('\n')) {
  const found = JSON.parse(line) as { name?: string; rows?: number; difference?: number; labels?: number }
  if (found.name === undefined) console.log(`Python: ${line}`)
  else {
    console.log(`${found.name}: in Python ${found.rows} rows, difference ${found.difference}, ${found.labels} labels differ`)
    if (!((found.difference ?? 1) <= 1e-6) || (found.labels ?? 1) > 0) process.exitCode = 1
  }
}
rmSync(folder, { recursive: true, force: true })
