/** The row types that flow through datasets. Checked by `tsc`, never run. */
import * as z from 'zod'
import * as mini from 'zod/mini'
import { parseCsv, readCsv } from '../../src/adapters/csv/csv'
import {
  add,
  bin,
  cast,
  concat,
  correlation,
  type DataRow,
  type Dataset,
  datePart,
  drop,
  dropDuplicates,
  dropMissing,
  fillMissing,
  filter,
  fromColumns,
  fromRows,
  groupBy,
  groupCounts,
  head,
  join,
  mapColumn,
  melt,
  pivot,
  rename,
  sample,
  select,
  sort,
  split,
  take,
  toMatrix,
  unique,
  withColumn,
  withDateParts,
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

export function checkVerbs(untyped: Dataset): void {
  const penguins = fromRows([
    { species: 'Adelie', mass: 3750, male: true, at: new Date(0) },
    { species: 'Gentoo', mass: null, male: false, at: null },
  ])
  const figures = groupBy(penguins, ['species', 'male']).agg({
    n: 'size',
    mean: ['mass', 'mean'],
    share: ['male', 'mean'],
    sd: ['male', 'sd'],
    first: ['species', 'first'],
    p90: ['mass', 'quantile', 0.9],
    label: ['mass', (cells) => String(cells.length)],
  })
  type Figures = { n: number; mean: number | null; share: number; sd: number | null; first: string; p90: number | null; label: string }
  same<ReturnType<typeof figures.row>, Flattened<{ species: string; male: boolean } & Figures>>(true)
  // @ts-expect-error no such column
  groupBy(penguins, 'specis')
  // @ts-expect-error no such column
  groupBy(penguins, 'species').agg({ mean: ['mas', 'mean'] })
  // @ts-expect-error no such aggregate
  groupBy(penguins, 'species').agg({ mean: ['mass', 'average'] })
  // @ts-expect-error no share
  groupBy(penguins, 'species').agg({ p90: ['mass', 'quantile'] })

  const filled = fillMissing(penguins, { mass: 'mean', at: 'forward' }).row(0)
  same<typeof filled, { species: string; mass: number; male: boolean; at: number | null }>(true)
  // @ts-expect-error no such column
  fillMissing(penguins, { mas: 'mean' })
  // @ts-expect-error no such strategy
  fillMissing(penguins, { mass: 'zero' })
  const present = dropMissing(penguins, { columns: ['mass'] }).row(0)
  same<typeof present, { species: string; mass: number; male: boolean; at: number | null }>(true)
  const complete = dropMissing(penguins).row(0)
  same<typeof complete, { species: string; mass: number; male: boolean; at: number }>(true)
  const partly = dropMissing(penguins, { how: 'all' })
  same<typeof partly, typeof penguins>(true)
  // @ts-expect-error no such column
  dropMissing(penguins, { columns: ['mas'] })

  const species = unique(penguins, 'species')
  same<typeof species, string[]>(true)
  const distinct = dropDuplicates(penguins, { columns: ['species'] })
  same<typeof distinct, typeof penguins>(true)
  const drawn = sample(penguins, { n: 1, by: 'species' })
  same<typeof drawn, typeof penguins>(true)
  // @ts-expect-error no such column
  sample(penguins, { n: 1, by: 'specis' })
  const recast = cast(penguins, { mass: 'string', male: 'int32' }).row(0)
  same<typeof recast, { species: string; mass: string | null; male: number; at: number | null }>(true)
  const lenient = cast(penguins, { species: 'int32' }, { invalid: 'missing' }).row(0)
  same<typeof lenient.species, number | null>(true)
  // @ts-expect-error no such type
  cast(penguins, { mass: 'int' })
  const mapped = mapColumn(penguins, 'mass', (mass) => (mass === null ? 'none' : 'some')).row(0)
  same<typeof mapped.mass, 'none' | 'some'>(true)

  const sum = withColumn(penguins, 'sum', add(penguins.column('mass'), penguins.column('male'))).row(0)
  same<typeof sum.sum, number | null>(true)
  const shifted = withColumn(penguins, 'n', add(penguins.column('male'), 1)).row(0)
  same<typeof shifted.n, number>(true)
  const parts = withDateParts(penguins, 'at', ['year', 'hour']).row(0)
  same<typeof parts.at_hour, number | null>(true)
  // @ts-expect-error not asked for
  void parts.at_month
  // @ts-expect-error no such part
  datePart(penguins.column('at'), 'years')
  const binned = bin(penguins, 'mass', { edges: [0, 1, 2], labels: ['low', 'high'], as: 'size' }).row(0)
  same<typeof binned.size, 'low' | 'high' | null>(true)
  const numbered = bin(penguins, 'mass', { count: 3, labels: false }).row(0)
  same<typeof numbered.mass_bin, number | null>(true)
  const matrix = correlation(penguins, { columns: ['mass', 'male'] }).row(0)
  same<typeof matrix, { column: string; mass: number | null; male: number | null }>(true)
  const wide = pivot(penguins, { index: 'species', columns: 'male', values: 'mass' })
  same<typeof wide, Dataset>(true)
  // @ts-expect-error no such column
  pivot(penguins, { index: 'species', columns: 'male', values: 'mas' })
  const long = melt(penguins, { id: 'species', values: ['mass', 'at'], variable: 'what' }).row(0)
  same<typeof long, { species: string; what: 'mass' | 'at'; value: number | null }>(true)
  // @ts-expect-error no such column
  toMatrix(penguins, { columns: ['mas'] })

  const islands = fromRows([{ species: 'Adelie', island: 'Dream', mass: 1 }])
  const inner = join(penguins, islands, { on: 'species' }).row(0)
  same<
    typeof inner,
    Flattened<{ species: string; mass: number | null; male: boolean; at: number | null; island: string; mass_right: number }>
  >(true)
  const left = join(penguins, islands, { on: ['species'], how: 'left', suffix: ['_x', '_y'] }).row(0)
  same<
    typeof left,
    { species: string; mass_x: number | null; male: boolean; at: number | null; island: string | null; mass_y: number | null }
  >(true)
  const right = join(islands, penguins, { on: { island: 'species' }, how: 'right' }).row(0)
  same<typeof right.species, string | null>(true)
  same<typeof right.island, string>(true)
  same<typeof right.male, boolean>(true)
  const anti = join(penguins, islands, { on: 'species', how: 'anti' })
  same<typeof anti, typeof penguins>(true)
  // @ts-expect-error no such column
  join(penguins, islands, { on: 'island' })
  // @ts-expect-error no such column
  join(penguins, islands, { on: { species: 'iland' } })

  // Columns that are only known when the program runs: any name.
  const loose = groupBy(untyped, 'k')
    .agg({ n: 'size', m: ['x', 'mean'], f: ['x', 'first'] })
    .row(0)
  same<typeof loose.n, number>(true)
  same<typeof loose.m, number | null>(true)
  const joined = join(untyped, penguins, { on: 'species' })
  same<typeof joined, Dataset>(true)
  const melted = melt(untyped, { id: 'k' })
  same<typeof melted, Dataset>(true)
  const filledLoose = fillMissing(untyped, { anything: 'mean' })
  same<ReturnType<typeof filledLoose.row>[string], DataRow[string]>(true)
}

type Flattened<R> = { [Name in keyof R]: R[Name] }

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
