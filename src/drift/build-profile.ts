/** Creates the reference profile of a table, and decides the kind of each column. */
import { invalidArgument, show } from '../core/errors'
import type { Column, Table } from '../ports/table'
import { momentsOf } from '../stats/running-moments'
import { countBetween, distinctValues, indexCuts, pictureEdges } from './bins'
import { categoryCounts, numericValues } from './column-values'
import type { ResolvedDriftOptions } from './drift-options'
import type { UsedParts } from './drift-parts'
import { type ColumnKind, fitsKind } from './methods'
import type { DriftProfile, NumericReference, StoredColumn } from './reference-profile'

/** Options of {@link DriftDetector.fit}. */
export interface DriftFitOptions {
  /** Columns to watch; timestamps are watched only if named. @default all, without timestamps and free text */
  readonly columns?: readonly string[] | undefined
  /** Columns whose values are categories whatever their type. */
  readonly categorical?: readonly string[] | undefined
  /** Columns whose values are numbers, also with few distinct ones. */
  readonly numeric?: readonly string[] | undefined
}

/** Whole numbers with at most this many distinct values are categories (as in Evidently). */
const INTEGER_CATEGORIES = 10
/** Text columns with more distinct values than this, and than half of the rows, are free text or identifiers. */
const TEXT_DISTINCT = 50

/** Profiles `table`. @throws InvalidArgument on an empty table or a wrong kind, NotFound for an unknown column */
export function buildProfile(table: Table, options: ResolvedDriftOptions, fit: DriftFitOptions, parts: UsedParts): DriftProfile {
  if (table.numRows === 0) throw invalidArgument('DriftDetector.fit needs a reference with at least one row')
  const named = [...(fit.columns ?? []), ...(fit.categorical ?? []), ...(fit.numeric ?? []), ...Object.keys(options.perColumn)]
  // Looking up each column throws the table's own error, which lists the known columns.
  for (const name of named) table.column(name)
  const names = [...new Set(fit.columns ?? table.columnNames)]
  const columns = names.map((name): StoredColumn => buildColumn(table.column(name), { options, fit, parts }))
  for (const column of columns) {
    const method = Object.hasOwn(options.perColumn, column.column) ? options.perColumn[column.column]?.method : undefined
    if (method !== undefined && column.kind !== 'skipped' && !fitsKind(method, column.kind)) {
      throw invalidArgument(`the method ${show(method)} cannot compare the ${column.kind} column ${show(column.column)}`)
    }
  }
  const version = options.reference === 'sketch' ? 2 : 1
  return { format: 'millwright-drift-profile', version, rows: table.numRows, options, columns }
}

interface BuildSettings {
  readonly options: ResolvedDriftOptions
  readonly fit: DriftFitOptions
  readonly parts: UsedParts
}

function buildColumn(column: Column, settings: BuildSettings): StoredColumn {
  const { options, fit } = settings
  const kind = kindOf(column, fit)
  if (kind === 'categorical') return categoricalReference(column, options, fit)
  if (kind === 'numeric') return numericReference(column, settings)
  const { nullCount } = column
  const reason = 'timestamps are compared only when named in `columns`'
  return { kind: 'skipped', column: column.name, columnType: column.type, n: column.length - nullCount, missing: nullCount, reason }
}

/** The kind by type alone; whole numbers may turn out to be categories later. */
function kindOf(column: Column, fit: DriftFitOptions): ColumnKind | undefined {
  const { name, type } = column
  if (fit.categorical?.includes(name)) return 'categorical'
  if (fit.numeric?.includes(name)) {
    if (type === 'string') throw invalidArgument(`column ${show(name)} is string and cannot be compared as numeric`)
    return 'numeric'
  }
  if (type === 'string' || type === 'boolean') return 'categorical'
  return type !== 'timestamp' || fit.columns?.includes(name) ? 'numeric' : undefined
}

function numericReference(column: Column, { options, fit, parts }: BuildSettings): StoredColumn {
  const { sorted, missing, infinite } = numericValues(column)
  const base = { column: column.name, columnType: column.type, n: sorted.length, missing }
  if (sorted.length === 0) return { ...base, kind: 'skipped', reason: 'the reference holds no values' }
  const asked = fit.numeric?.includes(column.name) === true
  if (column.type === 'int32' && !asked && distinctValues(sorted, INTEGER_CATEGORIES) !== undefined) {
    return categoricalReference(column, options, fit)
  }
  if (options.reference === 'sketch') {
    return parts.sketches().store({ ...base, infinite, moments: momentsOf(sorted) }, sorted, options.sketchSize)
  }
  const cuts = indexCuts(sorted, options.bins)
  const edges = pictureEdges(sorted)
  const reference: NumericReference = {
    ...base,
    kind: 'numeric',
    infinite,
    moments: momentsOf(sorted),
    sample: thin(sorted, options.sampleSize),
    cuts,
    counts: countBetween(sorted, cuts),
    edges,
    edgeCounts: countBetween(sorted, edges.slice(1, -1)),
  }
  return reference
}

/** All values, or `size` order statistics at the middles of equal shares: the error of their distribution function is at most 1/size. */
function thin(sorted: Float64Array, size: number): number[] {
  const n = sorted.length
  if (n <= size) return Array.from(sorted)
  return Array.from({ length: size }, (_, i) => sorted[Math.floor(((i + 0.5) * n) / size)] as number)
}

function categoricalReference(column: Column, options: ResolvedDriftOptions, fit: DriftFitOptions): StoredColumn {
  const { counts, n, missing } = categoryCounts(column)
  const base = { column: column.name, columnType: column.type, n, missing }
  if (n === 0) return { ...base, kind: 'skipped', reason: 'the reference holds no values' }
  const named = fit.categorical?.includes(column.name) === true || fit.columns?.includes(column.name) === true
  if (column.type === 'string' && !named && counts.size > TEXT_DISTINCT && counts.size > n / 2) {
    const reason = `looks like free text or an identifier: ${counts.size} distinct values in ${n}; name it in \`categorical\` to compare it`
    return { ...base, kind: 'skipped', reason }
  }
  const ordered = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const kept = ordered.slice(0, options.maxCategories)
  return {
    ...base,
    kind: 'categorical',
    categories: kept.map(([category]) => category),
    counts: kept.map(([, count]) => count),
    otherCount: n - kept.reduce((sum, [, count]) => sum + count, 0),
  }
}
