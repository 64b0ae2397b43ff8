/** Computes one column of a drift report: reads the current values and compares them, or says why they cannot be compared. */
import { categoriesOfBoth, compareCategorical } from './compare-categorical'
import { type Comparison, compareNumeric, distinctOfBoth } from './compare-numeric'
import type { CurrentColumn } from './current-column'
import { type ColumnMethod, methodOf, type ResolvedDriftOptions } from './drift-options'
import type { NumericSample, UsedParts } from './drift-parts'
import type { ColumnDrift, DriftFinding } from './drift-report'
import type { CountMethod } from './method-part'
import type { CategoricalReference, NumericReference, ReferenceColumn } from './reference-profile'

/** What a detector compares by. */
export interface DetectorSettings {
  readonly options: ResolvedDriftOptions
  readonly parts: UsedParts
}

/** A result before p-values are corrected and compared with thresholds, and further findings. */
export interface ColumnOutcome {
  readonly result: ColumnDrift
  readonly findings: readonly DriftFinding[]
}

/**
 * Compares one column. Does not throw because of the data.
 *
 * @param sample what the detector keeps of a numeric reference
 * @param column the current column; `undefined` when there is none
 */
export function compareColumn(
  reference: ReferenceColumn,
  sample: NumericSample | undefined,
  column: CurrentColumn | undefined,
  { options, parts }: DetectorSettings,
): ColumnOutcome {
  const blank = blankResult(reference)
  if (column === undefined) {
    const message = `column ${JSON.stringify(reference.column)} is missing from the current table`
    return {
      result: broken(blank, 'missing from the current table'),
      findings: [{ column: reference.column, code: 'missing-column', message }],
    }
  }
  // The type of a column without values does not count, because readers choose it arbitrarily.
  const findings = column.nullCount === column.length ? [] : typeFinding(reference, column)
  if (reference.kind === 'skipped') {
    const missingCurrent = column.nullCount
    const counted = { ...blank, nCurrent: column.length - missingCurrent, missingCurrent }
    const result =
      reference.n === 0
        ? ({ ...counted, state: 'skipped', reason: reference.reason } as const)
        : counted.nCurrent === 0
          ? broken(counted, NO_VALUES)
          : findings.length > 0
            ? broken(counted, changedType(reference, column))
            : ({ ...counted, state: 'skipped', reason: reference.reason } as const)
    return { result, findings }
  }
  if (column.nullCount < column.length && reference.kind === 'numeric' && isText(column) !== isText({ type: reference.columnType })) {
    return { result: broken({ ...blank, missingCurrent: column.nullCount }, changedType(reference, column)), findings }
  }
  if (column.kind !== undefined && column.kind !== reference.kind && column.nullCount < column.length) {
    const reason = `the profile has the column as ${column.kind}, the reference as ${reference.kind}: say the kinds when it is built`
    return { result: broken({ ...blank, missingCurrent: column.nullCount }, reason), findings }
  }
  const outcome =
    reference.kind === 'numeric'
      ? numericOutcome(reference, sample as NumericSample, column, { options, parts })
      : categoricalOutcome(reference, column, { options, parts })
  return { ...outcome, findings: [...findings, ...outcome.findings] }
}

function numericOutcome(
  reference: NumericReference,
  sample: NumericSample,
  column: CurrentColumn,
  { options, parts }: DetectorSettings,
): ColumnOutcome {
  const blank = { ...blankResult(reference), type: reference.kind }
  if (column.nullCount === column.length) return { result: broken({ ...blank, missingCurrent: column.nullCount }, NO_VALUES), findings: [] }
  const current = column.numbers(sample.isSingle)
  const counts = { nCurrent: current.n, missingCurrent: current.missing, infiniteCurrent: current.infinite }
  if (counts.nCurrent === 0) return { result: broken({ ...blank, ...counts }, NO_VALUES), findings: [] }
  const facts = { column: reference.column, kind: reference.kind, n: reference.n }
  const settings = methodOf(options, { ...facts, distinct: () => distinctOfBoth(sample.values, current.values, 6) })
  return {
    result: compared(
      { blank, settings, options },
      counts,
      compareNumeric({ reference, sample, current, settings, method: parts.method(settings.method) }),
    ),
    findings: [],
  }
}

function categoricalOutcome(reference: CategoricalReference, column: CurrentColumn, { options, parts }: DetectorSettings): ColumnOutcome {
  const blank = { ...blankResult(reference), type: reference.kind }
  if (column.nullCount === column.length) return { result: broken({ ...blank, missingCurrent: column.nullCount }, NO_VALUES), findings: [] }
  const current = column.categories()
  const counts = { nCurrent: current.n, missingCurrent: current.missing, infiniteCurrent: 0 }
  if (counts.nCurrent === 0) return { result: broken({ ...blank, ...counts }, NO_VALUES), findings: [] }
  const facts = { column: reference.column, kind: reference.kind, n: reference.n }
  const settings = methodOf(options, { ...facts, distinct: () => categoriesOfBoth(reference, current) })
  const { newCategories, newRows, ...comparison } = compareCategorical(
    reference,
    current,
    parts.method(settings.method) as CountMethod,
    options,
  )
  const found = newCategories.length === 0 ? [] : [newCategoriesFinding(reference.column, newCategories, newRows)]
  return { result: compared({ blank, settings, options }, counts, comparison), findings: found }
}

interface ComparedColumn {
  readonly blank: ColumnDrift
  readonly settings: ColumnMethod
  readonly options: ResolvedDriftOptions
}

type Counts = Pick<ColumnDrift, 'nCurrent' | 'missingCurrent' | 'infiniteCurrent'>

function compared({ blank, settings, options }: ComparedColumn, counts: Counts, comparison: Comparison): ColumnDrift {
  const { method, threshold } = settings
  const smaller = Math.min(blank.nReference, counts.nCurrent)
  const low = smaller < options.minRows
  return {
    ...blank,
    ...counts,
    ...comparison,
    // A report is JSON, which has no infinite numbers.
    statistic: Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, comparison.statistic)),
    score: Math.min(Number.MAX_VALUE, comparison.score),
    method,
    threshold,
    adjustedPValue: comparison.pValue,
    state: low ? 'low-sample' : 'ok',
    ...(low ? { reason: `only ${smaller} values on one side; fewer than ${options.minRows} do not alarm` } : {}),
  }
}

const NO_VALUES = 'the current column holds no values, the reference does'

/** A column that can no longer be compared counts as drifted. */
function broken(result: ColumnDrift, reason: string): ColumnDrift {
  return { ...result, state: 'error', driftDetected: true, reason }
}

function changedType(reference: ReferenceColumn, column: Pick<CurrentColumn, 'type'>): string {
  return `the reference is ${reference.columnType}, the current column is ${column.type}`
}

function isText({ type }: Pick<CurrentColumn, 'type'>): boolean {
  return type === 'string'
}

function blankResult(reference: ReferenceColumn): ColumnDrift {
  return {
    column: reference.column,
    type: reference.kind === 'skipped' ? null : reference.kind,
    method: null,
    statistic: null,
    pValue: null,
    adjustedPValue: null,
    score: null,
    threshold: null,
    driftDetected: false,
    warningDetected: false,
    psi: null,
    psiNoise: null,
    direction: null,
    nReference: reference.n,
    nCurrent: 0,
    missingReference: reference.missing,
    missingCurrent: 0,
    infiniteReference: reference.kind === 'numeric' ? reference.infinite : 0,
    infiniteCurrent: 0,
    state: 'ok',
    notes: [],
  }
}

/** Another type is reported, except between the two number types, which depend on the values. */
function typeFinding(reference: ReferenceColumn, column: Pick<CurrentColumn, 'type'>): DriftFinding[] {
  const { columnType } = reference
  const numbers = (type: string): boolean => type === 'int32' || type === 'float64'
  if (columnType === column.type || (numbers(columnType) && numbers(column.type))) return []
  const message = `column ${JSON.stringify(reference.column)} was ${columnType} in the reference and is ${column.type} now`
  return [{ column: reference.column, code: 'type-changed', message }]
}

function newCategoriesFinding(column: string, categories: readonly string[], rows: number): DriftFinding {
  const names = categories.slice(0, 5).map((category) => JSON.stringify(category.length > 40 ? `${category.slice(0, 39)}…` : category))
  const more = categories.length > 5 ? ` and ${categories.length - 5} more` : ''
  const message = `column ${JSON.stringify(column)} has categories that the reference does not: ${names.join(', ')}${more}, in ${rows} rows`
  return { column, code: 'new-categories', message }
}
