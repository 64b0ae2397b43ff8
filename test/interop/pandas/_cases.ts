/** Every verb beside the line of pandas that means the same. */
import {
  add,
  bin,
  cast,
  concat,
  correlation,
  type Dataset,
  describe,
  divide,
  drop,
  dropDuplicates,
  dropMissing,
  fillMissing,
  filter,
  fromColumns,
  groupBy,
  groupCounts,
  head,
  join,
  mapColumn,
  melt,
  modulo,
  multiply,
  pivot,
  power,
  rename,
  sample,
  select,
  sort,
  subtract,
  tail,
  toMatrix,
  unique,
  withColumn,
  withDateParts,
} from '../../../src/dataset'

/** Which columns of a file the verbs work on. */
export interface Columns {
  /** One key, and several. */
  readonly k: string
  readonly ks: readonly string[]
  /** Numbers with missing cells, and whole numbers without. */
  readonly x: string
  readonly y: string
  /** Text with missing cells where the file has some. */
  readonly t: string
  /** A column of few values. */
  readonly w: string
  readonly numbers: readonly string[]
  readonly time?: string | undefined
}

/** The table, the columns, and a second table to join with. */
export interface Given extends Columns {
  readonly d: Dataset
  readonly right: Dataset
}

/** One verb in both languages. In Python `d`, `right` and the names of {@link Columns} are variables, and the value of the last line counts. */
export interface Case {
  readonly name: string
  readonly ours: (given: Given) => Dataset
  readonly pandas: string
  /** Rows may come in another order. */
  readonly anyOrder?: true
  /** Only for tables with a timestamp. */
  readonly ofTimes?: true
}

const figures = ['count', 'sum', 'mean', 'sd', 'min', 'max', 'median', 'first', 'last', 'nunique'] as const
const numberFigures = (x: string) =>
  ({ ...Object.fromEntries(figures.map((figure) => [figure, [x, figure]])), p90: [x, 'quantile', 0.9] }) as object
const numberFiguresOfPandas = `
g = d.groupby(BY, sort=False, dropna=DROP)
r = g[x].agg(['count', 'sum', 'mean', 'std', 'min', 'max', 'median', 'first', 'last', 'nunique']).rename(columns={'std': 'sd'})
r['p90'] = g[x].quantile(0.9)
r.reset_index()`

/** The columns of a frame beside each other, for verbs whose result is a column. */
const framed = (code: string): string => `pd.DataFrame({name: values for name, values in ${code}.items()})`

const grouping: readonly Case[] = [
  {
    name: 'groupBy one key',
    ours: ({ d, k, x }) => groupBy(d, k).agg(numberFigures(x) as never),
    pandas: numberFiguresOfPandas.replace('BY', 'k').replace('DROP', 'False'),
  },
  {
    name: 'groupBy several keys, those with a missing one left out',
    ours: ({ d, ks, x }) => groupBy(d, ks, { missing: 'drop' }).agg(numberFigures(x) as never),
    pandas: numberFiguresOfPandas.replace('BY', 'ks').replace('DROP', 'True'),
  },
  {
    name: 'groupBy: text',
    ours: ({ d, k, t }) =>
      groupBy(d, k).agg({
        first: [t, 'first'],
        last: [t, 'last'],
        min: [t, 'min'],
        max: [t, 'max'],
        n: [t, 'count'],
        u: [t, 'nunique'],
        rows: 'size',
      }),
    pandas: `
g = d.groupby(k, sort=False, dropna=False)
r = g[t].agg(['first', 'last', 'min', 'max', 'count', 'nunique']).rename(columns={'count': 'n', 'nunique': 'u'})
r['rows'] = g.size()
r.reset_index()`,
  },
  {
    name: 'groupBy: times',
    ofTimes: true,
    ours: ({ d, k, time = '' }) =>
      groupBy(d, k).agg({ mean: [time, 'mean'], min: [time, 'min'], max: [time, 'max'], median: [time, 'median'], last: [time, 'last'] }),
    pandas: `d.groupby(k, sort=False, dropna=False)[time].agg(['mean', 'min', 'max', 'median', 'last']).reset_index()`,
  },
  {
    name: 'groupBy: a function',
    ours: ({ d, k, x }) => groupBy(d, k).agg({ range: [x, (cells) => spanOf(cells.toFloat64())] }),
    pandas: `d.groupby(k, sort=False, dropna=False)[x].agg(lambda cells: cells.max() - cells.min()).reset_index(name='range')`,
  },
  {
    name: 'groupCounts',
    ours: ({ d, ks }) => groupCounts(d, ks),
    pandas: `d.groupby(ks, sort=False, dropna=False).size().astype('int64').reset_index(name='count')`,
  },
  {
    name: 'unique',
    ours: ({ d, t }) => fromColumns({ t: unique(d, t) as string[] }, { types: { t: 'string' } }),
    pandas: `pd.DataFrame({'t': d[t].unique()})`,
  },
  ...(['first', 'last', 'none'] as const).map(
    (keep): Case => ({
      name: `dropDuplicates, keep ${keep}`,
      ours: ({ d, ks }) => dropDuplicates(d, { columns: ks, keep }),
      pandas: `d.drop_duplicates(subset=ks, keep=${keep === 'none' ? 'False' : `'${keep}'`})`,
    }),
  ),
  {
    name: 'sample of each group: how many rows',
    ours: ({ d, k }) => groupCounts(sample(d, { n: 3, by: k, replace: true, seed: 1 }), k),
    pandas: `d.groupby(k, sort=False, dropna=False).sample(n=3, replace=True, random_state=1).groupby(k, sort=False, dropna=False).size().reset_index(name='count')`,
    anyOrder: true,
  },
]

const filling: readonly Case[] = [
  ...(['mean', 'median'] as const).map(
    (how): Case => ({
      name: `fillMissing by the ${how}`,
      ours: ({ d, x }) => select(fillMissing(d, { [x]: how }), [x]),
      pandas: `d[[x]].fillna(d[[x]].${how}())`,
    }),
  ),
  {
    name: 'fillMissing by the most frequent',
    ours: ({ d, x, t }) => select(fillMissing(d, { [x]: 'mode', [t]: 'mode' }), [x, t]),
    pandas: `d[[x, t]].fillna(d[[x, t]].mode().iloc[0])`,
  },
  {
    name: 'fillMissing by constants',
    ours: ({ d, x, t }) => select(fillMissing(d, { [x]: ['constant', -1.5], [t]: ['constant', 'none'] }), [x, t]),
    pandas: `d[[x, t]].fillna({x: -1.5, t: 'none'})`,
  },
  {
    name: 'fillMissing forward',
    ours: ({ d }) => fillMissing(d, 'forward'),
    pandas: `d.ffill()`,
  },
  {
    name: 'fillMissing backward, at most two',
    ours: ({ d }) => fillMissing(d, 'backward', { limit: 2 }),
    pandas: `d.bfill(limit=2)`,
  },
  { name: 'dropMissing', ours: ({ d }) => dropMissing(d), pandas: `d.dropna()` },
  { name: 'dropMissing of columns', ours: ({ d, x, t }) => dropMissing(d, { columns: [x, t] }), pandas: `d.dropna(subset=[x, t])` },
  {
    name: 'dropMissing where all are',
    ours: ({ d, x, t }) => dropMissing(d, { columns: [x, t], how: 'all' }),
    pandas: `d.dropna(subset=[x, t], how='all')`,
  },
  {
    name: 'dropMissing of rows with few values',
    ours: ({ d }) => dropMissing(d, { atLeast: d.columnNames.length - 1 }),
    pandas: `d.dropna(thresh=len(d.columns) - 1)`,
  },
]

const computing: readonly Case[] = [
  {
    name: 'cast',
    ours: ({ d, y }) => {
      const text = cast(select(d, [y]), { [y]: 'string' })
      const both = withColumn(rename(text, { [y]: 'text' }), 'whole', cast(text, { [y]: 'int32' }).column(y))
      return withColumn(both, 'float', cast(text, { [y]: 'float64' }).column(y))
    },
    pandas: `
text = d[y].astype('int64').astype(str)
pd.DataFrame({'text': text, 'whole': text.astype('int32'), 'float': text.astype(float)})`,
  },
  {
    name: 'cast, what is no number missing',
    ours: ({ d, t }) => cast(select(d, [t]), { [t]: 'float64' }, { invalid: 'missing' }),
    pandas: `pd.to_numeric(d[t], errors='coerce').astype(float).to_frame()`,
  },
  {
    name: 'mapColumn',
    ours: ({ d, t }) =>
      select(
        mapColumn(d, t, (text) => (text === null ? null : String(text).toUpperCase())),
        [t],
      ),
    pandas: `d[[t]].apply(lambda column: column.str.upper())`,
  },
  {
    name: 'arithmetic',
    ours: ({ d, x, y }) => {
      const [a, b] = [d.column(x), d.column(y)]
      return fromColumns({
        sum: add(a, b),
        more: add(b, 3),
        difference: subtract(a, b),
        left: subtract(1.5, a),
        product: multiply(a, b),
        twice: multiply(b, 2),
        ratio: divide(a, b),
        inverse: divide(1, b),
        rest: modulo(b, 7),
        negative: modulo(a, -4),
        square: power(a, 2),
        root: power(b, 0.5),
      })
    },
    pandas: framed(`{'sum': d[x] + d[y], 'more': d[y] + 3, 'difference': d[x] - d[y], 'left': 1.5 - d[x], 'product': d[x] * d[y],
  'twice': d[y] * 2, 'ratio': d[x] / d[y], 'inverse': 1 / d[y], 'rest': d[y] % 7, 'negative': d[x] % -4, 'square': d[x] ** 2, 'root': d[y] ** 0.5}`),
  },
  {
    name: 'withDateParts',
    ofTimes: true,
    ours: ({ d, time = '' }) => {
      const parts = ['year', 'quarter', 'month', 'week', 'day', 'dayOfYear', 'weekday', 'hour', 'minute', 'second'] as const
      const made = withDateParts(select(d, [time]), time, parts)
      return rename(drop(made, [time]), Object.fromEntries(parts.map((part) => [`${time}_${part}`, part])))
    },
    pandas: `
p = d[time].dt
${framed(`{'year': p.year, 'quarter': p.quarter, 'month': p.month, 'week': p.isocalendar().week.astype(float), 'day': p.day, 'dayOfYear': p.dayofyear,
  'weekday': p.weekday, 'hour': p.hour, 'minute': p.minute, 'second': p.second}`)}`,
  },
  {
    name: 'differences of times',
    ofTimes: true,
    ours: ({ d, time = '' }) =>
      fromColumns({ since: subtract(d.column(time), d.slice(0, 1).column(time).at(0) as number), later: add(d.column(time), 1000) }),
    pandas: `pd.DataFrame({'since': d[time] - pd.Timedelta(d[time].iloc[0].value, unit='ns'), 'later': d[time] + pd.Timedelta(seconds=1)})`,
  },
]

/** Greatest less least value; `null` of none. */
function spanOf(values: Float64Array): number | null {
  const present = values.filter((value) => value === value).sort()
  return present.length === 0 ? null : (present[present.length - 1] as number) - (present[0] as number)
}

const binning: readonly Case[] = [
  {
    name: 'bin of equal width',
    ours: ({ d, x }) =>
      select(bin(bin(d, x, { count: 7, as: 'names' }), x, { count: 7, labels: false, as: 'numbers' }), ['names', 'numbers']),
    pandas: `pd.DataFrame({'names': pd.cut(d[x], 7).astype(str).where(d[x].notna()), 'numbers': pd.cut(d[x], 7, labels=False)})`,
  },
  {
    name: 'bin of equal width, closed on the left',
    ours: ({ d, y }) => select(bin(d, y, { count: 4, closed: 'left', as: 'names' }), ['names']),
    pandas: `pd.DataFrame({'names': pd.cut(d[y], 4, right=False).astype(str)})`,
  },
  {
    name: 'bin by quantiles',
    ours: ({ d, x }) => select(bin(d, x, { quantiles: 4, duplicates: 'drop', as: 'names' }), ['names']),
    pandas: `pd.DataFrame({'names': pd.qcut(d[x], 4, duplicates='drop').astype(str).where(d[x].notna())})`,
  },
  {
    name: 'bin by edges',
    ours: ({ d, y }) => {
      const options = { edges: [0, 2, 5, 100], includeLowest: true }
      return select(bin(bin(d, y, { ...options, as: 'names' }), y, { ...options, labels: ['a', 'b', 'c'], as: 'own' }), ['names', 'own'])
    },
    pandas: `
e = [0, 2, 5, 100]
n = pd.cut(d[y], e, include_lowest=True)
pd.DataFrame({'names': n.astype(str).where(n.notna()), 'own': pd.cut(d[y], e, include_lowest=True, labels=['a', 'b', 'c']).astype(str).where(n.notna())})`,
  },
  ...(['pearson', 'spearman', 'kendall'] as const).map(
    (method): Case => ({
      name: `correlation, ${method}`,
      ours: ({ d, numbers }) => correlation(d, { columns: numbers, method }),
      pandas: `d[numbers].corr(method='${method}').reset_index(names='column')`,
    }),
  ),
  {
    name: 'toMatrix',
    ours: ({ d, numbers }) => fromColumns({ cells: toMatrix(d, { columns: numbers }).values }),
    pandas: `pd.DataFrame({'cells': d[numbers].to_numpy(dtype=float).ravel()})`,
  },
]

const shaping: readonly Case[] = [
  {
    name: 'pivot to means',
    ours: ({ d, k, w, x }) => sort(pivot(dropMissing(d, { columns: [k, w] }), { index: k, columns: w, values: x, aggregate: 'mean' }), k),
    pandas: `
r = d.dropna(subset=[k, w]).pivot_table(index=k, columns=w, values=x, aggfunc='mean', dropna=False, observed=True).reset_index()
r.columns = [label(name) for name in r.columns]
r`,
  },
  {
    name: 'pivot to counts of two columns',
    ours: ({ d, k, w, x, y }) =>
      sort(pivot(dropMissing(d, { columns: [k, w] }), { index: k, columns: w, values: [x, y], aggregate: 'count', fill: 0 }), k),
    pandas: `
r = d.pivot_table(index=k, columns=w, values=[x, y], aggfunc='count', fill_value=0)[[x, y]]
r.columns = [f'{value}_{label(name)}' for value, name in r.columns]
r.reset_index()`,
  },
  {
    name: 'melt',
    ours: ({ d, k, numbers }) => melt(d, { id: k, values: numbers, variable: 'what', value: 'cell' }),
    pandas: `d.melt(id_vars=k, value_vars=numbers, var_name='what', value_name='cell')`,
  },
  {
    name: 'sort',
    ours: ({ d, k, x, y }) => sort(d, [k, { column: x, descending: true }, y]),
    pandas: `d.sort_values([k, x, y], ascending=[True, False, True], kind='stable')`,
  },
  {
    name: 'sort by text, descending',
    ours: ({ d, t }) => sort(d, { column: t, descending: true }),
    pandas: `d.sort_values(t, ascending=False, kind='stable')`,
  },
  {
    name: 'filter',
    ours: ({ d, x, y }) => filter(d, (row) => row[x] !== null && Number(row[x]) > Number(row[y])),
    pandas: `d[d[x] > d[y]]`,
  },
  { name: 'concat', ours: ({ d }) => concat([head(d, 30), tail(d, 20)]), pandas: `pd.concat([d.head(30), d.tail(20)])` },
  {
    name: 'describe',
    ours: ({ d }) => drop(describe(d), ['type', 'top', ...(describe(d).has('latest') ? ['mean_time', 'p25_time', 'p75_time'] : [])]),
    pandas: `described(d)`,
  },
]

const joining: readonly Case[] = [
  {
    name: 'join inner, many to many',
    ours: ({ d, right, ks }) => join(head(d, 400), right, { on: ks }),
    pandas: `d.head(400).merge(known(right), on=ks, suffixes=('', '_right'))`,
  },
  {
    name: 'join left, both suffixes',
    ours: ({ d, right, ks }) => join(d, dropDuplicates(right, { columns: ks }), { on: ks, how: 'left', suffix: ['_l', '_r'] }),
    pandas: `d.merge(known(right).drop_duplicates(ks), on=ks, how='left', suffixes=('_l', '_r'))`,
  },
  ...(['right', 'full'] as const).map(
    (how): Case => ({
      name: `join ${how}`,
      ours: ({ d, right, ks }) => join(dropMissing(head(d, 100), { columns: ks }), dropMissing(right, { columns: ks }), { on: ks, how }),
      pandas: `known(d.head(100)).merge(known(right), on=ks, how='${how === 'full' ? 'outer' : how}', suffixes=('', '_right'))`,
      anyOrder: true,
    }),
  ),
  ...(['semi', 'anti'] as const).map(
    (how): Case => ({
      name: `join ${how}`,
      ours: ({ d, right, ks }) => join(d, right, { on: ks, how }),
      pandas: `d[${how === 'anti' ? '~' : ''}d.set_index(ks).index.isin(known(right).set_index(ks).index)]`,
    }),
  ),
]

/** Every case. */
export const cases: readonly Case[] = [...grouping, ...filling, ...computing, ...binning, ...shaping, ...joining]
