/** What a detector is made of: methods by name, and sketches where it has them. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import type { Moments } from '../stats/running-moments'
import { chiSquareMethod, psiMethod } from './count-methods'
import { EVIDENTLY_METHODS, type ResolvedDriftOptions } from './drift-options'
import type { DriftMethodPart } from './method-part'
import { type DriftMethod, driftMethods, fitsKind } from './methods'
import type { NumericReference, ReferenceBase, SketchReference } from './reference-profile'
import { ksMethod } from './sample-methods'

/** What a detector keeps of a numeric reference column. */
export interface NumericSample {
  /** Ascending: all values, or those that stand for them. */
  readonly values: Float64Array
  /** How many values they count as in p-values. */
  readonly size: number
  /** The current values are rounded like these. */
  readonly isSingle: boolean
}

/** Sketches of numeric columns, for profiles of version 2: {@link driftSketches}. */
export interface SketchPart {
  /** The stored form of ascending values. */
  store(facts: ReferenceBase & { readonly infinite: number; readonly moments: Moments }, sorted: Float64Array, k: number): SketchReference
  /** Values that stand for a stored sketch, and their bins. @throws Corrupt */
  expand(stored: SketchReference, bins: number): { readonly reference: NumericReference; readonly sample: NumericSample }
}

/** Parts of {@link BareDriftDetector} beside `ks`, `chiSquare` and `psi`, which it always has. */
export interface DriftParts {
  /** @default none */
  readonly methods?: readonly DriftMethodPart[] | undefined
  /** @default none: profiles with sketches are refused */
  readonly sketches?: SketchPart | undefined
}

/** {@link DriftParts} looked up by name. */
export interface UsedParts {
  method(name: DriftMethod): DriftMethodPart
  sketches(): SketchPart
}

/** @throws InvalidArgument when the options name a method, or sketches, that are not among the parts */
export function usedParts(parts: DriftParts, options: ResolvedDriftOptions): UsedParts {
  checkOptions('BareDriftDetector', parts, {
    methods: { allowed: 'an array of methods such as wassersteinMethod', test: isMethods },
    sketches: ofType('object'),
  })
  const methods = new Map([ksMethod, chiSquareMethod, psiMethod, ...(parts.methods ?? [])].map((part) => [part.name, part]))
  const named = [options.method, ...Object.values(options.perColumn).map(({ method }) => method ?? 'auto')]
  for (const name of named.flatMap((choice) => (choice === 'evidently' ? EVIDENTLY_METHODS : choice === 'auto' ? [] : [choice]))) {
    if (!methods.has(name)) throw lacking(`the method ${show(name)}`, `BareDriftDetector has ${[...methods.keys()].join(', ')}`)
  }
  if (options.reference === 'sketch' && parts.sketches === undefined)
    throw lacking("`reference: 'sketch'`", 'BareDriftDetector has no sketches')
  return {
    method: (name) => methods.get(name) as DriftMethodPart,
    sketches() {
      if (parts.sketches !== undefined) return parts.sketches
      throw new MillwrightError('Unsupported', 'this profile holds sketches, and the detector has no part that reads them', { hint: HINT })
    },
  }
}

function isMethods(value: unknown): boolean {
  const names: readonly string[] = driftMethods()
  const isPart = (part: DriftMethodPart | undefined): boolean =>
    part !== undefined && names.includes(part.name) && (fitsKind(part.name, 'categorical') ? 'compareCounts' in part : 'compare' in part)
  return Array.isArray(value) && value.every(isPart)
}

const HINT = 'pass the part to BareDriftDetector, or use DriftDetector, which has all'

function lacking(what: string, has: string): MillwrightError {
  return invalidArgument(`${what} is not among the parts of the detector: ${has}`, { hint: HINT })
}
