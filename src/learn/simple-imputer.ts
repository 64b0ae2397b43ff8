/** Fills missing cells with one value per column. */
import { invalidArgument, show } from '../core/errors'
import { anything, arrayOf, checkOptions, nonEmptyString, ofType, oneOf } from '../core/options'
import { type CellValue, type Column, columnFrom, columnInit, isMissingAt, makeColumn, missingMark, toFloat64 } from '../schema/column'
import { assertTable } from '../schema/table'
import { paramsOf } from './params'
import type { StateOf } from './stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, neededColumn, type Transformer, withColumns } from './transformer'

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
  /** Adds a boolean column `<name>_missing` for every column with missing cells in training. @default false */
  readonly addIndicator?: boolean | undefined
  /** The columns to fill. @default all but the target */
  readonly columns?: readonly string[] | undefined
}

interface Filling {
  readonly name: string
  readonly kind: 'numbers' | 'text' | 'boolean'
  readonly fill: number | string | boolean
  readonly indicator: boolean
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
    fit(table, { target } = {}) {
      assertTable(table, 'fit of simpleImputer')
      const fillings = columnsFor(table, { columns, target }, () => true).map((column): Filling => {
        const fill = fillOf(column, strategy, fillValue)
        return { name: column.name, kind: kindOf(column), fill, indicator: addIndicator && column.nullCount > 0 }
      })
      return fittedImputer(fillings)
    },
  }
}

/** Restores the imputer from its state. */
export function restoreSimpleImputer({ columns }: StateOf<'simpleImputer'>): FittedTransformer {
  return fittedImputer(columns.map(({ name, kind, fill, indicator = false }) => ({ name, kind, fill, indicator })))
}

function fittedImputer(fillings: readonly Filling[]): FittedTransformer {
  const indicators = new Map(fillings.filter(({ indicator }) => indicator).map(({ name }) => [`${name}_missing`, name]))
  return {
    kind: 'simpleImputer',
    inputs: fillings.map(({ name }) => name),
    transform(table) {
      assertTable(table, 'transform of simpleImputer')
      const replaced = new Map<string, readonly Column[]>()
      const added: Column[] = []
      for (const { name, kind, fill, indicator } of fillings) {
        const column = neededColumn('simpleImputer', table, name, kind === 'text' ? 'text' : 'numbers')
        if (indicator) added.push(indicatorOf(column))
        if (column.nullCount > 0) replaced.set(name, [filled(column, fill)])
      }
      return replaced.size + added.length === 0 ? table : withColumns(table, replaced, added)
    },
    sourcesOf: (outputs) => outputs.map((name) => indicators.get(name) ?? name),
    state: () => ({ kind: 'simpleImputer', columns: fillings }),
  }
}

function indicatorOf(column: Column): Column {
  const values = new Uint8Array(column.length)
  for (let i = 0; i < values.length; i++) values[i] = isMissingAt(column, i) ? 1 : 0
  return makeColumn(`${column.name}_missing`, { type: 'boolean', values })
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
  const numbers = toFloat64(column).filter((value) => value === value)
  return strategy === 'mean' ? mean(numbers) : median(numbers.sort())
}

function mean(numbers: Float64Array): number {
  let sum = 0
  for (const value of numbers) sum += value
  return sum / numbers.length
}

function median(sorted: Float64Array): number {
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2
}

function mostFrequent(column: Column): number | string | boolean {
  const counts = new Map<CellValue, number>()
  for (let i = 0; i < column.length; i++) {
    const cell = column.at(i)
    if (cell !== null) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  let best: [number | string | boolean, number] | undefined
  for (const [cell, count] of counts as Map<number | string | boolean, number>) {
    if (best === undefined || count > best[1] || (count === best[1] && cell < best[0])) best = [cell, count]
  }
  return (best as [number | string | boolean, number])[0]
}

function kindOf({ type }: Column): Filling['kind'] {
  return type === 'string' ? 'text' : type === 'boolean' ? 'boolean' : 'numbers'
}

function isFill(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}
