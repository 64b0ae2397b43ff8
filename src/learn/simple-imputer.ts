/** Fills missing cells with one value per column. */
import { invalidArgument, show } from '../core/errors'
import { anything, arrayOf, checkOptions, nonEmptyString, ofType, oneOf } from '../core/options'
import { type CellValue, type Column, columnFrom, columnInit, isMissingAt, makeColumn, missingMark, toFloat64 } from '../schema/column'
import { assertTable } from '../schema/table'
import { mean } from '../stats/elementary'
import { sortFloat64 } from '../stats/sort'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, neededColumn, type Transformer, withColumns } from './transformer'
import { compareText } from './transformers/categories'
import { learnedNumber, presentNumbers } from './transformers/numbers'
import { percentileOf } from './transformers/percentile'

/** Options of {@link simpleImputer}. */
export interface SimpleImputerOptions {
  /**
   * What numeric columns are filled with. Text and boolean columns are filled with their most frequent value, or with
   * `fillValue` under `constant`.
   * @default 'mean'
   */
  readonly strategy?: 'mean' | 'median' | 'mostFrequent' | 'constant' | undefined
  /** For `constant`: fills the columns of its own kind; the others get 0, `'missing'` or `false`. @default by kind of column */
  readonly fillValue?: number | string | boolean | undefined
  /** Adds a boolean column `missingindicator_<name>` for every column with missing cells in training. @default false */
  readonly addIndicator?: boolean | undefined
  /** The columns to fill. @default all but the target */
  readonly columns?: readonly string[] | undefined
}

interface Filling {
  readonly name: string
  readonly kind: 'numbers' | 'text' | 'boolean'
  readonly fill: number | string | boolean
  /** The name of the indicator column; models of older releases have `true` for `<name>_missing`. */
  readonly indicator?: string | boolean | undefined
}

/**
 * A transformer that fills missing cells. An `int32` column filled with a fraction becomes `float64`; among equally frequent values
 * the smallest is taken; a column without any value gets 0, `'missing'` or `false`. Timestamps count as numbers.
 *
 * @throws InvalidArgument on unknown or unfit options
 *
 * @example
 * simpleImputer({ strategy: 'median', addIndicator: true })
 */
export function simpleImputer(options: SimpleImputerOptions = {}): Transformer {
  checkOptions('simpleImputer', options, {
    strategy: oneOf('mean', 'median', 'mostFrequent', 'constant'),
    fillValue: anything(),
    addIndicator: ofType('boolean'),
    columns: arrayOf(nonEmptyString()),
  })
  const { strategy = 'mean', fillValue, addIndicator = false, columns } = options
  if (fillValue !== undefined && strategy !== 'constant') {
    throw invalidArgument(`\`fillValue\` of simpleImputer goes with strategy 'constant', not ${show(strategy)}`)
  }
  if (fillValue !== undefined && !isFill(fillValue)) {
    throw invalidArgument(`\`fillValue\` of simpleImputer must be a finite number, text or boolean, got ${show(fillValue)}`)
  }
  return {
    kind: 'simpleImputer',
    options: paramsOf({ strategy, fillValue, addIndicator, columns }),
    withOptions: (changes) => simpleImputer({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of simpleImputer')
      const fillings = columnsFor(table, columns, fitOptions, () => true).map((column): Filling => {
        const { name } = column
        const fill = fillOf(column, strategy, fillValue)
        return {
          name,
          kind: kindOf(column),
          fill,
          ...(addIndicator && column.nullCount > 0 ? { indicator: `missingindicator_${name}` } : {}),
        }
      })
      return fittedImputer(fillings)
    },
  }
}

/** Restores the imputer from its state. */
export function restoreSimpleImputer({ columns }: StateOf<'simpleImputer'>): FittedTransformer {
  return fittedImputer(columns)
}

function fittedImputer(fillings: readonly Filling[]): FittedTransformer {
  const nameOf = ({ name, indicator }: Filling): string | undefined => (indicator === true ? `${name}_missing` : indicator || undefined)
  const indicators = new Map(fillings.map((filling) => [nameOf(filling), filling.name] as const))
  return {
    kind: 'simpleImputer',
    inputs: fillings.map(({ name }) => name),
    transform(table) {
      assertTable(table, 'transform of simpleImputer')
      const replaced = new Map<string, readonly Column[]>()
      const added: Column[] = []
      for (const filling of fillings) {
        const { name, kind, fill } = filling
        const column = neededColumn('simpleImputer', table, name, kind === 'text' ? 'text' : 'numbers')
        const indicator = nameOf(filling)
        if (indicator !== undefined) added.push(indicatorOf(column, indicator))
        if (column.nullCount > 0) replaced.set(name, [filled(column, fill)])
      }
      return replaced.size + added.length === 0 ? table : withColumns(table, replaced, added)
    },
    sourcesOf: (outputs) => outputs.map((name) => indicators.get(name) ?? name),
    state: () => ({ kind: 'simpleImputer', columns: fillings }),
  }
}

function indicatorOf(column: Column, name: string): Column {
  const values = new Uint8Array(column.length)
  for (let i = 0; i < values.length; i++) values[i] = isMissingAt(column, i) ? 1 : 0
  return makeColumn(name, { type: 'boolean', values })
}

function filled(column: Column, fill: number | string | boolean): Column {
  if (typeof fill === 'string') return filledText(column, fill)
  if (typeof fill === 'number' && column.type === 'int32' && !(Number.isInteger(fill) && Math.abs(fill) <= 2147483647)) {
    const numbers = Float64Array.from(toFloat64(column), (value) => (value === value ? value : fill))
    return makeColumn(column.name, { type: 'float64', values: numbers })
  }
  const mark = missingMark(column.type)
  const values = column.storage.slice()
  for (let i = 0; i < values.length; i++) if (values[i] === mark || values[i] !== values[i]) values[i] = Number(fill)
  return makeColumn(column.name, { ...columnInit(column), values } as Parameters<typeof makeColumn>[1])
}

function filledText(column: Column, fill: string): Column {
  if (column.type !== 'string') {
    // A column without values, of any type.
    return columnFrom(column.name, 'string', new Array(column.length).fill(fill))
  }
  const known = column.dictionary ?? []
  const at = known.indexOf(fill)
  const code = at < 0 ? known.length : at
  const values = Int32Array.from(column.storage, (value) => (value < 0 ? code : value))
  return makeColumn(column.name, { type: 'string', values, dictionary: at < 0 ? [...known, fill] : known })
}

function fillOf(column: Column, strategy: string, fillValue: number | string | boolean | undefined): Filling['fill'] {
  const kind = kindOf(column)
  const empty = kind === 'text' ? 'missing' : kind === 'boolean' ? false : 0
  if (strategy === 'constant') return typeof fillValue === typeof empty ? (fillValue as Filling['fill']) : empty
  if (column.nullCount === column.length) return empty
  if (!isNumeric(column) && column.type !== 'timestamp') return mostFrequent(column)
  if (strategy === 'mostFrequent') return mostFrequent(column)
  const numbers = presentNumbers('simpleImputer', column)
  const fill = strategy === 'mean' ? mean(numbers) : percentileOf(sortFloat64(numbers), 0.5, 'linear')
  return learnedNumber('simpleImputer', column.name, fill)
}

function mostFrequent(column: Column): number | string | boolean {
  const counts = new Map<CellValue, number>()
  for (let i = 0; i < column.length; i++) {
    const cell = column.at(i)
    if (cell !== null) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  let best: [number | string | boolean, number] | undefined
  for (const [cell, count] of counts as Map<number | string | boolean, number>) {
    if (best === undefined || count > best[1] || (count === best[1] && isBefore(cell, best[0]))) best = [cell, count]
  }
  const [cell] = best as [number | string | boolean, number]
  return typeof cell === 'number' ? learnedNumber('simpleImputer', column.name, cell) : cell
}

function isBefore(a: number | string | boolean, b: number | string | boolean): boolean {
  return typeof a === 'string' && typeof b === 'string' ? compareText(a, b) < 0 : a < b
}

function kindOf({ type }: Column): Filling['kind'] {
  return type === 'string' ? 'text' : type === 'boolean' ? 'boolean' : 'numbers'
}

function isFill(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}
