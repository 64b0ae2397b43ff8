/** Drift of vectors: embeddings of texts or images, or the rows of a table of numbers. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, oneOf, requireOptions } from '../core/options'
import { mmdTest } from '../stats/mmd'
import { principalComponents, reconstructionErrors } from '../stats/principal-components'
import { momentsOf, momentsStd } from '../stats/running-moments'
import { assertRows } from '../stats/sample'
import { wassersteinDistance } from '../stats/wasserstein'

/**
 * How vectors are compared: `ratio`, the share of components whose Wasserstein distance is above 0.1 standard deviations; `cosine`, `euclidean`, `cityblock` and `chebyshev`, the distance of the mean vectors; `mmd`,
 * a permutation test of the whole distribution; `pca`, how much worse the current vectors are rebuilt from the reference's principal components, in standard deviations of its errors.
 */
export type EmbeddingMethod = 'ratio' | 'cosine' | 'euclidean' | 'cityblock' | 'chebyshev' | 'mmd' | 'pca'

/** Options of {@link embeddingDrift}. */
export interface EmbeddingDriftOptions {
  /** @default 'ratio' */
  readonly method?: EmbeddingMethod | undefined
  /** Drift from this score on; of `mmd` when the p-value is below it. @default 0.2, for `mmd` 0.05, for `pca` 3 */
  readonly threshold?: number | undefined
  /** Of the permutations of `mmd`. @default 0 */
  readonly seed?: number | undefined
}

/** The result of {@link embeddingDrift}. */
export interface EmbeddingDrift {
  readonly method: EmbeddingMethod
  readonly driftDetected: boolean
  readonly score: number
  /** Of `mmd`. */
  readonly pValue: number | null
  readonly threshold: number
}

/** A component differs from this distance on, in standard deviations of the reference (as in Evidently). */
const COMPONENT_LIMIT = 0.1

/**
 * Compares two sets of vectors.
 *
 * @param reference at least two vectors of one length @param current at least two vectors of the same length
 * @throws InvalidArgument otherwise, and for unknown options
 */
export function embeddingDrift(
  reference: readonly ArrayLike<number>[],
  current: readonly ArrayLike<number>[],
  options: EmbeddingDriftOptions = {},
): EmbeddingDrift {
  requireOptions('embeddingDrift', { reference, current }, ['reference', 'current'])
  checkOptions('embeddingDrift', options, {
    method: oneOf('ratio', 'cosine', 'euclidean', 'cityblock', 'chebyshev', 'mmd', 'pca'),
    threshold: finiteNumber(0),
    seed: finiteNumber(),
  })
  assertRows('embeddingDrift', reference)
  assertRows('embeddingDrift', current)
  const width = reference[0]?.length ?? 0
  for (const vector of [...reference, ...current]) {
    if (vector?.length !== width || width === 0)
      throw invalidArgument(`embeddingDrift: all vectors must have ${width} values, got ${show(vector)}`)
  }
  if (reference.length < 2 || current.length < 2) throw invalidArgument('embeddingDrift needs at least two vectors on each side')
  const { method = 'ratio', seed = 0 } = options
  const threshold = options.threshold ?? (method === 'mmd' ? 0.05 : method === 'pca' ? 3 : 0.2)
  if (method === 'mmd') {
    const { statistic, pValue } = mmdTest(reference, current, { seed })
    return { method, driftDetected: pValue < threshold, score: Math.sqrt(Math.max(0, statistic)), pValue, threshold }
  }
  const score =
    method === 'ratio'
      ? differingShare(reference, current)
      : method === 'pca'
        ? rebuiltWorse(reference, current)
        : meanDistance(reference, current, method)
  return { method, driftDetected: score >= threshold, score, pValue: null, threshold }
}

function component(vectors: readonly ArrayLike<number>[], i: number): Float64Array {
  return Float64Array.from(vectors, (vector) => vector[i] as number)
}

function differingShare(reference: readonly ArrayLike<number>[], current: readonly ArrayLike<number>[]): number {
  const width = (reference[0] as ArrayLike<number>).length
  let differing = 0
  for (let i = 0; i < width; i++) {
    const before = component(reference, i)
    const scale = momentsStd(momentsOf(before), 0) || Number.MIN_VALUE
    if (wassersteinDistance(before, component(current, i)) / scale > COMPONENT_LIMIT) differing++
  }
  return differing / width
}

function meanDistance(
  reference: readonly ArrayLike<number>[],
  current: readonly ArrayLike<number>[],
  method: Exclude<EmbeddingMethod, 'ratio' | 'mmd' | 'pca'>,
): number {
  const mean = (vectors: readonly ArrayLike<number>[]): number[] =>
    Array.from({ length: (vectors[0] as ArrayLike<number>).length }, (_, i) => momentsOf(component(vectors, i)).mean)
  const [a, b] = [mean(reference), mean(current)]
  const gaps = a.map((value, i) => Math.abs(value - (b[i] as number)))
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const dot = (x: readonly number[], y: readonly number[]): number => sum(x.map((value, i) => value * (y[i] as number)))
  switch (method) {
    case 'euclidean':
      return Math.sqrt(dot(gaps, gaps))
    case 'cityblock':
      return sum(gaps)
    case 'chebyshev':
      return Math.max(...gaps)
    case 'cosine': {
      const size = Math.sqrt(dot(a, a) * dot(b, b))
      return size === 0 ? 0 : 1 - dot(a, b) / size
    }
  }
}

/** By how many of its standard deviations the mean error exceeds that of the reference. */
function rebuiltWorse(reference: readonly ArrayLike<number>[], current: readonly ArrayLike<number>[]): number {
  const found = principalComponents(reference)
  const [before, now] = [reference, current].map((vectors) => momentsOf(reconstructionErrors(vectors, found)))
  if (before === undefined || now === undefined) return 0
  const spread = momentsStd(before, 0) / Math.sqrt(now.count)
  return Math.max(0, (now.mean - before.mean) / (spread || 1e-12))
}
