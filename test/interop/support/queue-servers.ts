/** Debian's Redis and PostgreSQL, each with an empty folder of its own, for the lanes of queues. */
import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { runCommand } from '../../support/run-command'
import { freePort } from './free-port'

/** Where queues lie, as `bullmqExecutor` and `bullmqWorker` take it. */
export type QueuePlace = { readonly redis: string } | { readonly postgres: string }

/** A running server. */
export interface QueueServer {
  readonly place: QueuePlace
  stop(): Promise<void>
}

/** Starts Redis, which the lane installed. */
export async function startRedis(): Promise<QueueServer> {
  const folder = temporaryFolder('millwright-redis-')
  const port = await freePort()
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--maxmemory-policy',
    'noeviction',
    '--dir',
    folder,
  ]
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  process.on('exit', () => child.kill('SIGKILL'))
  await answers(() => spawnSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8' }).stdout.trim() === 'PONG')
  return { place: { redis: `redis://127.0.0.1:${port}` }, stop: async () => void child.kill('SIGKILL') }
}

/** Starts PostgreSQL, which refuses to run as root: it then runs as the user `postgres`. */
export async function startPostgres(): Promise<QueueServer> {
  const folder = temporaryFolder('millwright-postgres-')
  const port = await freePort()
  const bin = postgresPrograms()
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  await runCommand(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync'], user)
  const child = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder], {
    ...user,
    stdio: 'ignore',
  })
  process.on('exit', () => child.kill('SIGKILL'))
  await answers(() => spawnSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]).status === 0)
  return {
    place: { postgres: `postgres://postgres@127.0.0.1:${port}/postgres` },
    async stop() {
      child.kill('SIGINT')
      await new Promise((resolve) => child.once('exit', resolve))
    },
  }
}

function idOf(which: '-u' | '-g'): number {
  return Number(spawnSync('id', [which, 'postgres'], { encoding: 'utf8' }).stdout)
}

function postgresPrograms(): string {
  const root = '/usr/lib/postgresql'
  const version = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a))[0] : undefined
  if (version === undefined) throw new Error('no PostgreSQL found: install the package postgresql')
  return join(root, version, 'bin')
}

function temporaryFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function answers(isUp: () => boolean): Promise<void> {
  for (let i = 0; !isUp(); i++) {
    if (i === 300) throw new Error('the server did not start')
    await pause(100)
  }
}
