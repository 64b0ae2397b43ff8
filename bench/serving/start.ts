/** Starts the servers of the serving bench, each as a process of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { OpenLoadOptions, OpenLoadResult } from './open-load'

const venv = '.venvs/serving'
/** The bundle of `server.ts`. */
export const serverProgram: string = join('node_modules', '.millwright', 'bench-server.mjs')

/** The bundle of `open-load.ts`. */
export const loadProgram: string = join('node_modules', '.millwright', 'bench-open-load.mjs')

/** How late the event loop was, in milliseconds. */
export interface LoopDelay {
  readonly p99: number
  readonly max: number
}

/** A running server. */
export interface Server {
  readonly port: number
  readonly process: ChildProcess
  /** The first call starts to measure, the second one gives what was found, and so on. `NaN` for servers that cannot say. */
  loopDelay(): Promise<LoopDelay>
}

/** Bun's program, if `npm run test:runtime -- servers` or the user has installed it. */
export function bunProgram(): string | undefined {
  const installed = resolve('.venvs', 'runtimes', 'node_modules', 'bun', 'bin', 'bun.exe')
  return existsSync(installed) ? installed : spawnSync('bun', ['--version']).status === 0 ? 'bun' : undefined
}

/** Starts a server of `server.ts` under Node or Bun (`bun-…`), or FastAPI with a number of workers (`fastapi-2`). */
export function startServer(kind: string, model: string): Promise<Server> {
  if (kind.startsWith('fastapi-')) return startFastApi(Number(kind.slice('fastapi-'.length)), model)
  return startScript(kind.startsWith('bun-') ? (bunProgram() as string) : process.execPath, kind, model)
}

async function startScript(program: string, kind: string, model: string): Promise<Server> {
  const child = spawn(program, [serverProgram, kind, model], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const port = Number((await lines.next()).value)
  return {
    port,
    process: child,
    async loopDelay() {
      child.stdin?.write('\n')
      return JSON.parse((await lines.next()).value) as LoopDelay
    },
  }
}

async function startFastApi(workers: number, model: string): Promise<Server> {
  prepareFastApi()
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const arguments_ = ['-m', 'uvicorn', 'fastapi_app:app', '--port', String(port), '--workers', String(workers), '--log-level', 'warning']
  const child = spawn(join(process.cwd(), venv, 'bin', 'python'), arguments_, {
    cwd: join('bench', 'serving'),
    env: { ...process.env, MODEL: model },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(`http://127.0.0.1:${port}/openapi.json`).catch(() => undefined)
    if (answer?.ok) break
    if (attempt > 300) throw new Error('FastAPI did not start')
    await new Promise((done) => setTimeout(done, 100))
  }
  return { port, process: child, loopDelay: async () => ({ p99: Number.NaN, max: Number.NaN }) }
}

/** Runs the load of `open-load.ts`. @throws Error when it fails */
export async function openLoad(options: OpenLoadOptions): Promise<OpenLoadResult> {
  const child = spawn(process.execPath, [loadProgram, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const part of child.stdout.setEncoding('utf8')) text += part
  if (text === '') throw new Error('the load failed')
  return JSON.parse(text) as OpenLoadResult
}

function prepareFastApi(): void {
  if (existsSync(join(venv, 'bin', 'uvicorn'))) return
  spawnSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' })
  spawnSync(join(venv, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', 'bench/serving/requirements.txt'], {
    stdio: 'inherit',
  })
}

/** Processor time of a process and its children so far, in seconds, from /proc (Linux). */
export function cpuOf(pid: number): number {
  let ticks = 0
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${id}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      if (Number(id) === pid || Number(fields[1]) === pid) ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // A process that has ended meanwhile.
    }
  }
  return ticks / 100
}
