/** Training data of boosted trees: every cell of the table as the number of a histogram cell. */
import { createRng } from '../../core/random'
import { type BinEdges, binEdges, MISSING_BIN, toBins } from '../forest/bins'
import type { FeatureMatrix } from '../learner'
import { type HistogramKernel, histogramKernel } from './histogram-kernel'

/** Bins are cut on at most this many rows, drawn at random, as LightGBM and scikit-learn do. */
const CUT_ROWS = 200_000

/** Every feature has a run of histogram cells, one per bin, and behind them one for missing values. */
export interface HistogramCells {
  readonly numRows: number
  readonly numFeatures: number
  readonly edges: readonly BinEdges[]
  /** The arrays for counting histograms. */
  readonly kernel: HistogramKernel
  /** By feature: the bin of each row, `bins` where the value is missing. */
  readonly columns: readonly Uint8Array[]
  /** Where each feature's cells begin, and the number of all cells. */
  readonly first: Int32Array
  /** Bins of each feature, not counting missing: the missing value's cell is `first + bins`. */
  readonly bins: Int32Array
  /** 1 where a feature has missing values. */
  readonly hasMissing: Uint8Array
  /** 1 where a bin is a category. */
  readonly categorical: Uint8Array
}

/** Cuts the features and numbers all cells. */
export function histogramCells(features: FeatureMatrix, maxBins: number, seed: number): HistogramCells {
  const { numRows, columns } = features
  const numFeatures = columns.length
  const edges = edgesOf(features, maxBins, seed)
  const binOf = toBins(features, edges)
  const first = new Int32Array(numFeatures + 1)
  const bins = Int32Array.from(edges, ({ length }) => length + 1)
  for (let f = 0; f < numFeatures; f++) first[f + 1] = (first[f] as number) + (bins[f] as number) + 1
  const kernel = histogramKernel({ numRows, numFeatures, numCells: first[numFeatures] as number })
  const { cells } = kernel
  const hasMissing = new Uint8Array(numFeatures)
  const binned = columns.map((_, f) => {
    const own = new Uint8Array(numRows)
    const start = first[f] as number
    const missing = bins[f] as number
    for (let row = 0, at = f; row < numRows; row++, at += numFeatures) {
      const bin = binOf[at] as number
      own[row] = bin === MISSING_BIN ? missing : bin
      cells[at] = start + (bin === MISSING_BIN ? missing : bin)
      if (bin === MISSING_BIN) hasMissing[f] = 1
    }
    return own
  })
  const categorical = Uint8Array.from(columns, (_, f) => (features.categorical?.[f] === true ? 1 : 0))
  return { numRows, numFeatures, edges, kernel, columns: binned, first, bins, hasMissing, categorical }
}

/** The bins of other rows, feature by feature, by the same cuts. */
export function otherCells({ edges, bins, numFeatures }: HistogramCells, features: FeatureMatrix): Uint8Array[] {
  const binOf = toBins(features, edges)
  return features.columns.map((_, f) =>
    Uint8Array.from({ length: features.numRows }, (_, row) => {
      const bin = binOf[row * numFeatures + f] as number
      return bin === MISSING_BIN ? (bins[f] as number) : bin
    }),
  )
}

/** Edges of all features; those of categories lie between their codes 0, 1, 2 …. */
function edgesOf(features: FeatureMatrix, maxBins: number, seed: number): BinEdges[] {
  const { numRows, columns, categorical } = features
  const numeric = columns.filter((_, f) => categorical?.[f] !== true)
  const cut = binEdges(numRows > CUT_ROWS ? drawnRows({ ...features, columns: numeric }, seed) : { ...features, columns: numeric }, maxBins)
  let next = 0
  return columns.map((column, f) => {
    if (categorical?.[f] !== true) return cut[next++] as BinEdges
    const most = column.reduce((max, code) => (code > max ? code : max), 0)
    return Float64Array.from({ length: most }, (_, code) => code + 0.5)
  })
}

function drawnRows(features: FeatureMatrix, seed: number): FeatureMatrix {
  const rng = createRng(seed)
  const rows = Int32Array.from({ length: CUT_ROWS }, () => rng.int(features.numRows))
  const columns = features.columns.map((column) => Float64Array.from(rows, (row) => column[row] as number))
  return { ...features, numRows: CUT_ROWS, columns }
}
