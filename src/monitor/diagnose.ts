/** Diagnosis: which columns changed, what it cost the model, and whether to train it again. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { invalidArgument } from '../core/errors'
import { anything, arrayOf, checkOptions, finiteNumber, nonEmptyString, ofType, wholeNumber } from '../core/options'
import { sample } from '../dataset'
import { type ColumnDrift, DriftDetector, type DriftOptions, type DriftReport } from '../drift'
import { type FittedModel, permutationImportance } from '../learn'
import type { Metric, MetricName } from '../metrics'
import { metricByName } from '../metrics'
import { columnFrom } from '../schema/column'
import { assertTable, type Table, tableOf } from '../schema/table'
import { asBefore, likeNow } from './as-before'
import { type DiagnosedSlice, scoreOf, slicesOf } from './diagnosed-slices'

/** Options of {@link diagnose}. */
export interface DiagnoseOptions {
  /** The metric that is watched. @default accuracy of classifiers, R² of regressors */
  readonly metric?: MetricName | Metric | undefined
  /** Columns whose values divide the rows: the loss is told for each value. @default none */
  readonly slices?: readonly string[] | undefined
  /** Population stability index of a feature above which training again is advised. @default 0.25 */
  readonly driftLimit?: number | undefined
  /** Change of a feature's share of the importance above which training again is advised. @default 0.1 */
  readonly importanceLimit?: number | undefined
  /** Loss of the metric above which training again is advised. @default none: drift and importance decide */
  readonly lossLimit?: number | undefined
  /** Options of the detector that compares the tables. */
  readonly drift?: DriftOptions | undefined
  /** Rows of each table that importance and cost are computed on, drawn by `seed`. @default 2000 */
  readonly maxRows?: number | undefined
  /** How often each column is shuffled for its importance. @default 3 */
  readonly repeats?: number | undefined
  /** @default 0 */
  readonly seed?: number | undefined
}

/** What is found of one feature of the model. */
export interface DiagnosedFeature {
  readonly column: string
  readonly drift: ColumnDrift
  /** The loss of score when the column is shuffled, as a share of all columns' losses. */
  readonly importanceReference: number
  /** `null` when the current table has no labels. */
  readonly importanceCurrent: number | null
  readonly importanceChange: number | null
  /**
   * The loss of the metric on reference rows drawn so that this column is distributed as today: what its drift costs if the label still depends on the columns as before.
   * Needs no labels of today. `null` for columns that did not change, and where too few reference rows (below 30) have such values.
   */
  readonly cost: number | null
  /**
   * How much better the model scores when today's values are moved back to the reference's distribution (by rank, or drawn from its categories) while labels stay: large where the column
   * itself is wrong, such as another unit. `null` without labels, and for columns that did not change.
   */
  readonly recovered: number | null
  /** By the same move back: the share of rows whose predicted label changes, or the mean change of a predicted number in standard deviations. `null` for columns that did not change. */
  readonly effectOnPredictions: number | null
}

/** The result of {@link diagnose}. Plain JSON, with a display. */
export interface Diagnosis {
  readonly retrainingAdvised: boolean
  /** Why, in words; what speaks against it when it is not advised. */
  readonly reasons: readonly string[]
  readonly metric: string
  /** Scores on both tables, and how much was lost, positive where the model got worse; `current` and `loss` are `null` without labels. */
  readonly performance: { readonly reference: number; readonly current: number | null; readonly loss: number | null }
  /** Every feature, what cost most first; equal ones by index × importance. */
  readonly features: readonly DiagnosedFeature[]
  /** Drift of the target, where both tables have it: the share of the classes, or the numbers, changed. */
  readonly target: ColumnDrift | null
  /** Drift of the model's own predictions. */
  readonly prediction: ColumnDrift
  /** What was lost in each slice, the largest share of the loss first; empty without labels or `slices`. */
  readonly slices: readonly DiagnosedSlice[]
  readonly drift: DriftReport
}

/** A column changed enough for its cost to be computed when its index, less its sampling noise, reaches this, or its test alarms. */
const CHANGED = 0.05

/**
 * Compares the data of today with the reference a model was trained on: which features drifted, what each cost, how their importance changed, whether target and predictions
 * drifted, and which slices lost most. Labels of the current table (its target column) are used where they are; rows without one are left out of scores.
 *
 * Retraining is advised when a feature that matters drifted beyond `driftLimit`, the importance of one changed by more than `importanceLimit`, or the loss exceeds `lossLimit`.
 *
 * @param reference labelled: best rows that the model did not learn from
 * @example
 * const found = diagnose(model, train, today, { slices: ['carrier'] })
 * if (found.retrainingAdvised) await retrain()
 * console.log(found)
 * @throws InvalidArgument for unknown options or tables without rows, NotFound for columns that the model needs
 */
export function diagnose(model: FittedModel, reference: Table, current: Table, options: DiagnoseOptions = {}): Diagnosis {
  checkDiagnose(model, reference, current, options)
  const { maxRows = 2000, seed = 0, repeats = 3 } = options
  const metric = metricByName((options.metric ?? (model.task === 'classification' ? 'accuracy' : 'r2')) as MetricName)
  const names = model.features.map(({ name }) => name)
  const drift = new DriftDetector(options.drift).fit(reference, { columns: names }).detect(current)
  const draw = (table: Table): Table => (table.numRows > maxRows ? sample(table, { n: maxRows, seed }) : table)
  const labelled = withLabels(current, model.target)
  const rows = { reference: draw(reference), current: draw(current), labelled: labelled && draw(labelled) }
  const importance = (table: Table | undefined): ReadonlyMap<string, number> | undefined =>
    table && shares(permutationImportance(model, table, { metric, repeats, seed }))
  const before = importance(rows.reference) as ReadonlyMap<string, number>
  const now = importance(rows.labelled)
  const sign = metric.higherIsBetter ? 1 : -1
  const score = (table: Table): number => scoreOf(model, table, metric)
  const wholeScore = labelled === undefined ? null : score(labelled)
  const referenceScore = score(reference)
  const sampledScore = rows.labelled === undefined ? 0 : score(rows.labelled)
  const features = drift.columns.map((column): DiagnosedFeature => {
    const [a, b] = [before.get(column.column) ?? 0, now?.get(column.column)]
    const base = {
      column: column.column,
      drift: column,
      importanceReference: a,
      importanceCurrent: b ?? null,
      importanceChange: b === undefined ? null : b - a,
    }
    if (!hasChanged(column)) return { ...base, cost: null, recovered: null, effectOnPredictions: null }
    const moved = (table: Table): Table => asBefore(table, rows.reference, column.column, seed)
    const like = likeNow(rows.reference, column, seed)
    const cost = like === undefined ? null : (score(rows.reference) - score(like)) * sign
    const recovered = rows.labelled === undefined ? null : (score(moved(rows.labelled)) - sampledScore) * sign
    return { ...base, cost, recovered, effectOnPredictions: predictionChange(model, rows.current, moved(rows.current)) }
  })
  const result = {
    metric: metric.name,
    performance: {
      reference: referenceScore,
      current: wholeScore,
      loss: wholeScore === null ? null : (referenceScore - wholeScore) * sign,
    },
    features: [...features].sort((one, other) => weightOf(other) - weightOf(one)),
    target: targetDrift(model, reference, labelled),
    prediction: driftOf('prediction', model.predict(rows.reference), model.predict(rows.current)),
    slices: labelled === undefined ? [] : slicesOf(model, reference, labelled, { metric, columns: options.slices ?? [] }),
    drift,
  }
  return displayed({ ...advice(result, options), ...result })
}

function checkDiagnose(model: FittedModel, reference: Table, current: Table, options: DiagnoseOptions): void {
  if (typeof model?.predict !== 'function' || !Array.isArray(model.features))
    throw invalidArgument('diagnose takes a fitted model of millwright/learn')
  assertTable(reference, 'diagnose')
  assertTable(current, 'diagnose')
  if (reference.numRows === 0 || current.numRows === 0) throw invalidArgument('diagnose needs rows in both tables')
  const limit = finiteNumber(0)
  checkOptions('diagnose', options, {
    metric: anything(),
    slices: arrayOf(nonEmptyString()),
    driftLimit: limit,
    importanceLimit: limit,
    lossLimit: limit,
    drift: ofType('object'),
    maxRows: wholeNumber(2),
    repeats: wholeNumber(1),
    seed: finiteNumber(),
  })
  for (const name of [...model.features.map(({ name }) => name), ...(options.slices ?? [])]) {
    // The table's own error names the columns there are.
    reference.column(name)
    current.column(name)
  }
  reference.column(model.target)
}

/** The rows that have a label; `undefined` without any. */
function withLabels(table: Table, target: string): Table | undefined {
  if (!table.columnNames.includes(target)) return undefined
  const column = table.column(target)
  if (column.nullCount === column.length) return undefined
  if (column.nullCount === 0) return table
  const kept = Array.from({ length: table.numRows }, (_, row) => row).filter((row) => column.at(row) !== null)
  return tableOf(
    table.columnNames.map((name) => {
      const own = table.column(name)
      return columnFrom(
        name,
        own.type,
        kept.map((row) => own.at(row)),
      )
    }),
  )
}

/** Importances as shares; a column whose shuffling helped has none. */
function shares(list: readonly { readonly feature: string; readonly mean: number }[]): ReadonlyMap<string, number> {
  const total = list.reduce((sum, { mean }) => sum + Math.max(0, mean), 0)
  return new Map(list.map(({ feature, mean }) => [feature, total > 0 ? Math.max(0, mean) / total : 0]))
}

function hasChanged({ bins, driftDetected, psi, psiNoise }: ColumnDrift): boolean {
  return bins !== undefined && (driftDetected || (psi ?? 0) - (psiNoise ?? 0) >= CHANGED)
}

function predictionChange(model: FittedModel, before: Table, after: Table): number {
  const [a, b] = [Array.from(model.predict(before)), Array.from(model.predict(after))]
  if (model.task === 'classification') return a.filter((label, i) => label !== b[i]).length / a.length
  const numbers = a as number[]
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const std = Math.sqrt(numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length)
  const change = numbers.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / numbers.length
  return std > 0 ? change / std : change === 0 ? 0 : Number.MAX_VALUE
}

function driftOf(name: string, before: ArrayLike<unknown>, now: ArrayLike<unknown>): ColumnDrift {
  const type = typeof before[0] === 'number' ? 'float64' : 'string'
  const table = (cells: ArrayLike<unknown>): Table =>
    tableOf([
      columnFrom(
        name,
        type,
        Array.from(cells, (cell) => (type === 'string' ? String(cell) : cell)),
      ),
    ])
  const detector = new DriftDetector().fit(table(before), type === 'string' ? { categorical: [name] } : { numeric: [name] })
  return detector.detect(table(now)).columns[0] as ColumnDrift
}

function targetDrift(model: FittedModel, reference: Table, labelled: Table | undefined): ColumnDrift | null {
  if (labelled === undefined) return null
  const cells = (table: Table): unknown[] => {
    const all = table
      .column(model.target)
      .toArray()
      .filter((cell) => cell !== null)
    return model.task === 'classification' ? all.map(String) : all
  }
  return driftOf(model.target, cells(reference), cells(labelled))
}

/** What a feature is ranked by: what it cost, either way; among equals by drift × importance. */
function weightOf({ cost, recovered, drift, importanceReference }: DiagnosedFeature): number {
  const suspicion = (drift.state === 'error' ? 1e6 : (drift.psi ?? 0)) * (importanceReference + 1e-3)
  return Math.max(cost ?? 0, recovered ?? 0) + 0.01 * suspicion
}

function advice(
  found: Pick<Diagnosis, 'features' | 'performance'>,
  options: DiagnoseOptions,
): Pick<Diagnosis, 'retrainingAdvised' | 'reasons'> {
  const { driftLimit = 0.25, importanceLimit = 0.1, lossLimit } = options
  const reasons: string[] = []
  for (const { column, drift, importanceChange, importanceReference } of found.features) {
    if (drift.state === 'error') reasons.push(`${JSON.stringify(column)}: ${drift.reason ?? 'cannot be compared'}`)
    else if ((drift.psi ?? 0) > driftLimit && importanceReference > 0) {
      reasons.push(`${JSON.stringify(column)} drifted: population stability index ${digits(drift.psi)}, limit ${driftLimit}`)
    }
    if (importanceChange !== null && Math.abs(importanceChange) > importanceLimit) {
      reasons.push(`the importance of ${JSON.stringify(column)} changed by ${digits(importanceChange)}, limit ${importanceLimit}`)
    }
  }
  const { loss } = found.performance
  if (loss !== null && lossLimit !== undefined && loss > lossLimit) reasons.push(`the model lost ${digits(loss)}, limit ${lossLimit}`)
  if (reasons.length > 0) return { retrainingAdvised: true, reasons }
  return { retrainingAdvised: false, reasons: ['no feature that matters drifted beyond the limit, and no importance changed much'] }
}

function digits(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(3)))
}

function displayed(diagnosis: Diagnosis): Diagnosis {
  const { retrainingAdvised, reasons, metric, performance, features, prediction, target } = diagnosis
  const lost = performance.loss === null ? 'no labels' : `${metric} ${digits(performance.reference)} → ${digits(performance.current)}`
  const line = `${retrainingAdvised ? 'retraining advised' : 'retraining not advised'}: ${reasons.join('; ')}`
  const about = `${lost}; predictions ${prediction.state}${target === null ? '' : `; target ${target.state}`}`
  const header = ['feature', 'state', 'PSI', 'importance', 'change', 'cost', 'recovered', 'effect'] as const
  const rows = features.map(({ column, drift, importanceReference, importanceChange, cost, recovered, effectOnPredictions }) => [
    ...[column, drift.state, digits(drift.psi), digits(importanceReference)],
    ...[digits(importanceChange), digits(cost), digits(recovered), digits(effectOnPredictions)],
  ])
  return attachDisplay(diagnosis, {
    text: () => `${line}\n${about}\n${textTable(header, rows)}`,
    markdown: () => `${line}\n\n${about}\n\n${markdownTable(header, rows)}`,
  })
}
