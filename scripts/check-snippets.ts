/**
 * Runs every ```ts snippet of README.md and docs/ as a program of its own, in a temporary folder that holds the
 * example data, and checks its types as a strict project has them. A fence marked `no-run` is only listed.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from './run.mjs'

const work = join('node_modules', '.millwright', 'snippets')
rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })

function pages(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name)
      return statSync(path).isDirectory() ? pages(path) : path.endsWith('.md') ? [path] : []
    })
}

/** What `node:test` printed of tests that failed; its other words are long. */
function failedTests(stdout: string): string {
  return (stdout.match(/^ *not ok .*|^ *error: .*/gm) ?? []).map((line) => `${line.trim()}\n`).join('')
}

/** What TypeScript says against the snippets; nothing when their types are right. */
function typeErrors(files: readonly string[]): string {
  const config = join(work, 'tsconfig.json')
  // Strict, and no more than that: the other checks of this repository are not those of every user.
  const compilerOptions = { moduleDetection: 'force', noUnusedLocals: false, noUnusedParameters: false, noUncheckedIndexedAccess: false }
  writeFileSync(config, JSON.stringify({ extends: '../../../tsconfig.json', compilerOptions, files, include: [] }))
  return spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', config], { encoding: 'utf8' }).stdout
}

const sources: string[] = []
let ran = 0
let leftOut = 0
const failures: string[] = []
const only = process.argv[2]

for (const page of ['README.md', ...pages('docs')]) {
  if (only !== undefined && !page.includes(only)) continue
  const fences = readFileSync(page, 'utf8').matchAll(/^```ts([^\n]*)\n([\s\S]*?)^```/gm)
  let index = 0
  for (const [, info = '', code = ''] of fences) {
    index += 1
    if (info.includes('no-run')) {
      leftOut += 1
      continue
    }
    const name = `${page.replace(/[^a-z0-9]+/gi, '-')}-${index}`
    const source = join(work, `${name}.ts`)
    const outfile = join(work, `${name}.mjs`)
    writeFileSync(source, code)
    sources.push(`${name}.ts`)
    const folder = mkdtempSync(join(tmpdir(), 'millwright-snippet-'))
    try {
      if (existsSync('examples/data')) cpSync('examples/data', folder, { recursive: true })
      await bundle(source, outfile)
      const result = spawnSync(process.execPath, [join(process.cwd(), outfile)], { cwd: folder, encoding: 'utf8', timeout: 60_000 })
      if (result.status !== 0)
        failures.push(`${page}, snippet ${index}:\n${failedTests(result.stdout)}${result.stderr}${result.error ?? ''}`)
      else ran += 1
    } catch (error) {
      failures.push(`${page}, snippet ${index}: ${(error as Error).message}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const wrongTypes = typeErrors(sources)
if (wrongTypes !== '') failures.push(`types: ${wrongTypes}`)
for (const failure of failures) console.error(failure)
console.log(`snippets: ${ran} ran, ${failures.length} failed, ${leftOut} marked no-run`)
if (failures.length > 0 || ran === 0) process.exitCode = 1
