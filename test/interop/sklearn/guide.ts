/** The pairs of programs in "Coming from scikit-learn": each in both languages, and `result` compared, numbers to four digits. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from '../../../scripts/run.mjs'

const python = resolve('.venvs/sklearn/bin/python')
const page = readFileSync('docs/guide/coming-from-scikit-learn.md', 'utf8')
const pairs = [...page.matchAll(/^## (.+)\n+```python\n([\s\S]*?)^```\n+```ts\n([\s\S]*?)^```/gm)]

/** Runs a program beside the example data; what it printed last. */
function resultOf(command: string, args: readonly string[]): unknown {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: 'examples/data', encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) as string)
}

/** The first difference of two results, as a path; `undefined` when they agree. */
function difference(a: unknown, b: unknown, path = 'result'): string | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    return Math.abs(a - b) <= 5e-5 * Math.max(1, Math.abs(b)) ? undefined : `${path}: ${a}, there ${b}`
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return a === b ? undefined : `${path}: ${JSON.stringify(a)}, there ${JSON.stringify(b)}`
  }
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  const at = (value: object, name: string): unknown => (value as Readonly<Record<string, unknown>>)[name]
  return names.map((name) => difference(at(a, name), at(b, name), `${path}.${name}`)).find((one) => one !== undefined)
}

let differ = 0
for (const [, title = '', theirs = '', ours = ''] of pairs) {
  // In the repository, so that the packages of the program are found.
  const source = join('node_modules', `.from-sklearn-${process.pid}.ts`)
  writeFileSync(source, `${ours}\nconsole.log(JSON.stringify(result))\n`)
  const program = resolve(source.replace(/ts$/, 'mjs'))
  await bundle(source, program)
  const mine = resultOf(process.execPath, [program])
  const printed = 'import json\nprint(json.dumps(result, default=lambda value: value.item()))\n'
  const found = difference(mine, resultOf(python, ['-W', 'ignore', '-c', `${theirs}\n${printed}`]))
  rmSync(source)
  rmSync(program)
  if (found !== undefined) differ++
  console.log(`${title}: ${found ?? `the same, ${JSON.stringify(mine)}`}`)
}
if (pairs.length < 7) throw new Error(`the page has ${pairs.length} pairs`)
if (differ > 0) process.exitCode = 1
