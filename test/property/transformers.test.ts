/** Whatever a transformer learned, its state brought through JSON transforms any table to the very same cells. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMillwrightError } from '../../src/core/errors'
import {
  columns,
  dateParts,
  featureHasher,
  functionTransformer,
  hashingVectorizer,
  kBinsDiscretizer,
  minMaxScaler,
  oneHotEncoder,
  ordinalEncoder,
  polynomialFeatures,
  powerTransformer,
  restoreTransformer,
  robustScaler,
  selectColumns,
  simpleImputer,
  standardScaler,
  type Transformer,
  targetEncoder,
} from '../../src/learn'
import { columnFrom } from '../../src/schema/column'
import { rowsOf, type Table, tableOf } from '../../src/schema/table'
import { propertySeed, times } from '../support/effort'

const maybe = <T>(cell: fc.Arbitrary<T>) => fc.option(cell, { freq: 5, nil: null })
const row = fc.record({
  n: maybe(
    fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -3, max: 3 }), fc.constantFrom(-0, 0.1, 1e-300)),
  ),
  i: maybe(fc.integer({ min: -5, max: 5 })),
  flag: maybe(fc.boolean()),
  w: maybe(fc.oneof(fc.constantFrom('a', 'b', 'a b', ''), fc.string({ unit: 'grapheme', maxLength: 4 }))),
  t: maybe(fc.integer({ min: -8e14, max: 8e14 })),
  y: fc.constantFrom('no', 'yes', 'later'),
})
const types = { n: 'float64', i: 'int32', flag: 'boolean', w: 'string', t: 'timestamp', y: 'string' } as const
const tables = fc.array(row, { minLength: 1, maxLength: 12 }).map(
  (rows): Table =>
    tableOf(
      (Object.keys(types) as (keyof typeof types)[]).map((name) =>
        columnFrom(
          name,
          types[name],
          rows.map((cells) => cells[name]),
        ),
      ),
    ),
)

const transformers: readonly Transformer[] = [
  simpleImputer({ addIndicator: true }),
  simpleImputer({ strategy: 'mostFrequent' }),
  standardScaler(),
  minMaxScaler({ featureRange: [-1, 1], clip: true }),
  robustScaler(),
  powerTransformer({ columns: ['n', 'i'] }),
  oneHotEncoder({ columns: ['w', 'i', 'flag'], handleMissing: 'category', maxCategories: 2 }),
  oneHotEncoder({ drop: 'first', minFrequency: 0.2, handleUnknown: 'infrequentIfExist' }),
  ordinalEncoder({ columns: ['w', 'n'], minFrequency: 2 }),
  targetEncoder({ columns: ['w', 'i'] }),
  kBinsDiscretizer({ strategy: 'kmeans', nBins: 3 }),
  kBinsDiscretizer({ encode: 'ordinal' }),
  polynomialFeatures({ degree: 3, columns: ['n', 'i'] }),
  dateParts({ parts: ['year', 'quarter', 'week', 'dayOfYear', 'second'], cyclic: true }),
  hashingVectorizer({ nFeatures: 3, analyzer: 'charWb', ngramRange: [1, 2] }),
  featureHasher({ nFeatures: 3, columns: ['w', 'i'] }),
  functionTransformer('tanh'),
  selectColumns('numeric'),
  columns(
    [
      { columns: 'numeric', transformer: [simpleImputer(), standardScaler()] },
      { columns: ['w'], transformer: targetEncoder() },
    ],
    { remainder: 'passthrough', verboseFeatureNamesOut: true },
  ),
]

describe('state → JSON → restore', () => {
  it.each(transformers.map((step, i) => [`${i} ${step.kind}`, step] as const))('%s', (_, step) => {
    let fits = 0
    fc.assert(
      fc.property(tables, tables, (train, later) => {
        const fitted = attempt(() => step.fit(train, { target: 'y' }))
        if (fitted === undefined) return
        fits++
        const again = restoreTransformer(JSON.parse(JSON.stringify(fitted.state())))
        expect(again.state()).toEqual(fitted.state())
        expect(attempt(() => rowsOf(again.transform(later)))).toEqual(attempt(() => rowsOf(fitted.transform(later))))
      }),
      { numRuns: times(15, 300), seed: propertySeed },
    )
    expect(fits).toBeGreaterThan(0)
  })
})

/** What a step gives; nothing when it refuses the table, which it must do in words of ours. */
function attempt<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch (error) {
    if (!isMillwrightError(error)) throw error
    return undefined
  }
}
