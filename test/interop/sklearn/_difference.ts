/** Our transformer beside the answer of scikit-learn. */
import { fitTransform, restoreTransformer, type TransformerState } from '../../../src/learn'
import type { StateOf } from '../../../src/learn/stored-parts'
import { meanAndDeviation, presentNumbers } from '../../../src/learn/transformers/numbers'
import { powerLoss, powerOf } from '../../../src/learn/transformers/power-lambda'
import { type Column, toFloat64 } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import type { Case } from './_cases'
import { complete, type Parts } from './_tables'

/** Output cells, column after column: numbers (`NaN` or `null` missing), or text. Or why there are none. */
export type Output = { readonly error: string } | { readonly cells: readonly ArrayLike<number | string | null>[] }

/** What scikit-learn gives. */
export interface Answer {
  /** Of `fit_transform` on the training rows. */
  readonly train: Output
  /** Of `transform` on later rows. */
  readonly unseen?: Output | undefined
  readonly names: readonly string[] | { readonly error: string } | null
  readonly lambdas?: readonly number[] | undefined
}

/** What was compared. */
export interface Tally {
  cells: number
  /** Kind → largest difference, relative to the greater of the cell and 1. */
  readonly worst: Map<string, number>
  /** Exponents of power transforms: how many, and how many agree with scikit-learn's to 1e-6. */
  readonly lambdas: { all: number; near: number }
  /** Column → how far its cells may be off beside the tolerance. */
  readonly slack: Map<string, number>
}

/** The rows that a case is about. */
export function rowsOfCase({ whole, columns, target }: Case, parts: Parts): Parts {
  const some = whole === true ? complete(parts, columns) : parts
  // Rows without a label cannot be learned from.
  return target === undefined ? some : { ...some, train: complete(some, [target]).train }
}

/** What differs; `undefined` for nothing. The transformer that is compared on later rows went through JSON. */
export function differenceOf(item: Case, { train, unseen }: Parts, answer: Answer, tally: Tally): string | undefined {
  const { target, columns, ours } = item
  tally.slack.clear()
  const only = (table: Table): Table => tableOf([...columns, ...(target === undefined ? [] : [target])].map((name) => table.column(name)))
  const fitted = attempt(() => fitTransform(ours, only(train), { target }))
  if (fitted instanceof Error || 'error' in answer.train) return sameErrors(fitted, answer.train)
  const names = fitted.table.columnNames.filter((name) => name !== target)
  if (item.unnamed !== true && JSON.stringify(names) !== JSON.stringify(answer.names)) {
    return `names ${JSON.stringify(names)}\n    instead of ${JSON.stringify(answer.names)}`
  }
  const state = JSON.parse(JSON.stringify(fitted.fitted.state())) as TransformerState
  const compared = answer.lambdas === undefined ? state : withLambdas(item, only(train), state, { lambdas: answer.lambdas, tally })
  if (typeof compared === 'string') return compared
  const inTraining = answer.lambdas === undefined ? fitted.table : restoreTransformer(compared).transform(only(train))
  const first = sameCells(item, inTraining, answer.train, tally)
  if (first !== undefined) return `training: ${first}`
  const later = attempt(() => restoreTransformer(compared).transform(only(unseen)))
  const expected = answer.unseen as Output
  if (later instanceof Error || 'error' in expected) return sameErrors(later, expected)
  const second = sameCells(item, later, expected, tally)
  return second === undefined ? undefined : `unseen: ${second}`
}

/**
 * The state of a power transform with the exponents of scikit-learn, for which every cell must be the same. Ours must be as likely to the
 * last digits of the likelihood; below that no solver knows.
 */
function withLambdas(
  item: Case,
  train: Table,
  state: TransformerState,
  { lambdas, tally }: { readonly lambdas: readonly number[]; readonly tally: Tally },
): TransformerState | string {
  const { kind, method, columns } = state as unknown as StateOf<'powerTransformer'>
  const standardize = item.what.endsWith('true')
  const theirs = columns.map(({ name, lambda: ours }, c) => {
    const lambda = lambdas[c] as number
    const values = presentNumbers('comparison', train.column(name))
    const loss = powerLoss(method, values)
    const worse = ours === lambda ? 0 : loss(ours) - loss(lambda)
    tally.lambdas.all++
    if (relative(ours, lambda) <= 1e-6) tally.lambdas.near++
    const { mean, deviation } = meanAndDeviation(values.map((value) => powerOf(method, value, lambda)))
    // Where the transformed numbers lie close together beside their mean, their last digits are lost in both.
    if (standardize && deviation > 0) tally.slack.set(name, (1e-15 * Math.abs(mean)) / deviation)
    return { name, lambda, mean: standardize ? mean : 0, scale: standardize && deviation > 0 ? deviation : 1, ours, worse }
  })
  const less = theirs.find(({ worse }) => !(worse <= 1e-12))
  if (less !== undefined) return `${less.name}: ${less.ours} is less likely than ${less.lambda}`
  return { kind, method, columns: theirs.map(({ name, lambda, mean, scale }) => ({ name, lambda, mean, scale })) }
}

function attempt<T>(step: () => T): T | Error {
  try {
    return step()
  } catch (error) {
    return error as Error
  }
}

function sameErrors(ours: unknown, theirs: Output): string | undefined {
  if (ours instanceof Error) return 'error' in theirs ? undefined : `we refuse: ${ours.message}`
  return `only scikit-learn refuses: ${'error' in theirs ? theirs.error : ''}`
}

function sameCells(item: Case, table: Table, expected: Output, tally: Tally): string | undefined {
  const names = table.columnNames.filter((name) => name !== item.target)
  const cells = 'cells' in expected ? expected.cells : []
  if (names.length !== cells.length) return `${names.length} columns instead of ${cells.length}`
  for (const [c, name] of names.entries()) {
    const wrong = sameColumn(item, table.column(name), cells[c] as ArrayLike<number | string | null>, tally)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function sameColumn(item: Case, column: Column, expected: ArrayLike<number | string | null>, tally: Tally): string | undefined {
  if (column.length !== expected.length) return `${column.length} rows instead of ${expected.length}`
  const numbers = column.type === 'string' ? undefined : toFloat64(column)
  for (let row = 0; row < expected.length; row++) {
    const want = expected[row] as number | string | null
    const got = numbers === undefined ? column.at(row) : (numbers[row] as number)
    const error =
      numbers === undefined ? (got === want ? 0 : Number.POSITIVE_INFINITY) : relative(got as number, (want ?? Number.NaN) as number)
    tally.cells++
    note(tally, item.ours.kind, error)
    if (error > (item.tolerance ?? 1e-12) + (tally.slack.get(column.name) ?? 0))
      return `${column.name}, row ${row}: ${got} instead of ${want} (${error})`
  }
  return undefined
}

function note({ worst }: Tally, what: string, error: number): void {
  worst.set(what, Math.max(worst.get(what) ?? 0, error))
}

function relative(got: number, want: number): number {
  if (got === want || (got !== got && want !== want)) return 0
  const error = Math.abs(got - want) / Math.max(1, Math.abs(want))
  return error === error ? error : Number.POSITIVE_INFINITY
}
