/** Profiles streams and shards: batch after batch in constant memory, and profiles of parts added up. */
import { fromBase64, toBase64 } from '../core/bytes'
import { attachDisplay } from '../core/display'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Column, Table } from '../ports/table'
import { assertTable } from '../schema/table'
import { mergeMoments, momentsOf } from '../stats/running-moments'
import { HllSketch } from '../stats/sketches/hll'
import { KllSketch } from '../stats/sketches/kll'
import { LEAST_COMPACTED } from '../stats/sketches/kll-levels'
import { allParts } from './all-parts'
import { buildProfile, type DriftFitOptions } from './build-profile'
import { categoryCounts, numericValues } from './column-values'
import { type DriftOptions, type ResolvedDriftOptions, resolveDriftOptions } from './drift-options'
import { usedParts } from './drift-parts'
import { assertProfile, type CategoricalReference, type DriftProfile, type SketchReference, type StoredColumn } from './reference-profile'
import { sketchOf, sketchReference } from './sketch-reference'

/** Registers of the sketches that count categories: 2^11, an error of 2.3 %. */
const DISTINCT_LG_K = 11

/** How many values of a sketch are stored: with k = 200 at most 3 kB of JSON a column. */
function storedSize({ k, precision }: KllSketch): number {
  return Math.max(LEAST_COMPACTED, Math.ceil(k * (precision === 'single' ? 2.25 : 1.25)))
}

/** What is known of one column so far. */
interface NumericPart {
  readonly kind: 'numeric'
  stored: SketchReference
  readonly sketch: KllSketch
}

interface CategoricalPart {
  readonly kind: 'categorical'
  stored: CategoricalReference
  /** Counts of the categories that are kept by name: up to twice `maxCategories` between two clearings. */
  readonly counts: Map<string, number>
  readonly distinct: HllSketch
}

interface SkippedPart {
  readonly kind: 'skipped'
  stored: Extract<StoredColumn, { readonly kind: 'skipped' }>
}

type Part = NumericPart | CategoricalPart | SkippedPart

/**
 * Builds the reference profile of a stream of tables in constant memory, and adds profiles of shards up: numbers become KLL sketches, categories are counted by name up to
 * `maxCategories`, the rarest pooled, their number is estimated by HyperLogLog. No values leave but those in the sketches.
 *
 * The kinds of columns are decided on the first table with rows; shards that are to be merged should be told them ({@link DriftFitOptions}).
 *
 * @example
 * const builder = new ProfileBuilder()
 * for await (const batch of readCsvBatches(source)) builder.add(batch)
 * const detector = DriftDetector.fromProfile(builder.profile())
 */
export class ProfileBuilder {
  readonly #options: ResolvedDriftOptions
  readonly #fit: DriftFitOptions
  #rows = 0
  #parts: Map<string, Part> | undefined

  /** @throws InvalidArgument on an unknown option or a value out of range */
  constructor(options: DriftOptions = {}, fit: DriftFitOptions = {}) {
    this.#options = { ...resolveDriftOptions(options), reference: 'sketch' }
    this.#fit = fit
    attachDisplay(this, { text: () => this.#text() })
  }

  /** Rows seen. */
  get rows(): number {
    return this.#rows
  }

  /** Adds the rows of a table; it is not kept. @throws NotFound for a column that earlier tables had, InvalidArgument for text where numbers were */
  add(table: Table): void {
    assertTable(table, 'ProfileBuilder.add')
    if (table.numRows === 0) return
    if (this.#parts === undefined) {
      this.#start(buildProfile(table, this.#options, this.#fit, usedParts(allParts, this.#options)))
      return
    }
    // All columns are looked up before anything is added, so that a table without one changes nothing.
    const columns = [...this.#parts].map(([name, part]) => ({ part, column: table.column(name) }))
    for (const { part, column } of columns) checkColumn(part, column)
    for (const { part, column } of columns) addColumn(part, column, this.#options)
    this.#rows += table.numRows
  }

  /** Adds what a profile saw: of another builder, or of a detector fitted with `reference: 'sketch'`. @throws Corrupt; InvalidArgument for other columns or kinds */
  merge(profile: DriftProfile): void {
    assertProfile(profile)
    if (this.#parts === undefined) {
      this.#start(profile)
      return
    }
    const parts = this.#parts
    const names = profile.columns.map(({ column }) => column)
    const differs = names.length !== parts.size || names.some((name) => !parts.has(name))
    if (differs)
      throw invalidArgument(
        `ProfileBuilder.merge: the profile has the columns ${names.join(', ')}, expected ${[...parts.keys()].join(', ')}`,
      )
    for (const stored of profile.columns) {
      const part = parts.get(stored.column) as Part
      if (part.kind !== stored.kind) {
        const hint = 'say the kinds to every shard: new ProfileBuilder(options, { numeric, categorical })'
        throw invalidArgument(`ProfileBuilder.merge: column ${show(stored.column)} is ${stored.kind}, expected ${part.kind}`, { hint })
      }
      partOf(stored)
    }
    for (const stored of profile.columns) mergePart(parts.get(stored.column) as Part, partOf(stored), this.#options)
    this.#rows += profile.rows
  }

  /** The profile of all rows so far, from which `DriftDetector.fromProfile` makes a detector. @throws InvalidState before the first row */
  profile(): DriftProfile {
    if (this.#parts === undefined) throw new MillwrightError('InvalidState', 'ProfileBuilder.profile needs at least one row')
    const columns = [...this.#parts.values()].map((part) => storedOf(part, this.#options))
    return { format: 'millwright-drift-profile', version: 2, rows: this.#rows, options: this.#options, columns }
  }

  toString(): string {
    return `ProfileBuilder: ${this.#rows} rows, ${this.#parts?.size ?? 0} columns`
  }

  /** The same with a line for each column. */
  #text(): string {
    const columns = [...(this.#parts ?? [])].map(([name, { kind }]) => `\n  ${name} (${kind})`)
    return `${this.toString()}${columns.slice(0, 20).join('')}${columns.length > 20 ? `\n  … and ${columns.length - 20} more` : ''}`
  }

  #start(profile: DriftProfile): void {
    this.#parts = new Map(profile.columns.map((stored) => [stored.column, partOf(stored)]))
    this.#rows += profile.rows
  }
}

/** Adds profiles of shards up to one. @throws as {@link ProfileBuilder.merge}; InvalidArgument without any */
export function mergeProfiles(profiles: readonly DriftProfile[]): DriftProfile {
  const [first] = Array.isArray(profiles) ? (profiles as readonly DriftProfile[]) : []
  if (first === undefined) throw invalidArgument('mergeProfiles needs at least one profile')
  assertProfile(first)
  const builder = new ProfileBuilder(first.options)
  for (const profile of profiles) builder.merge(profile)
  return builder.profile()
}

function partOf(stored: StoredColumn): Part {
  if (stored.kind === 'skipped') return { kind: 'skipped', stored }
  if (stored.kind === 'numeric') {
    if ('sketch' in stored) return { kind: 'numeric', stored, sketch: sketchOf(stored) }
    const hint = "profiles of version 1 keep samples, which do not add up: fit with { reference: 'sketch' }"
    throw invalidArgument(`ProfileBuilder: column ${show(stored.column)} has no sketch`, { hint })
  }
  const distinct = stored.distinct === undefined ? new HllSketch({ lgK: DISTINCT_LG_K }) : HllSketch.fromBytes(fromBase64(stored.distinct))
  if (stored.distinct === undefined) for (const category of stored.categories) distinct.add(category)
  return {
    kind: 'categorical',
    stored,
    counts: new Map(stored.categories.map((category, i) => [category, stored.counts[i] as number])),
    distinct,
  }
}

function checkColumn(part: Part, column: Column): void {
  if (part.kind === 'numeric' && column.type === 'string' && column.nullCount < column.length) {
    throw invalidArgument(`ProfileBuilder.add: column ${show(column.name)} is string, expected ${part.stored.columnType}`)
  }
}

function addColumn(part: Part, column: Column, options: ResolvedDriftOptions): void {
  if (part.kind === 'skipped') {
    part.stored = { ...part.stored, n: part.stored.n + column.length - column.nullCount, missing: part.stored.missing + column.nullCount }
  } else if (part.kind === 'numeric') {
    if (column.type === 'string') {
      part.stored = { ...part.stored, missing: part.stored.missing + column.length }
      return
    }
    const { sorted, missing, infinite } = numericValues(column)
    const sketch = KllSketch.fromSorted(sorted, { k: part.sketch.k, precision: part.sketch.precision, seed: part.stored.n })
    mergeNumbers(part, { n: sorted.length, missing, infinite, moments: momentsOf(sorted), sketch })
  } else {
    const { counts, n, missing } = categoryCounts(column)
    for (const category of counts.keys()) part.distinct.add(category)
    mergeCounts(part, { counts, n, missing, otherCount: 0 }, options)
  }
}

function mergePart(part: Part, other: Part, options: ResolvedDriftOptions): void {
  if (part.kind === 'numeric' && other.kind === 'numeric') mergeNumbers(part, { ...other.stored, sketch: other.sketch })
  else if (part.kind === 'categorical' && other.kind === 'categorical') {
    part.distinct.merge(other.distinct)
    mergeCounts(part, { ...other.stored, counts: other.counts }, options)
  } else if (part.kind === 'skipped') {
    part.stored = { ...part.stored, n: part.stored.n + other.stored.n, missing: part.stored.missing + other.stored.missing }
  }
}

function mergeNumbers(
  part: NumericPart,
  other: Pick<SketchReference, 'n' | 'missing' | 'infinite' | 'moments'> & { readonly sketch: KllSketch },
): void {
  const { stored } = part
  if (other.sketch.precision === part.sketch.precision) part.sketch.merge(other.sketch)
  else {
    // Shards may differ in what they chose: the values that are kept stand for all.
    const { values, weights } = other.sketch.weightedValues()
    values.forEach((value, i) => {
      for (let left = weights[i] as number; left > 0; left--) part.sketch.add(value)
    })
  }
  part.stored = {
    ...stored,
    n: stored.n + other.n,
    missing: stored.missing + other.missing,
    infinite: stored.infinite + other.infinite,
    moments: mergeMoments(stored.moments, other.moments),
  }
}

function mergeCounts(
  part: CategoricalPart,
  other: { readonly counts: ReadonlyMap<string, number>; readonly n: number; readonly missing: number; readonly otherCount: number },
  { maxCategories }: ResolvedDriftOptions,
): void {
  const { counts, stored } = part
  for (const [category, count] of other.counts) counts.set(category, (counts.get(category) ?? 0) + count)
  part.stored = {
    ...stored,
    n: stored.n + other.n,
    missing: stored.missing + other.missing,
    otherCount: stored.otherCount + other.otherCount,
  }
  if (counts.size > 2 * maxCategories) keepMostFrequent(part, maxCategories)
}

/** Pools the rarest categories, whose names are forgotten. */
function keepMostFrequent(part: CategoricalPart, most: number): void {
  const ordered = [...part.counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  let pooled = 0
  for (const [category, count] of ordered.slice(most)) {
    part.counts.delete(category)
    pooled += count
  }
  part.stored = { ...part.stored, otherCount: part.stored.otherCount + pooled }
}

function storedOf(part: Part, options: ResolvedDriftOptions): StoredColumn {
  if (part.kind === 'skipped') return part.stored
  if (part.kind === 'numeric') return sketchReference(part.stored, part.sketch.compacted(storedSize(part.sketch)))
  const copy: CategoricalPart = { ...part, counts: new Map(part.counts) }
  if (copy.counts.size > options.maxCategories) keepMostFrequent(copy, options.maxCategories)
  const ordered = [...copy.counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return {
    ...copy.stored,
    categories: ordered.map(([category]) => category),
    counts: ordered.map(([, count]) => count),
    distinct: toBase64(part.distinct.toBytes()),
  }
}
