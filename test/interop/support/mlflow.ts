/** What the interop programs share: a real MLflow server, its Python client, a Node that has SQLite, and fresh folders. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The Python that has MLflow. */
export const python = '.venvs/mlflow/bin/python'
const environment = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', PYTHONWARNINGS: 'ignore' }

/** A server that answers. */
export interface Server {
  readonly url: string
  /** Ends the server and all of its workers. Idempotent. */
  stop(): Promise<void>
}

/** A fresh folder, removed when the program ends. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-interop-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A port nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Starts `mlflow server` on a database in `folder` (made when absent) and waits until it answers. */
export async function startServer(folder: string, options: { readonly port?: number; readonly database?: string } = {}): Promise<Server> {
  const port = options.port ?? (await freePort())
  const log = openSync(join(folder, 'server.log'), 'a')
  const child: ChildProcess = spawn(
    python,
    [
      ...['-m', 'mlflow', 'server', '--backend-store-uri', `sqlite:///${options.database ?? join(folder, 'server.db')}`],
      ...['--artifacts-destination', join(folder, 'artifacts'), '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
    ],
    { stdio: ['ignore', log, log], detached: true, env: environment },
  )
  const url = `http://127.0.0.1:${port}`
  let ended = false
  child.once('exit', () => {
    ended = true
  })
  const kill = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid as number), signal)
    } catch {
      // It is gone already.
    }
  }
  const onExit = (): void => kill('SIGKILL')
  process.on('exit', onExit)
  const server: Server = {
    url,
    async stop() {
      kill('SIGTERM')
      for (let i = 0; i < 50 && !ended; i++) await pause(100)
      kill('SIGKILL')
      process.off('exit', onExit)
    },
  }
  for (let i = 0; i < 600; i++) {
    if (ended) throw new Error(`mlflow server ended:\n${readFileSync(join(folder, 'server.log'), 'utf8').slice(-3000)}`)
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    if (answer?.ok) return server
    await pause(200)
  }
  await server.stop()
  throw new Error('mlflow server did not answer in two minutes')
}

/** Runs a Python program beside the interop programs; what its last line of output holds as JSON. */
export function runPython<T>(script: string, ...parameters: readonly string[]): T {
  const { status, stdout, stderr } = spawnSync(python, [`test/interop/${script}`, ...parameters], {
    encoding: 'utf8',
    env: environment,
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`${script} failed:\n${stdout}\n${stderr}`.slice(-6000))
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T
}

/** The version of MLflow at hand. */
export function mlflowVersion(): string {
  return spawnSync(python, ['-c', 'import mlflow; print(mlflow.__version__)'], { encoding: 'utf8', env: environment }).stdout.trim()
}

/** Goes on only on a Node that has `node:sqlite`; on another this program is run again under Node 24. */
export function needSqlite(): void {
  if ((process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.('node:sqlite') !== undefined) return
  const program = process.argv[1] as string
  const { status } = spawnSync('npx', ['-y', '-p', 'node@24', 'node', program, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (status === null || status === 127) console.info('left out: no Node with node:sqlite could be had')
  process.exit(status === null || status === 127 ? 0 : status)
}

/** Waits. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
