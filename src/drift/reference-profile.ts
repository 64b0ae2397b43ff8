/** The reference profile: all a detector needs to know about the reference, as plain JSON. */
import { type DocumentPath, damaged, laterFormat } from '../core/damage'
import { arrayOf, type OptionRule, ofType, oneOf, wholeNumber } from '../core/options'
import type { ColumnType } from '../ports/table'
import { columnTypes } from '../schema/column'
import type { Moments } from '../stats/running-moments'
import type { ResolvedDriftOptions } from './drift-options'

/** The members of all columns of a profile. */
export interface ReferenceBase {
  readonly column: string
  /** The column's type in the reference table. */
  readonly columnType: ColumnType
  /** Values that count. */
  readonly n: number
  readonly missing: number
}

/** A column of numbers. */
export interface NumericReference extends ReferenceBase {
  readonly kind: 'numeric'
  readonly infinite: number
  readonly moments: Moments
  /** Ascending: all n values, or `sampleSize` evenly spaced order statistics of them. */
  readonly sample: readonly number[]
  /** Cuts and counts of the bins of the population stability index; one more count than cuts. */
  readonly cuts: readonly number[]
  readonly counts: readonly number[]
  /** Edges and counts of the histogram; two more edges than inner cuts. */
  readonly edges: readonly number[]
  readonly edgeCounts: readonly number[]
}

/** A column of numbers kept as a sketch. */
export interface SketchReference extends ReferenceBase {
  readonly kind: 'numeric'
  readonly infinite: number
  readonly moments: Moments
  /** A KLL sketch in Apache DataSketches' bytes, base64. */
  readonly sketch: string
  /** Whether its values have 32 or 64 bits. */
  readonly precision: 'single' | 'double'
}

/** A column of categories. */
export interface CategoricalReference extends ReferenceBase {
  readonly kind: 'categorical'
  /** The most frequent ones, by descending count. */
  readonly categories: readonly string[]
  readonly counts: readonly number[]
  /** How often all other categories occur together. */
  readonly otherCount: number
  /** Of profiles of streams: a HyperLogLog sketch of the categories in Apache DataSketches' bytes, base64. */
  readonly distinct?: string | undefined
}

/** A column that is not compared. */
export interface SkippedReference extends ReferenceBase {
  readonly kind: 'skipped'
  readonly reason: string
}

/** One column of a profile. */
export type ReferenceColumn = NumericReference | CategoricalReference | SkippedReference

/** A column of a profile as it is stored. */
export type StoredColumn = ReferenceColumn | SketchReference

/** A reference profile. Holds values of every numeric column, and category names: not anonymous. Version 2 has sketches. */
export interface DriftProfile {
  readonly format: 'millwright-drift-profile'
  readonly version: 1 | 2
  readonly rows: number
  readonly options: ResolvedDriftOptions
  readonly columns: readonly StoredColumn[]
}

const SUBJECT = 'the drift profile'
const count = /* @__PURE__ */ wholeNumber(0)
const object = /* @__PURE__ */ ofType('object')
const texts = /* @__PURE__ */ arrayOf(/* @__PURE__ */ ofType('string'))
const counts = /* @__PURE__ */ arrayOf(/* @__PURE__ */ wholeNumber(0))
const ascending: OptionRule = {
  allowed: 'an array of finite numbers, ascending',
  test: (values) => Array.isArray(values) && values.every((value, i) => Number.isFinite(value) && (i === 0 || values[i - 1] <= value)),
}
const kinds = /* @__PURE__ */ oneOf('numeric', 'categorical', 'skipped')
const types = /* @__PURE__ */ oneOf(...columnTypes)

/**
 * Checks a stored profile. It uses rules and not a zod schema, so that a bundle with only the detector stays small.
 *
 * @throws Corrupt naming the first member that is wrong; Unsupported when a later release wrote it
 */
export function assertProfile(value: unknown): asserts value is DriftProfile {
  check(value, [], object)
  const profile = value as Record<string, unknown>
  const { version } = profile
  check(profile.format, ['format'], oneOf('millwright-drift-profile'))
  if (typeof version === 'number' && version > 2) throw laterFormat(SUBJECT, version, 2)
  check(version, ['version'], oneOf(1, 2))
  check(profile.rows, ['rows'], count)
  check(profile.options, ['options'], object)
  check(profile.columns, ['columns'], arrayOf(object))
  for (const [i, column] of (profile.columns as readonly Record<string, unknown>[]).entries()) checkColumn(column, ['columns', i])
}

function checkColumn(column: Readonly<Record<string, unknown>>, path: DocumentPath): void {
  const all = (rules: Readonly<Record<string, OptionRule>>): void => {
    for (const [name, rule] of Object.entries(rules)) check(column[name], [...path, name], rule)
  }
  all({ column: ofType('string'), columnType: types, n: count, missing: count, kind: kinds })
  if (column.kind === 'skipped') {
    all({ reason: ofType('string') })
    return
  }
  if (column.kind === 'numeric' && column.sketch !== undefined) {
    all({ infinite: count, moments: object, sketch: ofType('string'), precision: oneOf('single', 'double') })
    check((column.moments as Record<string, unknown>).count, [...path, 'moments', 'count'], count)
    return
  }
  all({ counts })
  const bins = (column.counts as readonly number[]).length
  if (column.kind === 'categorical') {
    all({ categories: sized(texts, bins), otherCount: count })
    if (column.distinct !== undefined) all({ distinct: ofType('string') })
    return
  }
  all({ infinite: count, sample: ascending, cuts: sized(ascending, bins - 1), edges: ascending, moments: object })
  all({ sample: { allowed: 'an array of at least one number', test: (values) => (values as readonly number[]).length > 0 } })
  all({ edgeCounts: sized(counts, (column.edges as readonly number[]).length - 1) })
  check((column.moments as Record<string, unknown>).count, [...path, 'moments', 'count'], count)
}

/** A rule for a list of a known length. */
function sized({ allowed, test }: OptionRule, length: number): OptionRule {
  return { allowed: `${allowed}, ${length} in all`, test: (value) => test(value) && (value as readonly unknown[]).length === length }
}

function check(value: unknown, path: DocumentPath, { allowed, test }: OptionRule): void {
  if (!test(value)) throw damaged(SUBJECT, path, allowed, value)
}
