/** Option objects are checked once, at the factory, by a table of rules. */
import { invalidArgument, isPromise, show } from './errors'

/** What one option allows: a test and the words for it. */
export interface OptionRule {
  /** What is allowed, as it reads after "must be ": "a whole number ≥ 1". */
  readonly allowed: string
  readonly test: (value: unknown) => boolean
}

/** A whole number between `min` and `max`. */
export function wholeNumber(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): OptionRule {
  return {
    allowed: `a whole number${range(min, max)}`,
    test: (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max,
  }
}

/** A finite number between `min` and `max`, both included. */
export function finiteNumber(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): OptionRule {
  return {
    allowed: `a finite number${range(min, max)}`,
    test: (value) => typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max,
  }
}

/** One of the listed values. */
export function oneOf(...values: readonly (string | number | boolean | null)[]): OptionRule {
  return { allowed: `one of ${values.map(show).join(', ')}`, test: (value) => (values as readonly unknown[]).includes(value) }
}

/** A string of at least one character. */
export function nonEmptyString(): OptionRule {
  return { allowed: 'a non-empty string', test: (value) => typeof value === 'string' && value !== '' }
}

/** A value of a `typeof` kind; a Promise is no object here, since it is a forgotten `await`. */
export function ofType(type: 'string' | 'number' | 'boolean' | 'function' | 'object'): OptionRule {
  return {
    allowed: `${type === 'object' ? 'an' : 'a'} ${type}`,
    test: (value) => typeof value === type && value !== null && !isPromise(value),
  }
}

/** An array, each item of which keeps `item`. */
export function arrayOf(item: OptionRule): OptionRule {
  return { allowed: `an array, each item ${item.allowed}`, test: (value) => Array.isArray(value) && value.every(item.test) }
}

/** Either rule. */
export function either(a: OptionRule, b: OptionRule): OptionRule {
  return { allowed: `${a.allowed} or ${b.allowed}`, test: (value) => a.test(value) || b.test(value) }
}

/** Anything: the option is only allowed to exist. */
export function anything(): OptionRule {
  return { allowed: 'any value', test: () => true }
}

/**
 * Checks `options` of `subject` against `rules`; a key without a rule is an error, `undefined` means default.
 *
 * @throws InvalidArgument "`delta` of pageHinkley must be a finite number ≥ 0, got -1"
 */
export function checkOptions(subject: string, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options) || isPromise(options)) {
    throw invalidArgument(`the options of ${subject} must be an object, got ${show(options)}`)
  }
  for (const [key, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    if (rule === undefined) {
      throw invalidArgument(`\`${key}\` is not an option of ${subject}; it has ${Object.keys(rules).join(', ') || 'none'}`)
    }
    if (value !== undefined && !rule.test(value)) {
      throw invalidArgument(`\`${key}\` of ${subject} must be ${rule.allowed}, got ${show(value)}`)
    }
  }
}

/**
 * Checks that `options` of `subject` is an object that has every option of `names`; what they may be is {@link checkOptions}' matter.
 *
 * @throws InvalidArgument "barPair takes an object with `names`, `groups`, got undefined"; "barPair needs `groups`"
 */
export function requireOptions(subject: string, options: unknown, names: readonly string[]): void {
  if (!ofType('object').test(options) || Array.isArray(options)) {
    const listed = names.map((name) => `\`${name}\``).join(', ')
    throw invalidArgument(`${subject} takes an object${listed === '' ? '' : ` with ${listed}`}, got ${show(options)}`)
  }
  const missing = names.find((name) => (options as Readonly<Record<string, unknown>>)[name] === undefined)
  if (missing !== undefined) throw invalidArgument(`${subject} needs \`${missing}\`, got ${show(options)}`)
}

/**
 * Checks that an argument of `subject` has methods. `what` says what it is, with its article.
 *
 * @throws InvalidArgument "monitorMetrics takes a Monitor, with the method `on`, got 5"
 */
export function requireMethods(subject: string, what: string, value: unknown, methods: readonly string[]): void {
  const held = value as Readonly<Record<string, unknown>> | null | undefined
  if (methods.every((method) => typeof held?.[method] === 'function')) return
  const listed = methods.map((method) => `\`${method}\``).join(', ')
  throw invalidArgument(`${subject} takes ${what}, with the method${methods.length === 1 ? '' : 's'} ${listed}, got ${show(value)}`)
}

function range(min: number, max: number): string {
  if (min === Number.NEGATIVE_INFINITY && max === Number.POSITIVE_INFINITY) return ''
  if (max === Number.POSITIVE_INFINITY) return ` ≥ ${min}`
  if (min === Number.NEGATIVE_INFINITY) return ` ≤ ${max}`
  return ` from ${min} to ${max}`
}
