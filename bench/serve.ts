/**
 * Models over HTTP: ours, bare `node:http` + onnxruntime-node, Fastify + onnxruntime-node, FastAPI + uvicorn + onnxruntime, on the same two models;
 * and servers without a model, on Node and on Bun where it is installed (`npm run test:runtime -- servers` installs it).
 *
 *   node scripts/bench.mjs serve [--quick]
 *   node scripts/run.mjs bench/serve.ts --quick small ours bare      some models and servers alone
 *
 * All servers of a model run side by side and get the load in turns, several times over; a figure is the median of its turns. Full load is closed: each
 * connection sends a request when it has the answer to the one before. Then each server gets 70 % of its own highest rate, whatever it does, once at even and
 * once at random distances, from `serving/open-load.ts`. A turn of the event loop with one request costs more than its share of a full one, so 70 % of the
 * highest rate takes some 95 % of the processor. If requests come at random, the queue of a server that takes one at a time and always as long has p99 / p50
 * = 4.3 at 70 %; if they come evenly, 1. The rest is collections of garbage and the machine. `window` is the median of p99 / p50 within 200 ms, `late` what
 * the generator adds to p99. Processor time is that of the server with its children, from /proc (Linux). Makes `.venvs/serving` for FastAPI if it is not
 * there. Prints a table, each aim with its figure, and JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { bundle } from '../scripts/run.mjs'
import { benchModel, columnNames } from './serving/models'
import { bunProgram, cpuOf, loadProgram, openLoad, type Server, serverProgram, startServer } from './serving/start'

const quick = process.argv.includes('--quick')
const models = ['none', 'small', 'heavy'] as const
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const wanted = named.filter((name) => !models.some((model) => model === name))
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
  /** The median p99 / p50 of a window of 200 ms; `NaN` where each request follows the answer before. */
  readonly windowTail: number
  /** What the generator adds to p99, in milliseconds. */
  readonly late: number
  readonly errors: number
}

type Load = 'full' | '70 % even' | '70 % random'

interface Measured extends Figures {
  readonly server: string
  readonly model: string
  readonly connections: number
  readonly load: Load
}

interface Plan {
  readonly model: (typeof models)[number]
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
    {
      model: 'small',
      servers: ['bare-nothing', 'bare', 'fastify', 'ours', 'ours-batch', 'fastapi-1', `fastapi-${workers}`],
      connections: [1, 32, 64],
    },
    { model: 'heavy', servers: ['bare', 'ours', 'ours-batch', 'ours-pool', 'ours-pool-batch', 'fastapi-1'], connections: [64] },
  ] satisfies Plan[]
)
  .filter(({ model }) => named.length === wanted.length || named.includes(model))
  .map((plan) => ({ ...plan, servers: plan.servers.filter((server) => wanted.length === 0 || wanted.includes(server)) }))

interface Shot {
  readonly load: Load
  readonly connections: number
  /** Requests a second, whatever the server does. @default each connection sends a request as soon as it has the answer to the one before */
  readonly rate?: number | undefined
}

interface Hits extends Omit<Figures, 'requestsPerSecond' | 'cpuMicroseconds' | 'loopP99' | 'loopMax'> {
  readonly total: number
  readonly seconds: number
}

async function shoot({ port }: Server, { load, connections, rate }: Shot): Promise<Hits> {
  if (rate !== undefined) {
    const arrivals = load === '70 % even' ? 'even' : 'random'
    const { windowTails, ...result } = await openLoad({ port, path: '/predict', body, connections, rate, seconds, arrivals })
    return { ...result, windowTail: median(windowTails) }
  }
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
  const { p50, p99 } = latency
  return { total: requests.total, seconds: duration, p50, p99, windowTail: Number.NaN, late: Number.NaN, errors: errors + non2xx }
}

async function measureOnce(server: Server, shot: Shot): Promise<Figures> {
  await server.loopDelay()
  const before = cpuOf(server.process.pid as number)
  const result = await shoot(server, shot)
  const cpu = cpuOf(server.process.pid as number) - before
  const delay = await server.loopDelay()
  return {
    ...result,
    requestsPerSecond: result.total / result.seconds,
    cpuMicroseconds: (cpu / result.total) * 1e6,
    loopP99: delay.p99,
    loopMax: delay.max,
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
    windowTail: of('windowTail'),
    late: of('late'),
    errors: turns.reduce((sum, { errors }) => sum + errors, 0),
  }
}

function show(measured: Measured): void {
  const figures = [
    measured.server.padEnd(16),
    measured.model.padEnd(6),
    String(measured.connections).padStart(4),
    measured.load.padStart(11),
    measured.requestsPerSecond.toFixed(0).padStart(8),
    measured.p50.toFixed(2).padStart(6),
    measured.p99.toFixed(2).padStart(6),
    measured.windowTail.toFixed(1).padStart(7),
    measured.late.toFixed(2).padStart(5),
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
    const inTurns = async (load: Load, count: number, rates?: ReadonlyMap<string, number>): Promise<void> => {
      const turns = new Map(servers.map((name) => [name, [] as Figures[]]))
      // The first turn only warms up.
      for (let round = 0; round <= rounds; round++) {
        for (const [name, server] of running) {
          const figures = await measureOnce(server, { load, connections: count, rate: rates?.get(name) })
          if (round > 0) turns.get(name)?.push(figures)
        }
      }
      for (const [server, list] of turns) {
        measured.push({ server, model, connections: count, load, ...typical(list) })
        show(measured[measured.length - 1] as Measured)
      }
    }
    for (const count of connections) await inTurns('full', count)
    if (connections.includes(64)) {
      const highest = measured.filter((found) => found.connections === 64)
      const rates = new Map(highest.map(({ server, requestsPerSecond }) => [server, Math.round(requestsPerSecond * 0.7)]))
      for (const load of ['70 % even', '70 % random'] as const) await inTurns(load, 64, rates)
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
await bundle('bench/serving/open-load.ts', loadProgram, { sourcemap: false })
console.log(
  `median of ${rounds} turns of ${seconds} s\nserver            model   conn         load     req/s  p50 ms  p99 ms  window   late   CPU µs  loop p99  loop max`,
)
const results: Measured[] = []
for (const plan of plans.filter(({ servers }) => servers.length > 0)) {
  const path = join(folder, `${plan.model}.onnx`)
  if (plan.model !== 'none') writeFileSync(path, benchModel(plan.model))
  results.push(...(await measurePlan(plan, path)))
}
rmSync(folder, { recursive: true, force: true })

const of = (server: string, model: Plan['model'], connections: number, load: Load = 'full'): Measured | undefined =>
  results.find((found) => found.server === server && found.model === model && found.connections === connections && found.load === load)
type Key = 'requestsPerSecond' | 'cpuMicroseconds' | 'p99'
const ratio = (key: Key, ours: Measured | undefined, peer: Measured | undefined): number | undefined =>
  ours && peer && ours[key] / peer[key]
/** p99 / p50 at 70 % load. */
const tail = (
  server: string,
  model: Plan['model'],
  arrivals: 'even' | 'random',
  key: 'windowTail' | 'p99' = 'windowTail',
): number | undefined => {
  const found = of(server, model, 64, `70 % ${arrivals}`)
  return found && (key === 'p99' ? found.p99 / found.p50 : found.windowTail)
}
const tails = (model: Plan['model'], servers: readonly string[]): (readonly [string, string, number | undefined])[] =>
  servers.flatMap((server) => {
    const aim = server.startsWith('ours') ? '<= 2' : ''
    const name = `p99 / p50 at 70 %, ${model}, ${server}`
    return [
      [`${name}: window, even`, aim, tail(server, model, 'even')],
      [`${name}: window, random`, '', tail(server, model, 'random')],
      [`${name}: all, even`, '', tail(server, model, 'even', 'p99')],
      [`${name}: all, random (theory 4.3)`, '', tail(server, model, 'random', 'p99')],
    ] as const
  })

/** Each aim: what is compared, the aim, the figure. */
const figures: readonly (readonly [string, string, number | undefined])[] = [
  [
    'CPU a request, no model, Node: ours / bare (32)',
    '',
    ratio('cpuMicroseconds', of('nothing', 'none', 32), of('bare-nothing', 'none', 32)),
  ],
  ['CPU a request, no model, Bun, µs (32)', '<= 60', of('bun-nothing', 'none', 32)?.cpuMicroseconds],
  ['CPU a request, small: ours / bare (32)', '<= 1.15', ratio('cpuMicroseconds', of('ours', 'small', 32), of('bare', 'small', 32))],
  ['CPU a request, small: ours / bare (64)', '<= 1.15', ratio('cpuMicroseconds', of('ours', 'small', 64), of('bare', 'small', 64))],
  ['CPU a request, small: ours / Fastify (32)', '', ratio('cpuMicroseconds', of('ours', 'small', 32), of('fastify', 'small', 32))],
  ['requests/s, small: ours / bare (32)', '>= 0.87', ratio('requestsPerSecond', of('ours', 'small', 32), of('bare', 'small', 32))],
  [
    'requests/s, small, batching: ours / bare (64)',
    '>= 3',
    ratio('requestsPerSecond', of('ours-batch', 'small', 64), of('bare', 'small', 64)),
  ],
  [
    'CPU a request, small, batching: ours / bare without a model (64)',
    '',
    ratio('cpuMicroseconds', of('ours-batch', 'small', 64), of('bare-nothing', 'small', 64)),
  ],
  [
    'CPU a request, small: bare / bare without a model, the most to gain (64)',
    '',
    ratio('cpuMicroseconds', of('bare', 'small', 64), of('bare-nothing', 'small', 64)),
  ],
  ['CPU a request, heavy: pool / calling thread (64)', '', ratio('cpuMicroseconds', of('ours-pool', 'heavy', 64), of('ours', 'heavy', 64))],
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
  ...tails('small', ['bare', 'ours', 'ours-batch', 'fastapi-1']),
  ...tails('heavy', ['ours-pool-batch']),
  ['delay of the event loop, heavy, pool: p99, ms (64)', '< 20', of('ours-pool', 'heavy', 64)?.loopP99],
  ['delay of the event loop, heavy, pool: largest, ms (64)', '< 20', of('ours-pool', 'heavy', 64)?.loopMax],
  ['delay of the event loop, heavy, bare: p99, ms (64)', '', of('bare', 'heavy', 64)?.loopP99],
]
console.log('')
for (const [name, aim, value] of figures)
  if (value !== undefined) console.log(`  ${name.padEnd(72)} ${value.toFixed(2).padStart(7)}  ${aim && `aim ${aim}`}`)
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
console.log(
  `\n${JSON.stringify({ bench: 'serve', machine, figures: Object.fromEntries(figures.map(([name, , value]) => [name, value])), results })}`,
)
