/** `examples/mlops-project` as a team uses it: copied out, with the packed package: `npm ci`, `npm start`, `npm test`, the service, and the committed files. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../support/run-command'

const source = 'examples/mlops-project'
const folder = await mkdtemp(join(tmpdir(), 'millwright-project-'))
try {
  cpSync(source, folder, { recursive: true, filter: (path) => !/\/(node_modules|dist|models)$/.test(path) })
  const npm = (...args: string[]): Promise<string> => runCommand('npm', ['--silent', ...args], { cwd: folder })
  const packed = await runCommand('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder])
  // The lockfile that a team commits; it names the tarball in place of the registry.
  await npm('install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund', `./${packed.trim().split('\n').at(-1)}`)
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
  console.info('npm ci, start, test, serve and deploy-files work in a copy of the project')
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
