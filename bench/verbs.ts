/**
 * The verbs against pandas, on the same files in the same run.
 *
 * `node scripts/run.mjs bench/verbs.ts [folder of nyc2017_*.csv] [repeats]`. Prints a table and one line of JSON. pandas is looked for in
 * `.venvs/pandas` (`npm run test:interop -- pandas` makes it) and in `.venvs/bench`; without it only our side is measured. Reading is not measured.
 * Times are processor time, which other programs on the machine disturb least; pandas works on one thread here.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { readCsv } from '../src/adapters/csv/csv'
import {
  correlation,
  type Dataset,
  describe,
  dropDuplicates,
  dropMissing,
  fillMissing,
  groupBy,
  join,
  pivot,
  sort,
  withDateParts,
} from '../src/dataset'

const folder =
  process.argv[2] ?? ['../shared/data/bench', '../../shared/data/bench'].find((path) => existsSync(path)) ?? '../shared/data/bench'
const repeats = Number(process.argv[3] ?? 9)

/** The tables. */
interface Tables {
  readonly f: Dataset
  readonly planes: Dataset
  readonly weather: Dataset
}

/** One piece of work in both languages; the rows that come out must agree. */
interface Work {
  readonly name: string
  readonly ours: (tables: Tables) => Dataset
  readonly pandas: string
}

const keys = ['origin', 'year', 'month', 'day', 'hour'] as const
const works: readonly Work[] = [
  {
    name: 'groupBy 1 key: mean, sd, max, count',
    ours: ({ f }) =>
      groupBy(f, 'carrier').agg({
        mean: ['arr_delay', 'mean'],
        sd: ['arr_delay', 'sd'],
        max: ['arr_delay', 'max'],
        n: ['arr_delay', 'count'],
      }),
    pandas: "f.groupby('carrier', dropna=False)['arr_delay'].agg(['mean', 'std', 'max', 'count'])",
  },
  {
    name: 'groupBy 2 keys: mean, sum of 3 columns',
    ours: ({ f }) =>
      groupBy(f, ['origin', 'dest']).agg({ dep: ['dep_delay', 'mean'], arr: ['arr_delay', 'mean'], miles: ['distance', 'sum'] }),
    pandas:
      "f.groupby(['origin', 'dest'], dropna=False).agg(dep=('dep_delay', 'mean'), arr=('arr_delay', 'mean'), miles=('distance', 'sum'))",
  },
  {
    name: 'groupBy 2 keys, one of 4,000 texts: median, nunique',
    ours: ({ f }) => groupBy(f, ['tailnum', 'month']).agg({ median: ['dep_delay', 'median'], places: ['dest', 'nunique'] }),
    pandas: "f.groupby(['tailnum', 'month'], dropna=False).agg(median=('dep_delay', 'median'), places=('dest', 'nunique'))",
  },
  {
    name: 'join with planes (tailnum, left)',
    ours: ({ f, planes }) => join(f, planes, { on: 'tailnum', how: 'left' }),
    pandas: "f.merge(planes, on='tailnum', how='left')",
  },
  {
    name: 'join with weather (5 keys, inner)',
    ours: ({ f, weather }) => join(f, weather, { on: keys }),
    pandas: `f.merge(weather, on=${JSON.stringify(keys)})`,
  },
  { name: 'sort by a number', ours: ({ f }) => sort(f, 'dep_delay'), pandas: "f.sort_values('dep_delay', kind='stable')" },
  {
    name: 'sort by text and a number, descending',
    ours: ({ f }) => sort(f, ['carrier', { column: 'arr_delay', descending: true }]),
    pandas: "f.sort_values(['carrier', 'arr_delay'], ascending=[True, False], kind='stable')",
  },
  { name: 'describe, all columns', ours: ({ f }) => describe(f), pandas: "f.describe(include='all').T" },
  {
    name: 'pivot to means (dest × month)',
    ours: ({ f }) => pivot(f, { index: 'dest', columns: 'month', values: 'arr_delay', aggregate: 'mean' }),
    pandas: "f.pivot_table(index='dest', columns='month', values='arr_delay', aggfunc='mean', dropna=False)",
  },
  {
    name: 'fillMissing: median and most frequent',
    ours: ({ f }) => fillMissing(f, { dep_delay: 'median', arr_delay: 'median', tailnum: 'mode' }),
    pandas: "f.fillna({'dep_delay': f['dep_delay'].median(), 'arr_delay': f['arr_delay'].median(), 'tailnum': f['tailnum'].mode()[0]})",
  },
  { name: 'dropMissing', ours: ({ f }) => dropMissing(f), pandas: 'f.dropna()' },
  {
    name: 'dropDuplicates by 2 columns',
    ours: ({ f }) => dropDuplicates(f, { columns: ['tailnum', 'dest'] }),
    pandas: "f.drop_duplicates(['tailnum', 'dest'])",
  },
  {
    name: 'date parts: month, weekday, hour',
    ours: ({ f }) => withDateParts(f, 'time_hour', ['month', 'weekday', 'hour']),
    pandas: "f.assign(m=f['time_hour'].dt.month, w=f['time_hour'].dt.day_of_week, h=f['time_hour'].dt.hour)",
  },
  {
    name: 'correlation, Pearson, 6 columns',
    ours: ({ f }) => correlation(f, { columns: ['dep_delay', 'arr_delay', 'air_time', 'distance', 'hour', 'month'] }),
    pandas: "f[['dep_delay', 'arr_delay', 'air_time', 'distance', 'hour', 'month']].corr()",
  },
  {
    name: 'correlation, Spearman, 2 columns',
    ours: ({ f }) => correlation(f, { columns: ['dep_delay', 'arr_delay'], method: 'spearman' }),
    pandas: "f[['dep_delay', 'arr_delay']].corr('spearman')",
  },
]

const pandasProgram = `
import json, sys, time
import pandas as pd
folder, repeats = sys.argv[1], int(sys.argv[2])
f = pd.read_csv(folder + '/nyc2017_flights.csv.gz', parse_dates=['time_hour'])
planes = pd.read_csv(folder + '/nyc2017_planes.csv')
weather = pd.read_csv(folder + '/nyc2017_weather.csv.gz')
sides = []
for code in json.load(sys.stdin):
    work = compile(code, 'work', 'eval')
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = eval(work)
        times.append((time.process_time() - start) * 1000)
    sides.append({'times': times, 'rows': len(result)})
print(json.dumps({'version': pd.__version__, 'sides': sides}))
`

/** The times of one piece of work, in milliseconds, and the rows that came out. */
interface Side {
  readonly times: readonly number[]
  readonly rows: number
}

const read = (name: string): Promise<Dataset> => readCsv(`${folder}/nyc2017_${name}`)
const tables: Tables = { f: await read('flights.csv.gz'), planes: await read('planes.csv'), weather: await read('weather.csv.gz') }
const ours = works.map(({ ours: work }) => measure(() => work(tables)))
const python = ['.venvs/pandas/bin/python', '.venvs/bench/bin/python'].find((path) => existsSync(path))
const pandas = python === undefined ? undefined : measurePandas(python)
report()

function measure(work: () => Dataset): Side {
  const times: number[] = []
  let rows = 0
  for (let i = 0; i < repeats; i++) {
    const start = process.cpuUsage()
    rows = work().numRows
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
  }
  return { times, rows }
}

function measurePandas(path: string): { readonly version: string; readonly sides: readonly Side[] } {
  const input = JSON.stringify(works.map(({ pandas: code }) => code))
  return JSON.parse(
    execFileSync(path, ['-c', pandasProgram, folder, String(repeats)], { input, env: { ...process.env, OMP_NUM_THREADS: '1' } }).toString(),
  )
}

function report(): void {
  const { numRows, columnNames } = tables.f
  console.info(
    `${numRows} rows × ${columnNames.length} columns, best of ${repeats}, ${cpus()[0]?.model}, node ${process.versions.node}, pandas ${pandas?.version}\n`,
  )
  console.info('| work | millwright | pandas | ratio | rows |\n| --- | --- | --- | --- | --- |')
  const results = works.map(({ name }, i) => {
    const [mine, theirs] = [ours[i] as Side, pandas?.sides[i]]
    const [a, b] = [Math.min(...mine.times), theirs === undefined ? Number.NaN : Math.min(...theirs.times)]
    const rows = theirs === undefined || theirs.rows === mine.rows ? String(mine.rows) : `${mine.rows}, pandas ${theirs.rows}`
    console.info(`| ${name} | ${a.toFixed(1)} ms | ${b.toFixed(1)} ms | ${(a / b).toFixed(2)} | ${rows} |`)
    return { name, ours: mine.times, pandas: theirs?.times, ratio: a / b }
  })
  console.info(`\n${JSON.stringify({ name: 'verbs', repeats, pandas: pandas?.version, results })}`)
}
