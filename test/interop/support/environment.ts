/** What a lane runs in: `.venvs/<lane>` for Python (made with uv), the same folder for packages of npm. Made anew when the pinned file changes. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { installChromium } from '../../support/chromium'
import { installPackages, isReady } from '../../support/pinned-packages'
import { once, runCommand } from '../../support/run-command'
import { folderOf, type Lane } from '../lanes'

/** The folder a lane's packages are installed in. */
export function venvOf(lane: Lane): string {
  return join('.venvs', lane.name)
}

/** The folder a lane's packages of Debian are unpacked in: their programs are in `usr/bin` below it. */
export function debianFolderOf(lane: Pick<Lane, 'name'>): string {
  return join('.venvs', `${lane.name}-debian`)
}

/** The folder of a lane's programs written in Go. */
export function goFolderOf({ name }: Pick<Lane, 'name'>): string {
  return join('.venvs', `${name}-go`)
}

/** Installs what `lane` needs and is not there yet. @throws Error with what the installer said */
export async function prepare(lane: Lane): Promise<void> {
  const folder = folderOf(lane.name)
  const files = existsSync(folder) ? readdirSync(folder) : []
  for (const file of files) {
    const suffix = /^requirements(-.+)?\.txt$/.exec(file)
    if (suffix !== null) await makeVenv(`${venvOf(lane)}${suffix[1] ?? ''}`, join(folder, file))
  }
  if (files.includes('package-lock.json')) await installPackages(venvOf(lane), folder)
  if (lane.debian !== undefined) await unpackDebian(debianFolderOf(lane), lane.debian)
  for (const [path, name] of Object.entries(lane.installs ?? {})) if (!existsSync(path)) await installDebian(name)
  for (const [name, module] of Object.entries(lane.go ?? {})) await installGo(goFolderOf(lane), name, module)
  if (lane.browser) await installChromium()
  if (lane.build) await build()
}

/** Installs a package of Debian. @throws Error with what apt said */
async function installDebian(name: string): Promise<void> {
  console.info(`installing ${name}`)
  await runCommand('apt-get', ['update', '-qq'])
  await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name])
}

const build = once(async () => {
  await runCommand('npm', ['run', '--silent', 'build'])
})

/** uv installs MLflow with all it needs in seconds, where pip takes minutes. */
const uv = join('.venvs', 'uv', 'bin', 'uv')
const installUv = once(async () => {
  if (existsSync(uv)) return
  await runCommand('python3', ['-m', 'venv', join('.venvs', 'uv')])
  await runCommand(join('.venvs', 'uv', 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', 'uv==0.13.9'])
})

/** Downloads packages with apt and unpacks them in `folder`, unless they are there. @throws Error with what apt said */
async function unpackDebian(folder: string, packages: readonly string[]): Promise<void> {
  const ready = join(folder, 'ready')
  if (existsSync(ready) && readFileSync(ready, 'utf8') === packages.join(' ')) return
  console.info(`making ${folder}`)
  rmSync(folder, { recursive: true, force: true })
  const archives = join(folder, 'archives')
  mkdirSync(archives, { recursive: true })
  await runCommand('apt-get', ['update', '-qq'])
  await runCommand('apt-get', ['download', '-qq', ...packages], { cwd: archives })
  for (const archive of readdirSync(archives)) await runCommand('dpkg', ['-x', join(archives, archive), folder])
  rmSync(archives, { recursive: true })
  writeFileSync(ready, packages.join(' '))
}

/** Builds a program of a Go module in `folder`, unless this version is there, or there is no Go. @throws Error with what go said */
async function installGo(folder: string, name: string, module: string): Promise<void> {
  const ready = join(folder, `${name}.ready`)
  if (existsSync(ready) && readFileSync(ready, 'utf8') === module) return
  const isThere = await runCommand('go', ['version']).then(
    () => true,
    () => false,
  )
  if (!isThere) return console.info(`${name} is left out: it is written in Go, and there is no go`)
  console.info(`making ${folder}/${name}`)
  await runCommand('go', ['install', module], { env: { ...process.env, GOBIN: resolve(folder) } })
  writeFileSync(ready, module)
}

async function makeVenv(folder: string, requirements: string): Promise<void> {
  if (isReady(folder, requirements)) return
  console.info(`making ${folder}`)
  await installUv()
  rmSync(folder, { recursive: true, force: true })
  await runCommand(uv, ['venv', '--quiet', '--python', 'python3', folder])
  await runCommand(uv, ['pip', 'install', '--quiet', '--python', join(folder, 'bin', 'python'), '-r', requirements])
  cpSync(requirements, join(folder, 'ready'))
}
