/** The methods of comparison: which columns they take, whether they are tests, which threshold is theirs. */

/** How the values of a column are read. */
export type ColumnKind = 'numeric' | 'categorical'

/**
 * How a column is compared.
 *
 * - Tests of numbers: `ks` (Kolmogorov–Smirnov), `cramerVonMises`, `andersonDarling`, `mannWhitney`, `tTest` (Student), `welch`, `eppsSingleton`, `mmd`
 *   (maximum mean discrepancy by permutations).
 * - Tests of categories: `chiSquare` and `gTest` (homogeneity), `goodnessOfFit` (χ² against the reference's shares as if they were exact: what Evidently
 *   calls chisquare), `zTest` and `fisher` (two categories).
 * - Distances of numbers: `wasserstein` and `energy`, in standard deviations of the reference.
 * - Distances of binned numbers and of categories: `psi`, `klDivergence`, `jensenShannon`, `hellinger`, `totalVariation`, `lInfinity`.
 */
export type DriftMethod = keyof typeof methodTable

interface MethodInfo {
  readonly kinds: 'numeric' | 'categorical' | 'both'
  /** Gives a p-value, which is compared with the threshold; otherwise the score is. */
  readonly isTest: boolean
  /** Can look for one direction only. */
  readonly hasDirection?: true
}

const numericTest = { kinds: 'numeric', isTest: true } as const
const categoricalTest = { kinds: 'categorical', isTest: true } as const
const numericDistance = { kinds: 'numeric', isTest: false } as const
const distance = { kinds: 'both', isTest: false } as const

const methodTable = {
  ks: { ...numericTest, hasDirection: true },
  cramerVonMises: numericTest,
  andersonDarling: numericTest,
  mannWhitney: { ...numericTest, hasDirection: true },
  tTest: numericTest,
  welch: numericTest,
  eppsSingleton: numericTest,
  mmd: numericTest,
  wasserstein: numericDistance,
  energy: numericDistance,
  chiSquare: categoricalTest,
  gTest: categoricalTest,
  goodnessOfFit: categoricalTest,
  zTest: categoricalTest,
  fisher: categoricalTest,
  psi: distance,
  klDivergence: distance,
  jensenShannon: distance,
  hellinger: distance,
  totalVariation: distance,
  lInfinity: distance,
} as const satisfies Record<string, MethodInfo>

/** Every method. */
export function driftMethods(): readonly DriftMethod[] {
  return Object.keys(methodTable) as DriftMethod[]
}

/** Whether a method gives a p-value. */
export function isTest(method: DriftMethod): boolean {
  return methodTable[method].isTest
}

/** Whether a method can compare columns of a kind. */
export function fitsKind(method: DriftMethod, kind: ColumnKind): boolean {
  const { kinds } = methodTable[method]
  return kinds === 'both' || kinds === kind
}

/** Whether a method can look for one direction only. */
export function hasDirection(method: DriftMethod): boolean {
  return 'hasDirection' in methodTable[method]
}
