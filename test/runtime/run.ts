/**
 * Other runtimes than the Node at hand: Node 24 (the story of `npm start`, and the tests that need `node:sqlite`), Deno, Bun, Chromium.
 * Needs the build. `npm run test:runtime -- deno` runs one of `node24`, `deno`, `servers`, `chromium`.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installChromium } from '../support/chromium'
import { runCommand } from '../support/run-command'

const parts: Readonly<Record<string, () => Promise<void>>> = {
  node24,
  deno: () => program('deno-and-bun'),
  servers: () => program('servers'),
  chromium,
}
const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(parts, name))
if (unknown !== undefined) throw new Error(`there is no runtime ${JSON.stringify(unknown)}; runtimes: ${Object.keys(parts).join(', ')}`)

if (!existsSync('dist/index.js')) await runCommand('npm', ['run', '--silent', 'build'])
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const started = Date.now()
  console.log(`${name}:`)
  await run()
  console.log(`${name}: ${Math.round((Date.now() - started) / 1000)} s`)
}

async function node24(): Promise<void> {
  const node = (await runCommand('npx', ['-y', '-p', 'node@24', 'which', 'node'])).trim()
  const folder = mkdtempSync(join(tmpdir(), 'millwright-node24-'))
  try {
    await shown(node, ['scripts/run.mjs', 'examples/lifecycle/main.ts', '--folder', join(folder, 'mlops')])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  // The others have run on the Node at hand; what differs between versions is tried by the story.
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join('test', path))
    .filter((path) => /sqlite/i.test(readFileSync(path, 'utf8')))
  await shown(node, ['node_modules/vitest/vitest.mjs', 'run', ...tests])
}

async function chromium(): Promise<void> {
  await installChromium()
  await program('browser')
  await program('indexeddb')
  await program('threads')
  await program('fits')
}

/** Runs a program of this folder. */
function program(name: string): Promise<void> {
  return shown(process.execPath, ['scripts/run.mjs', `test/runtime/${name}.ts`])
}

/** Runs a command whose words go straight to the terminal. @throws Error when it fails */
function shown(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    spawn(command, args, { stdio: 'inherit' })
      .once('error', reject)
      .once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${code}`))))
  })
}
