/** What the programs of this lane share: running Python, reading cases, comparing answers. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FittedModel, ForeignTreesOptions } from '../../../src/learn'
import { type Row, type Table, tableFromRows } from '../../../src/schema/table'

/** A model of another library, and its answers. */
export interface ReadCase {
  readonly name: string
  readonly file: string
  readonly columns: readonly string[]
  /** `null` is missing. */
  readonly rows: readonly (readonly (number | string | null)[])[]
  /** Row-major. */
  readonly answers: readonly (number | null)[]
  readonly objective?: string
  readonly iterations?: ForeignTreesOptions['iterations']
  readonly categories?: ForeignTreesOptions['categories'] | null
}

/** Runs a Python program of the lane. @throws Error with what it printed */
export function run(venv: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(join('.venvs', venv, 'bin', 'python'), args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}`)
  return stdout.trim()
}

/** Gives a folder that is deleted afterwards. */
export async function inFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-trees-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The rows of a case as objects. */
export function rowsOf({ columns, rows }: Pick<ReadCase, 'columns' | 'rows'>): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null])))
}

/** The rows of a case as a table of the model's columns. */
export function tableOfCase(fitted: FittedModel, { columns, rows }: Pick<ReadCase, 'columns' | 'rows'>): Table {
  return tableFromRows(
    rowsOf({ columns, rows }),
    Object.fromEntries(fitted.features.map(({ name, type }) => [name, type === 'int32' ? 'float64' : type])),
    columns,
  )
}

/** What a model answers, as the library gives it: numbers, the probability of the second class, or all probabilities. */
export function answersOf(fitted: FittedModel, asked: ReadCase): number[] {
  const { rows, objective = '' } = asked
  const table = tableOfCase(fitted, asked)
  if (fitted.task === 'regression') return fitted.predict(table) as number[]
  if (objective === 'multi:softmax') return fitted.predict(table) as number[]
  const { classes, values } = fitted.predictProba(table)
  return classes.length === 2 && values.length === 2 * rows.length ? [...values].filter((_, at) => at % 2 === 1) : [...values]
}

/** Counts what was compared, and says what differs. */
export class Comparison {
  #cases = 0
  #answers = 0
  #largest = 0
  #exact = 0

  /** Answers must be equal up to `tolerance`, relative to the greater of them and 1. */
  check(name: string, ours: readonly number[], theirs: readonly (number | null)[], tolerance: number): void {
    this.#cases++
    if (ours.length !== theirs.length) {
      this.#fail(`${name}: ${ours.length} answers, not ${theirs.length}`)
      return
    }
    let worst = 0
    let at = 0
    for (const [i, own] of ours.entries()) {
      const other = theirs[i] ?? Number.NaN
      this.#answers++
      if (Object.is(own, other) || own === other) this.#exact++
      const difference = own === other ? 0 : Math.abs(own - other) / Math.max(1, Math.abs(other))
      if (difference > worst || difference !== difference) {
        worst = difference
        at = i
      }
    }
    this.#largest = Math.max(this.#largest, worst)
    if (!(worst <= tolerance)) this.#fail(`${name}: answer ${at} is ${ours[at]}, not ${theirs[at]} (${worst.toExponential(2)})`)
  }

  #fail(message: string): void {
    console.error(message)
    process.exitCode = 1
  }

  toString(): string {
    return `${this.#cases} models, ${this.#answers} answers, ${this.#exact} equal to the last bit, largest difference ${this.#largest.toExponential(2)}`
  }
}
