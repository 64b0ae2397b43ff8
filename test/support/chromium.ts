/** A headless Chromium for the programs that look at pages. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { once, runCommand } from './run-command'

const findChromium = (): string | undefined =>
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))

/** Installs Chromium with apt where the machine has none. @throws Error with what apt said */
export const installChromium = once(async () => {
  if (findChromium() !== undefined) return
  console.info('installing chromium')
  await runCommand('apt-get', ['update', '-qq'])
  await runCommand('apt-get', ['install', '-y', '-qq', 'chromium'])
})

/** Starts the Chromium that the machine has; `args` are added to its command line. @throws Error where there is none */
export function startChromium(args: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('no Chromium found: install the package chromium')
  const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update']
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-sync', ...quiet, ...args] })
}
