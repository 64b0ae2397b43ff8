/** Columns of text that hold numbers or dates in a spelling of their own: found by looking at their distinct texts, said to the user. */
import { MillwrightError, show } from '../../core/errors'
import { type Column, MISSING_CODE, MISSING_INT32, makeColumn } from '../../schema/column'
import { type DateOrder, type DateVerdict, datesIn, findDates } from './date-spelling'
import { findNotation, type NumberNotation, type NumberVerdict, numberNotations, numbersIn } from './number-notation'
import type { CsvPlan } from './options'

/** How the text of a column becomes numbers or times. */
export type Reading =
  | { readonly kind: 'numbers'; readonly notation: NumberNotation; readonly type?: 'int32' | 'float64' }
  | { readonly kind: 'dates'; readonly order: DateOrder }

/** What was found about columns of text. */
export interface Readings {
  readonly byName: ReadonlyMap<string, Reading>
  /** Columns left as text because their spelling can be read in two ways, with the words for the user. */
  readonly doubts: Map<string, string>
}

/** Looks at columns of text. `judged` tells which may become something else. */
export function findReadings(columns: readonly Column[], judged: (name: string) => boolean, plan: CsvPlan): Readings {
  const byName = new Map<string, Reading>()
  const doubts = new Map<string, string>()
  const { decimal, thousands } = plan.numbers
  const allowed = numberNotations.filter(
    (notation) => (decimal === undefined || notation.decimal === decimal) && (thousands === undefined || notation.thousands === thousands),
  )
  const texts = columns.filter((column) => column.type === 'string' && judged(column.name))
  const asked = [...(thousands === undefined ? [] : [thousands]), ...(decimal === ',' ? ['.' as const] : [])]
  const verdictOf = (column: Column, expected: NumberNotation['thousands'][]): NumberVerdict =>
    findNotation(column.dictionary ?? [], allowed, expected)
  const first = new Map(texts.map((column) => [column, verdictOf(column, asked)]))
  const comma = [...first.values()].some((verdict) => verdict?.kind === 'found' && verdict.notation.decimal === ',')
  for (const [column, verdict] of first) {
    const numbers = verdict?.kind === 'ambiguous' && comma ? verdictOf(column, [...asked, '.']) : verdict
    if (numbers?.kind === 'found') byName.set(column.name, { kind: 'numbers', notation: numbers.notation })
    else if (numbers !== undefined) doubts.set(column.name, numberDoubt(column, numbers.notations))
    else if (plan.timestamps) judgeDates(column, plan, { byName, doubts })
  }
  return { byName, doubts }
}

function numberDoubt(column: Column, notations: readonly NumberNotation[]): string {
  const [text = ''] = (column.dictionary ?? []).filter((one) =>
    notations.every((notation) => /\D/.test(one.slice(1)) && fits(one, notation)),
  )
  const options = notations.map(optionsOf).join(' or ')
  return notations.length > 1
    ? `column ${show(column.name)} stays text: ${show(text)} may have a decimal comma or a mark between thousands; say which by ${options}`
    : `column ${show(column.name)} stays text: ${show(text)} may be a number with marks between thousands, or a code; ${options} reads numbers`
}

function fits(text: string, notation: NumberNotation): boolean {
  return 'values' in numbersIn(notation, [text])
}

function optionsOf({ decimal, thousands }: NumberNotation): string {
  return thousands === '' ? `{ decimal: ${show(decimal)} }` : `{ decimal: ${show(decimal)}, thousands: ${show(thousands)} }`
}

/**
 * Why a column that was read with decimal points is doubtful in a file with decimal commas: every point has three digits before and behind it,
 * as between thousands.
 */
export function pointDoubt(column: Column): string | undefined {
  const texts = (column.dictionary ?? []).filter((text) => !/^[+-]?\d{1,3}$/.test(text))
  if (texts.length === 0 || !texts.every((text) => /^[+-]?[1-9]\d{0,2}\.\d{3}$/.test(text))) return undefined
  return `column ${show(column.name)} stays text: in a file with decimal commas, ${show(texts[0])} may have a mark between thousands; say which by { decimal: "," } or { decimal: "." }`
}

function judgeDates(column: Column, plan: CsvPlan, to: { byName: Map<string, Reading>; doubts: Map<string, string> }): void {
  const { name, dictionary = [] } = column
  const asked = plan.dates === 'day-first' || plan.dates === 'month-first' ? plan.dates : undefined
  const verdict = findDates(dictionary, asked)
  if (verdict === undefined) return
  if (verdict.kind === 'found' && plan.dates !== 'iso') to.byName.set(name, { kind: 'dates', order: verdict.order })
  else to.doubts.set(name, `column ${show(name)} stays text: ${dateDoubt(verdict, dictionary, plan)}`)
}

function dateDoubt(verdict: NonNullable<DateVerdict>, texts: readonly string[], plan: CsvPlan): string {
  const [example = ''] = texts
  if (verdict.kind === 'ambiguous') {
    return `${show(example)} and all its other dates may have the day or the month first; say which by { dates: "day-first" } or { dates: "month-first" }`
  }
  if (verdict.kind === 'contradictory') {
    return plan.dates === 'day-first' || plan.dates === 'month-first'
      ? `${show(verdict.text)} is no date with the ${plan.dates === 'day-first' ? 'day' : 'month'} first`
      : 'some of its dates have the day first and some the month'
  }
  return `its dates are not ISO 8601 (${show(example)}); { dates: "find" } reads them`
}

/** The column as its reading makes it. @throws SchemaMismatch at a text that does not fit, which happens only to later batches of a file */
export function readColumn(column: Column, reading: Reading, operation: string): Column {
  const texts = column.dictionary ?? []
  const read = reading.kind === 'dates' ? datesIn(reading.order, texts) : numbersIn(reading.notation, texts)
  if ('wrong' in read) {
    const row = column.storage.indexOf(texts.indexOf(read.wrong))
    throw new MillwrightError(
      'SchemaMismatch',
      `${operation}: column ${show(column.name)} holds ${reading.kind} written as ${howWritten(reading)}, got ${show(read.wrong)}`,
      { details: { column: column.name, row } },
    )
  }
  const { values } = read
  const wanted = reading.kind === 'numbers' ? reading.type : undefined
  const isInt = wanted === undefined ? 'areInt32' in read && read.areInt32 : wanted === 'int32'
  const missing = isInt ? MISSING_INT32 : Number.NaN
  const cells = isInt ? new Int32Array(column.length) : new Float64Array(column.length)
  for (let row = 0; row < cells.length; row++) {
    const code = column.storage[row] as number
    cells[row] = code === MISSING_CODE ? missing : (values[code] as number)
  }
  const type = reading.kind === 'dates' ? 'timestamp' : isInt ? 'int32' : 'float64'
  return makeColumn(column.name, { type, values: cells } as Parameters<typeof makeColumn>[1])
}

/** "a decimal comma and "." between thousands" */
export function howWritten(reading: Reading): string {
  if (reading.kind === 'dates') return reading.order === 'day-first' ? 'the day first' : 'the month first'
  const { decimal, thousands } = reading.notation
  return `a decimal ${decimal === ',' ? 'comma' : 'point'}${thousands === '' ? '' : ` and ${show(thousands)} between thousands`}`
}

/** Says doubts where the user sees them, and what was found to a logger. */
export function tellReadings({ byName, doubts }: Readings, { operation, logger }: Pick<CsvPlan, 'operation' | 'logger'>): void {
  for (const [name, reading] of byName) logger?.info(`${operation}: column ${show(name)} is read with ${howWritten(reading)}`)
  for (const doubt of doubts.values()) {
    if (logger === undefined) console.warn(`millwright: ${operation}: ${doubt}`)
    else logger.warn(`${operation}: ${doubt}`)
  }
}
