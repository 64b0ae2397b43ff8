/** A Promise handed in where a table is expected is named as a forgotten `await`, by every verb that takes a table. */
import { describe, expect, it } from 'vitest'
import { toCsv } from '../../../src/adapters/csv/csv'
import * as dataset from '../../../src/dataset'
import { DriftDetector } from '../../../src/drift/drift-detector'
import { chain } from '../../../src/learn/chain'
import { crossValidate } from '../../../src/learn/cross-validate'
import { evaluate } from '../../../src/learn/evaluate'
import { randomForestClassifier } from '../../../src/learn/forest/random-forest'
import { oneHotEncoder } from '../../../src/learn/one-hot-encoder'
import { ordinalEncoder } from '../../../src/learn/ordinal-encoder'
import { dropColumns, selectColumns } from '../../../src/learn/select-columns'
import { simpleImputer } from '../../../src/learn/simple-imputer'
import { standardScaler } from '../../../src/learn/standard-scaler'
import { expectations } from '../../../src/quality'
import { validate } from '../../../src/quality/validate'

const table = dataset.fromRows([
  { x: 1, c: 'a', y: 'no' },
  { x: 2, c: 'b', y: 'yes' },
  { x: 3, c: 'a', y: 'no' },
  { x: 4, c: 'b', y: 'yes' },
])
const forest = randomForestClassifier({ nEstimators: 1, seed: 1 })
const model = forest.fit(dataset.select(table, ['x', 'y']), { target: 'y' })

const verbs: Record<string, (given: never) => unknown> = {
  'Dataset.fromTable': (given) => dataset.Dataset.fromTable(given),
  bin: (given) => dataset.bin(given, 'x' as never, { count: 2 }),
  cast: (given) => dataset.cast(given, {}),
  concat: (given) => dataset.concat([table, given]),
  correlation: (given) => dataset.correlation(given),
  describe: (given) => dataset.describe(given),
  'join with': (given) => dataset.join(table, given, { on: 'x' as never }),
  drop: (given) => dataset.drop(given, ['x']),
  dropDuplicates: (given) => dataset.dropDuplicates(given),
  dropMissing: (given) => dataset.dropMissing(given),
  fillMissing: (given) => dataset.fillMissing(given, 'mode' as never),
  filter: (given) => dataset.filter(given, () => true),
  fingerprint: (given) => dataset.fingerprint(given),
  folds: (given) => dataset.folds(given),
  groupBy: (given) => dataset.groupBy(given, 'x'),
  groupCounts: (given) => dataset.groupCounts(given, 'x'),
  head: (given) => dataset.head(given),
  join: (given) => dataset.join(given, table, { on: 'x' }),
  mapColumn: (given) => dataset.mapColumn(given, 'x' as never, () => 1),
  melt: (given) => dataset.melt(given, { id: 'x' }),
  pivot: (given) => dataset.pivot(given, { index: 'c', columns: 'y', values: 'x' }),
  profile: (given) => dataset.profile(given),
  rename: (given) => dataset.rename(given, { x: 'z' }),
  sample: (given) => dataset.sample(given, { n: 1 }),
  select: (given) => dataset.select(given, ['x']),
  slice: (given) => dataset.slice(given, 0, 1),
  sort: (given) => dataset.sort(given, 'x'),
  split: (given) => dataset.split(given, { test: 0.5 }),
  tail: (given) => dataset.tail(given),
  take: (given) => dataset.take(given, [0]),
  toMatrix: (given) => dataset.toMatrix(given),
  unique: (given) => dataset.unique(given, 'x' as never),
  valueCounts: (given) => dataset.valueCounts(given, 'x'),
  withColumn: (given) => dataset.withColumn(given, 'z', [1]),
  withDateParts: (given) => dataset.withDateParts(given, 'x' as never, ['year']),
  toCsv: (given) => toCsv(given),
  schemaOf: (given) => dataset.schemaOf(given),
  schemaIssues: (given) => dataset.schemaIssues(given, []),
  assertSchema: (given) => dataset.assertSchema(given, []),
  evaluate: (given) => evaluate(model, given),
  validate: (given) => validate(given, expectations('s', [])),
  'DriftDetector.fit': (given) => new DriftDetector().fit(given),
  'DriftDetector.detect': (given) => new DriftDetector().fit(table).detect(given),
  'fit of randomForestClassifier': (given) => forest.fit(given, { target: 'y' }),
  'fit of oneHotEncoder': (given) => chain([oneHotEncoder(), forest]).fit(given, { target: 'y' }),
  'fit of ordinalEncoder': (given) => ordinalEncoder().fit(given),
  'transform of ordinalEncoder': (given) => ordinalEncoder().fit(table).transform(given),
  'fit of simpleImputer': (given) => simpleImputer().fit(given),
  'fit of standardScaler': (given) => standardScaler().fit(given),
  'fit of selectColumns': (given) => selectColumns(['x']).fit(given),
  'fit of dropColumns': (given) => dropColumns(['x']).fit(given),
}

describe('a forgotten await', () => {
  it.each(Object.keys(verbs))('is named by %s', (name) => {
    const verb = verbs[name] as (given: unknown) => unknown
    expect(() => verb(Promise.resolve(table))).toThrow(/expects a Dataset, got a Promise \(did you forget `await`\?\)$/)
    expect(() => verb(undefined)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
  })

  it('is named by the verbs that are asynchronous themselves', async () => {
    const options = { target: 'y', folds: 2, scoring: ['accuracy'] } as const
    const given = Promise.resolve(table) as never
    await expect(crossValidate(forest, given, options)).rejects.toThrow(
      'crossValidate expects a Dataset, got a Promise (did you forget `await`?)',
    )
    expect(() => model.predict(given)).toThrow('predict takes a table or an array of rows, got a Promise (did you forget `await`?)')
  })
})
