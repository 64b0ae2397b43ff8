/**
 * Large files against a real `mlflow server` whose artifacts lie on S3 (moto stands in for it): uploads in parts and downloads by presigned
 * addresses, of the tracker and of the registry, read back through the server's proxy too.
 *
 * Runs with `.venvs/mlflow-s3`, which the lane makes.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { mlflowRegistry } from '../../../src/adapters/mlflow/registry/mlflow-registry'
import { mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { ModelRegistry } from '../../../src/registry'

const venv = '.venvs/mlflow-s3'
const s3Port = 20_000 + (process.pid % 20_000)
const s3 = `http://127.0.0.1:${s3Port}`
// The helpers read the environment when they are loaded.
Object.assign(process.env, { MILLWRIGHT_MLFLOW: venv, MLFLOW_S3_ENDPOINT_URL: s3, AWS_DEFAULT_REGION: 'us-east-1' })
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' })
const { freshFolder, pause, startServer } = await import('../support/mlflow')
const folder = freshFolder()
const log = openSync(join(folder, 's3.log'), 'a')
const moto = spawn(resolve(venv, 'bin/python'), ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(s3Port)], {
  stdio: ['ignore', log, log],
})
process.on('exit', () => moto.kill('SIGKILL'))
for (let i = 0; i < 300 && !(await fetch(`${s3}/bucket`, { method: 'PUT' }).catch(() => undefined))?.ok; i++) await pause(100)

const server = await startServer(folder, { parameters: ['--artifacts-destination', 's3://bucket/art'] })
try {
  /** What goes where, as the client sees it. */
  const seen: string[] = []
  const watched: typeof fetch = (input, init) => {
    const { host, pathname } = new URL(String(input))
    const kind = host === new URL(s3).host ? 's3' : /mpu\/\w+|presigned|artifacts\/artifacts/.exec(pathname)?.[0]
    if (kind !== undefined) seen.push(`${init?.method} ${kind}`)
    return fetch(input, init)
  }
  const take = (): string[] => seen.splice(0).sort()
  const big = Uint8Array.from({ length: 23 * 2 ** 20 + 7 }, (_, i) => (i * 31 + (i >> 11)) % 251)
  const same = (bytes: Uint8Array): boolean => Buffer.compare(bytes, big) === 0
  const options = { url: server.url, fetch: watched, multipartBytes: 5 * 2 ** 20, directDownloads: true }
  const tracker = mlflowTracker(options)
  const { experimentId } = await tracker.ensureExperiment('s3')
  const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
  await tracker.putArtifact({ runId }, 'deep/ü big.bin', big)
  assert.deepEqual(take(), ['POST mpu/complete', 'POST mpu/create', 'PUT s3', 'PUT s3', 'PUT s3'])
  assert.ok(same(await tracker.getArtifact({ runId }, 'deep/ü big.bin')))
  assert.deepEqual(take(), ['GET presigned', 'GET s3'])
  const proxied = mlflowTracker({ ...options, directDownloads: false })
  assert.ok(same(await proxied.getArtifact({ runId }, 'deep/ü big.bin')))
  assert.deepEqual(take(), ['GET artifacts/artifacts'])
  assert.deepEqual(await tracker.listArtifacts({ runId }, 'deep'), [{ path: 'deep/ü big.bin', isFolder: false, sizeBytes: big.length }])
  await assert.rejects(Promise.resolve(tracker.getArtifact({ runId }, 'deep/nothing.bin')), { code: 'NotFound' })
  await assert.rejects(Promise.resolve(proxied.getArtifact({ runId }, 'deep/nothing.bin')), { code: 'NotFound' })
  take()
  // A part that fails gives the upload up: nothing of it is seen.
  const failing = mlflowTracker({
    ...options,
    retries: 0,
    fetch: async (input, init) =>
      init?.method === 'PUT' && String(input).includes('partNumber=2') ? new Response('', { status: 403 }) : fetch(input, init),
  })
  await assert.rejects(Promise.resolve(failing.putArtifact({ runId }, 'half.bin', big)), { code: 'PermissionDenied' })
  assert.deepEqual(
    (await tracker.listArtifacts({ runId })).map(({ path }) => path),
    ['deep'],
  )

  const registry = new ModelRegistry({ backend: mlflowRegistry(options) })
  const model = { flavor: 'own', task: 'other', signature: { inputs: [], outputs: [] }, files: { 'model.bin': big } } as const
  await registry.register('large', model)
  assert.deepEqual(
    take().filter((call) => /s3|mpu/.test(call)),
    ['POST mpu/complete', 'POST mpu/create', 'PUT s3', 'PUT s3', 'PUT s3'],
  )
  assert.ok(same(await registry.readFile('large@1', 'model.bin')))
  assert.ok(take().includes('GET s3'))
  console.info('mlflow_s3: 23 MiB in three parts and back by presigned address, tracker and registry; a failed part leaves nothing')
} finally {
  await server.stop()
  moto.kill('SIGKILL')
}
