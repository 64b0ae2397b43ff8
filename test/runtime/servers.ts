/** The servers of docs/guide/your-app.md on Bun, Deno and workerd: each program of the page is bundled, started and asked. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bundle } from '../../scripts/run.mjs'
import { askServer } from '../support/ask-server'
import { installPackages } from '../support/pinned-packages'
import { runCommand } from '../support/run-command'

const runtimes = '.venvs/runtimes'
await installPackages(runtimes, 'test/runtime')
await runCommand(process.execPath, ['install.js'], { cwd: join(runtimes, 'node_modules', 'bun') })
// The launcher puts Deno's program in place.
await runCommand(join(runtimes, 'node_modules', '.bin', 'deno'), ['--version'])
const folder = mkdtempSync(join(tmpdir(), 'millwright-servers-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const page = readFileSync('docs/guide/your-app.md', 'utf8')

/** A program of the page as one file without imports. */
async function programOf(title: string, change: (code: string) => string = (code) => code): Promise<string> {
  const [, code = ''] = new RegExp(`^## ${title}\\n[^]*?^\`\`\`ts no-run\\n([^]*?)^\`\`\``, 'm').exec(page) ?? []
  const [source, outfile] = [join(folder, `${title}.ts`), join(folder, `${title}.mjs`)]
  writeFileSync(source, change(code))
  await bundle(source, outfile, {
    inlinePackages: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import', 'default'],
    external: ['node:*'],
  })
  return outfile
}

const port = 20_000 + Math.floor(Math.random() * 20_000)
const onPort = (code: string): string => code.replace('8000', String(port))
/** The program itself: its launcher would not pass signals on. */
const bin = (name: string, file: string): string => resolve(runtimes, 'node_modules', name, file)
for (const [title, ...command] of [
  ['Bun', bin('bun', 'bin/bun.exe'), 'run'],
  ['Deno', bin('deno', 'deno'), 'run', '--no-prompt', '--allow-net', '--allow-env'],
] as const) {
  const program = await programOf(title, onPort)
  const child: ChildProcess = spawn(command[0], [...command.slice(1), program], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DENO_NO_UPDATE_CHECK: '1' },
  })
  const ended = new Promise((done) => child.once('exit', done))
  try {
    await askServer(`http://127.0.0.1:${port}`, title)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

const require = createRequire(resolve(runtimes, 'package.json'))
const { Miniflare } = require('miniflare') as {
  Miniflare: new (options: object) => { readonly ready: Promise<URL>; dispose(): Promise<void> }
}
const script = readFileSync(await programOf('Cloudflare Workers'), 'utf8')
const worker = new Miniflare({ modules: true, script, compatibilityDate: '2025-12-01', compatibilityFlags: ['nodejs_compat'] })
try {
  await askServer((await worker.ready).href.replace(/\/$/, ''), 'workerd')
} finally {
  await worker.dispose()
}
