/** What the interop programs share: a real MLflow server, its Python client, a Node that has SQLite, and fresh folders. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The Python that has the MLflow under test: the newest, or that of the virtual environment named by `MILLWRIGHT_MLFLOW`. */
export const python = `${process.env.MILLWRIGHT_MLFLOW ?? '.venvs/mlflow'}/bin/python`
let version: string | undefined
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

/** How a server is started. */
export interface ServerOptions {
  /** The virtual environment whose MLflow it is. @default that of {@link python} */
  readonly venv?: string
  readonly port?: number
  /** SQLite file. */
  readonly database?: string
  /** A tree of files instead of a database. */
  readonly files?: string
  readonly parameters?: readonly string[]
  /** As a user would start it, with its runners of background jobs: six more processes, which take most of a minute to begin. */
  readonly plain?: boolean
}

/** Starts `mlflow server` on a database in `folder` (made when absent) and waits until it answers. */
export async function startServer(folder: string, options: ServerOptions = {}): Promise<Server> {
  const port = options.port ?? (await freePort())
  const log = openSync(join(folder, 'server.log'), 'a')
  const store = options.files ?? `sqlite:///${options.database ?? join(folder, 'server.db')}`
  const child: ChildProcess = spawn(
    options.venv === undefined ? python : `${options.venv}/bin/python`,
    [
      ...['-m', 'mlflow', 'server', '--backend-store-uri', store, '--artifacts-destination', join(folder, 'artifacts')],
      ...['--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...(options.parameters ?? [])],
    ],
    {
      stdio: ['ignore', log, log],
      detached: true,
      env: {
        ...environment,
        ...(options.files === undefined ? {} : { MLFLOW_ALLOW_FILE_STORE: 'true' }),
        ...(options.plain === true ? {} : { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' }),
      },
    },
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
  // A program that is told to end takes its server with it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
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

/**
 * The server of a program that shares one with others: at `given`, else at `MILLWRIGHT_MLFLOW_URL`, else one of its own on a database in
 * `folder`.
 */
export async function useServer(given: string | undefined, folder = freshFolder()): Promise<Server> {
  const url = given ?? process.env.MILLWRIGHT_MLFLOW_URL
  return url === undefined ? startServer(folder) : { url, stop: async () => {} }
}

/** Runs a Python program beside the interop programs; what its last line of output holds as JSON. */
export function runPython<T>(script: string, ...parameters: readonly string[]): T {
  const { status, stdout, stderr } = spawnSync(python, [`test/interop/mlflow/${script}`, ...parameters], {
    encoding: 'utf8',
    env: environment,
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`${script} failed:\n${stdout}\n${stderr}`.slice(-6000))
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T
}

/** The version of MLflow at hand. */
export function mlflowVersion(): string {
  version ??= spawnSync(python, ['-c', 'from importlib.metadata import version; print(version("mlflow"))'], {
    encoding: 'utf8',
    env: environment,
  }).stdout.trim()
  return version
}

/** Whether the MLflow at hand is older than `major.minor`. */
export function isBefore(major: number, minor: number): boolean {
  const [ours = 0, theirs = 0] = mlflowVersion().split('.').map(Number)
  return ours < major || (ours === major && theirs < minor)
}

/** Goes on only on a Node that has `node:sqlite`; on another this program is run again under Node 24. */
export function needSqlite(): void {
  if ((process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.('node:sqlite') !== undefined) return
  const program = process.argv[1] as string
  const { status } = spawnSync('npx', ['-y', '-p', 'node@24', 'node', program, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (status === null || status === 127) console.error('no Node with node:sqlite could be had: `npx -y -p node@24 node` does not start')
  process.exit(status ?? 1)
}

/** Waits. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
