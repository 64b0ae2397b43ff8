/** What changed between two versions: columns, rows by key, statistics, files. */
import { invalidArgument, show } from '../../core/errors'
import { throwIfAborted } from '../../core/signal'
import type { Column } from '../../schema/column'
import { rowAt } from '../../schema/table'
import type { Dataset } from '../dataset'
import { groupCodes, NO_GROUP } from '../group-codes'
import { type ColumnProfile, profile } from '../profile'
import type { ChangedRow, ColumnDiff, DatasetDiff, FileFacts, RowDiff, SchemaDiff } from './diff-result'
import { attachDiffDisplay } from './diff-text'
import type { StoredFiles, StoredTable } from './format'
import { type ReadSettings, readTable } from './load'
import type { DatasetVersion } from './records'

/** What is compared. */
export interface DiffSettings extends ReadSettings {
  readonly key: readonly string[]
  readonly maxRows: number
}

interface Pair<T> {
  readonly before: T
  readonly after: T
}

/** Compares two tables. Reads only the columns that differ, and the key. @throws InvalidArgument for a key that does not tell rows apart */
export async function diffTables(settings: DiffSettings, stored: Pair<StoredTable>, versions: Pair<DatasetVersion>): Promise<DatasetDiff> {
  const { key, signal } = settings
  const { before, after } = stored
  for (const name of key) {
    for (const one of [before, after]) {
      if (!one.columns.some((column) => column.name === name)) {
        throw invalidArgument(`diff: the key ${show(name)} is no column of ${one.name}@${one.version}`)
      }
    }
  }
  const names = [...new Set([...after.columns, ...before.columns].map(({ name }) => name))]
  const differing = names.filter((name) => !hasSameCells(before, after, name))
  const isKeySame = key.length > 0 && key.every((name) => !differing.includes(name))
  // Where rows have moved, a column with the same cells in the same order has other cells in each row.
  const compared = key.length > 0 && !isKeySame ? names : differing
  const load = (one: StoredTable): Promise<Dataset> =>
    readTable(
      settings,
      one,
      one.columns.map(({ name }) => name).filter((name) => compared.includes(name)),
    )
  const tables = { before: await load(before), after: await load(after) }
  throwIfAborted(signal)
  const matched = key.length === 0 ? undefined : isKeySame ? sameRows(after.numRows) : matchRows(tables, key, versions)
  const shared = compared.filter((name) => tables.before.has(name) && tables.after.has(name) && !key.includes(name))
  const changes = matched === undefined ? undefined : changedCells(tables, shared, matched)
  const columns = names.map((name): ColumnDiff => {
    const isSame = !differing.includes(name)
    const facts = (table: Dataset): ColumnProfile | undefined =>
      isSame || !table.has(name) ? undefined : profile({ ...columnTable(table.column(name)) }).columns[0]
    return {
      name,
      isSame,
      changedCells: changes?.byColumn.get(name) ?? (matched !== undefined && isSame ? 0 : undefined),
      before: facts(tables.before),
      after: facts(tables.after),
    }
  })
  const rows = await rowDiff(settings, stored, { matched, changes, columnsRead: tables })
  const isSame = before.digest === after.digest
  return attachDiffDisplay({ ...versions, isSame, schema: schemaDiff(versions), rows, columns, files: undefined })
}

function columnTable(column: Column): { numRows: number; columnNames: readonly string[]; column: () => Column } {
  return { numRows: column.length, columnNames: [column.name], column: () => column }
}

/** Whether a column has the same cells in the same order: then its chunks are the same. */
function hasSameCells(before: StoredTable, after: StoredTable, name: string): boolean {
  const [a, b] = [before, after].map(({ columns }) => columns.find((column) => column.name === name))
  if (a === undefined || b === undefined || a.type !== b.type || a.chunks.length !== b.chunks.length) return false
  return a.chunks.every(({ digest }, i) => digest === b.chunks[i]?.digest)
}

function schemaDiff({ before, after }: Pair<DatasetVersion>): SchemaDiff {
  const [old, now] = [before.schema ?? [], after.schema ?? []]
  return {
    added: now.filter(({ name }) => !old.some((column) => column.name === name)),
    removed: old.filter(({ name }) => !now.some((column) => column.name === name)),
    changed: now.flatMap((column) => {
      const previous = old.find(({ name }) => name === column.name)
      const isChanged = previous !== undefined && (previous.type !== column.type || previous.required !== column.required)
      return isChanged ? [{ name: column.name, before: previous, after: column }] : []
    }),
  }
}

/** Rows of both versions that have one key, and those of one only. */
interface MatchedRows {
  /** Row of the later version → row of the earlier one; −1 for an added row. */
  readonly rowBefore: Int32Array
  readonly removed: readonly number[]
}

function sameRows(numRows: number): MatchedRows {
  return { rowBefore: Int32Array.from({ length: numRows }, (_, row) => row), removed: [] }
}

function matchRows({ before, after }: Pair<Dataset>, key: readonly string[], versions: Pair<DatasetVersion>): MatchedRows {
  const { codes, count } = groupCodes(
    key.map((name) => [before.column(name), after.column(name)]),
    'none',
  )
  const [old = new Int32Array(), now = new Int32Array()] = codes
  const places = [old, now].map((rows, i) => placesOf(rows, count, { key, version: i === 0 ? versions.before : versions.after }))
  const [placeOld = new Int32Array(), placeNow = new Int32Array()] = places
  const removed: number[] = []
  for (let row = 0; row < old.length; row++) if (placeNow[old[row] as number] === -1) removed.push(row)
  return { rowBefore: now.map((code) => placeOld[code] as number), removed }
}

/** Key → row. @throws InvalidArgument for a key that is missing or there twice */
function placesOf(
  codes: Int32Array,
  count: number,
  { key, version }: { readonly key: readonly string[]; readonly version: DatasetVersion },
): Int32Array {
  const places = new Int32Array(count).fill(-1)
  const subject = `diff: the key ${key.map(show).join(', ')} of ${version.reference}`
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number
    if (code === NO_GROUP) throw invalidArgument(`${subject} is missing in row ${row}`)
    if ((places[code] as number) >= 0) throw invalidArgument(`${subject} is the same in rows ${places[code]} and ${row}`)
    places[code] = row
  }
  return places
}

/** Cells that differ in matched rows. */
interface CellChanges {
  readonly byColumn: ReadonlyMap<string, number>
  /** Rows of the later version with a cell that differs, ascending. */
  readonly rows: readonly number[]
}

function changedCells(tables: Pair<Dataset>, names: readonly string[], { rowBefore }: MatchedRows): CellChanges {
  const isChanged = new Uint8Array(rowBefore.length)
  const byColumn = new Map<string, number>()
  for (const name of names) {
    const [old, now] = [tables.before.column(name), tables.after.column(name)]
    let count = 0
    for (let row = 0; row < rowBefore.length; row++) {
      const place = rowBefore[row] as number
      if (place < 0 || old.at(place) === now.at(row)) continue
      count++
      isChanged[row] = 1
    }
    byColumn.set(name, count)
  }
  return { byColumn, rows: Array.from(isChanged.keys()).filter((row) => isChanged[row] === 1) }
}

/** Counts rows, and reads whole the first of each kind. */
async function rowDiff(
  settings: DiffSettings,
  { before, after }: Pair<StoredTable>,
  found: { readonly matched: MatchedRows | undefined; readonly changes: CellChanges | undefined; readonly columnsRead: Pair<Dataset> },
): Promise<RowDiff> {
  const { matched, changes } = found
  const { key, maxRows } = settings
  const base = { before: before.numRows, after: after.numRows, key }
  const nothing = { addedRows: [], removedRows: [], changedRows: [] }
  if (matched === undefined || changes === undefined)
    return { ...base, added: undefined, removed: undefined, changed: undefined, unchanged: undefined, ...nothing }
  const added: number[] = []
  matched.rowBefore.forEach((place, row) => {
    if (place < 0) added.push(row)
  })
  const counts = { added: added.length, removed: matched.removed.length, changed: changes.rows.length }
  const unchanged = after.numRows - counts.added - counts.changed
  if (maxRows === 0) return { ...base, ...counts, unchanged, ...nothing }
  const whole = async (stored: StoredTable, isNeeded: boolean): Promise<Dataset | undefined> =>
    isNeeded ? readTable(settings, stored) : undefined
  const later = await whole(after, added.length > 0 || changes.rows.length > 0)
  const earlier = await whole(before, matched.removed.length > 0)
  return {
    ...base,
    ...counts,
    unchanged,
    addedRows: later === undefined ? [] : added.slice(0, maxRows).map((row) => rowAt(later, row)),
    removedRows: earlier === undefined ? [] : matched.removed.slice(0, maxRows).map((row) => rowAt(earlier, row)),
    changedRows:
      later === undefined
        ? []
        : changes.rows.slice(0, maxRows).map((row) => changedRow(found.columnsRead, { key, later, row, matched, changes })),
  }
}

function changedRow(
  { before, after }: Pair<Dataset>,
  at: {
    readonly key: readonly string[]
    readonly later: Dataset
    readonly row: number
    readonly matched: MatchedRows
    readonly changes: CellChanges
  },
): ChangedRow {
  const { key, later, row, matched, changes } = at
  const place = matched.rowBefore[row] as number
  return {
    key: Object.fromEntries(key.map((name) => [name, later.column(name).at(row)])),
    cells: [...changes.byColumn.keys()].flatMap((column) => {
      const [old, now] = [before.column(column).at(place), after.column(column).at(row)]
      return old === now ? [] : [{ column, before: old, after: now }]
    }),
  }
}

/** Compares two versions of files; reads no content. */
export function diffFiles(stored: Pair<StoredFiles>, versions: Pair<DatasetVersion>): DatasetDiff {
  const facts = ({ path, sizeBytes, digest }: StoredFiles['files'][number]): FileFacts => ({ path, sizeBytes, digest })
  const old = new Map(stored.before.files.map((file) => [file.path, facts(file)]))
  const now = new Map(stored.after.files.map((file) => [file.path, facts(file)]))
  const changed = [...now.values()].flatMap((after) => {
    const before = old.get(after.path)
    return before === undefined || before.digest === after.digest ? [] : [{ path: after.path, before, after }]
  })
  const added = [...now.values()].filter(({ path }) => !old.has(path))
  const removed = [...old.values()].filter(({ path }) => !now.has(path))
  const files = { added, removed, changed, unchanged: now.size - added.length - changed.length }
  const isSame = stored.before.digest === stored.after.digest
  return attachDiffDisplay({ ...versions, isSame, schema: undefined, rows: undefined, columns: [], files })
}
