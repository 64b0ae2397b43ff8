import { describe, expect, it } from 'vitest'
import {
  chain,
  columns,
  dateParts,
  type Estimator,
  type FittedModel,
  type FittedTransformer,
  featureHasher,
  fitTransform,
  functionTransformer,
  hashingVectorizer,
  kBinsDiscretizer,
  learnRuntime,
  linearRegression,
  logisticRegression,
  minMaxScaler,
  oneHotEncoder,
  ordinalEncoder,
  polynomialFeatures,
  powerTransformer,
  randomForestRegressor,
  restoreModel,
  restoreTransformer,
  robustScaler,
  selectColumns,
  simpleImputer,
  standardScaler,
  type TableFunction,
  type Transformer,
  targetEncoder,
} from '../../../src/learn/index'
import { murmurHash } from '../../../src/learn/transformers/murmur-hash'
import { columnFrom, toFloat64 } from '../../../src/schema/column'
import { rowsOf, type Table, tableOf } from '../../../src/schema/table'
import { mixedTable, tableFrom } from './data'

const code = (code: string) => expect.objectContaining({ code })
const reread = (fitted: FittedTransformer) => restoreTransformer(JSON.parse(JSON.stringify(fitted.state())))

describe('numbers', () => {
  const table = tableFrom({ n: [1, 2, 3, null], y: [0, 1, 0, 1] })

  it.each([
    ['standardScaler', standardScaler()],
    ['minMaxScaler', minMaxScaler()],
    ['robustScaler', robustScaler()],
    ['powerTransformer', powerTransformer()],
    ['kBinsDiscretizer', kBinsDiscretizer()],
  ])('%s refuses infinite numbers, and leaves missing cells and the target', (kind, step) => {
    const infinite = tableOf([columnFrom('n', 'float64', [1, Number.NEGATIVE_INFINITY])])
    expect(() => step.fit(infinite)).toThrow(`fit of ${kind}: "n" must be finite, row 1 is -Infinity`)
    const done = step.fit(table, { target: 'y' }).transform(table)
    expect(done.column('y').toArray()).toEqual([0, 1, 0, 1])
    const { y: _, ...last } = rowsOf(done)[3] ?? {}
    expect(new Set(Object.values(last))).toEqual(new Set([kind === 'kBinsDiscretizer' ? false : null]))
  })

  it('a column without numbers is left as it is', () => {
    const empty = tableOf([columnFrom('n', 'float64', [null, null])])
    const later = tableFrom({ n: [5] })
    for (const step of [minMaxScaler(), robustScaler(), powerTransformer({ standardize: false })])
      expect(toFloat64(step.fit(empty).transform(later).column('n'))[0]).toBeCloseTo(5, 14)
  })

  it('too large a spread is an error, not an infinite state', () => {
    const wide = tableFrom({ n: [-1.7e308, 1.7e308, 0.5] })
    for (const step of [minMaxScaler(), standardScaler()]) expect(() => step.fit(wide)).toThrow(/too large to compute with/)
  })

  it('options that make no sense are refused', () => {
    expect(() => minMaxScaler({ featureRange: [1, 0] })).toThrow(/two numbers, the smaller one first, got/)
    expect(() => robustScaler({ quantileRange: [10, 101] })).toThrow(/two numbers from 0 to 100/)
    expect(() => powerTransformer({ method: 'boxCox' }).fit(tableFrom({ n: [0, 1] }))).toThrow(/numbers above 0, but "n" holds 0/)
    const fitted = powerTransformer({ method: 'boxCox' }).fit(tableFrom({ n: [1, 2, 4] }))
    expect(() => fitted.transform(tableFrom({ n: [3, -1] }))).toThrow(/"n" of row 1 is -1/)
    expect(() => kBinsDiscretizer({ strategy: 'uniform', quantileMethod: 'linear' })).toThrow(/goes with strategy 'quantile'/)
    expect(() => polynomialFeatures({ degree: 1.5 })).toThrow(/`degree` of polynomialFeatures must be a whole number/)
    const wide = tableFrom(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`c${i}`, [i, 1]])))
    expect(() => polynomialFeatures().fit(wide)).toThrow(/more than 10000 products/)
  })

  it('kBinsDiscretizer by k-means gives distinct numbers bins of their own', () => {
    const few = tableFrom({ n: [1, 1, 2, 2, 9, 9] })
    const binned = kBinsDiscretizer({ strategy: 'kmeans', encode: 'ordinal', nBins: 5 }).fit(few).transform(few)
    expect(binned.column('n').toArray()).toEqual([0, 0, 1, 1, 2, 2])
  })

  it('polynomialFeatures stands in the place of its columns and knows its sources', () => {
    const three = tableFrom({ word: ['x'], a: [2], z: [0], b: [3] })
    const fitted = polynomialFeatures({ columns: ['a', 'b'] }).fit(three)
    expect(rowsOf(fitted.transform(three))).toEqual([{ word: 'x', '1': 1, a: 2, b: 3, 'a^2': 4, 'a b': 6, 'b^2': 9, z: 0 }])
    expect(fitted.sourcesOf(['a b', 'z', '1'])).toEqual(['a', 'b', 'z'])
  })
})

describe('categories', () => {
  it('order is that of code points', () => {
    const table = tableFrom({ w: ['\u{1f600}', '\uffee', 'z'] })
    expect(oneHotEncoder().fit(table).transform(table).columnNames).toEqual(['w_z', 'w_\uffee', 'w_\u{1f600}'])
  })

  it('numbers go by size; lists of the caller by their order', () => {
    const table = tableFrom({ n: [10, 9, 100], size: ['s', 'l', 'm'] })
    expect(
      ordinalEncoder({ columns: ['n'] })
        .fit(table)
        .transform(table)
        .column('n')
        .toArray(),
    ).toEqual([1, 0, 2])
    const sized = ordinalEncoder({ categories: { size: ['s', 'm', 'l'] } }).fit(table)
    expect(sized.transform(table).column('size').toArray()).toEqual([0, 2, 1])
    const strict = oneHotEncoder({ categories: { size: ['s', 'm'] }, handleUnknown: 'error' })
    expect(() => strict.fit(table)).toThrow(/"size" holds "l", which `categories` does not list/)
    expect(() => oneHotEncoder({ categories: { size: ['s', 's'] } })).toThrow(/lists "s" twice/)
  })

  it('drop by name, and what cannot be dropped', () => {
    const table = tableFrom({ w: ['a', 'b', 'b'] })
    expect(
      oneHotEncoder({ drop: { w: 'b' } })
        .fit(table)
        .transform(table).columnNames,
    ).toEqual(['w_a'])
    expect(() => oneHotEncoder({ drop: { w: 'c' } }).fit(table)).toThrow(/cannot leave out "c" of "w": training did not have it/)
    expect(() => oneHotEncoder({ drop: { w: 'a' }, minFrequency: 2 }).fit(table)).toThrow(/one of the rare categories/)
    expect(() => oneHotEncoder({ drop: 'last' as never })).toThrow(/`drop` of oneHotEncoder must be/)
  })

  it('ordinal numbers of unknown and missing cells', () => {
    const table = tableFrom({ w: ['a', null, 'b'] })
    const encoder = ordinalEncoder({ handleUnknown: 'useEncodedValue', unknownValue: -1, encodedMissingValue: -2 })
    expect(
      reread(encoder.fit(table))
        .transform(tableFrom({ w: ['b', 'c', null] }))
        .column('w')
        .toArray(),
    ).toEqual([1, -1, -2])
    expect(() => ordinalEncoder({ unknownValue: 5 })).toThrow(/goes with handleUnknown 'useEncodedValue'/)
    expect(() => ordinalEncoder({ encodedMissingValue: 1 }).fit(table)).toThrow(/which is the number of a category of "w"/)
  })

  it('states of older releases keep their names', () => {
    const old = restoreTransformer({
      kind: 'oneHotEncoder',
      handleUnknown: 'error',
      columns: [{ name: 'w', categories: ['b'], dropped: 'a' }],
    })
    expect(rowsOf(old.transform(tableFrom({ w: ['a', 'b', null] })))).toEqual([{ 'w=b': false }, { 'w=b': true }, { 'w=b': false }])
    expect(() => old.transform(tableFrom({ w: ['c'] }))).toThrow(code('SchemaMismatch'))
    const imputer = restoreTransformer({ kind: 'simpleImputer', columns: [{ name: 'n', kind: 'numbers', fill: 1, indicator: true }] })
    expect(rowsOf(imputer.transform(tableFrom({ n: [null, 2] })))).toEqual([
      { n: 1, n_missing: true },
      { n: 2, n_missing: false },
    ])
  })
})

describe('targetEncoder', () => {
  const table = mixedTable(200, 3)

  it('is cross-fitted: a row does not see its own target', () => {
    // Every category once: nothing can be learned of a row from the others.
    const ids = tableFrom({ id: Array.from({ length: 40 }, (_, i) => `id${i}`), y: Array.from({ length: 40 }, (_, i) => i % 2) })
    const encoder = targetEncoder({ smooth: 0 })
    const { fitted, table: trained } = fitTransform(encoder, ids, { target: 'y' })
    expect(fitted.transform(ids).column('id').toArray()).toEqual(ids.column('y').toArray())
    expect(new Set(trained.column('id').toArray())).toEqual(new Set([0.5]))
  })

  it('a chain trains its model on the cross-fitted table', () => {
    const numbered = tableOf(['word', 'score'].map((name) => table.column(name)))
    const learned = (model: FittedModel) => model.state().learner
    const chained = chain([targetEncoder(), linearRegression()]).fit(numbered, { target: 'score' })
    const { fitted, table: trained } = fitTransform(targetEncoder(), numbered, { target: 'score', task: 'regression' })
    const on = (data: Table) => learned(linearRegression().fit(data, { target: 'score' }))
    expect(learned(chained)).toEqual(on(trained))
    expect(learned(chained)).not.toEqual(on(fitted.transform(numbered)))
  })

  it('takes the kind of target from the model of its chain', () => {
    const counted = tableFrom({ w: ['a', 'b', 'a', 'b', 'a', 'b'], y: [1, 2, 3, 1, 2, 3] })
    const kind = (estimator: Estimator) => estimator.fit(counted, { target: 'y' }).state().transformers[0]
    expect(kind(chain([targetEncoder({ cv: 2 }), randomForestRegressor({ nEstimators: 1, seed: 1 })]))).toMatchObject({
      targetType: 'continuous',
    })
    expect(kind(chain([targetEncoder({ cv: 2 }), logisticRegression()]))).toMatchObject({
      targetType: 'multiclass',
      columns: [{ outputs: ['w_1', 'w_2', 'w_3'] }],
    })
  })

  it('equal seeds give equal folds', () => {
    const run = (seed: number) => rowsOf(fitTransform(targetEncoder({ seed }), table, { target: 'label' }).table)
    expect(run(1)).toEqual(run(1))
    expect(run(1)).not.toEqual(run(2))
  })

  it('says what it lacks', () => {
    expect(() => targetEncoder().fit(table)).toThrow(/needs `target`/)
    expect(() => fitTransform(targetEncoder({ cv: 300 }), table, { target: 'label' })).toThrow(
      /as many rows as folds \(300\), the table has 200/,
    )
    expect(() => targetEncoder({ targetType: 'binary' }).fit(table, { target: 'n' })).toThrow(/is missing in|is 'binary', but/)
  })
})

describe('dateParts', () => {
  const at = (text: string) => tableOf([columnFrom('t', 'timestamp', [new Date(text), null])])
  it.each([
    ['2021-01-03T23:59:59.999Z', { t_week: 53, t_dayOfWeek: 6, t_dayOfYear: 3, t_millisecond: 999 }],
    ['2020-12-31T00:00:00Z', { t_week: 53, t_dayOfWeek: 3, t_dayOfYear: 366, t_millisecond: 0 }],
    ['1969-12-31T12:00:00Z', { t_week: 1, t_dayOfWeek: 2, t_dayOfYear: 365, t_millisecond: 0 }],
  ])('%s', (text, expected) => {
    const [first, missing] = rowsOf(
      dateParts({ parts: ['week', 'dayOfWeek', 'dayOfYear', 'millisecond'] })
        .fit(at(text))
        .transform(at(text)),
    )
    expect(first).toEqual(expected)
    expect(Object.values(missing ?? {})).toEqual([null, null, null, null])
  })

  it('refuses what is no part', () => {
    expect(() => dateParts({ parts: ['weekday' as never] })).toThrow(/`parts` of dateParts must be/)
    expect(() => dateParts({ parts: [] })).toThrow(/`parts` of dateParts must be/)
  })
})

describe('hashing', () => {
  it('murmurHash is that of the reference', () => {
    // sklearn.utils.murmurhash3_32
    expect([murmurHash(''), murmurHash('foo'), murmurHash('abcd'), murmurHash('é✓')]).toEqual([
      0,
      -156908512,
      1139631978,
      expect.any(Number),
    ])
  })

  it('featureHasher takes text and numbers', () => {
    const table = tableFrom({ w: ['a', null], n: [2.5, 1] })
    const hashed = featureHasher({ nFeatures: 8, columns: ['w', 'n'], prefix: 'h' })
      .fit(table)
      .transform(table)
    expect(hashed.columnNames).toEqual(Array.from({ length: 8 }, (_, i) => `h_${i}`))
    const sums = rowsOf(hashed).map((row) => Object.values(row).reduce((sum: number, cell) => sum + Math.abs(Number(cell)), 0))
    expect(sums[1]).toBe(1)
  })

  it('hashingVectorizer checks its options', () => {
    expect(() => hashingVectorizer({ ngramRange: [2, 1] })).toThrow(/two whole numbers from 1 to 100/)
    expect(() => hashingVectorizer({ nFeatures: 2 ** 20 })).toThrow(/from 1 to 65536/)
  })
})

describe('functionTransformer', () => {
  const perArea: TableFunction = (table) =>
    tableOf([
      columnFrom(
        'density',
        'float64',
        rowsOf(table).map((row) => Number(row.people) / Number(row.area)),
      ),
    ])
  const table = tableFrom({ people: [10, 20, 30, 40], area: [2, 5, 3, 8], y: [1, 2, 3, 4] })

  it('of a name is stored; of your own by the name it was given', () => {
    const model = chain([
      functionTransformer(perArea, { name: 'perArea' }),
      functionTransformer('log1p', { columns: ['density'] }),
      linearRegression(),
    ]).fit(table, { target: 'y' })
    expect(model.features.map(({ name }) => name)).toEqual(['people', 'area'])
    const packed = model.pack()
    expect(() => restoreModel(packed)).toThrow(/applies a function "perArea", which is not stored with it; given are none/)
    expect(restoreModel(packed, { functions: { perArea } }).predict(table)).toEqual(model.predict(table))
    expect(() => learnRuntime().load(packed)).toThrow(code('NotFound'))
    expect(() => learnRuntime({ functions: { perArea } }).load(packed)).not.toThrow()
  })

  it('without a name it works, but is refused when stored', () => {
    const model = chain([functionTransformer(perArea), linearRegression()]).fit(table, { target: 'y' })
    expect(model.predict(table)).toHaveLength(4)
    expect(() => model.pack()).toThrow(code('Unsupported'))
  })

  it('checks what the function gives', () => {
    expect(() => functionTransformer('nope' as never)).toThrow(/takes a function, or one of abs, cbrt/)
    expect(() => functionTransformer('log', { name: 'x' })).toThrow(/`name` of functionTransformer goes with a function of your own/)
    expect(() => functionTransformer((() => 3) as never).fit(table)).toThrow(/must give a table, it gave 3/)
    expect(() => functionTransformer(() => tableFrom({ a: [1] })).fit(table)).toThrow(/gave 1 rows for 4/)
    const fickle = functionTransformer((part) =>
      tableOf([columnFrom(part.numRows === 4 ? 'a' : 'b', 'float64', new Array(part.numRows).fill(1))]),
    )
    expect(() => fickle.fit(table).transform(tableFrom({ people: [1], area: [1], y: [1] }))).toThrow(code('SchemaMismatch'))
  })
})

describe('columns', () => {
  const table = mixedTable(60, 4)

  it('routes by kind, pattern, name and function, and passes the target', () => {
    const step = columns(
      [
        { columns: 'numeric', transformer: [simpleImputer(), standardScaler()] },
        { columns: ['word'], transformer: oneHotEncoder() },
        { columns: /^flag$/, transformer: 'drop' },
      ],
      { remainder: 'passthrough' },
    )
    const { fitted, table: trained } = fitTransform(step, table, { target: 'label' })
    expect(trained.columnNames).toEqual(['a', 'n', 'score', 'word_blue', 'word_green', 'word_red', 'label'])
    expect(rowsOf(reread(fitted).transform(table))).toEqual(rowsOf(trained))
  })

  it('carries cross-fitting into a route', () => {
    const routed = columns([{ columns: ['word'], transformer: targetEncoder({ cv: 3 }) }])
    const alone = fitTransform(targetEncoder({ cv: 3 }), table, { target: 'label' }).table
    expect(fitTransform(routed, table, { target: 'label' }).table.column('word').toArray()).toEqual(alone.column('word').toArray())
  })

  it('works in a chain that is stored', () => {
    const model = chain([columns([{ columns: 'numeric', transformer: [simpleImputer(), standardScaler()] }]), logisticRegression()]).fit(
      table,
      { target: 'label' },
    )
    expect(model.options).toMatchObject({
      'columns.standardScaler.columns': 'numeric',
      'columns.standardScaler.standardScaler.withMean': true,
    })
    expect(restoreModel(model.pack()).predict(table)).toEqual(model.predict(table))
  })

  it('refuses what it cannot route', () => {
    expect(() => columns([])).toThrow(/takes a list of routes/)
    expect(() => columns([{ columns: ['a'], transformer: 'scale' as never }])).toThrow(
      /needs a transformer, a list of them, 'passthrough' or 'drop'/,
    )
    expect(() => columns([{ columns: 'numbers' as never, transformer: 'drop' }])).toThrow(/takes a list of column names, 'numeric'/)
    expect(() => columns([{ columns: ['zzz'], transformer: 'passthrough' }]).fit(table)).toThrow(code('NotFound'))
    const twice = columns([
      { columns: ['a'], transformer: 'passthrough' },
      { columns: ['a'], transformer: standardScaler() },
    ])
    expect(() => fitTransform(twice, table)).toThrow(/"passthrough" and "standardScaler" both give a column "a"/)
    expect(() => columns([{ columns: ['word'], transformer: standardScaler() }]).fit(table)).toThrow(/"word" must be numeric/)
  })

  it('selectColumns takes kinds and patterns', () => {
    expect(selectColumns('text').fit(table, { target: 'label' }).transform(table).columnNames).toEqual(['word', 'label'])
    expect(
      selectColumns(/^[an]$/)
        .fit(table)
        .transform(table).columnNames,
    ).toEqual(['a', 'n'])
  })
})

describe('state', () => {
  const dated = (table: Table): Table =>
    tableOf([
      ...table.columnNames.map((name) => table.column(name)),
      columnFrom(
        't',
        'timestamp',
        Array.from({ length: table.numRows }, (_, i) => i * 1e9),
      ),
    ])
  const steps: readonly Transformer[] = [
    minMaxScaler({ clip: true }),
    robustScaler({ unitVariance: true }),
    powerTransformer(),
    oneHotEncoder({ handleMissing: 'category', maxCategories: 3, drop: 'first', handleUnknown: 'infrequentIfExist' }),
    targetEncoder(),
    kBinsDiscretizer({ columns: ['a'] }),
    polynomialFeatures({ columns: ['a', 'n'] }),
    dateParts({ cyclic: true }),
    hashingVectorizer({ nFeatures: 4, analyzer: 'char', ngramRange: [1, 2] }),
    featureHasher({ nFeatures: 4 }),
    functionTransformer('square'),
    columns([{ columns: 'numeric', transformer: [columns([{ columns: /./, transformer: minMaxScaler() }])] }], {
      verboseFeatureNamesOut: true,
    }),
  ]

  it.each(steps.map((step) => [step.kind, step] as const))('%s comes back from JSON', (_, step) => {
    const table = dated(mixedTable(60, 1))
    const later = dated(mixedTable(20, 2))
    const fitted = step.fit(table, { target: 'label' })
    expect(rowsOf(reread(fitted).transform(later))).toEqual(rowsOf(fitted.transform(later)))
  })

  it('states that do not hold together are Corrupt', () => {
    const one = { name: 'a', outputs: ['x'] }
    for (const state of [
      { kind: 'oneHotEncoder', handleUnknown: 'ignore', columns: [{ name: 'a', categories: ['x'], outputs: [] }] },
      { kind: 'kBinsDiscretizer', encode: 'onehot', columns: [{ ...one, edges: [1, 2] }] },
      { kind: 'kBinsDiscretizer', encode: 'ordinal', columns: [{ ...one, edges: [2, 1] }] },
      { kind: 'polynomialFeatures', columns: ['a'], terms: [[1]], outputs: ['x'] },
      { kind: 'dateParts', parts: ['year', 'day'], cyclic: false, columns: [one] },
      { kind: 'targetEncoder', targetType: 'binary', targetMean: [0], columns: [{ ...one, categories: ['x'], encodings: [[]] }] },
      { kind: 'functionTransformer', columns: ['a'] },
      { kind: 'columns', routes: [{ name: 'x', columns: ['a'], prefix: '', steps: [{ kind: 'nothing' }] }] },
    ]) {
      expect(() => restoreTransformer(state)).toThrow(code('Corrupt'))
    }
  })

  it('columns within columns without end are Corrupt, not an overflow', () => {
    let state: object = { kind: 'selectColumns', names: [] }
    for (let depth = 0; depth < 3000; depth++) state = { kind: 'columns', routes: [{ name: 'x', columns: [], prefix: '', steps: [state] }] }
    expect(() => restoreTransformer(state as never)).toThrow(code('Corrupt'))
  })
})
