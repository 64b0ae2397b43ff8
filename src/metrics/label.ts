/** Class labels: their order, their codes, and which one is "positive". */
import { invalidArgument, show } from '../core/errors'

/** A class value. */
export type Label = string | number | boolean

/** Class probabilities of many rows. */
export interface ClassProbabilities<L extends Label = Label> {
  /** The classes, in the order of the columns of `values`. */
  readonly classes: readonly L[]
  /** Row-major, rows × classes; every row adds up to 1. */
  readonly values: Float64Array
}

/** The distinct labels of all lists in ascending order: `false` before `true`, numbers by size, strings by code unit. */
export function classesOf(...lists: readonly ArrayLike<Label>[]): Label[] {
  const seen = new Set<Label>()
  for (const list of lists) for (let i = 0; i < list.length; i++) seen.add(list[i] as Label)
  return [...seen].sort(compareLabels)
}

/** Orders labels; different kinds by kind (boolean, number, string). */
export function compareLabels(a: Label, b: Label): number {
  const kinds = typeof a === typeof b ? 0 : typeof a < typeof b ? -1 : 1
  if (kinds !== 0) return kinds
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The classes with those that must exist beside them: `true` and `false` come together, and so do 0 and 1.
 * Rows at hand may lack one of the two; which class is positive must not hang on it.
 */
export function wholeClasses(classes: readonly Label[]): readonly Label[] {
  if (classes.length !== 1) return classes
  if (typeof classes[0] === 'boolean') return [false, true]
  return classes[0] === 0 || classes[0] === 1 ? [0, 1] : classes
}

/** Position of each label in `classes`, −1 for a label that is none of them. */
export function codesOf(labels: ArrayLike<Label>, classes: readonly Label[]): Int32Array {
  const position = new Map(classes.map((label, code) => [label, code] as const))
  const codes = new Int32Array(labels.length)
  for (let i = 0; i < labels.length; i++) codes[i] = position.get(labels[i] as Label) ?? -1
  return codes
}

/**
 * The class that counts as positive: the given one, or the last in ascending order (`true`, 1, `'yes'`).
 *
 * @throws InvalidArgument when `positive` is given and is none of the classes
 */
export function positiveOf(classes: readonly Label[], positive: Label | undefined): Label {
  if (positive === undefined) return classes[classes.length - 1] as Label
  if (!classes.includes(positive)) {
    throw invalidArgument(`\`positive\` must be one of the labels ${classes.slice(0, 10).map(show).join(', ')}, got ${show(positive)}`)
  }
  return positive
}

/** Checks that both lists have one length ≥ 1. @throws InvalidArgument */
export function assertPaired(metric: string, actual: ArrayLike<unknown>, predicted: ArrayLike<unknown>): void {
  if (actual.length !== predicted.length) {
    throw invalidArgument(`${metric} needs one prediction per actual value, got ${predicted.length} for ${actual.length}`)
  }
  if (actual.length === 0) throw invalidArgument(`${metric} needs at least one row, got none`)
}
