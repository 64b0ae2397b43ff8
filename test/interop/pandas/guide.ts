/** The pairs of programs in "Coming from pandas": each in both languages, and the rows of `result` compared. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { bundle } from '../../../scripts/run.mjs'

const python = resolve(process.env.MILLWRIGHT_PANDAS ?? '.venvs/pandas/bin/python')
const page = readFileSync('docs/guide/coming-from-pandas.md', 'utf8')
const pairs = [...page.matchAll(/^## (.+)\n+```python\n([\s\S]*?)^```\n+```ts\n([\s\S]*?)^```/gm)]

/** Runs a program beside the example data; what it printed last, as rows. */
function rowsOf(command: string, args: readonly string[]): unknown {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: 'examples/data', encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) as string, (_, value) =>
    typeof value === 'number' ? Number(value.toPrecision(9)) : value,
  )
}

let differ = 0
for (const [, title, pandas, ours] of pairs) {
  // In the repository, so that the packages of the program are found.
  const source = join('node_modules', `.from-pandas-${process.pid}.ts`)
  writeFileSync(source, `${ours}\nconsole.log(JSON.stringify(result.toRecords()))\n`)
  const program = resolve(source.replace(/ts$/, 'mjs'))
  await bundle(source, program)
  const mine = rowsOf(process.execPath, [program])
  const theirs = rowsOf(python, ['-c', `${pandas}\nprint(result.to_json(orient="records", double_precision=15))\n`])
  rmSync(source)
  rmSync(program)
  const isSame = isDeepStrictEqual(mine, theirs)
  if (!isSame) differ++
  console.log(
    `${title}: ${(mine as unknown[]).length} rows, ${isSame ? 'the same' : `they differ\n${JSON.stringify(mine)}\n${JSON.stringify(theirs)}`}`,
  )
}
if (pairs.length < 7) throw new Error(`the page has ${pairs.length} pairs`)
if (differ > 0) process.exitCode = 1
