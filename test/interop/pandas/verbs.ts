/**
 * Every verb against pandas on real files, cell by cell: prints what differs, and fails if anything does. `--golden` pins the answers on the
 * files that this repository carries. Files of MILLWRIGHT_DATA, or `../shared/data`, are left out with a word when they are not there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { readCsv } from '../../../src/adapters/csv/csv'
import type { Dataset } from '../../../src/dataset'
import { defaultNaValues } from '../../../src/schema/coerce'
import { dataFolder } from '../support/shared-data'
import { cases } from './_cases'
import { type Answer, differenceOf, givenOf, ownFiles, sharedFiles, type TableFile } from './_compare'

const python = process.env.MILLWRIGHT_PANDAS ?? '.venvs/pandas/bin/python'
const golden = process.argv.includes('--golden')
const files = [...ownFiles, ...(golden ? [] : sharedFiles(dataFolder))].filter(({ name, path }) => {
  if (!existsSync(path)) console.log(`left out: ${name}, because there is no ${path}`)
  return existsSync(path)
})
const tables = new Map<string, Dataset>()
for (const { name, path, limit } of files) tables.set(name, await readCsv(path, { limit }))

/** Longer answers are not pinned: the file stays small. */
const MAX_PINNED = 6000
let judged = 0
let cells = 0
const differences: string[] = []
const pinned: string[] = []
let versions: unknown
for (const file of files) compareFile(file)
for (const difference of differences) console.log(difference)
console.log(
  `${JSON.stringify(versions)}: ${judged} results of ${files.length} files, ${cells} cells compared, ${differences.length} differ`,
)
if (golden) writeFileSync('test/golden/verbs.json', `{"versions":${JSON.stringify(versions)},\n"cases":[\n${pinned.join(',\n')}\n]}\n`)
if (differences.length > 0) process.exitCode = 1

function compareFile(file: TableFile): void {
  const wanted = cases.filter(({ ofTimes }) => !ofTimes || file.time !== undefined)
  const needed = new Set([file.name, file.right.other ?? file.name])
  const job = {
    naValues: defaultNaValues,
    tables: Object.fromEntries(
      files
        .filter(({ name }) => needed.has(name))
        .map(({ name, path, limit = null }) => [name, { path, limit, schema: (tables.get(name) as Dataset).schema }]),
    ),
    cases: wanted.map(({ pandas }) => ({
      pandas,
      table: file.name,
      columns: file,
      right: { ...file.right, table: file.right.other ?? file.name },
    })),
  }
  const { stdout, stderr, status } = spawnSync(python, ['test/interop/pandas/judge.py'], {
    input: JSON.stringify(job),
    maxBuffer: 2 ** 31 - 1,
  })
  if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr}`)
  const lines = linesOf(stdout)
  versions = JSON.parse(lines.next().value as string)
  const given = givenOf(file, tables)
  for (const { name, ours, anyOrder } of wanted) {
    const line = lines.next().value as string
    const answer = JSON.parse(line) as Answer
    judged++
    cells += answer.columns?.reduce((sum, { values }) => sum + values.length, 0) ?? 0
    const difference = tryOurs(() => differenceOf(ours(given), answer, anyOrder))
    if (difference !== undefined) differences.push(`${file.name}: ${name}\n    ${difference}`)
    if (golden && line.length < MAX_PINNED) pinned.push(JSON.stringify([file.name, name, answer.columns]))
  }
}

function tryOurs(compare: () => string | undefined): string | undefined {
  try {
    return compare()
  } catch (error) {
    return `ours: ${String(error)}`
  }
}

/** The lines of an output that may be longer than a string can be. */
function* linesOf(output: Buffer): Generator<string> {
  for (let from = 0; from < output.length; ) {
    const end = output.indexOf(10, from)
    yield output.toString('utf8', from, end < 0 ? output.length : end)
    from = end < 0 ? output.length : end + 1
  }
}
