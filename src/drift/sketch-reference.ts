/** Numeric columns kept as sketches: what is stored, and what a detector makes of it. */
import { fromBase64, toBase64 } from '../core/bytes'
import type { ColumnType } from '../ports/table'
import { type Moments, momentsStd } from '../stats/running-moments'
import { KllSketch } from '../stats/sketches/kll'
import { countBetween, indexCuts, pictureEdges } from './bins'
import type { NumericSample, SketchPart } from './drift-parts'
import type { NumericReference, ReferenceBase, SketchReference } from './reference-profile'

/** KLL sketches as a part of a detector. */
export const driftSketches: SketchPart = {
  store(facts, sorted, k) {
    return sketchReference(facts, KllSketch.fromSorted(sorted, { k, precision: precisionFor(facts.columnType, facts.moments) }))
  },
  expand: expandSketch,
}

/** Most values that a sketch is spread out to. */
const MOST_VALUES = 10_000

/** The stored form. */
export function sketchReference(facts: ReferenceBase & Pick<SketchReference, 'infinite' | 'moments'>, sketch: KllSketch): SketchReference {
  return { ...facts, kind: 'numeric', sketch: toBase64(sketch.toBytes()), precision: sketch.precision }
}

/** 32 bits are enough unless numbers are huge, or differ from each other by little of their size, as times do. */
function precisionFor(type: ColumnType, moments: Moments): 'single' | 'double' {
  const size = Math.max(Math.abs(moments.min), Math.abs(moments.max))
  const isSmall = size < 1e37 && (size === 0 || size > 1e-30)
  return type !== 'timestamp' && isSmall && momentsStd(moments, 0) > 1e-4 * size ? 'single' : 'double'
}

/** The sketch of a stored column. @throws Corrupt */
export function sketchOf({ sketch, precision }: SketchReference): KllSketch {
  return KllSketch.fromBytes(fromBase64(sketch), precision)
}

/**
 * Spreads a sketch out to evenly spaced values, and counts them in bins. The error of a sketch is like that of drawing: its standard deviation is the stated error, which 99 of 100
 * keep, over 2.576; together with the variance of drawing the reference itself, at most 1/4n, it is that of a sample of fewer values.
 */
function expandSketch(stored: SketchReference, bins: number): { readonly reference: NumericReference; readonly sample: NumericSample } {
  const sketch = sketchOf(stored)
  const { n } = stored
  const spread = sketch.rankError / 2.576
  const size = Math.max(1, Math.round(0.25 / (0.25 / n + spread * spread)))
  const length = Math.min(size, MOST_VALUES)
  const values =
    sketch.rankError === 0 ? sketch.weightedValues().values : sketch.quantiles(Array.from({ length }, (_, i) => (i + 0.5) / length))
  const cuts = indexCuts(values, bins)
  const edges = pictureEdges(values)
  const scaled = (counts: readonly number[]): number[] => counts.map((count) => (count * n) / values.length)
  const reference: NumericReference = {
    ...stored,
    sample: [],
    cuts,
    counts: scaled(countBetween(values, cuts)),
    edges,
    edgeCounts: scaled(countBetween(values, edges.slice(1, -1))),
  }
  return { reference, sample: { values, size, isSingle: stored.precision === 'single' } }
}
