/** Real git repositories for the programs of this lane, and the real `dvc` in them. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const bin = resolve('.venvs/dvc/bin')
/** Holds the repositories of one program. */
export const base = mkdtempSync(join(tmpdir(), 'millwright-dvc-'))
const environment = {
  ...process.env,
  ...{ GIT_AUTHOR_NAME: 'ada', GIT_AUTHOR_EMAIL: 'ada@example.org', GIT_COMMITTER_NAME: 'ada', GIT_COMMITTER_EMAIL: 'ada@example.org' },
  ...{ DVC_NO_ANALYTICS: '1', XDG_CONFIG_HOME: base, DVC_SITE_CACHE_DIR: join(base, 'site'), PATH: `${bin}:${process.env.PATH}` },
}
process.env.XDG_CONFIG_HOME = base

/** What a program prints. @throws AssertionError when it fails */
export function call(cwd: string, program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', env: environment })
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}${stdout}`)
  return stdout
}

/** Writes files, and the folders that they lie in. */
export function put(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}

/** Every file below a folder → its content. */
export function tree(folder: string, at = ''): Record<string, string> {
  return Object.assign(
    {},
    ...readdirSync(join(folder, at), { withFileTypes: true }).map((entry) => {
      const path = at === '' ? entry.name : `${at}/${entry.name}`
      if (entry.isSymbolicLink() && statSync(join(folder, path)).isDirectory()) return {}
      return entry.isDirectory() ? tree(folder, path) : { [path]: readFileSync(join(folder, path), 'latin1') }
    }),
  )
}

/** Two folders hold the same files; says which one differs, not all that is in it. */
export function assertSameTree(a: string, b: string): void {
  const [here, there] = [tree(a), tree(b)]
  assert.deepEqual(Object.keys(here).sort(), Object.keys(there).sort())
  assert.deepEqual(
    Object.keys(here).filter((path) => here[path] !== there[path]),
    [],
  )
}

/** A new git repository. */
export function fresh(name: string): string {
  const root = join(base, name)
  mkdirSync(root)
  call(root, 'git', 'init', '-q')
  return root
}

/** Removes everything. */
export function removeAll(): void {
  call(base, 'chmod', '-R', 'u+w', base)
  rmSync(base, { recursive: true, force: true })
}

/** moto's S3 server, which the lane's environment holds. */
export async function startS3(): Promise<{ readonly url: string; stop(): void }> {
  const port = await freePort()
  const child = spawn(join(bin, 'python'), ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const stop = (): void => void child.kill('SIGKILL')
  process.on('exit', stop)
  const url = `http://127.0.0.1:${port}`
  for (let i = 0; i < 300; i++) {
    if (
      await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return { url, stop }
    assert.equal(child.exitCode, null, 'moto has ended')
    await pause(100)
  }
  throw new Error('moto does not answer')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}
