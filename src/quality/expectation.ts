/** Expectations and suites as plain data, with the names of Great Expectations 1.x. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import type { Json } from '../core/json'
import { arrayOf, checkOptions, either, finiteNumber, type OptionRule, ofType, oneOf } from '../core/options'
import { parseRowCondition } from './row-condition'
import type { RowConditionJson } from './row-condition-json'

/** How bad it is when an expectation is not met. */
export type Severity = 'critical' | 'warning' | 'info'

/** Arguments of an expectation by their Great Expectations names (`min_value`, `value_set`, …). */
export type Kwargs = Readonly<Record<string, Json | undefined>>

/** One expectation of a table. */
export interface Expectation {
  /** `expect_column_values_to_be_between`, for example. */
  readonly type: string
  readonly kwargs: Kwargs
  readonly meta?: Readonly<Record<string, Json | undefined>>
  readonly severity?: Severity
  readonly id?: string
  readonly notes?: Json
  readonly description?: string
}

/** A named list of expectations. */
export interface ExpectationSuite {
  readonly name: string
  readonly expectations: readonly Expectation[]
  readonly id?: string | null
  readonly meta?: Readonly<Record<string, Json | undefined>>
  readonly notes?: Json
  /** Values of `{ "$PARAMETER": name }` in kwargs. */
  readonly suiteParameters?: Readonly<Record<string, Json | undefined>>
}

/** Options every expectation has. */
export interface ExpectationOptions {
  /** @default 'critical' */
  readonly severity?: Severity | undefined
  /** Stored and written unchanged; has no effect. */
  readonly meta?: Readonly<Record<string, Json | undefined>> | undefined
  /** Notes for people: text, or a list of it. Shown on data docs pages. */
  readonly notes?: string | readonly string[] | undefined
  /** What data docs pages say instead of the sentence made of the arguments. */
  readonly description?: string | undefined
}

/** Options of expectations that can be about some rows only. */
export interface ConditionOptions extends ExpectationOptions {
  /**
   * Only rows that meet it are judged: a condition made with `col`, or text in the grammar of `conditionParser`.
   *
   * @example columnValuesToNotBeNull('paid_at', { rowCondition: col('status').is('paid') })
   */
  readonly rowCondition?: RowConditionJson | string | undefined
  /** How `rowCondition` is read when it is text. @default 'pandas' */
  readonly conditionParser?: 'pandas' | 'great_expectations' | undefined
}

/** Options of expectations that look at every row. */
export interface RowwiseOptions extends ConditionOptions {
  /** The share of rows with a value that must comply, 0 to 1. @default 1 */
  readonly mostly?: number | undefined
}

/**
 * Bounds, both included unless strict; either may be left out. Timestamps are ISO 8601 text or epoch milliseconds. Without a zone they are UTC; for
 * Great Expectations on pandas leave the zone out, since it does not compare `2024-01-01T00:00:00Z` with times that have none.
 */
export interface Bounds {
  readonly min?: number | string | undefined
  readonly max?: number | string | undefined
  /** @default false */
  readonly strictMin?: boolean | undefined
  /** @default false */
  readonly strictMax?: boolean | undefined
}

/**
 * A suite of expectations.
 *
 * @example expectations('flights', [columnToExist('carrier'), columnValuesToBeBetween('dep_delay', { min: -60, max: 2000, mostly: 0.99 })])
 * @throws InvalidArgument on an empty name or something that is no expectation
 */
export function expectations(name: string, list: readonly Expectation[]): ExpectationSuite {
  if (typeof name !== 'string' || name === '') throw invalidArgument(`a suite needs a name, got ${show(name)}`)
  if (!Array.isArray(list)) throw invalidArgument(`a suite needs an array of expectations, got ${show(list)}`)
  const wrong = list.findIndex((item) => typeof item?.type !== 'string' || typeof item.kwargs !== 'object' || item.kwargs === null)
  if (wrong >= 0) throw invalidArgument(`entry ${wrong} of suite ${show(name)} is no expectation: ${show(list[wrong])}`)
  return displayedSuite({ name, expectations: [...list] })
}

/** Attaches the display of a suite: its name, and a row for each expectation. */
export function displayedSuite(suite: ExpectationSuite): ExpectationSuite {
  const { name, expectations: list } = suite
  const head = `suite '${name}': ${list.length} expectations`
  const header = ['expectation', 'arguments']
  const rows = (): string[][] => list.map(({ type, kwargs }) => [type.replace(/^expect_/, ''), argumentsText(kwargs)])
  return attachDisplay(suite, {
    text: () => (list.length === 0 ? head : `${head}\n${textTable(header, rows())}`),
    markdown: () => `${head}\n\n${markdownTable(header, rows())}`,
  })
}

/** Arguments for display: `column 'delay', max_value 30`. */
export function argumentsText(kwargs: Kwargs): string {
  return Object.entries(kwargs)
    .map(([key, value]) => `${key} ${shortText(value)}`)
    .join(', ')
}

/** A value for display, at most 60 characters. */
export function shortText(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** An expectation from its parts; `undefined` arguments and the defaults of options are left out. */
export function makeExpectation(type: string, kwargs: Kwargs, options: ConditionOptions): Expectation {
  const { severity, meta, notes, description, rowCondition, conditionParser } = options
  const condition = {
    row_condition: rowCondition as Json | undefined,
    condition_parser: typeof rowCondition === 'string' ? (conditionParser ?? 'pandas') : undefined,
  }
  const given = Object.fromEntries(Object.entries({ ...kwargs, ...condition }).filter(([, value]) => value !== undefined))
  // What is wrong with a condition is said where it is written.
  parseRowCondition(given.row_condition, given.condition_parser)
  return {
    type,
    kwargs: given,
    ...(meta === undefined ? {} : { meta }),
    ...(severity === undefined ? {} : { severity }),
    ...(notes === undefined ? {} : { notes: notes as Json }),
    ...(description === undefined ? {} : { description }),
  }
}

/** Rules of {@link ExpectationOptions} and of what else an expectation takes. */
export function checkExpectation(subject: string, options: unknown, rules: Readonly<Record<string, OptionRule>> = {}): void {
  checkOptions(subject, options, {
    severity: oneOf('critical', 'warning', 'info'),
    meta: ofType('object'),
    notes: either(ofType('string'), arrayOf(ofType('string'))),
    description: ofType('string'),
    ...rules,
  })
}

/** Rules of {@link ConditionOptions}. */
export function conditionRules(): Readonly<Record<string, OptionRule>> {
  return { rowCondition: either(ofType('string'), ofType('object')), conditionParser: oneOf('pandas', 'great_expectations') }
}

/** Rules of {@link Bounds}. */
export function boundRules(): Readonly<Record<string, OptionRule>> {
  const bound: OptionRule = {
    allowed: 'a number or text',
    test: (value) => typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value)),
  }
  return { min: bound, max: bound, strictMin: ofType('boolean'), strictMax: ofType('boolean') }
}

/** Rules of {@link RowwiseOptions}. */
export function mostlyRule(): Readonly<Record<string, OptionRule>> {
  return { mostly: finiteNumber(0, 1), ...conditionRules() }
}

/** Bounds as kwargs. @throws InvalidArgument when there is none, or the lower one is above the upper one */
export function boundKwargs(subject: string, { min, max, strictMin, strictMax }: Bounds): Kwargs {
  if (min === undefined && max === undefined) throw invalidArgument(`${subject} needs \`min\`, \`max\` or both`)
  if (typeof min === typeof max && (min as number) > (max as number)) {
    throw invalidArgument(`\`min\` of ${subject} must not be above \`max\`, got ${show(min)} and ${show(max)}`)
  }
  return { min_value: min, max_value: max, strict_min: strictMin, strict_max: strictMax }
}

/** @throws InvalidArgument unless `name` can name a column */
export function checkColumn(subject: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') throw invalidArgument(`${subject} needs a column name, got ${show(name)}`)
}
