/** The row types that flow through datasets. Checked by `tsc`, never run. */
import * as z from 'zod'
import * as mini from 'zod/mini'
import { parseCsv, readCsv } from '../../src/adapters/csv/csv'
import {
  concat,
  type DataRow,
  type Dataset,
  drop,
  filter,
  fromColumns,
  fromRows,
  groupCounts,
  head,
  rename,
  select,
  sort,
  split,
  take,
  withColumn,
  withSchema,
} from '../../src/dataset'
import type { Row, Table } from '../../src/schema/table'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

interface Flight {
  readonly carrier: 'UA' | 'AA'
  readonly delay: number | null
  readonly at: Date
  readonly gate?: string
}

export function check(untyped: Dataset, table: Table, flights: readonly Flight[], rows: readonly Row[]): void {
  const penguins = fromRows([
    { species: 'Adelie', mass: 3750, male: true },
    { species: 'Gentoo', mass: null, male: false },
  ])
  type Penguin = { species: string; mass: number | null; male: boolean }
  const records = penguins.toRecords()
  same<typeof records, Penguin[]>(true)
  for (const row of penguins) same<typeof row, Penguin>(true)
  const mass = penguins.column('mass')
  const first = mass.at(0)
  same<typeof first, number | null>(true)
  const species = penguins.column('species').toArray()
  same<typeof species, string[]>(true)
  same<typeof penguins.columnNames, readonly ('species' | 'mass' | 'male')[]>(true)
  // @ts-expect-error no such column
  penguins.column('mas')

  // Rows of an interface; a column that not every row has.
  const typed = fromRows(flights).row(0)
  same<typeof typed, { carrier: 'UA' | 'AA'; delay: number | null; at: number; gate: string | null }>(true)
  const uneven = fromRows([{ a: 1 }, { a: 2, b: 'x' }]).row(0)
  same<typeof uneven, { a: number; b: string | null }>(true)
  const asked = fromRows([{ at: '2024-06-01', n: '7', x: 1 }], {
    types: { at: 'timestamp', n: 'int32' },
    coerce: true,
    columns: ['at', 'n'],
  })
  same<ReturnType<typeof asked.row>, { at: number; n: number }>(true)
  // @ts-expect-error no such column
  fromRows([{ a: 1, b: 2 }], { types: { a: 'int32', c: 'int32' } })
  // @ts-expect-error no such column
  fromRows([{ a: 1 }], { columns: ['b'] })
  // @ts-expect-error an object is no cell
  fromRows([{ a: { b: 1 } }])
  const columns = fromColumns({ x: new Float64Array(2), y: ['a', null], z: mass })
  same<ReturnType<typeof columns.row>, { x: number; y: string | null; z: number | null }>(true)

  // Verbs keep or change the type.
  same<ReturnType<typeof penguins.head>, typeof penguins>(true)
  const selected = select(penguins, ['mass'])
  same<typeof selected, Dataset<{ mass: number | null }>>(true)
  // @ts-expect-error no such column
  select(penguins, ['mas'])
  select(penguins, penguins.columnNames)
  const dropped = drop(penguins, ['mass', 'male'])
  same<typeof dropped, Dataset<{ species: string }>>(true)
  // @ts-expect-error no such column
  drop(penguins, ['mas'])
  const renamed = rename(penguins, { mass: 'mass_g' }).row(0)
  same<typeof renamed, { species: string; mass_g: number | null; male: boolean }>(true)
  // @ts-expect-error no such column
  rename(penguins, { mass: 'a', mas: 'b' })
  const filtered = filter(penguins, (row) => row.mass !== null && row.mass > 3000 && row.male)
  same<typeof filtered, typeof penguins>(true)
  filter(penguins, 'male')
  // @ts-expect-error no such column
  filter(penguins, 'mal')
  // @ts-expect-error no such column
  filter(penguins, (row) => row.mas)
  const added = withColumn(penguins, 'kg', (row) => (row.mass === null ? null : row.mass / 1000)).row(0)
  same<typeof added, Penguin & { kg: number | null } extends infer R ? { [Name in keyof R]: R[Name] } : never>(true)
  const replaced = withColumn(penguins, 'mass', ['light', 'heavy']).row(0)
  same<typeof replaced.mass, string>(true)
  const told = withColumn(penguins, 'at', ['2024-06-01', null], { type: 'timestamp' }).row(0)
  same<typeof told.at, number | null>(true)
  // @ts-expect-error a promise is no cell
  withColumn(penguins, 'later', () => Promise.resolve(1))
  const { train, validation } = split(penguins, { test: 0.2, validation: 0.2, stratifyBy: 'species' })
  same<typeof train, typeof penguins>(true)
  same<typeof validation, typeof penguins>(true)
  // @ts-expect-error no such column
  split(penguins, { test: 0.2, stratifyBy: 'specis' })
  const sorted = sort(penguins, ['species', { column: 'mass', descending: true }])
  same<typeof sorted, typeof penguins>(true)
  // @ts-expect-error no such column
  sort(penguins, 'mas')
  // @ts-expect-error no such column
  sort(penguins, [{ column: 'mas' }])
  const taken = take(penguins, [0])
  same<typeof taken, typeof penguins>(true)
  const both = concat([penguins, penguins]).row(0)
  same<typeof both, Penguin>(true)
  const counts = groupCounts(penguins, 'species').row(0)
  same<typeof counts, { species: string; count: number }>(true)

  // Columns that are only known when the program runs: any name.
  same<ReturnType<typeof untyped.row>, DataRow>(true)
  untyped.column('anything')
  select(untyped, ['anything'])
  rename(untyped, { anything: 'x' })
  sort(head(table), 'anything')
  const fromTable = filter(table, (row) => row.anything !== null)
  same<typeof fromTable, Dataset>(true)
  const loose = fromRows(rows)
  same<typeof loose, Dataset>(true)
  const changed = withColumn(untyped, 'n', [1])
  same<typeof changed, Dataset>(true)

  // A dataset of known columns stands wherever one of any, or of fewer, columns is asked for.
  const any: Dataset = penguins
  const asTable: Table = penguins
  const fewer: Dataset<{ mass: number | null }> = penguins
  // @ts-expect-error another type of cell
  const other: Dataset<{ mass: string }> = penguins
  void [any, asTable, fewer, other]
}

export async function checkSchemas(untyped: Dataset): Promise<void> {
  const flight = z.object({ carrier: z.enum(['UA', 'AA']), delay: z.number().nullable(), at: z.date(), late: z.boolean().optional() })
  type FlightRow = { carrier: 'UA' | 'AA'; delay: number | null; at: number; late: boolean | null }
  const parsed = parseCsv('', { schema: flight })
  same<ReturnType<typeof parsed.row>, FlightRow>(true)
  const read = await readCsv('', { schema: flight, types: { carrier: 'string' } })
  same<ReturnType<typeof read.row>, FlightRow>(true)
  const checked = withSchema(untyped, mini.object({ n: mini.optional(mini.number()) }))
  same<ReturnType<typeof checked.row>, { n: number | null }>(true)
  // @ts-expect-error no such column
  select(parsed, ['carier'])
  // @ts-expect-error no schema
  withSchema(untyped, { n: 'float64' })
  const plain = parseCsv('')
  same<typeof plain, Dataset>(true)
}
