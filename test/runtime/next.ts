/** The route of docs/guide/your-app.md in a real application on Next.js: type-checked, built for production and asked. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort } from '../interop/support/free-port'
import { installPackages, installTarball } from '../support/pinned-packages'
import { runCommand } from '../support/run-command'
import { askServer } from './ask-server'

const folder = resolve('.venvs', 'next')
await installPackages(folder, 'test/runtime/next')
await installTarball(folder)
const [, route] =
  /^## Next\.js\n[\s\S]*?^```ts\n([\s\S]*?)^\/\/ What Next\.js does with it/m.exec(readFileSync('docs/guide/your-app.md', 'utf8')) ?? []
rmSync(join(folder, 'app'), { recursive: true, force: true })
const files = {
  // Without it Next.js takes the checkout around this folder for the application.
  'next.config.mjs': `export default { turbopack: { root: ${JSON.stringify(folder)} } }\n`,
  'app/layout.tsx':
    'export default function Layout({ children }: { children: React.ReactNode }) {\n  return <html lang="en"><body>{children}</body></html>\n}\n',
  'app/page.tsx': 'export default function Page() {\n  return <p>my own page</p>\n}\n',
  'app/api/ml/[...path]/route.ts': route as string,
}
for (const [name, text] of Object.entries(files)) {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), text)
}
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
const program = join(folder, 'node_modules', 'next', 'dist', 'bin', 'next')
await runCommand(process.execPath, [program, 'build'], { cwd: folder, env })

const port = await freePort()
const child = spawn(process.execPath, [program, 'start', '--port', String(port), '--hostname', '127.0.0.1'], {
  cwd: folder,
  env,
  stdio: ['ignore', 'ignore', 'inherit'],
})
const ended = new Promise((done) => child.once('exit', done))
try {
  await askServer(`http://127.0.0.1:${port}/api/ml`, 'Next.js')
} finally {
  child.kill()
  await ended
}
