/** Options of the drift detector, their defaults and their rules. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, ofType, oneOf, wholeNumber } from '../core/options'
import { type Correction, corrections } from '../stats/multiple-testing'
import { type ColumnKind, type DriftMethod, driftMethods, fitsKind, hasDirection, isTest } from './methods'

/** A method, or a rule that chooses one for each column. */
export type MethodChoice = 'auto' | 'evidently' | DriftMethod

/** Options of one column. */
export interface ColumnDriftOptions {
  /** @default the detector's method */
  readonly method?: DriftMethod | undefined
  /** Compared with the p-value of tests, with the score of distances. @default the detector's threshold for the method */
  readonly threshold?: number | undefined
  /** Of `ks` and `mannWhitney`: only a move of the current values in this direction counts. @default 'both' */
  readonly direction?: 'up' | 'down' | 'both' | undefined
}

/** Options of {@link DriftDetector}. */
export interface DriftOptions {
  /** Drift when the (adjusted) p-value of a test is below it; in (0, 1). @default 0.05 */
  readonly threshold?: number | undefined
  /**
   * `auto`: `ks` for numbers, `chiSquare` for categories. `evidently`: Evidently's choice for each column by type, size of the reference and number of distinct
   * values, with its thresholds and bins. A method that does not fit a kind leaves that kind on `auto`. @default 'auto'
   */
  readonly method?: MethodChoice | undefined
  /** Drift under the method `psi` when the index is at least this. @default 0.25 */
  readonly psiThreshold?: number | undefined
  /** Warning, with every method, when the index minus its sampling noise is at least this. @default 0.1 */
  readonly psiWarning?: number | undefined
  /** Drift under the other distances; `wasserstein` and `energy` are in standard deviations of the reference, logarithms are natural. @default 0.1 */
  readonly distanceThreshold?: number | undefined
  /** Settings by column name. */
  readonly perColumn?: Readonly<Record<string, ColumnDriftOptions>> | undefined
  /** The table counts as drifted when at least `driftShare` of its columns did, or when `any` did (with a `correction` against chance). @default 'share' */
  readonly verdict?: 'share' | 'any' | undefined
  /** The share of the compared columns that makes the table drift; in (0, 1]. @default 0.5 */
  readonly driftShare?: number | undefined
  /** Adjustment of the p-values for the number of columns tested. @default 'none' */
  readonly correction?: Correction | undefined
  /** A low p-value is drift only if the index is at least this, because in large samples every difference is significant. @default 0 */
  readonly minPsi?: number | undefined
  /** With fewer values than this on a side a column gets the state `low-sample` and does not count as drifted. @default 5 */
  readonly minRows?: number | undefined
  /** Quantile bins of numbers for the index and the other binned distances; up to 20 distinct values get a bin each. @default 10 */
  readonly bins?: number | undefined
  /**
   * Where the bins of the binned methods of numbers come from: `reference`, bins of equal counts in the reference, the same for every table; `pooled`, bins of
   * equal width over both sides, as Evidently has them (a bin for each value where the reference has at most 20). `psi` of a report is always by the reference. @default 'reference'
   */
  readonly binning?: 'reference' | 'pooled' | undefined
  /**
   * What is kept of numeric reference columns: `sample`, their values up to `sampleSize`; `sketch`, a KLL sketch of about 1 kB (up to 3 kB of a stream or of merged profiles) with
   * the error of `sketchSize`. Distances are then approximate, and p-values take the sketch for as many values as its error stands for. @default 'sample'
   */
  readonly reference?: 'sample' | 'sketch' | undefined
  /** k of the sketches; the rank error is about 2.3 / k^0.97. @default 200, which gives 1.33 % */
  readonly sketchSize?: number | undefined
  /** Values of a numeric reference column that are kept: all up to this number, evenly spaced order statistics beyond. @default 10000 */
  readonly sampleSize?: number | undefined
  /** Categories of a reference column that are kept by name, the most frequent ones; the others are counted together. @default 1000 */
  readonly maxCategories?: number | undefined
}

/** {@link DriftOptions} with every default filled in. Plain JSON. */
export interface ResolvedDriftOptions {
  readonly threshold: number
  readonly method: MethodChoice
  readonly psiThreshold: number
  readonly psiWarning: number
  readonly distanceThreshold: number
  readonly perColumn: Readonly<Record<string, ColumnDriftOptions>>
  readonly verdict: 'share' | 'any'
  readonly driftShare: number
  readonly correction: Correction
  readonly minPsi: number
  readonly minRows: number
  readonly bins: number
  readonly binning: 'reference' | 'pooled'
  readonly reference: 'sample' | 'sketch'
  readonly sketchSize: number
  readonly sampleSize: number
  readonly maxCategories: number
}

const defaults: ResolvedDriftOptions = {
  threshold: 0.05,
  method: 'auto',
  psiThreshold: 0.25,
  psiWarning: 0.1,
  distanceThreshold: 0.1,
  perColumn: {},
  verdict: 'share',
  driftShare: 0.5,
  correction: 'none',
  minPsi: 0,
  minRows: 5,
  bins: 10,
  binning: 'reference',
  reference: 'sample',
  sketchSize: 200,
  sampleSize: 10_000,
  maxCategories: 1000,
}

/** Checks options and fills in `base`, or the defaults. @throws InvalidArgument */
export function resolveDriftOptions(options: DriftOptions = {}, base: ResolvedDriftOptions = defaults): ResolvedDriftOptions {
  const score = finiteNumber(0)
  const methods = driftMethods()
  checkOptions('DriftDetector', options, {
    threshold: probability(),
    method: oneOf('auto', 'evidently', ...methods),
    psiThreshold: score,
    psiWarning: score,
    distanceThreshold: score,
    perColumn: ofType('object'),
    verdict: oneOf('share', 'any'),
    driftShare: finiteNumber(0, 1),
    correction: oneOf(...corrections),
    minPsi: score,
    minRows: wholeNumber(1),
    bins: wholeNumber(2, 1000),
    binning: oneOf('reference', 'pooled'),
    reference: oneOf('sample', 'sketch'),
    sketchSize: wholeNumber(8, 65_535),
    sampleSize: wholeNumber(100, 10_000_000),
    maxCategories: wholeNumber(2, 1_000_000),
  })
  for (const [name, column] of Object.entries(options.perColumn ?? {})) {
    checkOptions(`DriftDetector for column ${show(name)}`, column, {
      method: oneOf(...methods),
      threshold: score,
      direction: oneOf('up', 'down', 'both'),
    })
    if ((column.direction ?? 'both') !== 'both' && column.method !== undefined && !hasDirection(column.method)) {
      throw invalidArgument(
        `\`direction\` of column ${show(name)} needs a method that has one (ks, mannWhitney), got ${show(column.method)}`,
      )
    }
    if (isTest(column.method ?? 'psi') && (column.threshold ?? 0.5) >= 1) {
      throw invalidArgument(
        `\`threshold\` of column ${show(name)} is compared with a p-value and must be below 1, got ${show(column.threshold)}`,
      )
    }
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { ...base, ...given }
}

/** How one column is compared. */
export interface ColumnMethod {
  readonly method: DriftMethod
  readonly threshold: number
  readonly direction: 'up' | 'down' | 'both'
  readonly binning: 'reference' | 'pooled'
}

/** What a method is chosen by, besides the options. */
export interface ColumnFacts {
  readonly column: string
  readonly kind: ColumnKind
  /** Values of the reference. */
  readonly n: number
  /** Distinct values of both sides; counted only up to 6 for numbers. */
  readonly distinct: () => number
}

/** Up to this many values of the reference Evidently takes tests, above it distances. */
const EVIDENTLY_SMALL = 1000
/** Numbers with at most this many distinct values are compared as categories by Evidently. */
const EVIDENTLY_FEW = 5

/** The method and threshold of one column. */
export function methodOf(options: ResolvedDriftOptions, facts: ColumnFacts): ColumnMethod {
  const own = Object.hasOwn(options.perColumn, facts.column) ? options.perColumn[facts.column] : undefined
  const direction = own?.direction ?? 'both'
  const chosen = own?.method ?? options.method
  if (chosen === 'evidently') {
    const method = evidentlyMethod(facts)
    return {
      method,
      threshold: own?.threshold ?? (isTest(method) ? options.threshold : options.distanceThreshold),
      direction,
      binning: 'pooled',
    }
  }
  const method = chosen !== 'auto' && fitsKind(chosen, facts.kind) ? chosen : facts.kind === 'numeric' ? 'ks' : 'chiSquare'
  const usual = isTest(method) ? options.threshold : method === 'psi' ? options.psiThreshold : options.distanceThreshold
  return { method, threshold: own?.threshold ?? usual, direction, binning: options.binning }
}

/** The methods that `method: 'evidently'` chooses from, beside `ks`. */
export const EVIDENTLY_METHODS = ['wasserstein', 'goodnessOfFit', 'zTest', 'jensenShannon'] as const satisfies readonly DriftMethod[]

/** Evidently 0.7's choice: `evidently/legacy/calculations/stattests/registry.py`. */
function evidentlyMethod({ kind, n, distinct }: ColumnFacts): (typeof EVIDENTLY_METHODS)[number] | 'ks' {
  if (kind === 'numeric' && distinct() > EVIDENTLY_FEW) return n <= EVIDENTLY_SMALL ? 'ks' : 'wasserstein'
  if (n > EVIDENTLY_SMALL) return 'jensenShannon'
  return distinct() > 2 ? 'goodnessOfFit' : 'zTest'
}

function probability(): ReturnType<typeof finiteNumber> {
  return { allowed: 'a number between 0 and 1, both excluded', test: (value) => typeof value === 'number' && value > 0 && value < 1 }
}
