/** Every transformer with every option, on every table that suits it: ours beside the call of scikit-learn that must give the same. */
import {
  columns as columnTransformer,
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
  robustScaler,
  simpleImputer,
  standardScaler,
  type Transformer,
  targetEncoder,
} from '../../../src/learn'
import { targetOf } from '../../../src/learn/target'
import { isNumeric } from '../../../src/learn/transformer'
import { foldsFor } from '../../../src/learn/transformers/target-encoder'
import type { Column } from '../../../src/schema/column'
import type { Table } from '../../../src/schema/table'
import { complete, type Parts } from './_tables'

/** One comparison. */
export interface Case {
  readonly table: string
  readonly what: string
  readonly columns: readonly string[]
  readonly target?: string
  readonly ours: Transformer
  /** The object of scikit-learn, as `fit.py` builds it. */
  readonly spec: unknown
  /** scikit-learn wants one column, not a frame. */
  readonly one?: true
  /** Only rows without missing cells: scikit-learn refuses others. */
  readonly whole?: true
  /** How far a cell may be off, relative to the greater of it and 1. @default 1e-12 */
  readonly tolerance?: number
  /** Names are not compared: scikit-learn has none, or others (docs/guide/training.md). */
  readonly unnamed?: true
}

type Made = Omit<Case, 'table' | 'columns'>

/** All comparisons on the given tables, on at most `width` numeric columns. */
export function allCases(tables: Readonly<Record<string, Parts>>, width = 12): Case[] {
  return Object.entries(tables).flatMap(([table, parts]) => {
    const of = (columns: readonly string[], made: readonly Made[]): Case[] =>
      columns.length === 0 ? [] : made.map((item) => ({ table, columns, ...item }))
    const { numbers, whole, positive, categories, texts, dates } = kindsOf(parts.train, width)
    const distinctIn = (name: string): number => new Set(parts.train.column(name).toArray()).size
    const varied = numbers.filter((name) => distinctIn(name) > Math.max(15, 0.6 * parts.train.numRows)).slice(0, 8)
    return [
      ...of(numbers, [...imputers(), ...scalers(), ...powers(), ...functions()]),
      ...of(categories, [...textImputers(), ...encoders(), ...listed(parts, categories)]),
      ...of(
        categories.filter((name) => parts.train.column(name).nullCount > 0),
        missingEncoders(),
      ),
      ...of(whole, numberEncoders(whole)),
      ...of(positive, powers('box-cox')),
      ...of(numbers.slice(0, 4), [...bins(), ...polynomials()]),
      ...of(
        [...categories.slice(0, 2), ...numbers.slice(0, 3)],
        categories.length > 0 && numbers.length > 0 ? [...routes(categories[0] as string, numbers.slice(0, 3)), ...hashers()] : [],
      ),
      ...texts.slice(0, 3).flatMap((name) => of([name], vectorizers())),
      ...of(dates, parted()),
      ...of(varied, kMeansBins(Math.min(...varied.map(distinctIn)))),
      ...targetsOf(table, parts, categories),
    ]
  })
}

function kindsOf(table: Table, width: number) {
  const all = table.columnNames.map((name) => table.column(name))
  const distinct = (column: Column): number => new Set(column.toArray()).size
  const named = (fits: (column: Column) => boolean): string[] => all.filter(fits).map(({ name }) => name)
  // An all-empty column is dropped by scikit-learn, or refused.
  const numbers = named((column) => isNumeric(column) && column.nullCount < column.length / 2).slice(0, width)
  return {
    numbers,
    whole: named((column) => column.type === 'int32' && column.nullCount === 0 && distinct(column) <= 30).slice(0, 4),
    // scikit-learn refuses constant columns here.
    positive: numbers.filter(
      (name) =>
        distinct(table.column(name)) > 1 &&
        table
          .column(name)
          .toArray()
          .every((cell) => cell === null || (cell as number) > 0),
    ),
    categories: named((column) => column.type === 'string' && distinct(column) <= 400).slice(0, 6),
    texts: named((column) => column.type === 'string'),
    dates: named(({ type }) => type === 'timestamp'),
  }
}

function imputers(): Made[] {
  const spec = (args: object) => ({ class: 'SimpleImputer', args: { keep_empty_features: true, ...args } })
  return [
    { what: 'mean', ours: simpleImputer(), spec: spec({ strategy: 'mean' }) },
    { what: 'median', ours: simpleImputer({ strategy: 'median' }), spec: spec({ strategy: 'median' }) },
    { what: 'mostFrequent', ours: simpleImputer({ strategy: 'mostFrequent' }), spec: spec({ strategy: 'most_frequent' }) },
    {
      what: 'constant',
      ours: simpleImputer({ strategy: 'constant', fillValue: -1 }),
      spec: spec({ strategy: 'constant', fill_value: -1 }),
    },
    { what: 'addIndicator', ours: simpleImputer({ addIndicator: true }), spec: spec({ add_indicator: true }) },
  ]
}

function textImputers(): Made[] {
  return [
    { what: 'text mostFrequent', ours: simpleImputer(), spec: { class: 'SimpleImputer', args: { strategy: 'most_frequent' } } },
    {
      what: 'text constant',
      ours: simpleImputer({ strategy: 'constant', fillValue: '?', addIndicator: true }),
      spec: { class: 'SimpleImputer', args: { strategy: 'constant', fill_value: '?', add_indicator: true } },
    },
  ]
}

function scalers(): Made[] {
  const made = (what: string, ours: Transformer, name: string, args: object = {}): Made => ({ what, ours, spec: { class: name, args } })
  return [
    made('both', standardScaler(), 'StandardScaler'),
    made('withMean false', standardScaler({ withMean: false }), 'StandardScaler', { with_mean: false }),
    made('withStd false', standardScaler({ withStd: false }), 'StandardScaler', { with_std: false }),
    made('0 to 1', minMaxScaler(), 'MinMaxScaler'),
    made('-1 to 2', minMaxScaler({ featureRange: [-1, 2] }), 'MinMaxScaler', { feature_range: { tuple: [-1, 2] } }),
    made('clip', minMaxScaler({ clip: true }), 'MinMaxScaler', { clip: true }),
    made('default', robustScaler(), 'RobustScaler'),
    made('withCentering false', robustScaler({ withCentering: false }), 'RobustScaler', { with_centering: false }),
    made('withScaling false', robustScaler({ withScaling: false }), 'RobustScaler', { with_scaling: false }),
    made('10 to 90', robustScaler({ quantileRange: [10, 90] }), 'RobustScaler', { quantile_range: { tuple: [10, 90] } }),
    made('unitVariance', robustScaler({ unitVariance: true }), 'RobustScaler', { unit_variance: true }),
  ]
}

function powers(method = 'yeo-johnson'): Made[] {
  const ours = method === 'box-cox' ? ('boxCox' as const) : ('yeoJohnson' as const)
  return [true, false].map((standardize) => ({
    what: `${ours}, standardize ${standardize}`,
    ours: powerTransformer({ method: ours, standardize }),
    spec: { class: 'PowerTransformer', args: { method, standardize } },
    tolerance: 1e-10,
  }))
}

function functions(): Made[] {
  return (['abs', 'square', 'cbrt', 'tanh', 'sign'] as const).map((name) => ({
    what: name,
    ours: functionTransformer(name),
    spec: { class: 'FunctionTransformer', args: { func: { numpy: name }, feature_names_out: 'one-to-one' } },
  }))
}

function encoders(): Made[] {
  const hot = (what: string, options: Parameters<typeof oneHotEncoder>[0], args: object): Made => ({
    what: `oneHot ${what}`,
    ours: oneHotEncoder({ handleMissing: 'category', ...options }),
    spec: { class: 'OneHotEncoder', args: { handle_unknown: 'ignore', sparse_output: false, ...args } },
  })
  const order = (what: string, options: Parameters<typeof ordinalEncoder>[0], args: object): Made => ({
    what: `ordinal ${what}`,
    ours: ordinalEncoder(options),
    spec: { class: 'OrdinalEncoder', args: { handle_unknown: 'use_encoded_value', unknown_value: 'NaN', ...args } },
  })
  return [
    hot('ignore', {}, {}),
    { ...hot('ignore, no missing', { handleMissing: 'zeros' }, {}), whole: true },
    hot('error', { handleUnknown: 'error' }, { handle_unknown: 'error' }),
    hot('drop first', { drop: 'first' }, { drop: 'first' }),
    hot('drop ifBinary', { drop: 'ifBinary' }, { drop: 'if_binary' }),
    hot(
      'minFrequency 20',
      { minFrequency: 20, handleUnknown: 'infrequentIfExist' },
      { min_frequency: 20, handle_unknown: 'infrequent_if_exist' },
    ),
    hot('minFrequency 0.1', { minFrequency: 0.1 }, { min_frequency: 0.1 }),
    hot(
      'maxCategories 3',
      { maxCategories: 3, handleUnknown: 'infrequentIfExist' },
      { max_categories: 3, handle_unknown: 'infrequent_if_exist' },
    ),
    hot('maxCategories 1', { maxCategories: 1 }, { max_categories: 1 }),
    hot(
      'maxCategories 4, minFrequency 10, drop first',
      { maxCategories: 4, minFrequency: 10, drop: 'first' },
      { max_categories: 4, min_frequency: 10, drop: 'first' },
    ),
    order('missing', {}, {}),
    { ...order('error', { handleUnknown: 'error' }, { handle_unknown: 'error', unknown_value: null }), whole: true },
    order('minFrequency 20', { minFrequency: 20 }, { min_frequency: 20 }),
    order('maxCategories 3', { maxCategories: 3 }, { max_categories: 3 }),
  ]
}

/** Categories and dropped ones named by the caller: those of training backwards, without its first. */
function listed(parts: Parts, names: readonly string[]): Made[] {
  if (names.length === 0) return []
  const { train } = complete(parts, names)
  const lists = names.map((name) => [...new Set(train.column(name).toArray() as string[])].sort().reverse())
  if (lists.some((list) => list.length < 2)) return []
  const shorter = lists.map((list) => list.slice(0, -1))
  const record = <T>(items: readonly T[]): Record<string, T> => Object.fromEntries(items.map((item, i) => [names[i] as string, item]))
  const first = lists.map((list) => list[0] as string)
  const unknown = { handle_unknown: 'ignore', sparse_output: false }
  return [
    {
      what: 'oneHot categories',
      ours: oneHotEncoder({ categories: record(shorter) }),
      spec: { class: 'OneHotEncoder', args: { categories: shorter, ...unknown } },
      whole: true,
    },
    {
      what: 'oneHot categories, error',
      ours: oneHotEncoder({ categories: record(shorter), handleUnknown: 'error' }),
      spec: { class: 'OneHotEncoder', args: { categories: shorter, handle_unknown: 'error' } },
      whole: true,
    },
    {
      what: 'oneHot drop by name',
      ours: oneHotEncoder({ drop: record(first) }),
      spec: { class: 'OneHotEncoder', args: { drop: first, ...unknown } },
      whole: true,
    },
    {
      what: 'ordinal categories',
      ours: ordinalEncoder({ categories: record(shorter), handleUnknown: 'useEncodedValue', unknownValue: -7 }),
      spec: { class: 'OrdinalEncoder', args: { categories: shorter, handle_unknown: 'use_encoded_value', unknown_value: -7 } },
      whole: true,
    },
  ]
}

/** Where training had missing cells: otherwise scikit-learn takes a missing cell for an unknown one. */
function missingEncoders(): Made[] {
  return [
    {
      what: 'ordinal values',
      ours: ordinalEncoder({ handleUnknown: 'useEncodedValue', unknownValue: -1, encodedMissingValue: -2 }),
      spec: { class: 'OrdinalEncoder', args: { handle_unknown: 'use_encoded_value', unknown_value: -1, encoded_missing_value: -2 } },
    },
  ]
}

function numberEncoders(columns: readonly string[]): Made[] {
  return [
    {
      what: 'oneHot numbers',
      ours: oneHotEncoder({ columns, handleMissing: 'category' }),
      spec: { class: 'OneHotEncoder', args: { handle_unknown: 'ignore', sparse_output: false } },
    },
    {
      what: 'ordinal numbers',
      ours: ordinalEncoder({ columns }),
      spec: { class: 'OrdinalEncoder', args: { handle_unknown: 'use_encoded_value', unknown_value: 'NaN' } },
    },
  ]
}

function bins(): Made[] {
  const made = (options: Parameters<typeof kBinsDiscretizer>[0] & object, args: object): Made => ({
    what: `bins ${Object.values(options).join(' ')}`,
    ours: kBinsDiscretizer(options),
    spec: { class: 'KBinsDiscretizer', args: { subsample: null, ...args } },
    whole: true,
  })
  return [
    made({}, { encode: 'onehot-dense' }),
    made({ encode: 'ordinal', nBins: 10 }, { encode: 'ordinal', n_bins: 10 }),
    made({ encode: 'ordinal', nBins: 7, quantileMethod: 'linear' }, { encode: 'ordinal', n_bins: 7, quantile_method: 'linear' }),
    made({ strategy: 'uniform' }, { strategy: 'uniform', encode: 'onehot-dense' }),
    made({ strategy: 'uniform', encode: 'ordinal', nBins: 3 }, { strategy: 'uniform', encode: 'ordinal', n_bins: 3 }),
    made({ strategy: 'uniform', encode: 'ordinal', nBins: 12 }, { strategy: 'uniform', encode: 'ordinal', n_bins: 12 }),
  ]
}

/**
 * k-means, of columns in which few numbers repeat. Where a number lies as near to one center as to another, scikit-learn's choice hangs on
 * the order in which NumPy's partial sort leaves equals, which nobody promises.
 */
function kMeansBins(distinct: number): Made[] {
  const some = [3, 5, 12].filter((nBins) => nBins * nBins <= distinct)
  return some.map((nBins) => ({
    what: `bins kmeans ${nBins}`,
    ours: kBinsDiscretizer({ strategy: 'kmeans', encode: 'ordinal', nBins }),
    spec: { class: 'KBinsDiscretizer', args: { subsample: null, strategy: 'kmeans', encode: 'ordinal', n_bins: nBins } },
    whole: true,
  }))
}

function polynomials(): Made[] {
  const made = (options: Parameters<typeof polynomialFeatures>[0] & object, args: object): Made => ({
    what: `polynomial ${JSON.stringify(options)}`,
    ours: polynomialFeatures(options),
    spec: { class: 'PolynomialFeatures', args },
    whole: true,
  })
  return [
    made({}, {}),
    made({ degree: 3 }, { degree: 3 }),
    made({ degree: 3, interactionOnly: true }, { degree: 3, interaction_only: true }),
    made({ includeBias: false }, { include_bias: false }),
    made({ degree: [2, 3], includeBias: false }, { degree: { tuple: [2, 3] }, include_bias: false }),
    made({ degree: 0 }, { degree: 0 }),
  ]
}

function routes(category: string, numbers: readonly string[]): Made[] {
  const scaled = {
    class: 'Pipeline',
    args: {
      steps: [
        { tuple: ['fill', { class: 'SimpleImputer', args: { strategy: 'median', add_indicator: true } }] },
        { tuple: ['scale', { class: 'StandardScaler' }] },
      ],
    },
  }
  const hot = { class: 'OneHotEncoder', args: { handle_unknown: 'ignore', sparse_output: false } }
  const spec = (args: object) => ({
    class: 'ColumnTransformer',
    args: { sparse_threshold: 0, transformers: [{ tuple: ['num', scaled, numbers] }, { tuple: ['cat', hot, [category]] }], ...args },
  })
  const list = [
    {
      name: 'num',
      columns: 'numeric' as const,
      transformer: [simpleImputer({ strategy: 'median', addIndicator: true }), standardScaler()],
    },
    { name: 'cat', columns: [category], transformer: oneHotEncoder({ handleMissing: 'category' }) },
  ]
  return [
    { what: 'routes', ours: columnTransformer(list), spec: spec({ verbose_feature_names_out: false }) },
    { what: 'routes, verbose', ours: columnTransformer(list, { verboseFeatureNamesOut: true }), spec: spec({}) },
    {
      what: 'routes, remainder passed',
      ours: columnTransformer(list, { remainder: 'passthrough' }),
      spec: spec({ remainder: 'passthrough', verbose_feature_names_out: false }),
    },
    {
      what: 'routes, remainder encoded',
      ours: columnTransformer(list, { remainder: ordinalEncoder(), verboseFeatureNamesOut: true }),
      spec: spec({ remainder: { class: 'OrdinalEncoder', args: { handle_unknown: 'use_encoded_value', unknown_value: 'NaN' } } }),
    },
    {
      what: 'routes by pattern, one column twice',
      ours: columnTransformer(
        [
          { columns: new RegExp(`^${numbers[0]}$`), transformer: minMaxScaler() },
          { columns: ({ name }) => name === numbers[0], transformer: 'passthrough' },
          { columns: [category], transformer: 'drop' },
        ],
        { remainder: 'passthrough', verboseFeatureNamesOut: true },
      ),
      spec: {
        class: 'ColumnTransformer',
        args: {
          transformers: [
            { tuple: ['minMaxScaler', { class: 'MinMaxScaler' }, [numbers[0]]] },
            { tuple: ['passthrough', 'passthrough', [numbers[0]]] },
            { tuple: ['drop', 'drop', [category]] },
          ],
          remainder: 'passthrough',
        },
      },
    },
  ]
}

function hashers(): Made[] {
  const made = (nFeatures: number, alternateSign: boolean): Made => ({
    what: `hasher ${nFeatures} ${alternateSign}`,
    ours: columnTransformer([{ columns: /./, transformer: featureHasher({ nFeatures, alternateSign }) }]),
    spec: { class: 'Hasher', args: { n_features: nFeatures, alternate_sign: alternateSign } },
    unnamed: true,
  })
  return [made(16, true), made(7, false), made(60, true)]
}

function vectorizers(): Made[] {
  const made = (options: Parameters<typeof hashingVectorizer>[0] & object, args: object): Made => ({
    what: `vectorizer ${JSON.stringify(options)}`,
    ours: hashingVectorizer({ nFeatures: 20, ...options }),
    spec: { class: 'HashingVectorizer', args: { n_features: 20, ...args } },
    one: true,
    whole: true,
    unnamed: true,
  })
  return [
    made({}, {}),
    made({ alternateSign: false, norm: 'l1' }, { alternate_sign: false, norm: 'l1' }),
    made({ norm: 'none', ngramRange: [1, 3] }, { norm: null, ngram_range: { tuple: [1, 3] } }),
    made({ binary: true, nFeatures: 5 }, { binary: true, n_features: 5 }),
    made(
      { analyzer: 'char', ngramRange: [2, 4], lowercase: false },
      { analyzer: 'char', ngram_range: { tuple: [2, 4] }, lowercase: false },
    ),
    made({ analyzer: 'charWb', ngramRange: [1, 5] }, { analyzer: 'char_wb', ngram_range: { tuple: [1, 5] } }),
    made({ stopWords: ['mr', 'miss', 'never'] }, { stop_words: ['mr', 'miss', 'never'] }),
  ]
}

function parted(): Made[] {
  const parts = ['year', 'quarter', 'month', 'week', 'day', 'dayOfYear', 'dayOfWeek', 'hour', 'minute', 'second', 'millisecond'] as const
  return [false, true].map((cyclic) => ({
    what: `dateParts, cyclic ${cyclic}`,
    ours: dateParts({ parts, cyclic }),
    spec: { class: 'DateParts', args: { parts, cyclic } },
    unnamed: true,
  }))
}

/** The columns that are predicted, and as what. */
const targets: Readonly<Record<string, readonly (readonly [string, 'continuous' | 'binary' | 'multiclass'])[]>> = {
  penguins: [
    ['species', 'multiclass'],
    ['bill_depth_mm', 'continuous'],
  ],
  bikeshare: [
    ['bikers', 'continuous'],
    ['workingday', 'binary'],
    ['season', 'multiclass'],
  ],
  abalone: [['rings', 'continuous']],
  housing: [['median_house_value', 'continuous']],
  titanic: [
    ['Survived', 'binary'],
    ['Pclass', 'multiclass'],
  ],
  planes: [
    ['seats', 'continuous'],
    ['engines', 'multiclass'],
  ],
  flights: [['distance', 'continuous']],
}

function targetsOf(table: string, parts: Parts, categories: readonly string[]): Case[] {
  return (targets[table] ?? []).flatMap(([target, targetType]) => {
    const columns = categories.filter((name) => name !== target)
    // Rows without a label cannot be learned from.
    const train = complete(parts, [target]).train
    const { values } = targetOf(train.column(target), targetType === 'continuous' ? 'regression' : 'classification').vector
    const folds = Array.from(foldsFor({ kind: targetType, values }, { cv: 4, shuffle: true, seed: 11 }))
    const plain = { class: targetType === 'continuous' ? 'KFold' : 'StratifiedKFold', args: { n_splits: 5 } }
    const made = (what: string, options: Parameters<typeof targetEncoder>[0], args: object): Case => ({
      table,
      what: `target ${target} ${what}`,
      columns,
      target,
      ours: targetEncoder({ targetType, shuffle: false, ...options }),
      spec: { class: 'TargetEncoder', args: { target_type: targetType, cv: plain, ...args } },
    })
    if (columns.length === 0) return []
    return [
      made('auto', {}, {}),
      made('smooth 10', { smooth: 10 }, { smooth: 10 }),
      made('smooth 0', { smooth: 0 }, { smooth: 0 }),
      made('shuffled', { shuffle: true, cv: 4, seed: 11 }, { cv: { folds } }),
    ]
  })
}
