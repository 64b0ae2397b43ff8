/** Drift of all columns together: can a classifier tell rows of today from rows of the reference? Sees what no single column shows; also for text. */
import { invalidArgument, isMillwrightError, show } from '../core/errors'
import { anything, checkOptions, finiteNumber, wholeNumber } from '../core/options'
import { createRng, permutation } from '../core/random'
import { columnFrom } from '../schema/column'
import { assertTable, type Table, tableOf } from '../schema/table'
import { mannWhitneyTest } from '../stats/mann-whitney'

/** A classifier that can be trained: estimators of `millwright/learn` are. */
export interface DomainEstimator {
  fit(
    table: Table,
    options: { readonly target: string },
  ): {
    predictProba(table: Table): { readonly classes: readonly unknown[]; readonly values: Float64Array }
    featureImportance?(): readonly { readonly feature: string; readonly importance: number }[]
  }
}

/** Options of {@link domainClassifierDrift}. */
export interface DomainClassifierOptions {
  /** The classifier: `randomForestClassifier({ nEstimators: 50 })`; for text a chain that begins with `hashingVectorizer`. */
  readonly estimator: DomainEstimator
  /** Area under the ROC curve above which the data has drifted. @default 0.55 */
  readonly threshold?: number | undefined
  /** Parts of the rows: each is judged by a classifier that was trained on the others. @default 5 */
  readonly folds?: number | undefined
  /** Rows of each side, drawn by `seed`. @default 5000 */
  readonly maxRows?: number | undefined
  /** @default 0 */
  readonly seed?: number | undefined
}

/** The result of {@link domainClassifierDrift}. */
export interface DomainClassifierDrift {
  readonly driftDetected: boolean
  /** Area under the ROC curve on rows that the classifiers did not see: 0.5 where the sides cannot be told apart, 1 where always. */
  readonly auc: number
  readonly threshold: number
  /** What the classifiers went by, the largest first; empty where they do not say. */
  readonly importance: readonly { readonly feature: string; readonly importance: number }[]
  readonly rowsReference: number
  readonly rowsCurrent: number
}

/** The name of the column that says which side a row is of. */
const SIDE = '__domain__'

/**
 * Trains classifiers to tell the two tables apart, on the columns that both have. Equal tables and seeds give equal results.
 *
 * @example
 * domainClassifierDrift(train, today, { estimator: randomForestClassifier({ nEstimators: 50, seed: 1 }) }).auc
 * @throws InvalidArgument for unknown options, tables of fewer rows than folds, or no column in common
 */
export function domainClassifierDrift(reference: Table, current: Table, options: DomainClassifierOptions): DomainClassifierDrift {
  assertTable(reference, 'domainClassifierDrift')
  assertTable(current, 'domainClassifierDrift')
  checkOptions('domainClassifierDrift', options, {
    estimator: {
      ...anything(),
      allowed: 'an estimator of millwright/learn',
      test: (value) => typeof (value as DomainEstimator | null)?.fit === 'function',
    },
    threshold: finiteNumber(0.5, 1),
    folds: wholeNumber(2, 50),
    maxRows: wholeNumber(10),
    seed: finiteNumber(),
  })
  if (options?.estimator === undefined) throw invalidArgument(`domainClassifierDrift needs \`estimator\`, got ${show(options)}`)
  const { estimator, threshold = 0.55, folds = 5, maxRows = 5000, seed = 0 } = options
  const names = reference.columnNames.filter((name) => current.columnNames.includes(name))
  if (names.length === 0) throw invalidArgument('domainClassifierDrift: the tables have no column in common')
  const rng = createRng(seed)
  const rows = [reference, current].map((table) => Array.from(permutation(table.numRows, rng).subarray(0, maxRows)))
  const [a, b] = rows as [number[], number[]]
  if (Math.min(a.length, b.length) < folds)
    throw invalidArgument(`domainClassifierDrift needs at least ${folds} rows on each side, got ${a.length} and ${b.length}`)
  const scores: [number[], number[]] = [[], []]
  const importance = new Map<string, number>()
  for (let fold = 0; fold < folds; fold++) {
    const part = (isTest: boolean): Table =>
      pooled(
        names,
        { reference, current },
        { a: a.filter((_, i) => (i % folds === fold) === isTest), b: b.filter((_, i) => (i % folds === fold) === isTest) },
      )
    const fitted = estimator.fit(part(false), { target: SIDE })
    const test = part(true)
    const { classes, values } = fitted.predictProba(test)
    const column = classes.indexOf('current')
    for (let row = 0; row < test.numRows; row++) {
      const score = column < 0 ? 0 : (values[row * classes.length + column] as number)
      scores[test.column(SIDE).at(row) === 'current' ? 1 : 0].push(score)
    }
    for (const { feature, importance: own } of importanceOf(fitted)) importance.set(feature, (importance.get(feature) ?? 0) + own / folds)
  }
  const { statistic } = mannWhitneyTest(scores[1], scores[0], { method: 'asymptotic' })
  const auc = statistic / (scores[0].length * scores[1].length)
  return {
    driftDetected: auc > threshold,
    auc,
    threshold,
    importance: [...importance]
      .map(([feature, own]) => ({ feature, importance: own }))
      .sort((one, other) => other.importance - one.importance),
    rowsReference: a.length,
    rowsCurrent: b.length,
  }
}

/** What a classifier says of its features; nothing where it knows nothing. */
function importanceOf(fitted: ReturnType<DomainEstimator['fit']>): readonly { readonly feature: string; readonly importance: number }[] {
  try {
    return fitted.featureImportance?.() ?? []
  } catch (error) {
    if (isMillwrightError(error, 'Unsupported')) return []
    throw error
  }
}

/** Rows of both tables under each other, with their side. */
function pooled(
  names: readonly string[],
  { reference, current }: { readonly reference: Table; readonly current: Table },
  { a, b }: { readonly a: readonly number[]; readonly b: readonly number[] },
): Table {
  const columns = names.map((name) => {
    const [before, now] = [reference.column(name), current.column(name)]
    const cells = [...a.map((row) => before.at(row)), ...b.map((row) => now.at(row))]
    // Whether numbers are whole may differ from table to table.
    const type = before.type === now.type ? before.type : before.type === 'string' || now.type === 'string' ? 'string' : 'float64'
    return columnFrom(name, type, type === 'string' ? cells.map((cell) => (cell === null ? null : String(cell))) : cells)
  })
  const side = columnFrom(SIDE, 'string', [...a.map(() => 'reference'), ...b.map(() => 'current')])
  return tableOf([...columns, side])
}
