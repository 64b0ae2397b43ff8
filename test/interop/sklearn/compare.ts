/**
 * Every transformer against scikit-learn, cell by cell: prints what differs, and fails if anything does. `--golden` pins the answers on
 * some rows of the tables of the repository in test/golden/transformers.json.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allCases } from './_cases'
import { type Answer, differenceOf, type Output, rowsOfCase, type Tally } from './_difference'
import { GOLDEN_WIDTH, goldenTables, jsonOf, type Parts, realTables } from './_tables'

/** What `fit.py` prints of a part; its numbers are in a file. */
interface Printed {
  readonly error?: string
  readonly shape: readonly [rows: number, columns: number]
  /** Text columns by place. */
  readonly text: Readonly<Record<string, readonly (string | null)[]>>
}

interface PrintedAnswer extends Pick<Answer, 'names' | 'lambdas'> {
  readonly train: Printed
  readonly unseen?: Printed
}

const python = process.env.MILLWRIGHT_SKLEARN ?? '.venvs/sklearn/bin/python'

if (process.argv.includes('--golden')) pin()
else compare()

function compare(): void {
  const tables = realTables()
  const { versions, cases, rows, answers } = ask(tables)
  const tally: Tally = { cells: 0, worst: new Map(), lambdas: { all: 0, near: 0 }, slack: new Map() }
  const differences = cases.flatMap((item, i) => {
    const difference = differenceOf(item, rows[i] as Parts, answers[i] as Answer, tally)
    return difference === undefined ? [] : [`${item.table}: ${item.ours.kind} ${item.what}\n    ${difference}`]
  })
  for (const difference of differences) console.log(difference)
  for (const [kind, error] of tally.worst) console.log(`${kind.padEnd(20)} largest difference ${error.toExponential(1)}`)
  const { all, near } = tally.lambdas
  console.log(`exponents of power transforms: ${near} of ${all} equal to 1e-6, the others at least as likely as scikit-learn's`)
  const count = `${cases.length} fits on ${Object.keys(tables).length} tables, ${tally.cells} cells compared`
  console.log(`${JSON.stringify(versions)}: ${count}, ${differences.length} differ`)
  if (differences.length > 0) process.exitCode = 1
}

function pin(): void {
  const tables = goldenTables()
  const { versions, cases, answers } = ask(tables, GOLDEN_WIDTH)
  const listed = (output: Output | undefined) =>
    output === undefined || 'error' in output ? output : { cells: output.cells.map((column) => Array.from(column)) }
  const lines = cases.map(({ table, ours, what, columns }, i) => {
    const { train, unseen, names, lambdas } = answers[i] as Answer
    return JSON.stringify([
      `${table} ${columns.join(',')} ${ours.kind} ${what}`,
      { train: listed(train), unseen: listed(unseen), names, lambdas },
    ])
  })
  writeFileSync('test/golden/transformers.json', `{"versions":${JSON.stringify(versions)},"answers":[\n${lines.join(',\n')}\n]}\n`)
}

/** Fits every case in scikit-learn. */
function ask(tables: Readonly<Record<string, Parts>>, width?: number) {
  const cases = allCases(tables, width)
  const rows = cases.map((item) => rowsOfCase(item, tables[item.table] as Parts))
  const folder = mkdtempSync(join(tmpdir(), 'millwright-sklearn-'))
  const prepared: Record<string, unknown> = {}
  const wanted = cases.map((item, i) => {
    const { table, columns, target, spec, one, whole } = item
    const name = [table, ...(whole ? [...columns, 'whole'] : []), ...(target === undefined ? [] : [target])].join(' ')
    const { train, unseen } = rows[i] as Parts
    prepared[name] ??= [jsonOf(train), jsonOf(unseen)]
    return { table: name, columns, target, spec, one }
  })
  writeFileSync(join(folder, 'cases.json'), JSON.stringify({ tables: prepared, cases: wanted }))
  const { stdout, stderr, status } = spawnSync(python, ['test/interop/sklearn/fit.py', join(folder, 'cases.json'), folder], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr}`)
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const { versions, answers } = JSON.parse(stdout) as { versions: Record<string, string>; answers: PrintedAnswer[] }
  return { versions, cases, rows, answers: answers.map((answer, i) => read(answer, join(folder, String(i)))) }
}

/** An answer whose cells are read from their files when they are looked at. */
function read({ train, unseen, names, lambdas }: PrintedAnswer, path: string): Answer {
  return { train: outputOf(train, `${path}.train`), unseen: unseen && outputOf(unseen, `${path}.unseen`), names, lambdas }
}

function outputOf({ error, shape, text }: Printed, file: string): Output {
  if (error !== undefined) return { error }
  return {
    get cells() {
      const bytes = readFileSync(file)
      const numbers = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
      const [rows, width] = shape
      return Array.from({ length: width }, (_, c) => text[c] ?? numbers.subarray(c * rows, (c + 1) * rows))
    },
  }
}
