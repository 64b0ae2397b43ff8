/** Options of the drift detector, their defaults and their rules. */
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, ofType, oneOf, wholeNumber } from '../core/options'
import { type Correction, corrections } from '../stats/multiple-testing'

/**
 * How a column is compared: `ks` and `wasserstein` take numbers, `chiSquare` takes categories, `psi` and `jensenShannon` take both.
 */
export type DriftMethod = 'ks' | 'chiSquare' | 'psi' | 'wasserstein' | 'jensenShannon'

/** How the values of a column are read. */
export type ColumnKind = 'numeric' | 'categorical'

/** Options of one column. */
export interface ColumnDriftOptions {
  /** @default the detector's method */
  readonly method?: DriftMethod | undefined
  /** Compared with the p-value of `ks` and `chiSquare`, with the score of the others. @default the detector's threshold for the method */
  readonly threshold?: number | undefined
}

/** Options of {@link DriftDetector}. */
export interface DriftOptions {
  /** Drift when the (adjusted) p-value of `ks` or `chiSquare` is below it; in (0, 1). @default 0.05 */
  readonly threshold?: number | undefined
  /** `auto`: `ks` for numbers, `chiSquare` for categories. A method that does not fit a kind leaves that kind on `auto`. @default 'auto' */
  readonly method?: 'auto' | DriftMethod | undefined
  /** Drift under the method `psi` when the index is at least this. @default 0.25 */
  readonly psiThreshold?: number | undefined
  /** Warning, with every method, when the index minus its sampling noise is at least this. @default 0.1 */
  readonly psiWarning?: number | undefined
  /** Drift under `wasserstein` (in reference standard deviations) and `jensenShannon` (natural logarithm). @default 0.1 */
  readonly distanceThreshold?: number | undefined
  /** Settings by column name. */
  readonly perColumn?: Readonly<Record<string, ColumnDriftOptions>> | undefined
  /** The table counts as drifted when at least this share of the compared columns does; in (0, 1]. @default 0.5 */
  readonly driftShare?: number | undefined
  /** Adjustment of the p-values for the number of columns tested. @default 'none' */
  readonly correction?: Correction | undefined
  /** A low p-value is drift only if the index is at least this, because in large samples every difference is significant. @default 0 */
  readonly minPsi?: number | undefined
  /** With fewer values than this on a side a column gets the state `low-sample` and does not count as drifted. @default 5 */
  readonly minRows?: number | undefined
  /** Quantile bins of the index for numbers; up to 20 distinct values get a bin each. @default 10 */
  readonly bins?: number | undefined
  /** Values of a numeric reference column that are kept: all up to this number, evenly spaced order statistics beyond. @default 10000 */
  readonly sampleSize?: number | undefined
  /** Categories of a reference column that are kept by name, the most frequent ones; the others are counted together. @default 1000 */
  readonly maxCategories?: number | undefined
}

/** {@link DriftOptions} with every default filled in. Plain JSON. */
export interface ResolvedDriftOptions {
  readonly threshold: number
  readonly method: 'auto' | DriftMethod
  readonly psiThreshold: number
  readonly psiWarning: number
  readonly distanceThreshold: number
  readonly perColumn: Readonly<Record<string, ColumnDriftOptions>>
  readonly driftShare: number
  readonly correction: Correction
  readonly minPsi: number
  readonly minRows: number
  readonly bins: number
  readonly sampleSize: number
  readonly maxCategories: number
}

const methods: readonly DriftMethod[] = ['ks', 'chiSquare', 'psi', 'wasserstein', 'jensenShannon']

const defaults: ResolvedDriftOptions = {
  threshold: 0.05,
  method: 'auto',
  psiThreshold: 0.25,
  psiWarning: 0.1,
  distanceThreshold: 0.1,
  perColumn: {},
  driftShare: 0.5,
  correction: 'none',
  minPsi: 0,
  minRows: 5,
  bins: 10,
  sampleSize: 10_000,
  maxCategories: 1000,
}

/** Checks options and fills in `base`, or the defaults. @throws InvalidArgument */
export function resolveDriftOptions(options: DriftOptions = {}, base: ResolvedDriftOptions = defaults): ResolvedDriftOptions {
  const score = finiteNumber(0)
  checkOptions('DriftDetector', options, {
    threshold: probability(),
    method: oneOf('auto', ...methods),
    psiThreshold: score,
    psiWarning: score,
    distanceThreshold: score,
    perColumn: ofType('object'),
    driftShare: finiteNumber(0, 1),
    correction: oneOf(...corrections),
    minPsi: score,
    minRows: wholeNumber(1),
    bins: wholeNumber(2, 1000),
    sampleSize: wholeNumber(100, 10_000_000),
    maxCategories: wholeNumber(2, 1_000_000),
  })
  for (const [name, column] of Object.entries(options.perColumn ?? {})) {
    checkOptions(`DriftDetector for column ${show(name)}`, column, { method: oneOf(...methods), threshold: score })
    if (isTest(column.method ?? 'psi') && (column.threshold ?? 0.5) >= 1) {
      throw invalidArgument(
        `\`threshold\` of column ${show(name)} is compared with a p-value and must be below 1, got ${show(column.threshold)}`,
      )
    }
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { ...base, ...given }
}

/** Whether a method gives a p-value. */
export function isTest(method: DriftMethod): boolean {
  return method === 'ks' || method === 'chiSquare'
}

/** Whether a method can compare columns of a kind. */
export function fitsKind(method: DriftMethod, kind: ColumnKind): boolean {
  if (method === 'ks' || method === 'wasserstein') return kind === 'numeric'
  return method !== 'chiSquare' || kind === 'categorical'
}

/** The method and threshold of one column. */
export function methodOf(options: ResolvedDriftOptions, column: string, kind: ColumnKind): { method: DriftMethod; threshold: number } {
  const own = Object.hasOwn(options.perColumn, column) ? options.perColumn[column] : undefined
  const general = options.method !== 'auto' && fitsKind(options.method, kind) ? options.method : kind === 'numeric' ? 'ks' : 'chiSquare'
  const method = own?.method ?? general
  const usual = isTest(method) ? options.threshold : method === 'psi' ? options.psiThreshold : options.distanceThreshold
  return { method, threshold: own?.threshold ?? usual }
}

function probability(): ReturnType<typeof finiteNumber> {
  return { allowed: 'a number between 0 and 1, both excluded', test: (value) => typeof value === 'number' && value > 0 && value < 1 }
}
