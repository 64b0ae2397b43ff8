/** Prometheus' own tool, from Debian. */
import { existsSync } from 'node:fs'
import { runCommand } from '../../support/run-command'

/** The path of promtool, which is installed with apt where the machine has none. @throws Error with what apt said */
export async function findPromtool(): Promise<string> {
  const path = '/usr/bin/promtool'
  if (existsSync(path)) return path
  console.info('installing prometheus')
  await runCommand('apt-get', ['update', '-qq'])
  await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'prometheus'])
  return path
}
