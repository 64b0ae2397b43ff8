/** One figure against bounds. */
import { boundsOf } from './cells'
import type { Kwargs } from './expectation'
import type { FigureVerdict } from './result'

/** A figure against bounds; there is none (`null`) when nothing was there to compute it from, which is a failure. */
export function judgeFigure(kwargs: Kwargs, observed: number | null): FigureVerdict {
  return { kind: 'figure', success: observed !== null && boundsOf(kwargs)(observed), observed }
}
