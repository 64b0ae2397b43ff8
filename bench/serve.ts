/**
 * Models over HTTP: ours, bare `node:http` + onnxruntime-node, Fastify + onnxruntime-node, FastAPI + uvicorn + onnxruntime, on the same two models;
 * and servers without a model, on Node and on Bun where it is installed (`npm run test:runtime -- servers` installs it).
 *
 *   node scripts/bench.mjs serve [--quick]
 *   node scripts/run.mjs bench/serve.ts --quick ours bare      some servers alone
 *
 * All servers of a model run side by side and get the load in turns, several times over; a figure is the median of its turns. Processor time is that of the
 * server with its children, from /proc (Linux). Makes `.venvs/serving` for FastAPI if it is not there. Prints a table, each aim with its figure, and JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { bundle } from '../scripts/run.mjs'
import { benchModel, columnNames } from './serving/models'
import { openLoad } from './serving/open-load'
import { bunProgram, cpuOf, type Server, serverProgram, startServer } from './serving/start'

const quick = process.argv.includes('--quick')
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const [rounds, seconds] = quick ? [3, 1] : [5, 2]
const body = JSON.stringify({ rows: [Object.fromEntries(columnNames.map((name, j) => [name, j / 2 - 1]))] })
const workers = Math.max(2, cpus().length)

interface Figures {
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly cpuMicroseconds: number
  readonly loopP99: number
  readonly loopMax: number
  readonly errors: number
}

interface Measured extends Figures {
  readonly server: string
  readonly model: string
  readonly connections: number
  /** Share of the highest rate at which requests came; 1 where each follows the answer before. */
  readonly load: number
}

interface Plan {
  readonly model: 'none' | 'small' | 'heavy'
  readonly servers: readonly string[]
  readonly connections: readonly number[]
}

const plans: readonly Plan[] = (
  [
    {
      model: 'none',
      servers: ['bare-nothing', 'nothing', ...(bunProgram() === undefined ? [] : ['bun-bare-nothing', 'bun-nothing'])],
      connections: [32],
    },
    { model: 'small', servers: ['bare', 'fastify', 'ours', 'ours-batch', 'fastapi-1', `fastapi-${workers}`], connections: [1, 32, 64] },
    { model: 'heavy', servers: ['bare', 'ours', 'ours-batch', 'ours-pool', 'ours-pool-batch', 'fastapi-1'], connections: [64] },
  ] satisfies Plan[]
).map((plan) => ({ ...plan, servers: plan.servers.filter((server) => wanted.length === 0 || wanted.includes(server)) }))

/** Requests as fast as each connection gets its answers; or `rate` a second, whatever the server does. */
async function shoot(
  { port }: Server,
  connections: number,
  rate: number | undefined,
): Promise<{ total: number; seconds: number; p50: number; p99: number; errors: number }> {
  if (rate !== undefined) return openLoad({ port, path: '/predict', body, connections, rate, seconds })
  const headers = { 'content-type': 'application/json' }
  const url = `http://127.0.0.1:${port}/predict`
  const { requests, duration, latency, errors, non2xx } = await autocannon({
    url,
    method: 'POST',
    headers,
    body,
    connections,
    duration: seconds,
  })
  return { total: requests.total, seconds: duration, p50: latency.p50, p99: latency.p99, errors: errors + non2xx }
}

async function measureOnce(server: Server, connections: number, rate: number | undefined): Promise<Figures> {
  await server.loopDelay()
  const before = cpuOf(server.process.pid as number)
  const result = await shoot(server, connections, rate)
  const cpu = cpuOf(server.process.pid as number) - before
  const delay = await server.loopDelay()
  return {
    requestsPerSecond: result.total / result.seconds,
    p50: result.p50,
    p99: result.p99,
    cpuMicroseconds: (cpu / result.total) * 1e6,
    loopP99: delay.p99,
    loopMax: delay.max,
    errors: result.errors,
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}

/** The median of each figure. */
function typical(turns: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number => median(turns.map((turn) => turn[key]))
  return {
    requestsPerSecond: of('requestsPerSecond'),
    p50: of('p50'),
    p99: of('p99'),
    cpuMicroseconds: of('cpuMicroseconds'),
    loopP99: of('loopP99'),
    loopMax: of('loopMax'),
    errors: turns.reduce((sum, { errors }) => sum + errors, 0),
  }
}

function show(measured: Measured): void {
  const figures = [
    measured.server.padEnd(16),
    measured.model.padEnd(6),
    String(measured.connections).padStart(4),
    `${Math.round(measured.load * 100)} %`.padStart(6),
    measured.requestsPerSecond.toFixed(0).padStart(8),
    measured.p50.toFixed(1).padStart(6),
    measured.p99.toFixed(1).padStart(6),
    measured.cpuMicroseconds.toFixed(0).padStart(8),
    measured.loopP99.toFixed(1).padStart(8),
    measured.loopMax.toFixed(1).padStart(8),
    measured.errors === 0 ? '' : `${measured.errors} ERRORS`,
  ]
  console.log(figures.join('  '))
}

/** The figures of all servers of a plan, at its numbers of connections, and at 70 % of the highest rate for 64. */
async function measurePlan({ model, servers, connections }: Plan, path: string): Promise<Measured[]> {
  const running = new Map<string, Server>()
  try {
    for (const name of servers) running.set(name, await startServer(name, path))
    const measured: Measured[] = []
    const inTurns = async (count: number, rates?: ReadonlyMap<string, number>): Promise<void> => {
      const turns = new Map(servers.map((name) => [name, [] as Figures[]]))
      // The first turn only warms up.
      for (let round = 0; round <= rounds; round++) {
        for (const [name, server] of running) {
          const figures = await measureOnce(server, count, rates?.get(name))
          if (round > 0) turns.get(name)?.push(figures)
        }
      }
      for (const [server, list] of turns) {
        measured.push({ server, model, connections: count, load: rates === undefined ? 1 : 0.7, ...typical(list) })
        show(measured[measured.length - 1] as Measured)
      }
    }
    for (const count of connections) await inTurns(count)
    if (connections.includes(64)) {
      const highest = measured.filter((found) => found.connections === 64)
      await inTurns(64, new Map(highest.map(({ server, requestsPerSecond }) => [server, Math.round(requestsPerSecond * 0.7)])))
    }
    return measured
  } finally {
    await Promise.all(
      [...running.values()].map(({ process: child }) => {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill()
        return ended
      }),
    )
  }
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-serve-'))
await bundle('bench/serving/server.ts', serverProgram, { sourcemap: false })
console.log(
  `median of ${rounds} turns of ${seconds} s\nserver            model   conn    load   req/s/s  p50 ms  p99 ms   CPU µs  loop p99  loop max`,
)
const results: Measured[] = []
for (const plan of plans.filter(({ servers }) => servers.length > 0)) {
  const path = join(folder, `${plan.model}.onnx`)
  if (plan.model !== 'none') writeFileSync(path, benchModel(plan.model))
  results.push(...(await measurePlan(plan, path)))
}
rmSync(folder, { recursive: true, force: true })

const of = (server: string, model: Plan['model'], connections: number, load = 1): Measured | undefined =>
  results.find((found) => found.server === server && found.model === model && found.connections === connections && found.load === load)
type Key = 'requestsPerSecond' | 'cpuMicroseconds' | 'p99'
const ratio = (key: Key, ours: Measured | undefined, peer: Measured | undefined): number | undefined =>
  ours && peer && ours[key] / peer[key]
const tail = (found: Measured | undefined): number | undefined => found && found.p99 / found.p50

/** Each aim: what is compared, the aim, the figure. */
const figures: readonly (readonly [string, string, number | undefined])[] = [
  [
    'CPU a request, no model, Node: ours / bare (32)',
    '',
    ratio('cpuMicroseconds', of('nothing', 'none', 32), of('bare-nothing', 'none', 32)),
  ],
  ['CPU a request, no model, Bun, µs (32)', '<= 60', of('bun-nothing', 'none', 32)?.cpuMicroseconds],
  ['CPU a request, small: ours / bare (32)', '<= 1.15', ratio('cpuMicroseconds', of('ours', 'small', 32), of('bare', 'small', 32))],
  ['CPU a request, small: ours / Fastify (32)', '', ratio('cpuMicroseconds', of('ours', 'small', 32), of('fastify', 'small', 32))],
  ['requests/s, small: ours / bare (32)', '>= 0.87', ratio('requestsPerSecond', of('ours', 'small', 32), of('bare', 'small', 32))],
  [
    'requests/s, small, batching: ours / bare (64)',
    '>= 3',
    ratio('requestsPerSecond', of('ours-batch', 'small', 64), of('bare', 'small', 64)),
  ],
  ['requests/s, small: ours / FastAPI (32)', '', ratio('requestsPerSecond', of('ours', 'small', 32), of('fastapi-1', 'small', 32))],
  [
    'requests/s, small, batching: ours / FastAPI (64)',
    '>= 5',
    ratio('requestsPerSecond', of('ours-batch', 'small', 64), of('fastapi-1', 'small', 64)),
  ],
  [
    `requests/s, small, batching: ours / FastAPI with ${workers} workers (64)`,
    '',
    ratio('requestsPerSecond', of('ours-batch', 'small', 64), of(`fastapi-${workers}`, 'small', 64)),
  ],
  ['p99, small: ours / FastAPI (32)', '< 1', ratio('p99', of('ours', 'small', 32), of('fastapi-1', 'small', 32))],
  [
    'requests/s, heavy, batching: ours / bare (64)',
    '>= 3',
    ratio('requestsPerSecond', of('ours-batch', 'heavy', 64), of('bare', 'heavy', 64)),
  ],
  [
    'requests/s, heavy, pool and batching: ours / bare (64)',
    '>= 3',
    ratio('requestsPerSecond', of('ours-pool-batch', 'heavy', 64), of('bare', 'heavy', 64)),
  ],
  [
    'requests/s, heavy, batching: ours / FastAPI (64)',
    '',
    ratio('requestsPerSecond', of('ours-batch', 'heavy', 64), of('fastapi-1', 'heavy', 64)),
  ],
  ['p99 / p50 at 70 % load, small: ours', '<= 2', tail(of('ours', 'small', 64, 0.7))],
  ['p99 / p50 at 70 % load, small, batching: ours', '<= 2', tail(of('ours-batch', 'small', 64, 0.7))],
  ['p99 / p50 at 70 % load, small: bare', '', tail(of('bare', 'small', 64, 0.7))],
  ['p99 / p50 at 70 % load, small: FastAPI', '', tail(of('fastapi-1', 'small', 64, 0.7))],
  ['p99 / p50 at 70 % load, heavy, pool and batching: ours', '<= 2', tail(of('ours-pool-batch', 'heavy', 64, 0.7))],
  ['delay of the event loop, heavy, pool: p99, ms (64)', '< 20', of('ours-pool', 'heavy', 64)?.loopP99],
  ['delay of the event loop, heavy, pool: largest, ms (64)', '< 20', of('ours-pool', 'heavy', 64)?.loopMax],
  ['delay of the event loop, heavy, bare: p99, ms (64)', '', of('bare', 'heavy', 64)?.loopP99],
]
console.log('')
for (const [name, aim, value] of figures)
  if (value !== undefined) console.log(`  ${name.padEnd(66)} ${value.toFixed(2).padStart(7)}  ${aim && `aim ${aim}`}`)
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
console.log(
  `\n${JSON.stringify({ bench: 'serve', machine, figures: Object.fromEntries(figures.map(([name, , value]) => [name, value])), results })}`,
)
