/**
 * Models over HTTP: ours, bare `node:http` + onnxruntime-node, Fastify + onnxruntime-node, FastAPI + uvicorn + onnxruntime, on the same two models.
 *
 *   node scripts/bench.mjs serve [--quick]
 *   node scripts/run.mjs bench/serve.ts --quick ours bare      some servers alone
 *
 * The load comes from autocannon in this process. CPU time is that of the server with its children, from /proc (Linux). Makes `.venvs/serving` for
 * FastAPI if it is not there. Prints a table and JSON.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import autocannon from 'autocannon'
import { bundle } from '../scripts/run.mjs'
import { benchModel, columnNames } from './serving/models'

const quick = process.argv.includes('--quick')
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const seconds = quick ? 2 : 6
const venv = '.venvs/serving'
const folder = mkdtempSync(join(tmpdir(), 'millwright-serve-'))
const body = JSON.stringify({ rows: [Object.fromEntries(columnNames.map((name, j) => [name, j / 2 - 1]))] })

interface Server {
  readonly url: string
  readonly process: ChildProcess
  /** The largest delay of its event loop since the last call, in milliseconds; `NaN` for servers that cannot say. */
  loopDelay(): Promise<number>
}

interface Measured {
  readonly server: string
  readonly model: string
  readonly connections: number
  /** Share of the highest rate at which requests came; 1 where each follows the answer before. */
  readonly load: number
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly cpuMicroseconds: number
  readonly loopDelayMs: number
  readonly errors: number
}

async function startNode(kind: string, model: string): Promise<Server> {
  const child = spawn(process.execPath, [join('node_modules', '.millwright', 'bench-server.mjs'), kind, model], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const port = Number((await lines.next()).value)
  return {
    url: `http://127.0.0.1:${port}`,
    process: child,
    async loopDelay() {
      child.stdin?.write('\n')
      return Number((await lines.next()).value)
    },
  }
}

async function startFastApi(workers: number, model: string): Promise<Server> {
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const arguments_ = ['-m', 'uvicorn', 'fastapi_app:app', '--port', String(port), '--workers', String(workers), '--log-level', 'warning']
  const child = spawn(join(process.cwd(), venv, 'bin', 'python'), arguments_, {
    cwd: join('bench', 'serving'),
    env: { ...process.env, MODEL: model },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(`${url}/openapi.json`).catch(() => undefined)
    if (answer?.ok) break
    if (attempt > 300) throw new Error('FastAPI did not start')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { url, process: child, loopDelay: async () => Number.NaN }
}

/** Makes FastAPI's environment. */
function prepareFastApi(): void {
  if (existsSync(join(venv, 'bin', 'uvicorn'))) return
  spawnSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' })
  spawnSync(join(venv, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', 'bench/serving/requirements.txt'], {
    stdio: 'inherit',
  })
}

/** Processor time of a process and its children so far, in seconds. */
function cpuOf(pid: number): number {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  let ticks = 0
  for (const id of children) {
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

async function shoot(server: Server, connections: number, options: { seconds: number; rate?: number }): Promise<autocannon.Result> {
  return autocannon({
    url: `${server.url}/predict`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections,
    duration: options.seconds,
    ...(options.rate === undefined ? {} : { overallRate: options.rate }),
  })
}

async function measure(
  server: Server,
  label: Pick<Measured, 'server' | 'model' | 'connections' | 'load'>,
  rate?: number,
): Promise<Measured> {
  await shoot(server, label.connections, { seconds: 1 })
  await server.loopDelay()
  const before = cpuOf(server.process.pid as number)
  const result = await shoot(server, label.connections, { seconds, ...(rate === undefined ? {} : { rate }) })
  const cpu = cpuOf(server.process.pid as number) - before
  const total = result.requests.total
  const measured: Measured = {
    ...label,
    requestsPerSecond: total / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpuMicroseconds: (cpu / total) * 1e6,
    loopDelayMs: await server.loopDelay(),
    errors: result.errors + result.non2xx,
  }
  const figures = [
    measured.server.padEnd(16),
    measured.model.padEnd(6),
    String(measured.connections).padStart(4),
    `${Math.round(measured.load * 100)} %`.padStart(6),
    measured.requestsPerSecond.toFixed(0).padStart(8),
    String(measured.p50).padStart(6),
    String(measured.p99).padStart(6),
    measured.cpuMicroseconds.toFixed(0).padStart(8),
    measured.loopDelayMs.toFixed(1).padStart(9),
    measured.errors === 0 ? '' : `${measured.errors} ERRORS`,
  ]
  console.log(figures.join('  '))
  return measured
}

interface Plan {
  readonly server: string
  readonly model: 'small' | 'heavy'
  readonly connections: readonly number[]
}

const workers = Math.max(2, cpus().length)
const plans: readonly Plan[] = [
  ...['bare-nothing', 'nothing'].map((server): Plan => ({ server, model: 'small', connections: [32] })),
  ...['bare', 'fastify', 'ours', 'ours-batch', 'fastapi-1', `fastapi-${workers}`].map(
    (server): Plan => ({ server, model: 'small', connections: [1, 32, 64] }),
  ),
  ...['bare', 'ours', 'ours-batch', 'ours-pool', 'ours-pool-batch', 'fastapi-1'].map(
    (server): Plan => ({ server, model: 'heavy', connections: [64] }),
  ),
].filter(({ server }) => wanted.length === 0 || wanted.includes(server))

await bundle('bench/serving/server.ts', join('node_modules', '.millwright', 'bench-server.mjs'), { sourcemap: false })
if (plans.some(({ server }) => server.startsWith('fastapi'))) prepareFastApi()
console.log('server            model   conn    load   req/s/s     p50     p99   CPU µs   loop ms')
const results: Measured[] = []
for (const { server, model, connections } of plans) {
  const path = join(folder, `${model}.onnx`)
  if (!existsSync(path)) writeFileSync(path, benchModel(model))
  const running = server.startsWith('fastapi-') ? await startFastApi(Number(server.slice(8)), path) : await startNode(server, path)
  try {
    for (const count of connections) results.push(await measure(running, { server, model, connections: count, load: 1 }))
    const best = results[results.length - 1] as Measured
    if (best.connections === 64)
      results.push(await measure(running, { server, model, connections: 64, load: 0.7 }, Math.round(best.requestsPerSecond * 0.7)))
  } finally {
    running.process.kill()
    await new Promise((resolve) => running.process.once('exit', resolve))
  }
}
rmSync(folder, { recursive: true, force: true })

const of = (server: string, model: string, connections: number): Measured | undefined =>
  results.find((found) => found.server === server && found.model === model && found.connections === connections && found.load === 1)
const ratio = (
  key: 'requestsPerSecond' | 'cpuMicroseconds',
  ...[ours, peer, model, connections]: readonly [string, string, string, number]
): number | undefined => {
  const [a, b] = [of(ours, model, connections), of(peer, model, connections)]
  return a && b && Number((a[key] / b[key]).toFixed(2))
}
const ratios = {
  'CPU a request, no model: ours / bare (32)': ratio('cpuMicroseconds', 'nothing', 'bare-nothing', 'small', 32),
  'CPU a request, small: ours / bare (32)': ratio('cpuMicroseconds', 'ours', 'bare', 'small', 32),
  'CPU a request, small, batching: ours / bare (64)': ratio('cpuMicroseconds', 'ours-batch', 'bare', 'small', 64),
  'requests/s, small: ours / FastAPI (32)': ratio('requestsPerSecond', 'ours', 'fastapi-1', 'small', 32),
  'requests/s, small, batching: ours / FastAPI (64)': ratio('requestsPerSecond', 'ours-batch', 'fastapi-1', 'small', 64),
  'requests/s, heavy, batching: ours / bare (64)': ratio('requestsPerSecond', 'ours-batch', 'bare', 'heavy', 64),
  'requests/s, heavy, batching: ours / FastAPI (64)': ratio('requestsPerSecond', 'ours-batch', 'fastapi-1', 'heavy', 64),
}
for (const [name, value] of Object.entries(ratios)) if (value !== undefined) console.log(`  ${name}: ${value}`)
console.log(
  `\n${JSON.stringify({ bench: 'serve', machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }, ratios, results })}`,
)
