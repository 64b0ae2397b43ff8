/** Which rows a cross-validation learns from and which it judges on. */
import { invalidArgument, show } from '../core/errors'
import { createRng } from '../core/random'
import { toFloat64 } from '../schema/column'
import { blockFolds, type Fold, foldsOfTests, orderOf, randomFolds, strataOf, stratifiedFolds, timeFolds } from '../schema/partition'
import { columnNotFound, type Table } from '../schema/table'

/** How rows are divided; part of the options of everything that cross-validates. */
export interface FoldOptions<Name extends string = string> {
  /** Number of folds, or the folds themselves as row numbers (such as those of `folds` of `millwright/dataset`). @default 5 */
  readonly folds?: number | readonly Fold[] | undefined
  /** How often all rows are divided anew; every round gives `folds` more scores. Not with `groups`, `timeOrder` and `shuffle: false`. @default 1 */
  readonly repeats?: number | undefined
  /** Keep the proportions of the classes in every fold. @default true for classifiers without `groups` and `timeOrder` */
  readonly stratify?: boolean | undefined
  /** Shuffle rows before dividing; without, folds are consecutive blocks (only with `stratify: false`). @default true */
  readonly shuffle?: boolean | undefined
  /** A column of group labels: rows with equal values go to the same fold. It is not used as a feature. */
  readonly groups?: Name | undefined
  /** A column that orders rows in time: each fit uses earlier rows and is scored on later ones. The column stays a feature. */
  readonly timeOrder?: Name | undefined
  /** With `timeOrder`: rows left out between those learned from and those judged on. @default 0 */
  readonly gap?: number | undefined
  /** With `timeOrder`: learn from the latest rows only, at most so many. @default all earlier ones */
  readonly maxTrainRows?: number | undefined
  /** @default 0 */
  readonly seed?: number | undefined
}

/** Checks which of the options go together. @throws InvalidArgument */
export function checkFoldOptions(operation: string, options: FoldOptions): void {
  const { stratify, groups, timeOrder, shuffle, folds, repeats = 1 } = options
  if ([stratify === true, groups !== undefined, timeOrder !== undefined].filter(Boolean).length > 1) {
    throw invalidArgument(`${operation} takes one of \`stratify\`, \`groups\` and \`timeOrder\``)
  }
  if (shuffle === false && stratify !== false) throw invalidArgument(`\`shuffle: false\` of ${operation} needs \`stratify: false\``)
  if (repeats > 1 && (groups !== undefined || timeOrder !== undefined || shuffle === false || Array.isArray(folds))) {
    throw invalidArgument(`\`repeats\` of ${operation} needs folds that are drawn at random: the same folds would be scored again`)
  }
  for (const name of ['gap', 'maxTrainRows'] as const) {
    if (options[name] !== undefined && timeOrder === undefined) throw invalidArgument(`\`${name}\` of ${operation} needs \`timeOrder\``)
  }
  if (Array.isArray(folds) && [stratify, shuffle, groups, timeOrder].some((option) => option !== undefined)) {
    throw invalidArgument(`${operation} takes \`folds\` as row numbers without \`stratify\`, \`shuffle\`, \`groups\` and \`timeOrder\``)
  }
}

/** The folds of a table. @throws NotFound for an unknown column; InvalidArgument for fewer rows or groups than folds */
export function foldsFor(
  operation: string,
  table: Table,
  task: string,
  { target, ...options }: FoldOptions & { readonly target: string },
): readonly Fold[] {
  for (const name of [options.groups, options.timeOrder]) {
    if (name !== undefined && !table.columnNames.includes(name)) throw columnNotFound(name, table.columnNames)
    if (name === target) throw invalidArgument(`${operation} cannot divide by the target ${show(target)} itself`)
  }
  const { folds: k = 5, groups, timeOrder, shuffle = true, repeats = 1 } = options
  const n = table.numRows
  if (typeof k !== 'number') return checkedFolds(operation, k, n)
  if (timeOrder !== undefined) return timeFoldsOf(operation, orderOf(toFloat64(table.column(timeOrder))), k, options)
  if (groups !== undefined) return groupFolds(strataOf(table.column(groups)), k, groups)
  const rng = createRng(options.seed ?? 0)
  const strata = (options.stratify ?? task === 'classification') ? strataOf(table.column(target)) : undefined
  return Array.from({ length: repeats }, () => {
    if (strata !== undefined) return foldsOfTests(n, stratifiedFolds(strata, k, rng))
    return foldsOfTests(n, shuffle ? randomFolds(n, k, rng) : blockFolds(n, k))
  }).flat()
}

function checkedFolds(operation: string, folds: readonly Fold[], n: number): readonly Fold[] {
  if (folds.length === 0) throw invalidArgument(`\`folds\` of ${operation} needs at least one fold, got none`)
  folds.forEach((fold, i) => {
    for (const part of ['train', 'test'] as const) {
      const rows = fold?.[part]
      if (rows === undefined || typeof rows.length !== 'number' || rows.length === 0) {
        throw invalidArgument(`fold ${i} of ${operation} needs \`${part}\`, a list of row numbers, got ${show(rows)}`)
      }
      const wrong = Array.from(rows).find((row) => !Number.isInteger(row) || row < 0 || row >= n)
      if (wrong !== undefined) throw invalidArgument(`fold ${i} of ${operation} names row ${show(wrong)}, but the table has ${n} rows`)
    }
  })
  return folds.map(({ train, test }) => ({ train: Int32Array.from(train), test: Int32Array.from(test) }))
}

function timeFoldsOf(operation: string, order: Int32Array, k: number, { gap = 0, maxTrainRows }: FoldOptions): Fold[] {
  return timeFolds(order, k).map(({ train, test }, i) => {
    const end = train.length - gap
    if (end < 1) throw invalidArgument(`\`gap\` of ${operation} is ${gap}, but fold ${i} has only ${train.length} earlier rows`)
    return { train: train.slice(maxTrainRows === undefined ? 0 : Math.max(0, end - maxTrainRows), end), test }
  })
}

/** Folds of whole groups: the largest groups first, each to the fold with the fewest rows so far. */
function groupFolds(codes: Int32Array, k: number, name: string): Fold[] {
  const members = new Map<number, number[]>()
  codes.forEach((code, row) => {
    const rows = members.get(code)
    if (rows === undefined) members.set(code, [row])
    else rows.push(row)
  })
  if (members.size < k) throw invalidArgument(`${k} folds need at least ${k} groups, ${show(name)} has ${members.size}`)
  const tests: number[][] = Array.from({ length: k }, () => [])
  for (const rows of [...members.values()].sort((a, b) => b.length - a.length)) {
    const smallest = tests.reduce((least, test) => (test.length < least.length ? test : least))
    for (const row of rows) smallest.push(row)
  }
  return foldsOfTests(
    codes.length,
    tests.map((test) => Int32Array.from(test).sort()),
  )
}
