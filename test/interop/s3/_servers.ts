/** S3 servers of this lane: moto, and versitygw, which checks signatures and writes to a real folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type S3StorageOptions, s3Storage } from '../../../src/adapters/s3/s3-storage'
import { runCommand } from '../../support/run-command'

/** A running server with an empty bucket. */
export interface S3Server {
  readonly name: string
  /** Options of `s3Storage` for it. */
  readonly options: S3StorageOptions
  stop(): void
}

const venv = resolve('.venvs/s3')
const credentials = { accessKeyId: 'millwright', secretAccessKey: 'of this test + only/1' }
const versitygw = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'

/** moto: what MLflow's own tests stand on. It checks no signature. */
export async function startMoto(): Promise<S3Server> {
  const port = await freePort()
  return start('moto', port, join(venv, 'bin/python'), ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)])
}

/** versitygw over a folder; `undefined` where there is no Go to build it. */
export async function startVersity(): Promise<S3Server | undefined> {
  const binary = join(venv, 'go/bin/versitygw')
  if (!existsSync(binary)) {
    try {
      console.info('building versitygw (some minutes, once)')
      const go = join(venv, 'go')
      await runCommand('env', [`GOBIN=${join(go, 'bin')}`, `GOPATH=${join(go, 'path')}`, 'GOFLAGS=-modcacherw', 'go', 'install', versitygw])
    } catch (error) {
      console.info(`left out: versitygw, which Go could not build (${(error as Error).message.split('\n')[0]})`)
      return undefined
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'millwright-versity-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'data'))
  const port = await freePort()
  const keys = ['--access', credentials.accessKeyId, '--secret', credentials.secretAccessKey]
  return start('versitygw', port, binary, [...keys, '--port', `127.0.0.1:${port}`, 'posix', join(folder, 'data')])
}

async function start(name: string, port: number, command: string, args: readonly string[]): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-s3-'))
  const log = openSync(join(folder, 'log'), 'a')
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', log, log] })
  process.on('exit', () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const options = { bucket: 'mill-bucket', endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials }
  for (let i = 0; ; i++) {
    try {
      await makeBucket(options)
      return { name, options, stop: () => child.kill('SIGKILL') }
    } catch (error) {
      if (i === 300 || child.exitCode !== null) throw error
      await pause(100)
    }
  }
}

/** s3Storage makes no bucket; a signed request of its own library does. */
async function makeBucket({ bucket, endpoint }: S3StorageOptions): Promise<void> {
  const { AwsClient } = await import('aws4fetch')
  const client = new AwsClient({ ...credentials, service: 's3', region: 'us-east-1', retries: 0 })
  const answer = await client.fetch(`${endpoint}/${bucket}`, { method: 'PUT' })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
}

/** Removes every object: a fresh namespace for the next check. */
export async function empty(options: S3StorageOptions): Promise<void> {
  const store = s3Storage(options)
  for (let page = await store.list(); page.objects.length > 0; page = await store.list()) {
    for (const { key } of page.objects) await store.delete(key)
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}
