/**
 * Runs every example that is a folder with a `main.ts`, each in an empty folder of its own, and shows what it prints:
 *   node scripts/run.mjs scripts/run-examples.ts [name…]
 * A service is asked, by `--demo`, to end by itself. `examples/lifecycle` is left out: `npm start` runs it. Fails when an example ends with an error, writes to stderr or prints next to nothing.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const wanted = process.argv.slice(2)
const all = readdirSync('examples').filter((name) => name !== 'lifecycle' && existsSync(join('examples', name, 'main.ts')))
const unknown = wanted.find((name) => !all.includes(name))
if (unknown !== undefined) throw new Error(`there is no example ${unknown}; there are ${all.join(', ')}`)
for (const name of wanted.length === 0 ? all : wanted) {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-example-'))
  const startedAt = Date.now()
  console.log(`=== ${name}`)
  const env = { ...process.env, SERVICE_FOLDER: folder }
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/run.mjs', join('examples', name, 'main.ts'), folder, '--demo'], {
    env,
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true, force: true })
  console.log(stdout)
  if (stderr.trim() !== '') console.error(stderr)
  if (status !== 0 || stderr.trim() !== '' || stdout.split('\n').length < 10) {
    console.error(`example ${name} failed`)
    process.exitCode = 1
  }
  console.log(`--- ${name}: ${Math.round((Date.now() - startedAt) / 1000)} s\n`)
}
