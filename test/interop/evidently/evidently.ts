/**
 * Drift reports under `method: 'evidently'` beside the real Evidently: its choice of a method, score and verdict for each column of tables of many kinds, and its score under every
 * method by name.
 */
import assert from 'node:assert/strict'
import { createRng } from '../../../src/core/random'
import { type ColumnDrift, DriftDetector, type DriftMethod, type DriftOptions } from '../../../src/drift'
import { columnFrom } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import { python } from './_python'

type Cells = readonly (number | string | null)[]
interface Case {
  readonly numeric: readonly string[]
  readonly categorical: readonly string[]
  readonly reference: Readonly<Record<string, Cells>>
  readonly current: Readonly<Record<string, Cells>>
}

/** Columns of the kinds that Evidently treats apart, on the two sides of its limit of 1,000 rows. */
function madeCase(seed: number, rows: readonly [number, number], shift: number): Case {
  const rng = createRng(seed)
  const makers: Readonly<Record<string, (move: number) => number | string | null>> = {
    normal: (move) => rng.normal() + move,
    skewed: (move) => Math.exp(rng.normal() + move),
    missing: (move) => (rng.next() < 0.1 ? null : rng.normal() * 50 + move * 20),
    // Halves, because NumPy bins whole numbers by another rule.
    counts: (move) => Math.floor(rng.next() * 40 + move * 10) + 0.5,
    few: (move) => Math.min(4, Math.floor(rng.next() * 4 + move)) + 0.5,
    binary: (move) => (rng.next() < 0.3 + move / 4 ? 1.5 : 0.5),
    word: (move) => `w${Math.min(5, Math.floor(rng.next() * 5 + move))}`,
    yesNo: (move) => (rng.next() < 0.4 + move / 4 ? 'yes' : 'no'),
  }
  const side = (n: number, move: number): Record<string, Cells> =>
    Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, Array.from({ length: n }, () => make(move))]))
  return {
    numeric: ['normal', 'skewed', 'missing', 'counts', 'few', 'binary'],
    categorical: ['word', 'yesNo'],
    reference: side(rows[0], 0),
    current: side(rows[1], shift),
  }
}

function tableFrom(cells: Readonly<Record<string, Cells>>): Table {
  return tableOf(
    Object.entries(cells).map(([name, column]) => columnFrom(name, typeof column[0] === 'string' ? 'string' : 'float64', column)),
  )
}

const cases = [
  madeCase(1, [800, 800], 0),
  madeCase(2, [800, 500], 0.3),
  madeCase(3, [3000, 2000], 0),
  madeCase(4, [3000, 2000], 0.3),
  madeCase(5, [400, 400], 1),
  madeCase(6, [5000, 40], 0.1),
]

/** Evidently's names of methods, and ours; `scale` turns our score into its. */
const names: Readonly<Record<string, { readonly method: DriftMethod; readonly options?: DriftOptions['perColumn'] }>> = {
  ks: { method: 'ks' },
  cramer_von_mises: { method: 'cramerVonMises' },
  anderson: { method: 'andersonDarling' },
  es: { method: 'eppsSingleton' },
  t_test: { method: 'tTest' },
  mannw: { method: 'mannWhitney' },
  wasserstein: { method: 'wasserstein' },
  ed: { method: 'energy' },
  psi: { method: 'psi' },
  kl_div: { method: 'klDivergence' },
  jensenshannon: { method: 'jensenShannon' },
  hellinger: { method: 'hellinger' },
  chisquare: { method: 'goodnessOfFit' },
  z: { method: 'zTest' },
  fisher_exact: { method: 'fisher' },
}
/** What Evidently's preset calls its methods. */
const presetNames: Readonly<Record<string, DriftMethod>> = {
  'K-S p_value': 'ks',
  'Wasserstein distance (normed)': 'wasserstein',
  'chi-square p_value': 'goodnessOfFit',
  'Z-test p_value': 'zTest',
  'Jensen-Shannon distance': 'jensenShannon',
}

interface Found {
  readonly preset: Readonly<Record<string, { readonly method: string; readonly threshold: number; readonly score: number }>>
  readonly methods: Readonly<Record<string, Readonly<Record<string, number | string>>>>
  readonly share: number
}

const found = python<readonly Found[]>('compare.py', cases)
const counted = { preset: 0, methods: 0, refused: 0 }
const close = (ours: number, theirs: number, label: string): void =>
  assert.ok(Math.abs(ours - theirs) <= 1e-7 * Math.abs(theirs) + 2e-7, `${label}: ${ours}, Evidently ${theirs}`)
for (const [i, { numeric, categorical, ...sides }] of cases.entries()) {
  const { preset, methods, share } = found[i] as Found
  const [reference, current] = [tableFrom(sides.reference), tableFrom(sides.current)]
  const compare = (options: DriftOptions): readonly ColumnDrift[] =>
    new DriftDetector({ minRows: 1, ...options }).fit(reference, { numeric, categorical }).detect(current).columns
  const report = new DriftDetector({ method: 'evidently', minRows: 1 }).fit(reference, { numeric, categorical }).detect(current)
  for (const column of report.columns) {
    const theirs = preset[column.column]
    assert.ok(theirs, `${column.column} in Evidently's preset`)
    assert.equal(column.method, presetNames[theirs.method], `case ${i}, ${column.column}: the method ${theirs.method}`)
    const value = column.pValue ?? (column.score as number)
    close(value, theirs.score, `case ${i}, ${column.column}: ${theirs.method}`)
    const drifted = column.pValue === null ? theirs.score >= theirs.threshold : theirs.score < theirs.threshold
    assert.equal(column.driftDetected, drifted, `case ${i}, ${column.column}: the verdict of ${theirs.method}`)
    counted.preset++
  }
  assert.equal(report.driftShare, share, `case ${i}: the share of drifted columns`)
  for (const [column, byMethod] of Object.entries(methods)) {
    for (const [name, theirs] of Object.entries(byMethod)) {
      const { method } = names[name] as { readonly method: DriftMethod }
      // On a few distinct values the covariance of Epps and Singleton is singular, and its rank a matter of rounding.
      const isSingular = name === 'es' && ['few', 'binary'].includes(column)
      if (typeof theirs === 'string' || theirs === null || isSingular) {
        counted.refused++
        continue
      }
      const own = compare({
        perColumn: { [column]: { method, ...(name === 'mannw' ? { direction: 'up' as const } : {}) } },
        binning: 'pooled',
      }).find((each) => each.column === column) as ColumnDrift
      if (own.method !== method || own.notes.some((note) => note.includes('instead'))) {
        counted.refused++
        continue
      }
      // Evidently's energy distance has the units of the square root of the values; ours has none.
      const std = own.summary === undefined ? 1 : own.summary.reference.std * Math.sqrt(1 - 1 / own.nReference)
      const value = own.pValue ?? (own.score as number) * (name === 'ed' ? Math.sqrt(std) : 1)
      close(value, theirs, `case ${i}, ${column}: ${name}`)
      counted.methods++
    }
  }
}
console.info(
  `evidently: ${counted.preset} columns with its method, score and verdict; ${counted.methods} scores of its methods by name, ${counted.refused} that one of the two refuses`,
)
