/** Our forests and boosted trees as files of XGBoost and LightGBM: the libraries load them and give our answers. Also what we read, written again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { fromLightgbm, toLightgbm } from '../../../src/adapters/lightgbm'
import { fromXgboost, toXgboost } from '../../../src/adapters/xgboost'
import type { Dataset } from '../../../src/dataset/dataset'
import { drop } from '../../../src/dataset/select'
import {
  chain,
  type Estimator,
  type FittedModel,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  ordinalEncoder,
  randomForestClassifier,
  randomForestRegressor,
} from '../../../src/learn'
import { answersOf, inFolder, type ReadCase, run, tableOfCase } from './_support'

const numbersOnly = ['month', 'day', 'hour', 'distance', 'dep_delay', 'air_time']
const boosted = { nEstimators: 40, learningRate: 0.2, seed: 1 }
const forest = { nEstimators: 20, maxDepth: 10, seed: 1 }
const estimators: readonly (readonly [string, Estimator, string, boolean])[] = [
  ['boosted trees of two classes', gradientBoostingClassifier(boosted), 'late', true],
  ['boosted trees of three classes', gradientBoostingClassifier({ ...boosted, nEstimators: 15 }), 'origin', true],
  ['boosted trees of numbers', gradientBoostingRegressor(boosted), 'arr_delay', true],
  ['boosted trees of medians', gradientBoostingRegressor({ ...boosted, loss: 'absoluteError' }), 'arr_delay', true],
  ['boosted trees of numbers alone', gradientBoostingClassifier(boosted), 'late', false],
  ['a forest of two classes', randomForestClassifier(forest), 'late', false],
  ['a forest of three classes', chain([ordinalEncoder(), randomForestClassifier(forest)]), 'origin', true],
  ['a forest of numbers', randomForestRegressor(forest), 'arr_delay', false],
]

interface WrittenCase extends Omit<ReadCase, 'categories'> {
  readonly library: 'xgboost' | 'lightgbm'
  readonly categories: Readonly<Record<string, readonly string[]>>
}

/** A case for each library: the file, rows and our answers to them, which a forest of classes gives for every class. */
function casesOf(name: string, fitted: FittedModel, rows: ReadCase['rows'], folder: string, number: string): WrittenCase[] {
  const columns = fitted.features.map((feature) => feature.name)
  const { transformers, learner } = fitted.parts
  const categories: Record<string, readonly string[]> = {}
  const encoded = transformers[0]?.state().columns as readonly { name: string; categories: readonly string[] }[] | undefined
  for (const column of encoded ?? []) if (columns.includes(column.name)) categories[column.name] = column.categories
  const isForest = learner.kind === 'randomForestClassifier'
  // What was read from a file of XGBoost is summed in float32 here.
  const asked = { name, file: '', columns, rows, answers: [], tolerance: 'ensemble' in learner ? 2e-6 : undefined }
  const answers = isForest ? [...fitted.predictProba(tableOfCase(fitted, asked)).values] : answersOf(fitted, asked)
  const files = [
    { library: 'xgboost', file: `${number}.json`, content: toXgboost(fitted) },
    { library: 'xgboost', file: `${number}.ubj`, content: toXgboost(fitted, { format: 'ubj' }) },
    { library: 'lightgbm', file: `${number}.txt`, content: toLightgbm(fitted) },
  ] as const
  return files.map(({ library, file, content }) => {
    writeFileSync(join(folder, file), content)
    // In a forest, XGBoost knows no columns of categories: their codes are numbers to its trees.
    const coded = Object.keys(categories).length > 0 && encodedAsNumbers(fitted)
    const codes = coded ? rows.map((row) => row.map((cell, i) => codeOf(categories[columns[i] as string], cell))) : rows
    return { ...asked, name: `${name} (${file})`, library, file, answers, rows: codes, categories: coded ? {} : categories }
  })
}

function encodedAsNumbers({ parts: { learner } }: FittedModel): boolean {
  return learner.kind.startsWith('randomForest')
}

function codeOf(categories: readonly string[] | undefined, cell: string | number | null): string | number | null {
  if (categories === undefined || cell === null) return cell
  const code = categories.indexOf(String(cell))
  return code < 0 ? null : code
}

/** Rows of a data set, with numbers as float32, some cells missing, and an unknown category now and then. */
function rowsFor(fitted: FittedModel, data: Dataset): ReadCase['rows'] {
  return Array.from({ length: data.numRows }, (_, row) =>
    fitted.features.map(({ name }, i) => {
      const cell = data.column(name).at(row) as number | string | null
      if ((row * 7 + i * 3) % 11 === 0) return null
      return typeof cell === 'number' ? Math.fround(cell + (row % 3) * 0.25) : cell
    }),
  )
}

await inFolder((folder) => {
  run('trees', 'test/interop/onnx/flights.py', join(folder, 'train.csv'), '6000', '1')
  run('trees', 'test/interop/onnx/flights.py', join(folder, 'unseen.csv'), '2000', '2')
  const [train, unseen] = ['train.csv', 'unseen.csv'].map((file) => parseCsv(readFileSync(join(folder, file), 'utf8'))) as [
    Dataset,
    Dataset,
  ]
  const cases: WrittenCase[] = []
  for (const [i, [name, estimator, target, withText]] of estimators.entries()) {
    const left = ['late', 'arr_delay', 'origin', 'carrier', 'dest'].filter((column) => column !== target)
    const table = drop(
      train,
      withText ? left.slice(0, 2).filter((column) => column !== 'origin') : left.filter((column) => !numbersOnly.includes(column)),
    )
    const fitted = estimator.fit(table, { target })
    const rows = rowsFor(fitted, unseen)
    cases.push(...casesOf(name, fitted, rows, folder, `own-${i}`))
    if (fitted.parts.learner.kind.startsWith('randomForestClassifier')) continue
    // What was written is read, and written once more by the other library's writer.
    const again = [fromXgboost(toXgboost(fitted)), fromLightgbm(toLightgbm(fitted))]
    for (const [j, model] of again.entries()) {
      const numbered = encodedRows(fitted, model, rows)
      cases.push(...casesOf(`${name}, read again`, model, numbered, folder, `again-${i}-${j}`))
    }
  }
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases))
  console.log(run('trees', 'test/interop/trees/written.py', folder))
})

/** The rows for a model that was read from a file: codes of categories, unless the file named them. */
function encodedRows(fitted: FittedModel, read: FittedModel, rows: ReadCase['rows']): ReadCase['rows'] {
  const encoded = fitted.parts.transformers[0]?.state().columns as readonly { name: string; categories: readonly string[] }[] | undefined
  return rows.map((row) =>
    row.map((cell, i) => {
      if (read.features[i]?.type === 'string') return cell
      return codeOf(encoded?.find(({ name }) => name === fitted.features[i]?.name)?.categories, cell)
    }),
  )
}
