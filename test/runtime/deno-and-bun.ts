/**
 * The packed package under Deno and Bun: the README's first program with the permissions it needs and no more, CSV on two threads, and a progress bar
 * in a plain script of Deno, which has none.
 */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { installPackages, installTarball } from '../support/pinned-packages'
import { runCommand } from '../support/run-command'

const runtimes = '.venvs/runtimes'
await installPackages(runtimes, 'test/runtime')
// Packages are installed without their scripts; Bun's puts its program in place.
await runCommand(process.execPath, ['install.js'], { cwd: join(runtimes, 'node_modules', 'bun') })
const folder = mkdtempSync(join(tmpdir(), 'millwright-runtimes-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }')
await installTarball(folder)
cpSync('examples/data/penguins.csv', join(folder, 'penguins.csv'))
const [, first] = /^```ts\n([\s\S]*?)^```/m.exec(readFileSync('README.md', 'utf8')) ?? []
writeFileSync(join(folder, 'first.ts'), first as string)
writeFileSync(
  join(folder, 'bar.ts'),
  "import { progressBar } from 'millwright'\nprogressBar()({ phase: 'fit', done: 2, total: 2, unit: 'steps' })\nconsole.log('shown')\n",
)
writeFileSync(
  join(folder, 'threads.ts'),
  `import { fingerprint, parseCsv, readCsv } from 'millwright'
const text = 'n,x,name\\n' + Array.from({ length: 100_000 }, (_, i) => i + ',' + i / 8 + ',"name ' + (i % 100) + '"\\n').join('')
const data = await readCsv(text, { workers: 1 })
console.log(fingerprint(data) === fingerprint(parseCsv(text)) ? 'same rows' : 'other rows')
`,
)

const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }
const run = (runtime: string, ...args: readonly string[]): Promise<string> =>
  runCommand(resolve(runtimes, 'node_modules', '.bin', runtime), args, { cwd: folder, env })

const versions = { deno: (await run('deno', '--version')).split('\n')[0], bun: `bun ${(await run('bun', '--version')).trim()}` }
assert.match(await run('deno', 'run', '--no-prompt', 'bar.ts'), /shown/)
console.log(`${versions.deno}: progressBar() in a plain script`)

for (const [runtime, ...args] of [
  ['deno', 'run', '--no-prompt', '--allow-read', '--allow-write', '--allow-env'],
  ['bun', 'run'],
] as const) {
  assert.match(await run(runtime, ...args, 'threads.ts'), /same rows/)
  assert.match(await run(runtime, ...args, 'first.ts'), /prediction: "Gentoo"/)
  assert.ok(existsSync(join(folder, 'mlops', 'mlruns')), `${runtime}: mlops/mlruns is there`)
  rmSync(join(folder, 'mlops'), { recursive: true })
  console.log(`${versions[runtime]}: the README's first program, CSV on two threads`)
}
