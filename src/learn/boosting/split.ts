/** Splits of boosted trees, and what they gain. */
import type { ExactUnits } from './exact-sums'

/** Least sum of curvatures on each side of a split, as scikit-learn and LightGBM set it. */
export const LEAST_CURVATURE = 1e-3
/** 32-bit words of a set of categories: 254 categories, and the last bit for missing values. */
export const SET_WORDS = 8
/** The bit of missing values in a set. */
export const MISSING_BIT = 255

/** A split. `gain` of 0 or below: none was found. */
export interface Split {
  feature: number
  /** Rows of this bin and below go left; of categories, −1. */
  bin: number
  missingLeft: boolean
  gain: number
  /** Whole-number sums of the left side. */
  leftGradient: number
  leftPacked: number
  /** The categories that go left. */
  readonly set: Uint32Array
}

/** A split that is none. */
export function noSplit(): Split {
  return { feature: -1, bin: 0, missingLeft: false, gain: 0, leftGradient: 0, leftPacked: 0, set: new Uint32Array(SET_WORDS) }
}

/** Settings of the search. */
export interface SplitLimits {
  readonly minSamplesLeaf: number
  readonly l2: number
  readonly minGain: number
  /** By feature: 1, −1, or 0. */
  readonly directions: Int8Array
  /** Whether any feature has a direction. */
  readonly monotonic: boolean
}

/** The node that is split: its whole-number sums, and the bounds of its values. */
export interface SplitNode {
  readonly gradient: number
  readonly packed: number
  readonly lower: number
  readonly upper: number
}

/** The histogram cells of one feature. */
export interface CellRun {
  readonly feature: number
  readonly start: number
  readonly bins: number
}

/** What a scan works with. */
export interface ScanTools {
  readonly units: ExactUnits
  readonly limits: SplitLimits
  readonly best: Split
}

/** Real sums of one side. */
export function sidesOf(
  gradient: number,
  packed: number,
  { gradientUnit, curvatureUnit, countUnit }: ExactUnits,
): { readonly gradient: number; readonly curvature: number; readonly count: number } {
  const count = Math.floor(packed / countUnit)
  return { count, gradient: gradient * gradientUnit, curvature: (packed - count * countUnit) * curvatureUnit }
}

/** The value of a node within its bounds. */
export function clippedValue(
  gradient: number,
  curvature: number,
  l2: number,
  { lower, upper }: Pick<SplitNode, 'lower' | 'upper'>,
): number {
  const value = -gradient / (curvature + l2)
  return value < lower ? lower : value > upper ? upper : value
}

/** Twice the decrease of the loss by giving a node its value. */
export function gainOf(gradient: number, curvature: number, l2: number, bounds: Pick<SplitNode, 'lower' | 'upper'>): number {
  const value = clippedValue(gradient, curvature, l2, bounds)
  return -value * (2 * gradient + (curvature + l2) * value)
}
