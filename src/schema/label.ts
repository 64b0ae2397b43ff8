/** Class labels from outside (a database, a CSV file, a form, another engine) as the labels of a model. */
import { invalidArgument, show } from '../core/errors'
import { coerceCell } from './coerce'

/** A class value. */
type Label = string | number | boolean

/**
 * A value as a label of a model that knows `classes`: the one rule by which labels change their type.
 *
 * A value that is one of the classes stays as it is. Otherwise it takes the type of the classes:
 *
 * | classes | takes |
 * | --- | --- |
 * | booleans | `true`, `false`, 0, 1, and text of them (`"True"`, `"1.0"`) |
 * | numbers | numbers, text of numbers; where the classes are 0 and 1 also `true`, `false` and text of them |
 * | text | text; a number or boolean that a class spells (1 is the class `"1"`), and text that spells the number or boolean of a class (`"1.0"` too) |
 *
 * A label of the right type that is none of the classes is returned: it is one that the model does not know.
 *
 * @returns `null` where there is no label (`null`, `undefined`, `NaN`, blank text), `undefined` where the value fits no type of the classes
 */
export function readLabel(value: unknown, classes: readonly Label[]): Label | null | undefined {
  if (classes.includes(value as Label)) return value as Label
  if (value === null || value === undefined || Number.isNaN(value) || (typeof value === 'string' && value.trim() === '')) return null
  const plain = typeof value === 'bigint' ? Number(value) : value
  if (typeof plain !== 'string' && typeof plain !== 'number' && typeof plain !== 'boolean') return undefined
  if (classes.length === 0) return plain
  if (classes.some((label) => typeof label === 'string')) return textLabel(plain, classes)
  const truth = truthOf(plain)
  if (classes.some((label) => typeof label === 'boolean')) return truth
  const number = numberOf(plain)
  if (number !== undefined) return number
  return truth !== undefined && classes.every((label) => label === 0 || label === 1) ? Number(truth) : undefined
}

/**
 * As {@link readLabel}, for labels that must fit.
 *
 * @param subject what is read, as it reads before the colon: `evaluate: row 3 of "late"`
 * @throws InvalidArgument naming the subject, the classes and the value
 */
export function labelOrThrow(value: unknown, classes: readonly Label[], subject: string): Label | null {
  const label = readLabel(value, classes)
  if (label === undefined) throw unfitLabel(value, classes, subject)
  return label
}

/** The error for a label that fits no type of the classes. */
export function unfitLabel(value: unknown, classes: readonly Label[], subject: string): Error {
  const more = classes.length > 10 ? ' …' : ''
  const known = classes.slice(0, 10).map(show).join(', ')
  return invalidArgument(`${subject}: a label must be of the type of the model's labels (${known}${more}), got ${show(value)}`)
}

function textLabel(value: Label, classes: readonly Label[]): Label | undefined {
  const spelt = String(value)
  if (classes.includes(spelt)) return spelt
  const number = numberOf(value)
  const truth = truthOf(value)
  const equal = classes.filter((label) =>
    number === undefined ? truth !== undefined && truthOf(label) === truth : numberOf(label) === number,
  )
  if (equal.length === 1) return equal[0]
  if (typeof value === 'string') return value
  const ofOneKind = classes.some((label) => (typeof value === 'number' ? numberOf(label) : truthOf(label)) !== undefined)
  return ofOneKind ? spelt : undefined
}

function numberOf(value: Label): number | undefined {
  const number = typeof value === 'boolean' ? null : coerceCell(value, 'float64', { coerce: true })
  return typeof number === 'number' ? number : undefined
}

/** What a value says as a boolean: 0 and 1 do, also as text. */
function truthOf(value: Label): boolean | undefined {
  const truth = coerceCell(numberOf(value) ?? value, 'boolean', { coerce: true })
  return typeof truth === 'boolean' ? truth : undefined
}
