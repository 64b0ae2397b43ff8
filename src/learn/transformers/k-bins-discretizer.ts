/** Cuts numeric columns into bins. */
import { invalidArgument, show } from '../../core/errors'
import { arrayOf, checkOptions, nonEmptyString, oneOf, wholeNumber } from '../../core/options'
import { type Column, makeColumn, toFloat64 } from '../../schema/column'
import { assertTable } from '../../schema/table'
import { sortFloat64 } from '../../stats/sort'
import { corruptModel } from '../model-format'
import { paramsOf } from '../params'
import type { StateOf } from '../stored-parts'
import { columnsFor, type FittedTransformer, isNumeric, type Transformer } from '../transformer'
import { columnwise, floatColumn } from './columnwise'
import { kMeansLine } from './k-means-line'
import { learnedNumber, presentNumbers } from './numbers'
import { percentileOf, type QuantileMethod } from './percentile'

/** Options of {@link kBinsDiscretizer}. */
export interface KBinsDiscretizerOptions {
  /** How many bins. @default 5 */
  readonly nBins?: number | undefined
  /** One boolean column `<name>_<bin>.0` per bin, or the number of the bin in the place of the column. @default 'onehot' */
  readonly encode?: 'onehot' | 'ordinal' | undefined
  /** Bins of equal count, of equal width, or around the centers of k-means. @default 'quantile' */
  readonly strategy?: 'quantile' | 'uniform' | 'kmeans' | undefined
  /** How `quantile` finds its edges; NumPy's names in camel case. @default 'averagedInvertedCdf' */
  readonly quantileMethod?: 'averagedInvertedCdf' | 'linear' | undefined
  /** The columns to cut. @default all numeric ones (not booleans, not timestamps) but the target */
  readonly columns?: readonly string[] | undefined
}

type State = StateOf<'kBinsDiscretizer'>
type Bins = State['columns'][number]

/** More bins than this are taken for a mistake. */
const MAX_BINS = 10_000

/**
 * A transformer that tells for each number the bin it lies in, as scikit-learn's `KBinsDiscretizer` (all rows are looked at, where that
 * takes a sample of 200,000). A number on an edge belongs to the upper bin; numbers beyond the outer edges belong to the outer bins. Bins
 * narrower than 1e-8 are left out, so that there may be fewer than `nBins`; a constant column has one. `kmeans` on no more distinct numbers
 * than `nBins` gives each a bin of its own (there scikit-learn's result hangs on rounding). Missing cells, which scikit-learn
 * refuses, stay missing with `ordinal` and give all zeros with `onehot`.
 *
 * @throws InvalidArgument on unknown options; on fit, for infinite numbers
 */
export function kBinsDiscretizer(options: KBinsDiscretizerOptions = {}): Transformer {
  checkOptions('kBinsDiscretizer', options, {
    nBins: wholeNumber(2, MAX_BINS),
    encode: oneOf('onehot', 'ordinal'),
    strategy: oneOf('quantile', 'uniform', 'kmeans'),
    quantileMethod: oneOf('averagedInvertedCdf', 'linear'),
    columns: arrayOf(nonEmptyString()),
  })
  const { nBins = 5, encode = 'onehot', strategy = 'quantile', quantileMethod = 'averagedInvertedCdf', columns } = options
  if (options.quantileMethod !== undefined && strategy !== 'quantile') {
    throw invalidArgument(`\`quantileMethod\` of kBinsDiscretizer goes with strategy 'quantile', not ${show(strategy)}`)
  }
  return {
    kind: 'kBinsDiscretizer',
    options: paramsOf({ nBins, encode, strategy, ...(strategy === 'quantile' ? { quantileMethod } : {}), columns }),
    withOptions: (changes) => kBinsDiscretizer({ ...options, ...changes }),
    fit(table, fitOptions = {}) {
      assertTable(table, 'fit of kBinsDiscretizer')
      const parts = columnsFor(table, columns, fitOptions, isNumeric).map((column): Bins => {
        const { name } = column
        const found = innerEdges(presentNumbers('kBinsDiscretizer', column), { nBins, strategy, quantileMethod })
        const edges = found.map((edge) => learnedNumber('kBinsDiscretizer', name, edge))
        return {
          name,
          edges,
          outputs: encode === 'ordinal' ? [name] : Array.from({ length: edges.length + 1 }, (_, i) => `${name}_${i}.0`),
        }
      })
      return fittedBins({ kind: 'kBinsDiscretizer', encode, columns: parts })
    },
  }
}

/** The fitted discretizer of a state. @throws Corrupt when names and edges do not go together */
export function restoreKBinsDiscretizer(state: State): FittedTransformer {
  const { encode, columns } = state
  for (const { name, edges, outputs } of columns) {
    const count = encode === 'ordinal' ? 1 : edges.length + 1
    if (outputs.length !== count) throw corruptModel(`${outputs.length} output names for ${count} bins of ${show(name)}`)
    if (edges.some((edge, i) => i > 0 && edge < (edges[i - 1] as number))) throw corruptModel(`the bin edges of ${show(name)} do not rise`)
  }
  return fittedBins(state)
}

function fittedBins(state: State): FittedTransformer {
  return columnwise<Bins>({
    kind: 'kBinsDiscretizer',
    parts: state.columns,
    needs: 'numbers',
    outputs: ({ outputs }) => outputs,
    apply: (column, bins) =>
      state.encode === 'ordinal' ? [floatColumn(bins.outputs[0] as string, binsOf(column, bins))] : oneHot(column, bins),
    state: () => state,
  })
}

/** The bin of each cell, `NaN` where missing. */
function binsOf(column: Column, { edges }: Bins): Float64Array {
  return toFloat64(column).map((value) => {
    if (value !== value) return value
    let [low, high] = [0, edges.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((edges[middle] as number) <= value) low = middle + 1
      else high = middle
    }
    return low
  })
}

function oneHot(column: Column, bins: Bins): Column[] {
  const outputs = bins.outputs.map(() => new Uint8Array(column.length))
  binsOf(column, bins).forEach((bin, row) => {
    if (bin === bin) (outputs[bin] as Uint8Array)[row] = 1
  })
  return outputs.map((values, i) => makeColumn(bins.outputs[i] as string, { type: 'boolean', values }))
}

/** The edges between bins, without the outermost two, which bound nothing. */
function innerEdges(
  values: Float64Array,
  { nBins, strategy, quantileMethod }: { readonly nBins: number; readonly strategy: string; readonly quantileMethod: QuantileMethod },
): number[] {
  const sorted = sortFloat64(values.slice())
  const [low, high] = [sorted[0] ?? 0, sorted[sorted.length - 1] ?? 0]
  if (low === high) return []
  const step = (high - low) / nBins
  const even = Array.from({ length: nBins + 1 }, (_, i) => (i === nBins ? high : i * step + low))
  if (strategy === 'uniform') return even.slice(1, -1)
  const edges = strategy === 'quantile' ? quantileEdges(sorted, nBins, quantileMethod) : kMeansEdges(sorted, values, even)
  return edges.filter((edge, i) => i === 0 || edge - (edges[i - 1] as number) > 1e-8).slice(1, -1)
}

function quantileEdges(sorted: Float64Array, nBins: number, method: QuantileMethod): number[] {
  return Array.from({ length: nBins + 1 }, (_, i) => percentileOf(sorted, (i === nBins ? 100 : i * (100 / nBins)) / 100, method))
}

function kMeansEdges(sorted: Float64Array, values: Float64Array, even: readonly number[]): number[] {
  const between = (numbers: readonly number[]) => numbers.slice(1).map((number, i) => (number + (numbers[i] as number)) * 0.5)
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1])
  const centers = distinct.length < even.length ? Array.from(distinct) : kMeansLine(values, between(even))
  return [even[0] as number, ...between(centers), even[even.length - 1] as number]
}
