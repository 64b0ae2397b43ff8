/** Every transformer against scikit-learn, cell by cell: prints what differs, and fails if anything does. `--golden` pins the answers on the tables of the repository. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fitTransform, restoreTransformer, type TransformerState } from '../../../src/learn'
import type { StateOf } from '../../../src/learn/stored-parts'
import { meanAndDeviation, presentNumbers } from '../../../src/learn/transformers/numbers'
import { powerLoss, powerOf } from '../../../src/learn/transformers/power-lambda'
import { toFloat64 } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'
import { allCases, type Case, partsOf } from './_cases'
import { complete, jsonOf, type Parts, realTables } from './_tables'

interface Part {
  readonly error?: string
  readonly shape: readonly [number, number]
  readonly text: Readonly<Record<string, readonly (string | null)[]>>
}

interface Answer {
  readonly train: Part
  readonly unseen?: Part
  readonly names: readonly string[] | { readonly error: string } | null
  readonly lambdas?: readonly number[]
}

const python = process.env.MILLWRIGHT_SKLEARN ?? '.venvs/sklearn/bin/python'
const folder = mkdtempSync(join(tmpdir(), 'millwright-sklearn-'))
const real = realTables()
const cases = allCases(real)
const tables: Record<string, Parts> = {}
/** Which of the prepared tables a case is about: that of its name, or the rows that are complete. */
const tableNames = cases.map((item) => {
  const name = [item.table, ...(item.whole ? [...item.columns, 'whole'] : []), ...(item.target === undefined ? [] : [item.target])].join(
    ' ',
  )
  const parts = partsOf(item, real[item.table] as Parts)
  // Rows without a label cannot be learned from.
  tables[name] ??= item.target === undefined ? parts : { ...parts, train: complete(parts, [item.target]).train }
  return name
})

const wanted = {
  tables: Object.fromEntries(Object.entries(tables).map(([name, { train, unseen }]) => [name, [jsonOf(train), jsonOf(unseen)]])),
  cases: cases.map(({ columns, target, spec, one }, i) => ({ table: tableNames[i], columns, target, spec, one })),
}
writeFileSync(join(folder, 'cases.json'), JSON.stringify(wanted))
const { stdout, stderr, status } = spawnSync(python, ['test/interop/sklearn/fit.py', join(folder, 'cases.json'), folder], {
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
})
if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr}`)
const { versions, answers } = JSON.parse(stdout) as { versions: Record<string, string>; answers: Answer[] }

let cells = 0
const worst = new Map<string, number>()
const differences = cases.flatMap((item, i) => {
  const difference = compare(item, tables[tableNames[i] as string] as Parts, answers[i] as Answer, i)
  return difference === undefined ? [] : [`${item.table}: ${item.ours.kind} ${item.what}\n    ${difference}`]
})
rmSync(folder, { recursive: true, force: true })
for (const difference of differences) console.log(difference)
for (const [kind, error] of worst) console.log(`${kind.padEnd(20)} largest difference ${error.toExponential(1)}`)
console.log(
  `${JSON.stringify(versions)}: ${cases.length} fits on ${Object.keys(real).length} tables, ${cells} cells compared, ${differences.length} differ`,
)
if (differences.length > 0) process.exitCode = 1

function compare(item: Case, { train, unseen }: Parts, answer: Answer, i: number): string | undefined {
  const { target, columns, ours } = item
  const only = (table: Table): Table => tableOf([...columns, ...(target === undefined ? [] : [target])].map((name) => table.column(name)))
  const fitted = attempt(() => fitTransform(ours, only(train), { target }))
  if (fitted instanceof Error || answer.train.error !== undefined) return sameErrors(fitted, answer.train.error)
  const names = fitted.table.columnNames.filter((name) => name !== target)
  if (item.unnamed !== true && JSON.stringify(names) !== JSON.stringify(answer.names)) {
    return `names ${JSON.stringify(names)}\n    instead of ${JSON.stringify(answer.names)}`
  }
  if (answer.lambdas !== undefined)
    return comparePowers(item, { train: only(train), unseen: only(unseen) }, fitted.fitted.state(), { answer, lambdas: answer.lambdas, i })
  const inTraining = sameCells(item, fitted.table, answer.train, `${i}.train`)
  if (inTraining !== undefined) return `training: ${inTraining}`
  const restored = restoreTransformer(JSON.parse(JSON.stringify(fitted.fitted.state())))
  const later = attempt(() => restored.transform(only(unseen)))
  if (later instanceof Error || answer.unseen?.error !== undefined) return sameErrors(later, answer.unseen?.error)
  const inUnseen = sameCells(item, later, answer.unseen as Part, `${i}.unseen`)
  return inUnseen === undefined ? undefined : `unseen: ${inUnseen}`
}

/**
 * A power transform: our exponent must be as likely as scikit-learn's to the last digits of the likelihood (below that, no solver knows),
 * and with scikit-learn's exponent every cell must be the same.
 */
function comparePowers(
  item: Case,
  { train, unseen }: Parts,
  state: TransformerState,
  { answer, lambdas, i }: { readonly answer: Answer; readonly lambdas: readonly number[]; readonly i: number },
): string | undefined {
  const { method, columns } = state as unknown as StateOf<'powerTransformer'>
  const standardize = item.what.endsWith('true')
  const theirs = columns.map(({ name, lambda: ours }, c) => {
    const lambda = lambdas[c] as number
    const values = presentNumbers('compare', train.column(name))
    const loss = powerLoss(method, values)
    if (loss(ours) > loss(lambda) + 1e-12) throw new Error(`${item.table} ${name}: ${ours} is less likely than ${lambda}`)
    worst.set('lambda', Math.max(worst.get('lambda') ?? 0, differenceOf(ours, lambda)))
    const { mean, deviation } = meanAndDeviation(values.map((value) => powerOf(method, value, lambda)))
    return { name, lambda, mean: standardize ? mean : 0, scale: standardize && deviation > 0 ? deviation : 1 }
  })
  const same = restoreTransformer({ kind: 'powerTransformer', method, columns: theirs })
  const first = sameCells(item, same.transform(train), answer.train, `${i}.train`)
  return first ?? sameCells(item, same.transform(unseen), answer.unseen as Part, `${i}.unseen`)
}

function attempt<T>(step: () => T): T | Error {
  try {
    return step()
  } catch (error) {
    return error as Error
  }
}

function sameErrors(ours: unknown, theirs: string | undefined): string | undefined {
  if (ours instanceof Error && theirs !== undefined) return undefined
  return ours instanceof Error ? `we refuse: ${ours.message}` : `only scikit-learn refuses: ${theirs}`
}

function sameCells(item: Case, table: Table, { shape: [rows, width], text }: Part, file: string): string | undefined {
  const names = table.columnNames.filter((name) => name !== item.target)
  if (names.length !== width || table.numRows !== rows) return `${table.numRows} × ${names.length} instead of ${rows} × ${width}`
  const bytes = readFileSync(join(folder, file))
  const expected = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  for (let c = 0; c < width; c++) {
    const column = table.column(names[c] as string)
    const words = text[c]
    const numbers = words === undefined ? toFloat64(column) : undefined
    for (let row = 0; row < rows; row++) {
      cells++
      const want = words === undefined ? (expected[c * rows + row] as number) : words[row]
      const got = numbers === undefined ? column.at(row) : (numbers[row] as number)
      const error =
        typeof want === 'number' && typeof got === 'number' ? differenceOf(got, want) : got === want ? 0 : Number.POSITIVE_INFINITY
      worst.set(item.ours.kind, Math.max(worst.get(item.ours.kind) ?? 0, error))
      if (error > (item.tolerance ?? 1e-12)) return `${names[c]}, row ${row}: ${got} instead of ${want} (${error})`
    }
  }
  return undefined
}

function differenceOf(got: number, want: number): number {
  if (got === want || (got !== got && want !== want)) return 0
  const error = Math.abs(got - want) / Math.max(1, Math.abs(want))
  return error === error ? error : Number.POSITIVE_INFINITY
}
