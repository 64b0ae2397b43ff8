/** The fitted model: fitted transformers and a fitted learner, which predict from rows and tables. */
import { attachDisplay } from '../core/display'
import { invalidArgument, MillwrightError, SchemaMismatchError, show } from '../core/errors'
import { type CancelSignal, throwIfAborted } from '../core/signal'
import type { ClassProbabilities, Label } from '../metrics/label'
import type { LoadedModel, ModelPackage, PredictionBatch } from '../ports/model'
import { coerceCell, isProblem } from '../schema/coerce'
import { type ColumnType, toFloat64 } from '../schema/column'
import type { ColumnSpec, ModelSignature } from '../schema/signature'
import { isRow, isTable, type Row, type Table, tableFromRows } from '../schema/table'
import { matrixOfCells } from './cell-columns'
import { modelMarkdown, modelText } from './display'
import type { FeatureMatrix } from './learner'
import { packModel } from './model-format'
import { type FeatureImportance, importanceOf, type ModelParts, signatureOf } from './model-parts'
import type { Params } from './params'
import type { TransformerState } from './transformer'

/** The input of a prediction. */
export type PredictionInput = Table | readonly Row[]

/** A fitted model. Immutable. */
export interface FittedModel {
  readonly task: 'classification' | 'regression'
  /** Name of the target column. */
  readonly target: string
  /** Of classifiers: the labels, ascending; the columns of `predictProba`. */
  readonly classes?: readonly Label[]
  /** The columns it predicts from; `required` when the training table had no missing value there. */
  readonly features: readonly ColumnSpec[]
  readonly signature: ModelSignature
  /** The options it was fitted with, flat. */
  readonly options: Params
  /** Accuracy or R² on rows left out of the samples, if the learner computes it. */
  readonly outOfBagScore?: number
  /** Whether an iterative fit reached its tolerance, and how many iterations it took; absent where the learner does not iterate. */
  readonly converged?: boolean
  readonly iterations?: number
  /** Warnings of the fit, for example that it did not converge; they were also logged. Not stored with the model. */
  readonly warnings: readonly string[]
  /** Its parts, for converters. */
  readonly parts: ModelParts
  /**
   * One label or number per row, in order. Unknown columns and the target are ignored.
   * @throws SchemaMismatch listing every needed column that is missing or of the wrong kind
   */
  predict(data: PredictionInput): Label[]
  /** Probabilities of all classes. @throws Unsupported for a regressor; else as `predict` */
  predictProba(data: PredictionInput): ClassProbabilities
  /** Importance of each learner column, largest first. @throws Unsupported when the learner has none */
  featureImportance(): FeatureImportance[]
  /** The learned state as JSON: the states of the transformers and the header of the learner (not its trees; see `pack`). */
  state(): FittedModelState
  /** The model as files, flavor `millwright`. */
  pack(): ModelPackage
  /** The model ready to run: what `Predictor.of` and `serve` take. */
  open(): LoadedModel
}

/** A fitted model that predicts classes. */
export interface FittedClassifier<L extends Label = Label> extends FittedModel {
  readonly task: 'classification'
  readonly classes: readonly L[]
  predict(data: PredictionInput): L[]
  predictProba(data: PredictionInput): ClassProbabilities<L>
}

/** A fitted model that predicts numbers. */
export interface FittedRegressor extends FittedModel {
  readonly task: 'regression'
  predict(data: PredictionInput): number[]
}

/** The learned state of a model as JSON. */
export interface FittedModelState {
  readonly transformers: readonly TransformerState[]
  readonly learner: { readonly kind: string; readonly [key: string]: unknown }
}

/** Creates a fitted model from its parts. */
export function makeFittedModel(parts: ModelParts): FittedModel {
  const { task, target, classes, features, options, learner } = parts
  const { outOfBagScore, converged, iterations, warning } = learner
  const model: FittedModel = {
    task,
    target,
    ...(task === 'classification' ? { classes } : {}),
    features,
    signature: signatureOf(parts),
    options,
    ...(outOfBagScore === undefined ? {} : { outOfBagScore }),
    ...(converged === undefined ? {} : { converged }),
    ...(iterations === undefined ? {} : { iterations }),
    warnings: warning === undefined ? [] : [warning],
    parts,
    predict(data) {
      const values = learner.predict(matrixFor(parts, data))
      return task === 'regression' ? Array.from(values) : labelsOf(values, classes)
    },
    predictProba(data) {
      if (task === 'regression') throw new MillwrightError('Unsupported', 'a regressor has no class probabilities; use predict')
      return { classes, values: learner.predict(matrixFor(parts, data)) }
    },
    featureImportance() {
      const shares = importanceOf(parts)
      if (shares === undefined) throw new MillwrightError('Unsupported', `${learner.kind} knows no feature importance`)
      return shares
    },
    state() {
      const { kind, json } = learner.state()
      return { transformers: parts.transformers.map((step) => step.state()), learner: { ...json, kind } }
    },
    pack: () => packModel(parts),
    open: () => openFitted(model),
  }
  attachDisplay(model, { text: () => modelText(model), markdown: () => modelMarkdown(model) })
  return model
}

/** Opens a fitted model: labels with their probabilities, or numbers. */
function openFitted(fitted: FittedModel): LoadedModel {
  const { parts, signature, task, classes } = fitted
  let open = true
  const assertOpen = (signal: CancelSignal | undefined): void => {
    if (!open) throw new MillwrightError('InvalidState', 'this model was disposed of; load it again')
    throwIfAborted(signal)
  }
  const batchOf = (matrix: FeatureMatrix): PredictionBatch => {
    const values = parts.learner.predict(matrix)
    if (task === 'regression') return { predictions: Array.from(values) }
    return { predictions: labelsOf(values, parts.classes), probabilities: values, classes: parts.classes }
  }
  const ofCells = matrixOfCells(parts)
  return {
    signature,
    task,
    ...(classes === undefined ? {} : { classes }),
    run(input, { signal } = {}) {
      assertOpen(signal)
      return batchOf(matrixFor(parts, input))
    },
    ...(ofCells === undefined
      ? {}
      : {
          runCells(rows, { signal } = {}) {
            assertOpen(signal)
            const matrix = ofCells(rows)
            if (!parts.learner.takesMissing) assertComplete(parts, matrix.columns)
            return batchOf(matrix)
          },
        }),
    async dispose() {
      open = false
    },
  }
}

/** The label with the highest probability for each row; the first of several. */
export function labelsOf(probabilities: Float64Array, classes: readonly Label[]): Label[] {
  const k = classes.length
  const labels: Label[] = new Array(probabilities.length / k)
  for (let row = 0, at = 0; row < labels.length; row++, at += k) {
    let best = 0
    for (let c = 1; c < k; c++) if ((probabilities[at + c] as number) > (probabilities[at + best] as number)) best = c
    labels[row] = classes[best] as Label
  }
  return labels
}

/** The parts of a model that its input goes through. */
export interface InputParts extends Pick<ModelParts, 'features' | 'transformers' | 'matrixNames'> {
  readonly learner: Pick<ModelParts['learner'], 'kind' | 'takesMissing'>
}

/** Runs the transformers and returns the learner's columns. */
export function matrixFor(parts: InputParts, data: PredictionInput): FeatureMatrix {
  const numbers = Array.isArray(data) && parts.transformers.length === 0 ? numbersOf(parts, data as readonly Row[]) : undefined
  if (numbers !== undefined) return numbers
  let table = inputTable(parts, data)
  for (const step of parts.transformers) table = step.transform(table)
  const columns = parts.matrixNames.map((name) => toFloat64(table.column(name)))
  if (!parts.learner.takesMissing) assertComplete(parts, columns)
  return { numRows: table.numRows, names: parts.matrixNames, columns }
}

/** The matrix of rows whose cells are all finite numbers, without a table in between; `undefined` for other rows, which are checked and coerced. */
function numbersOf({ matrixNames, features }: InputParts, rows: readonly Row[]): FeatureMatrix | undefined {
  if (features.some(({ type }) => type !== 'float64' && type !== 'int32')) return undefined
  const columns: Float64Array[] = []
  for (const name of matrixNames) {
    const column = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]
      if (!isRow(row) || !Object.hasOwn(row, name)) return undefined
      const cell = row[name]
      if (typeof cell !== 'number' || !Number.isFinite(cell)) return undefined
      column[i] = cell
    }
    columns.push(column)
  }
  return { numRows: rows.length, names: matrixNames, columns }
}

function inputTable(parts: InputParts, data: PredictionInput): Table {
  if (isTable(data)) {
    checkTable(parts.features, data)
    return data
  }
  if (!Array.isArray(data)) throw invalidArgument(`predict takes a table or an array of rows, got ${show(data)}`)
  const rows = data as readonly Row[]
  const bad = rows.findIndex((row) => !isRow(row))
  if (bad >= 0) throw invalidArgument(`predict takes rows as objects, row ${bad} is ${show(rows[bad])}`)
  checkRows(parts.features, rows)
  const types: Record<string, ColumnType> = {}
  for (const { name, type } of parts.features) types[name] = type === 'int32' ? 'float64' : type
  return tableFromRows(
    rows,
    types,
    parts.features.map(({ name }) => name),
  )
}

function checkTable(features: readonly ColumnSpec[], table: Table): void {
  const names = new Set(table.columnNames)
  const issues = features.flatMap(({ name, type }) => {
    if (!names.has(name)) return [{ path: [name], code: 'missing', message: `column ${show(name)} is missing` }]
    const got = table.column(name).type
    // A column without values may have any type.
    if ((got === 'string') === (type === 'string') || table.column(name).nullCount === table.numRows) return []
    return [{ path: [name], code: 'wrong-type', message: `column ${show(name)} must be ${type}, got ${got}` }]
  })
  if (issues.length > 0) throw new SchemaMismatchError(`predict: ${issues.map(({ message }) => message).join('; ')}`, issues)
}

function checkRows(features: readonly ColumnSpec[], rows: readonly Row[]): void {
  const issues = features.flatMap(({ name, type, required }) => {
    let absent = 0
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Row
      const cell = Object.hasOwn(row, name) ? row[name] : undefined
      if (cell === undefined || cell === null) {
        if (cell === undefined) absent++
        continue
      }
      if (cellFits(type, cell)) continue
      const message = `${show(name)} must be ${type}, row ${i} has ${show(cell)}`
      return [{ path: [i, name], code: 'wrong-type', message }]
    }
    if (absent < rows.length || rows.length === 0 || required === false) return []
    return [{ path: [name], code: 'missing', message: `column ${show(name)} is missing` }]
  })
  if (issues.length > 0) throw new SchemaMismatchError(`predict: ${issues.map(({ message }) => message).join('; ')}`, issues)
}

/** Whether a cell is valid for a feature of `type`; fractions are valid where whole numbers were learned. */
function cellFits(type: ColumnType, cell: unknown): boolean {
  return !isProblem(coerceCell(cell, type === 'int32' ? 'float64' : type))
}

function assertComplete(parts: InputParts, columns: readonly Float64Array[]): void {
  for (let c = 0; c < columns.length; c++) {
    const row = (columns[c] as Float64Array).findIndex((value) => value !== value)
    if (row >= 0) {
      throw new MillwrightError(
        'SchemaMismatch',
        `${parts.learner.kind} takes no missing values, but ${show(parts.matrixNames[c])} is missing in row ${row}`,
        { hint: 'put simpleImputer() before it in a chain' },
      )
    }
  }
}
