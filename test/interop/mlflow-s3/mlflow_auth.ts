/**
 * Logging in to a real `mlflow server --app-name basic-auth`: a wrong password, none, a user who may only read, and the right one, given as
 * options, in the address, by the environment and by `~/.mlflow/credentials`; tracker, registry and queue.
 *
 * Runs with `.venvs/mlflow-s3`, which the lane makes.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { mlflowRegistry } from '../../../src/adapters/mlflow/registry/mlflow-registry'
import { type MlflowTrackerOptions, mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { queuedTracker } from '../../../src/layers/queued/queued-tracker'

const venv = '.venvs/mlflow-s3'
const home = mkdtempSync(join(tmpdir(), 'millwright-auth-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
const [admin, secret] = ['admin', 'a long password of ours 1']
const settings = [
  ...['[mlflow]', 'default_permission = READ', `database_uri = sqlite:///${join(home, 'auth.db')}`, `admin_username = ${admin}`],
  ...[`admin_password = ${secret}`, 'authorization_function = mlflow.server.auth:authenticate_request_basic_auth'],
]
writeFileSync(join(home, 'auth.ini'), `${settings.join('\n')}\n`)
// The helpers read the environment when they are loaded.
Object.assign(process.env, {
  MILLWRIGHT_MLFLOW: venv,
  MLFLOW_FLASK_SERVER_SECRET_KEY: 'of this test',
  MLFLOW_AUTH_CONFIG_PATH: join(home, 'auth.ini'),
})
const { freshFolder, startServer } = await import('../support/mlflow')
const server = await startServer(freshFolder(), { parameters: ['--app-name', 'basic-auth'] })
try {
  const { url } = server
  const tracker = (options: MlflowTrackerOptions = {}) => mlflowTracker({ url, retries: 0, ...options })
  const asAdmin = tracker({ username: admin, password: secret })
  for (const username of ['ada', 'bob'])
    await asAdmin.request('POST', 'users/create', { username, password: `the password of ${username}` })
  const ada = { username: 'ada', password: 'the password of ada' }
  const bob = { username: 'bob', password: 'the password of bob' }

  // The right one, in four ways.
  const { experimentId } = await tracker(ada).ensureExperiment('of ada')
  const { runId } = await tracker(ada).createRun({ experimentId, startTime: 1 })
  await tracker(ada).putArtifact({ runId }, 'a.txt', new Uint8Array([1]))
  const inAddress = url.replace('http://', `http://ada:${encodeURIComponent(ada.password)}@`)
  assert.equal((await tracker({ url: inAddress }).getRun(runId)).runId, runId)
  Object.assign(process.env, { MLFLOW_TRACKING_USERNAME: ada.username, MLFLOW_TRACKING_PASSWORD: ada.password })
  assert.equal((await tracker().getRun(runId)).runId, runId)
  for (const name of ['MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD']) delete process.env[name]
  process.env.HOME = home
  mkdirSync(join(home, '.mlflow'))
  writeFileSync(
    join(home, '.mlflow', 'credentials'),
    `[mlflow]\nmlflow_tracking_username = ada\nmlflow_tracking_password = ${ada.password}\n`,
  )
  assert.equal((await tracker().getRun(runId)).runId, runId)
  rmSync(join(home, '.mlflow'), { recursive: true })

  // None, a wrong one, and one that may only read.
  const refused = (work: unknown, words: RegExp) => assert.rejects(Promise.resolve(work), { code: 'PermissionDenied', message: words })
  await refused(tracker().getRun(runId), /HTTP 401.*not authenticated/)
  await refused(tracker({ ...ada, password: 'wrong' }).getRun(runId), /HTTP 401/)
  await refused(tracker({ token: 'nothing' }).getRun(runId), /HTTP 401/)
  assert.equal((await tracker(bob).getRun(runId)).runId, runId)
  await refused(tracker(bob).createRun({ experimentId, startTime: 1 }), /HTTP 403.*[Pp]ermission denied/)
  await refused(tracker(bob).logBatch(runId, { tags: { by: 'bob' } }), /HTTP 403/)
  await refused(tracker(bob).putArtifact({ runId }, 'b.txt', new Uint8Array([1])), /HTTP 403/)

  // The registry.
  const now = { createdAt: 1 }
  await mlflowRegistry({ url, ...ada }).ensureModel('model of ada', now)
  assert.equal((await mlflowRegistry({ url, ...bob }).getModel('model of ada'))?.name, 'model of ada')
  const change = { description: 'mine', updatedAt: 2 }
  await refused(mlflowRegistry({ url, ...bob }).updateModel('model of ada', change), /HTTP 403/)
  await refused(mlflowRegistry({ url, username: 'ada', password: 'wrong' }).getModel('model of ada'), /HTTP 401/)

  // A password that has expired is waited out: what was logged meanwhile arrives with the new one.
  const storage = memoryStorage()
  const before = queuedTracker({ backend: tracker({ ...ada, password: 'expired' }), storage, closeMs: 0 })
  await before.logBatch(runId, { metrics: [{ key: 'm', value: 1, step: 1, timestamp: 1 }] })
  assert.deepEqual(before.status(), { ...before.status(), entries: 1, rejected: 0, isOnline: false })
  await before.close()
  const after = queuedTracker({ backend: tracker(ada), storage })
  await after.flush()
  assert.equal((await tracker(ada).getRun(runId)).metrics.m?.value, 1)
  await after.close()
  console.info(
    'mlflow_auth: the right password in four ways; none, a wrong one and one without permission refused; a queue waits an expired one out',
  )
} finally {
  await server.stop()
}
