/** Packages of npm that a lane or a runtime runs with, as its lockfile pins them. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command'

/** Whether `folder` was made from the file `pinned`. */
export function isReady(folder: string, pinned: string): boolean {
  const ready = join(folder, 'ready')
  return existsSync(ready) && readFileSync(ready, 'utf8') === readFileSync(pinned, 'utf8')
}

/** Installs into `folder` what the lockfile in `pinned` says, without install scripts, unless it is there. @throws Error with what npm said */
export async function installPackages(folder: string, pinned: string): Promise<void> {
  const lock = join(pinned, 'package-lock.json')
  if (isReady(folder, lock)) return
  console.info(`making ${folder}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(pinned, file), join(folder, file))
  await runCommand('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder })
  cpSync(lock, join(folder, 'ready'))
}

/** Packs this package (as built) and installs the tarball in `folder`, beside what is there. @throws Error with what npm said */
export async function installTarball(folder: string): Promise<void> {
  const packed = await runCommand('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder])
  const tarball = join(folder, packed.trim().split('\n').at(-1) as string)
  const quiet = ['--silent', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await runCommand('npm', ['install', ...quiet, tarball], { cwd: folder })
}
