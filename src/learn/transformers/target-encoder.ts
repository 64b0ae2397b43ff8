/** Turns categories into the mean target of their rows, without telling a row its own target. */
import { invalidArgument, show } from '../../core/errors'
import { arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../../core/options'
import { createRng } from '../../core/random'
import type { Column } from '../../schema/column'
import { assertTable, type Table } from '../../schema/table'
import { corruptModel } from '../model-format'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { targetOf } from '../target'
import { columnsFor, type FittedTransformer, type Transformer, type TransformerFitOptions, withColumns } from '../transformer'
import { countCategories, positionsOf } from './categories'
import { columnwise, floatColumn } from './columnwise'
import { classFolds, evenFolds } from './cross-fit'
import { learnedNumber } from './numbers'
import { categoryMeans, type Means } from './target-encodings'

/** Options of {@link targetEncoder}. */
export interface TargetEncoderOptions {
  /**
   * What the target is. `auto`: in a chain what the model predicts; otherwise numbers with a fraction are `continuous`, two values
   * `binary`, more `multiclass`.
   * @default 'auto'
   */
  readonly targetType?: 'auto' | 'continuous' | 'binary' | 'multiclass' | undefined
  /** How many rows of the overall mean are mixed into each category; `auto` estimates it from the variances. @default 'auto' */
  readonly smooth?: number | 'auto' | undefined
  /** How many folds the training table is cross-fitted in. @default 5 */
  readonly cv?: number | undefined
  /** Deal the rows to the folds at random. @default true */
  readonly shuffle?: boolean | undefined
  /** Seed of that. @default 0 */
  readonly seed?: number | undefined
  /** The columns to encode; named ones may also be numbers or booleans. @default all text columns but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'targetEncoder'>
type Encoded = State['columns'][number]
type Kind = 'continuous' | 'binary' | 'multiclass'

/**
 * A transformer that puts the mean target of a category's rows, shrunk towards the mean of all, in the place of the category, as
 * scikit-learn's `TargetEncoder`: for columns of many categories. Two classes give the share of the second; more give one column
 * `<name>_<class>` for each class. Missing cells are a category of their own; an unknown category gives the mean of all rows.
 *
 * The training table is **cross-fitted**: each row is encoded by what the other folds say, so that no row sees its own target. That is
 * what a chain trains its model on and what `fitTransform` gives; `fit(…).transform(…)` encodes by all rows and is for new rows.
 *
 * @throws InvalidArgument on unknown options; on fit, without a target, with missing targets, or with fewer rows than folds
 */
export function targetEncoder(options: TargetEncoderOptions = {}): Transformer {
  checkOptions('targetEncoder', options, {
    targetType: oneOf('auto', 'continuous', 'binary', 'multiclass'),
    smooth: either(oneOf('auto'), finiteNumber(0)),
    cv: wholeNumber(2),
    shuffle: ofType('boolean'),
    seed: finiteNumber(),
    columns: arrayOf(nonEmptyString()),
  })
  const { targetType = 'auto', smooth = 'auto', cv = 5, shuffle = true, seed = 0, columns } = options
  const learn = (table: Table, fitOptions: TransformerFitOptions): Learned => {
    assertTable(table, 'fit of targetEncoder')
    const target = targetFor(table, fitOptions, targetType)
    const encoded = columnsFor(table, columns, fitOptions, ({ type }) => type === 'string').map((column): Categorized => {
      const { categories } = countCategories('targetEncoder', column, { missing: true })
      return { column, categories, positions: positionsOf(column, categories) }
    })
    const all = Int32Array.from({ length: table.numRows }, (_, row) => row)
    return { target, encoded, fitted: fittedTarget(stateOf(target, encoded, all, smooth)) }
  }
  return {
    kind: 'targetEncoder',
    options: paramsOf({ targetType, smooth, cv, shuffle, seed, columns }),
    withOptions: (changes) => targetEncoder({ ...options, ...changes }),
    fit: (table, fitOptions = {}) => learn(table, fitOptions).fitted,
    fitTransform(table, fitOptions = {}) {
      const { target, encoded, fitted } = learn(table, fitOptions)
      const folds = foldsFor(target, { cv, shuffle, seed })
      return { fitted, table: withColumns(table, crossFitted(target, encoded, { folds, cv, smooth })) }
    },
  }
}

interface Learned {
  readonly target: EncodedTarget
  readonly encoded: readonly Categorized[]
  readonly fitted: FittedTransformer
}

interface Categorized {
  readonly column: Column
  readonly categories: readonly (string | null)[]
  readonly positions: Int32Array
}

interface EncodedTarget {
  readonly kind: Kind
  /** The names of the classes, where each has a column of its own. */
  readonly classes: readonly string[]
  /** The numbers to average: one list for each output of a column. */
  readonly lists: readonly Float64Array[]
  /** Class codes, or the numbers of a continuous target. */
  readonly values: ArrayLike<number>
}

/** The fold of each training row. */
export function foldsFor(
  { kind, values }: Pick<EncodedTarget, 'kind' | 'values'>,
  { cv, shuffle, seed }: { readonly cv: number; readonly shuffle: boolean; readonly seed: number },
): Int32Array {
  if (values.length < cv) {
    throw invalidArgument(`fitTransform of targetEncoder needs at least as many rows as folds (${cv}), the table has ${values.length}`)
  }
  const how = { folds: cv, rng: shuffle ? createRng(seed) : undefined }
  return kind === 'continuous' ? evenFolds(values.length, how) : classFolds(values, how)
}

/** The encoded columns of the training table, each row by the other folds. */
function crossFitted(
  target: EncodedTarget,
  encoded: readonly Categorized[],
  { folds, cv, smooth }: { readonly folds: Int32Array; readonly cv: number; readonly smooth: number | 'auto' },
): Map<string, Column[]> {
  const all = Int32Array.from(folds.keys())
  const results = encoded.map(() => target.lists.map(() => new Float64Array(folds.length)))
  for (let fold = 0; fold < cv; fold++) {
    const rows = all.filter((row) => folds[row] === fold)
    const others = all.filter((row) => folds[row] !== fold)
    encoded.forEach(({ positions, categories }, c) => {
      target.lists.forEach((list, output) => {
        const { encodings } = categoryMeans({ positions, target: list, rows: others }, categories.length, smooth)
        const values = results[c]?.[output] as Float64Array
        for (const row of rows) values[row] = encodings[positions[row] as number] as number
      })
    })
  }
  return new Map(
    encoded.map(({ column: { name } }, c) => [
      name,
      outputsOf(name, target).map((output, i) => floatColumn(output, results[c]?.[i] as Float64Array)),
    ]),
  )
}

function stateOf(target: EncodedTarget, encoded: readonly Categorized[], rows: Int32Array, smooth: number | 'auto'): State {
  let means: readonly number[] = []
  const columns = encoded.map(({ column: { name }, categories, positions }): Encoded => {
    const learned = target.lists.map((list): Means => categoryMeans({ positions, target: list, rows }, categories.length, smooth))
    means = learned.map(({ mean }) => learnedNumber('targetEncoder', name, mean))
    return {
      name,
      categories: [...categories],
      outputs: outputsOf(name, target),
      encodings: learned.map(({ encodings }) => Array.from(encodings, (value) => learnedNumber('targetEncoder', name, value))),
    }
  })
  return { kind: 'targetEncoder', targetType: target.kind, targetMean: [...means], columns }
}

function outputsOf(name: string, { kind, classes }: EncodedTarget): string[] {
  return kind === 'multiclass' ? classes.map((label) => `${name}_${label}`) : [name]
}

/** The fitted encoder of a state. @throws Corrupt when its lists do not have one length */
export function restoreTargetEncoder(state: State): FittedTransformer {
  const width = state.targetMean.length
  for (const { name, categories, outputs, encodings } of state.columns) {
    const fits = outputs.length === width && encodings.length === width && encodings.every((list) => list.length === categories.length)
    if (!fits) throw corruptModel(`the target encodings of ${show(name)} do not fit its categories`)
  }
  return fittedTarget(state)
}

function fittedTarget(state: State): FittedTransformer {
  return columnwise<Encoded>({
    kind: 'targetEncoder',
    parts: state.columns,
    outputs: ({ outputs }) => outputs,
    apply(column, { categories, outputs, encodings }) {
      const positions = positionsOf(column, categories)
      return outputs.map((output, i) => {
        const [means, all] = [encodings[i] as readonly number[], state.targetMean[i] as number]
        return floatColumn(
          output,
          Float64Array.from(positions, (place) => (place < 0 ? all : (means[place] as number))),
        )
      })
    },
    state: () => state,
  })
}

/** The target as numbers to average. */
function targetFor(table: Table, { target, task }: TransformerFitOptions, asked: 'auto' | Kind): EncodedTarget {
  if (target === undefined) {
    throw invalidArgument('fit of targetEncoder needs `target`, the name of the column to average', {
      hint: "fit(table, { target: 'late' })",
    })
  }
  if (table.numRows === 0) throw invalidArgument('fit of targetEncoder needs at least one row, the table has none')
  const column = table.column(target)
  const wanted = asked !== 'auto' ? asked : task === 'regression' || (task === undefined && hasFraction(column)) ? 'continuous' : undefined
  if (wanted === 'continuous') {
    const { values } = targetOf(column, 'regression').vector
    return { kind: 'continuous', classes: [], lists: [values as Float64Array], values }
  }
  const { vector, classes } = targetOf(column, 'classification')
  const kind = wanted ?? (classes.length > 2 ? 'multiclass' : 'binary')
  if (kind === 'binary' && classes.length > 2) {
    throw invalidArgument(`\`targetType\` of targetEncoder is 'binary', but ${show(target)} has ${classes.length} classes`)
  }
  const is = (code: number): Float64Array => Float64Array.from(vector.values, (value) => (value === code ? 1 : 0))
  const lists = kind === 'binary' ? [is(1)] : classes.map((_, code) => is(code))
  return { kind, classes: vector.classNames, lists, values: vector.values }
}

function hasFraction({ type, storage }: Column): boolean {
  return type === 'float64' && storage.some((value) => value === value && !Number.isInteger(value))
}
