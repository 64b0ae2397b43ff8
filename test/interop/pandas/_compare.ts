/** The files, and the comparison of a dataset with what pandas says, cell by cell. */

import { type Dataset, select } from '../../../src/dataset'
import type { CellValue } from '../../../src/schema/column'
import type { Columns, Given } from './_cases'

/** A file and the columns that the verbs work on. */
export interface TableFile extends Columns {
  readonly name: string
  readonly path: string
  /** How many of its rows are taken. @default all */
  readonly limit?: number
  /** Rows and columns of the table that is joined with it; of the file itself unless `other` names another. */
  readonly right: { readonly from: number; readonly to: number; readonly columns: readonly string[]; readonly other?: string }
}

/** Files that this repository carries. */
export const ownFiles: readonly TableFile[] = [
  {
    ...{
      name: 'penguins',
      path: 'examples/data/penguins.csv',
      k: 'species',
      ks: ['island', 'sex'],
      x: 'body_mass_g',
      y: 'year',
      t: 'sex',
      w: 'island',
    },
    numbers: ['bill_length_mm', 'bill_depth_mm', 'body_mass_g'],
    right: { from: 100, to: 180, columns: ['island', 'sex', 'species', 'year'] },
  },
  {
    ...{ name: 'bikeshare', path: 'examples/lifecycle/data/bikeshare-2011.csv', k: 'mnth', ks: ['mnth', 'weathersit'], x: 'temp', y: 'hr' },
    ...{ t: 'weathersit', w: 'weekday', numbers: ['temp', 'hum', 'bikers'], time: 'timestamp' },
    right: { from: 600, to: 700, columns: ['mnth', 'weathersit', 'bikers'] },
  },
]

/** Real files of `folder`. */
export function sharedFiles(folder: string): readonly TableFile[] {
  const flights = {
    ...{ k: 'carrier', ks: ['origin', 'month', 'day', 'hour'], x: 'arr_delay', y: 'flight', t: 'tailnum', w: 'origin' },
    ...{ numbers: ['dep_delay', 'arr_delay', 'distance'], time: 'time_hour' },
  }
  return [
    {
      ...{ name: 'flights', path: `${folder}/bench/nyc2017_flights.csv.gz`, limit: 60_000, ...flights },
      right: { from: 0, to: 26_201, columns: ['origin', 'month', 'day', 'hour', 'wind_speed', 'visib', 'year'], other: 'weather' },
    },
    {
      ...{
        name: 'planes',
        path: `${folder}/bench/nyc2017_planes.csv`,
        k: 'engine',
        ks: ['manufacturer', 'model'],
        x: 'year',
        y: 'engines',
      },
      ...{ t: 'tailnum', w: 'type', numbers: ['year', 'seats', 'engines'] },
      right: { from: 900, to: 1400, columns: ['manufacturer', 'model', 'seats'] },
    },
    {
      ...{ name: 'weather', path: `${folder}/bench/nyc2017_weather.csv.gz`, k: 'origin', ks: ['origin', 'wind_dir'], x: 'wind_speed' },
      ...{ y: 'hour', t: 'origin', w: 'month', numbers: ['temp', 'wind_speed', 'visib'] },
      right: { from: 50, to: 90, columns: ['origin', 'wind_dir', 'visib'] },
    },
    {
      ...{
        name: 'beijing',
        path: `${folder}/stream/beijing_pm25.csv.gz`,
        k: 'cbwd',
        ks: ['month', 'cbwd'],
        x: 'pm2.5',
        y: 'hour',
        t: 'cbwd',
      },
      ...{ w: 'year', numbers: ['pm2.5', 'TEMP', 'Iws'] },
      right: { from: 3000, to: 3100, columns: ['month', 'cbwd', 'TEMP', 'day'] },
    },
    {
      ...{
        name: 'housing',
        path: `${folder}/tabular/california_housing.csv.gz`,
        k: 'ocean_proximity',
        ks: ['ocean_proximity', 'housing_median_age'],
      },
      ...{ x: 'total_bedrooms', y: 'population', t: 'ocean_proximity', w: 'housing_median_age' },
      numbers: ['total_bedrooms', 'population', 'median_income'],
      right: { from: 10, to: 60, columns: ['ocean_proximity', 'housing_median_age', 'population'] },
    },
    {
      ...{
        name: 'titanic',
        path: `${folder}/monitoring/titanic_reference.csv`,
        k: 'Embarked',
        ks: ['Pclass', 'Embarked'],
        x: 'Age',
        y: 'SibSp',
      },
      ...{ t: 'Cabin', w: 'Sex', numbers: ['Age', 'Fare', 'Parch'] },
      right: { from: 0, to: 70, columns: ['Pclass', 'Embarked', 'Fare', 'Cabin'] },
    },
    {
      ...{ name: 'penguins_raw', path: `${folder}/tabular/penguins_raw.csv`, k: 'Species', ks: ['Island', 'Sex'], x: 'Delta 15 N (o/oo)' },
      ...{
        y: 'Sample Number',
        t: 'Comments',
        w: 'Sex',
        numbers: ['Culmen Length (mm)', 'Body Mass (g)', 'Delta 13 C (o/oo)'],
        time: 'Date Egg',
      },
      right: { from: 100, to: 150, columns: ['Island', 'Sex', 'Species', 'Comments'] },
    },
  ]
}

/** What a case works on. */
export function givenOf(file: TableFile, tables: ReadonlyMap<string, Dataset>): Given {
  const { from, to, columns, other } = file.right
  const right = select((tables.get(other ?? file.name) as Dataset).slice(from, to), columns)
  return { ...file, d: tables.get(file.name) as Dataset, right }
}

/** One column as pandas gave it. */
export interface AnswerColumn {
  readonly name: string
  readonly kind: string
  readonly values: readonly (CellValue | undefined)[]
}

/** What pandas said to a case. */
export interface Answer {
  readonly error?: string
  readonly columns?: readonly AnswerColumn[]
}

/** Numbers agree to this share: sums and moments are added up in another order. */
const TOLERANCE = 1e-9

/** In what a dataset differs from the answer; `undefined` when in nothing. */
export function differenceOf(ours: Dataset, { error, columns = [] }: Answer, anyOrder = false): string | undefined {
  if (error !== undefined) return `pandas: ${error}`
  const names = columns.map(({ name }) => name)
  if (ours.columnNames.join() !== names.join()) return `columns ${ours.columnNames.join()} instead of ${names.join()}`
  const numRows = columns[0]?.values.length ?? 0
  if (ours.numRows !== numRows) return `${ours.numRows} rows instead of ${numRows}`
  const got = ours.columns().map((column) => column.toArray())
  const want = columns.map(({ values }) => values.map(cellOf))
  const [gotOrder, wantOrder] = anyOrder ? [orderOf(got, numRows), orderOf(want, numRows)] : []
  for (const [c, column] of columns.entries()) {
    const hasValues = column.values.some((value) => value !== null)
    const kind = { float64: 'number', int32: 'number' }[ours.column(column.name).type as string] ?? ours.column(column.name).type
    if (hasValues && kind !== column.kind) return `column ${column.name} is ${kind} instead of ${column.kind}`
    for (let row = 0; row < numRows; row++) {
      const [a, b] = [got[c]?.[gotOrder?.[row] ?? row], want[c]?.[wantOrder?.[row] ?? row]]
      if (!isSame(a, b)) return `column ${column.name}, row ${row}: ${String(a)} instead of ${String(b)}`
    }
  }
  return undefined
}

function cellOf(value: CellValue | undefined): CellValue {
  if (value === 'inf') return Number.POSITIVE_INFINITY
  return value === '-inf' ? Number.NEGATIVE_INFINITY : (value ?? null)
}

function isSame(a: CellValue | undefined, b: CellValue | undefined): boolean {
  if (a === b) return true
  if (typeof a !== 'number' || typeof b !== 'number') return false
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b), 1e-3)
}

/** Row numbers in the order of the rows as text. */
function orderOf(columns: readonly (readonly CellValue[])[], numRows: number): number[] {
  const keys = Array.from({ length: numRows }, (_, row) => columns.map((cells) => String(cells[row])).join('\u0000'))
  return keys.map((_, row) => row).sort((a, b) => ((keys[a] as string) < (keys[b] as string) ? -1 : 1))
}
