/** Computes one column of a drift report: reads the current values and compares them, or says why they cannot be compared. */
import type { Column } from '../ports/table'
import { categoryCounts, numericValues } from './column-values'
import { compareCategorical } from './compare-categorical'
import { type Comparison, compareNumeric } from './compare-numeric'
import { type DriftMethod, methodOf, type ResolvedDriftOptions } from './drift-options'
import type { ColumnDrift, DriftFinding } from './drift-report'
import type { ReferenceColumn } from './reference-profile'

/** A result before p-values are corrected and compared with thresholds, and further findings. */
export interface ColumnOutcome {
  readonly result: ColumnDrift
  readonly findings: readonly DriftFinding[]
}

/**
 * Compares one column. Does not throw because of the data.
 *
 * @param sample the sample of a numeric reference as doubles
 * @param column the current column; `undefined` when there is none
 */
export function compareColumn(
  reference: ReferenceColumn,
  sample: Float64Array | undefined,
  column: Column | undefined,
  options: ResolvedDriftOptions,
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
  const { method, threshold } = methodOf(options, reference.column, reference.kind)
  const settings = { blank: { ...blank, type: reference.kind }, method, threshold, options }
  if (reference.kind === 'numeric') {
    const current = numericValues(column)
    const counts = { nCurrent: current.sorted.length, missingCurrent: current.missing, infiniteCurrent: current.infinite }
    if (counts.nCurrent === 0) return { result: broken({ ...blank, ...counts }, NO_VALUES), findings }
    return { result: compared(settings, counts, compareNumeric(reference, sample as Float64Array, current.sorted, method)), findings }
  }
  const current = categoryCounts(column)
  const counts = { nCurrent: current.n, missingCurrent: current.missing, infiniteCurrent: 0 }
  if (counts.nCurrent === 0) return { result: broken({ ...blank, ...counts }, NO_VALUES), findings }
  const { newCategories, newRows, ...comparison } = compareCategorical(reference, current, method, options)
  const found = newCategories.length === 0 ? [] : [newCategoriesFinding(reference.column, newCategories, newRows)]
  return { result: compared(settings, counts, comparison), findings: [...findings, ...found] }
}

interface ColumnSettings {
  readonly blank: ColumnDrift
  readonly method: DriftMethod
  readonly threshold: number
  readonly options: ResolvedDriftOptions
}

type Counts = Pick<ColumnDrift, 'nCurrent' | 'missingCurrent' | 'infiniteCurrent'>

function compared({ blank, method, threshold, options }: ColumnSettings, counts: Counts, comparison: Comparison): ColumnDrift {
  const smaller = Math.min(blank.nReference, counts.nCurrent)
  const low = smaller < options.minRows
  return {
    ...blank,
    ...counts,
    ...comparison,
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

function changedType(reference: ReferenceColumn, column: Column): string {
  return `the reference is ${reference.columnType}, the current column is ${column.type}`
}

function isText({ type }: Pick<Column, 'type'>): boolean {
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
function typeFinding(reference: ReferenceColumn, column: Column): DriftFinding[] {
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
