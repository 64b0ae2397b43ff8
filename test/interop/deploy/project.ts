/** `examples/mlops-project` and `examples/service` as a team uses them: copied out of the packed package: `npm ci`, `npm start`, `npm test`, the service, and the committed files. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../support/run-command'

const source = 'examples/mlops-project'
const folder = await mkdtemp(join(tmpdir(), 'millwright-project-'))
try {
  const npm = (...args: string[]): Promise<string> => runCommand('npm', ['--silent', ...args], { cwd: folder })
  const packed = await runCommand('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder])
  const tarball = packed.trim().split('\n').at(-1) as string
  const copy = (example: string, to: string): Promise<string> =>
    runCommand('tar', ['xzf', join(folder, tarball), '-C', to, '--strip-components=3', `package/examples/${example}`])
  await copy('mlops-project', folder)
  // The lockfile that a team commits; it names the tarball in place of the registry.
  await npm('install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`)
  await npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline')
  const started = await npm('start')
  assert.match(started, /penguins version 1 is champion: accuracy (0\.9\d|1\.0)/)
  assert.ok(existsSync(join(folder, 'data/processed/train.csv')))
  await npm('test')
  // A gate that nobody passes ends with status 1, so that the workflow stops.
  const env = { ...process.env, MILLWRIGHT_TRAINING_MIN_ACCURACY_THRESHOLD: '1' }
  await assert.rejects(runCommand('node', ['dist/src/train.js'], { cwd: folder, env }), /the gate refused the model/)
  await answers()
  await npm('run', 'deploy-files')
  const committed = ['Dockerfile', '.dockerignore', 'docker-compose.yml', 'kubernetes/deployment.yaml', '.github/workflows/model.yml']
  for (const path of committed)
    assert.equal(readFileSync(join(folder, path), 'utf8'), readFileSync(join(source, path), 'utf8'), `${path} is out of date`)
  // The other example, with the same packages: it signs, verifies and rolls out two models, and its test says how that ended.
  const service = join(folder, 'service')
  mkdirSync(service)
  await copy('service', service)
  renameSync(join(folder, 'node_modules'), join(service, 'node_modules'))
  await runCommand('npm', ['--silent', 'test'], { cwd: service })
  console.info('npm ci, start, test, serve and deploy-files work in a copy of the project; npm test in one of the service')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The service as the image starts it: it answers, and ends by itself at SIGTERM. */
async function answers(): Promise<void> {
  const env = { ...process.env, MILLWRIGHT_DEPLOYMENT_API_PORT: '0' }
  const child = spawn('node', ['--enable-source-maps', 'dist/src/server.js'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const found = /(http:\/\/\S+)\/docs/.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    void ended.then((code) => reject(new Error(`the service ended with ${code}`)))
  })
  for (const path of ['/healthz', '/readyz', '/metrics', '/docs', '/v2/models/penguins'])
    assert.equal((await fetch(url + path)).status, 200, path)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
}
