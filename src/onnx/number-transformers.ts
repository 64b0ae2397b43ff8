/** ONNX for transformers that make numbers of numbers: powers, bins, products, functions, parts of dates. */
import { MillwrightError, show } from '../core/errors'
import type { NumberFunction } from '../learn/transformers/number-functions'
import type { StateOf } from '../learn/transformers/stored-transformers'
import { int } from '../onnxfile/attribute'
import { arithmetic } from './arithmetic'
import { writeDateParts } from './dates'
import { columnsOfTensor, type Features, type TensorColumn } from './features'
import { writeNumberFunction } from './number-functions'

/** Columns of numbers together: each has its own constants. */
export function together(
  features: Features,
  names: readonly string[],
  write: (matrix: string, row: (values: readonly number[]) => string) => string,
): void {
  if (names.length === 0) return
  const result = write(features.matrix(names), (values) => features.numbers([1, values.length], values))
  features.replace(new Map(columnsOfTensor(result, names).map((column) => [column.name, [column]])))
}

/** Box and Cox's or Yeo and Johnson's powers. Numbers that `boxCox` refuses come out as NaN or infinite. */
export function powerTransformer({ method, columns }: StateOf<'powerTransformer'>, features: Features): void {
  const math = arithmetic(features)
  const names = columns.map(({ name }) => name)
  together(features, names, (matrix, row) => {
    /** (e^(lambda · log) − 1) ÷ lambda for the lambda of each column, and its limit at 0. */
    const fromLog = (log: string, lambdas: readonly number[]): string => {
      const isZero = lambdas.map((lambda) => Math.abs(lambda) < Number.EPSILON)
      const divisors = row(lambdas.map((lambda, i) => (isZero[i] ? 1 : lambda)))
      const raised = math.div(math.expm1(math.mul(row(lambdas), log)), divisors)
      return isZero.includes(true) ? math.where(math.equal(row(isZero.map(Number)), 1), log, raised) : raised
    }
    const lambdas = columns.map(({ lambda }) => lambda)
    const raised = (): string => {
      if (method === 'boxCox') return fromLog(math.of('Log', matrix), lambdas)
      const log = math.log1p(math.of('Abs', matrix))
      const mirrored = math.of(
        'Neg',
        fromLog(
          log,
          lambdas.map((lambda) => 2 - lambda),
        ),
      )
      return math.where(math.less(matrix, 0), mirrored, fromLog(log, lambdas))
    }
    return math.div(math.sub(raised(), row(columns.map(({ mean }) => mean))), row(columns.map(({ scale }) => scale)))
  })
}

/** The bin of each number: as many edges as it reaches. */
export function kBinsDiscretizer({ encode, columns }: StateOf<'kBinsDiscretizer'>, features: Features): void {
  const math = arithmetic(features)
  const replaced = new Map<string, readonly TensorColumn[]>()
  for (const { name, edges, outputs } of columns) {
    const cell = features.matrix([name])
    const isMissing = math.of('IsNaN', cell)
    const reached = features.cast(math.atLeast(cell, features.numbers([1, edges.length], edges)))
    const axis = features.graph.constant('int64', [1], BigInt64Array.of(1n))
    const count = features.graph.node('ReduceSum', [reached, axis], { attributes: { keepdims: int(1) } })
    const bin = math.where(isMissing, Number.NaN, count)
    const numbers = Array.from(outputs, (_, i) => i)
    const tensor = encode === 'ordinal' ? bin : features.cast(math.equal(bin, features.numbers([1, numbers.length], numbers)))
    replaced.set(name, columnsOfTensor(tensor, outputs))
  }
  features.replace(replaced)
}

/** Products of columns, those of two factors first, then those of three, …: each is a column times a product that is there already. */
export function polynomialFeatures({ columns, terms, outputs }: StateOf<'polynomialFeatures'>, features: Features): void {
  const first = features.columns.find(({ name }) => columns.includes(name))
  if (first === undefined) return
  const math = arithmetic(features)
  const matrix = features.matrix(columns)
  /** The products that are needed, by the number of their factors. */
  const levels = new Map<number, Map<string, readonly number[]>>()
  for (const term of terms) {
    for (let rest = term; rest.length > 1; rest = rest.slice(1)) {
      const level = levels.get(rest.length) ?? new Map<string, readonly number[]>()
      levels.set(rest.length, level.set(rest.join(' '), rest))
    }
  }
  const made = new Map<string, Omit<TensorColumn, 'name'>>(columns.map((_, i) => [String(i), part(matrix, i, columns.length)]))
  const pick = (tensor: string, places: readonly number[]): string => {
    const indices = features.graph.constant('int64', [places.length], BigInt64Array.from(places, BigInt))
    return features.graph.node('Gather', [tensor, indices], { attributes: { axis: int(1) } })
  }
  let before = matrix
  for (const [, level] of [...levels].sort(([a], [b]) => a - b)) {
    const list = [...level.values()]
    const factors = list.map((term) => term[0] as number)
    const rests = list.map((term) => made.get(term.slice(1).join(' '))?.index as number)
    before = math.mul(pick(matrix, factors), pick(before, rests))
    for (const [i, term] of list.entries()) made.set(term.join(' '), part(before, i, list.length))
  }
  if (terms.some((term) => term.length === 0)) made.set('', part(onesLike(features, columns[0] as string), 0, 1))
  const results = terms.map((term, i) => ({ ...(made.get(term.join(' ')) as TensorColumn), name: outputs[i] as string }))
  features.replace(new Map(columns.map((name) => [name, name === first.name ? results : []])))
}

function part(tensor: string, index: number, width: number): Omit<TensorColumn, 'name'> {
  return { tensor, index, width, kind: 'numbers' }
}

/** A column of ones. */
function onesLike(features: Features, name: string): string {
  const { of, mul, add } = arithmetic(features)
  return add(mul(features.cast(of('IsNaN', features.matrix([name]))), 0), 1)
}

/** A function known by name. @throws Unsupported for one of the user's own */
export function functionTransformer({ function: known, name, columns }: StateOf<'functionTransformer'>, features: Features): void {
  if (known === undefined) {
    throw new MillwrightError(
      'Unsupported',
      `toOnnx: functionTransformer applies the function ${show(name)}, and code cannot be written as a graph`,
      {
        hint: 'apply it to the table before the model, or use a function known by name',
      },
    )
  }
  together(features, columns, (matrix) => writeNumberFunction(arithmetic(features), known as NumberFunction, matrix))
}

/** Parts of timestamps. */
export function dateParts({ parts, cyclic, columns }: StateOf<'dateParts'>, features: Features): void {
  const replaced = new Map<string, readonly TensorColumn[]>()
  for (const { name, outputs } of columns) {
    const tensors = writeDateParts(features, features.matrix([name]), parts, cyclic)
    replaced.set(
      name,
      tensors.map((tensor, i) => ({ ...part(tensor, 0, 1), name: outputs[i] as string })),
    )
  }
  features.replace(replaced)
}
