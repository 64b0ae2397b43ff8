/** Products and powers of numeric columns. */
import { invalidArgument, show } from '../../core/errors'
import { anything, arrayOf, checkOptions, nonEmptyString, ofType } from '../../core/options'
import { type Column, toFloat64 } from '../../schema/column'
import { assertTable } from '../../schema/table'
import { corruptModel } from '../model-format'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, neededColumn, type Transformer } from '../transformer'
import { floatColumn } from './columnwise'
import { joined } from './joined'

/** Options of {@link polynomialFeatures}. */
export interface PolynomialFeaturesOptions {
  /** The highest degree, or the lowest and the highest. @default 2 */
  readonly degree?: number | readonly [min: number, max: number] | undefined
  /** Only products of different columns, no powers. @default false */
  readonly interactionOnly?: boolean | undefined
  /** A column `1` of ones before the others, for models without an intercept. @default true */
  readonly includeBias?: boolean | undefined
  /** The columns to multiply. @default all numeric ones (not booleans, not timestamps) but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'polynomialFeatures'>

/** More output columns than this are taken for a mistake. */
const MAX_TERMS = 10_000

/**
 * A transformer that puts all products of its columns up to a degree in the place of the first of them, as scikit-learn's
 * `PolynomialFeatures`, under its names (`1`, `a`, `a^2`, `a b`) and in its order. A missing factor makes the product missing
 * (scikit-learn refuses missing cells). Results are `float64`.
 *
 * @throws InvalidArgument on unknown options; on fit, when there would be more than 10,000 columns
 */
export function polynomialFeatures(options: PolynomialFeaturesOptions = {}): Transformer {
  checkOptions('polynomialFeatures', options, {
    degree: anything(),
    interactionOnly: ofType('boolean'),
    includeBias: ofType('boolean'),
    columns: arrayOf(nonEmptyString()),
  })
  const { degree = 2, interactionOnly = false, includeBias = true, columns } = options
  const [least, most] = degrees(degree)
  return {
    kind: 'polynomialFeatures',
    options: paramsOf({ degree, interactionOnly, includeBias, columns }),
    withOptions: (changes) => polynomialFeatures({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of polynomialFeatures')
      const names = columnsFor(table, columns, fitOptions, isNumeric).map((column) => {
        toFloat64(column)
        return column.name
      })
      const terms = termsOf(names.length, { least, most, interactionOnly, includeBias })
      return fittedPolynomial({ kind: 'polynomialFeatures', columns: names, terms, outputs: terms.map((term) => nameOf(term, names)) })
    },
  }
}

/** The fitted transformer of a state. @throws Corrupt when its terms do not fit its columns */
export function restorePolynomialFeatures(state: State): FittedTransformer {
  const { columns, terms, outputs } = state
  if (outputs.length !== terms.length) throw corruptModel(`${outputs.length} output names for ${terms.length} products`)
  const wrong = terms.flat().find((place) => place >= columns.length)
  if (wrong !== undefined) throw corruptModel(`a product of column ${wrong} of ${columns.length}`)
  return fittedPolynomial(state)
}

function fittedPolynomial(state: State): FittedTransformer {
  const { columns, terms, outputs } = state
  return joined({
    kind: 'polynomialFeatures',
    columns,
    outputs,
    sources: (output) => new Set((terms[output] as readonly number[]).map((place) => columns[place] as string)),
    apply(table) {
      const numbers = columns.map((name) => toFloat64(neededColumn('polynomialFeatures', table, name, 'numbers')))
      const known = new Map<string, Float64Array>([['', new Float64Array(table.numRows).fill(1)]])
      return terms.map((term, i): Column => floatColumn(outputs[i] as string, productOf(term, numbers, known)))
    },
    state: () => state,
  })
}

/** The product of a term's factors, first factor times the product of the others: products of fewer factors are computed once. */
function productOf(term: readonly number[], numbers: readonly Float64Array[], known: Map<string, Float64Array>): Float64Array {
  const key = term.join(' ')
  let product = known.get(key)
  if (product === undefined) {
    const factor = numbers[term[0] as number] as Float64Array
    const rest = term.length === 1 ? undefined : productOf(term.slice(1), numbers, known)
    product = rest === undefined ? factor : factor.map((value, row) => value * (rest[row] as number))
    known.set(key, product)
  }
  return product
}

/** The factors of every output, as places of columns in ascending order; none for the bias. */
function termsOf(
  width: number,
  options: { readonly least: number; readonly most: number; readonly interactionOnly: boolean; readonly includeBias: boolean },
): number[][] {
  const { least, most, interactionOnly, includeBias } = options
  const terms: number[][] = includeBias ? [[]] : []
  let longest: number[][] = [[]]
  for (let degree = 1; degree <= most; degree++) {
    longest = longest.flatMap((term) => {
      const last = term[term.length - 1]
      const from = last === undefined ? 0 : interactionOnly ? last + 1 : last
      return Array.from({ length: Math.max(0, width - from) }, (_, i) => [...term, from + i])
    })
    if (degree >= least) terms.push(...longest)
    if (longest.length > MAX_TERMS || terms.length > MAX_TERMS) {
      throw invalidArgument(`fit of polynomialFeatures: ${width} columns give more than ${MAX_TERMS} products up to degree ${most}`, {
        hint: 'name fewer `columns`, or lower `degree`',
      })
    }
  }
  return terms
}

/** `1`, `a`, `a^2`, `a b^2`. */
function nameOf(term: readonly number[], names: readonly string[]): string {
  if (term.length === 0) return '1'
  const powers = new Map<number, number>()
  for (const place of term) powers.set(place, (powers.get(place) ?? 0) + 1)
  return Array.from(powers, ([place, power]) => (power === 1 ? names[place] : `${names[place]}^${power}`)).join(' ')
}

function degrees(degree: unknown): [number, number] {
  const [least, most] = Array.isArray(degree) && degree.length === 2 ? degree : [Math.min(1, Number(degree)), degree]
  const whole = [least, most].every((end) => Number.isInteger(end) && end >= 0 && end <= 100)
  if (whole && least <= most && typeof degree !== 'boolean' && typeof degree !== 'string') return [least as number, most as number]
  throw invalidArgument(
    `\`degree\` of polynomialFeatures must be a whole number from 0 to 100, or two, the smaller one first, got ${show(degree)}`,
  )
}
