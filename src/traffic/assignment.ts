/** Assigns units (users, devices, sessions) to arms: deterministic, without state, in proportion to weights. */
import { utf8 } from '../core/bytes'
import { invalidArgument, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { anything, checkOptions, nonEmptyString, requireOptions } from '../core/options'

/** Options of {@link assignArm}. */
export interface AssignOptions {
  /** Arm → weight: finite numbers ≥ 0, not all 0. They need not have the sum 1. */
  readonly weights: Readonly<Record<string, number>>
  /** Another salt gives an independent assignment. Each experiment has one of its own. */
  readonly salt: string
}

/**
 * The arm of a unit, by weighted rendezvous hashing. Equal arguments give the same arm in every process and on every runtime.
 *
 * Each arm gets a uniform number u from the first 53 bits of SHA-256 of `salt NUL arm NUL unit`, and the arm with the smallest −ln(u) / weight wins.
 * So an arm's share is its weight, and a change moves as few units as possible: when one weight grows, units move only to that arm; when an arm is
 * removed, only its own units move; the order of the arms has no effect.
 *
 * @throws InvalidArgument for a unit that is no text, a missing salt, and weights that are negative, not finite, or all 0
 *
 * Source: Thaler and Ravishankar 1998 (rendezvous hashing); Schindelhauer and Schomaker 2005 (weights).
 *
 * @example
 * assignArm('user-7', { weights: { control: 0.9, treatment: 0.1 }, salt: 'new-model' }) // 'control'
 */
export function assignArm(unit: string, options: AssignOptions): string {
  if (typeof unit !== 'string' || unit === '') throw invalidArgument(`assignArm needs a unit, a non-empty string, got ${show(unit)}`)
  requireOptions('assignArm', options, ['salt'])
  checkOptions('assignArm', options, { weights: anything(), salt: nonEmptyString() })
  assertWeights('assignArm', options.weights)
  return armOf(unit, Object.entries(options.weights), options.salt)
}

/** As {@link assignArm}, for weights that were checked. */
export function armOf(unit: string, weights: readonly (readonly [string, number])[], salt: string): string {
  let chosen: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const [arm, weight] of weights) {
    if (weight === 0) continue
    const time = -Math.log(uniformOf(`${salt}\u0000${arm}\u0000${unit}`)) / weight
    if (time < least) {
      least = time
      chosen = arm
    }
  }
  return chosen ?? (weights[0]?.[0] as string)
}

/** A number in (0, 1) from the first 53 bits of the SHA-256 of a text. */
export function uniformOf(text: string): number {
  const high = sha256Hex(utf8(text)).slice(0, 14)
  // 56 bits as hexadecimal digits; the last 3 are dropped.
  const top = Number.parseInt(high.slice(0, 7), 16)
  const bottom = Number.parseInt(high.slice(7), 16) >>> 3
  return (top * 33554432 + bottom + 0.5) / 9007199254740992
}

/** Checks the weights of arms. @throws InvalidArgument */
export function assertWeights(subject: string, weights: unknown): asserts weights is Readonly<Record<string, number>> {
  const entries = typeof weights === 'object' && weights !== null ? Object.entries(weights) : []
  const isWeight = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0
  if (entries.length === 0 || !entries.every(([, value]) => isWeight(value)) || entries.every(([, value]) => value === 0)) {
    throw invalidArgument(`\`weights\` of ${subject} must give each arm a finite number ≥ 0, not all 0, got ${show(weights)}`)
  }
}
