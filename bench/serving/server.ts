/**
 * One server of the serving bench: `server.mjs <kind> <model.onnx>`. Prints its port. All answer `POST /predict { rows: [{ a … f }] }` with
 * `{ predictions: [{ prediction, probabilities }] }`. A line of standard input
 * starts to measure the delays of its event loop; the next one ends that and prints them.
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import fastify from 'fastify'
import { functionModel } from '../../src/adapters/function/function-runtime'
import { onnxModel, onnxRuntime } from '../../src/adapters/onnxruntime/onnx-runtime'
import { Predictor } from '../../src/predictor/predictor'
import { createHandler } from '../../src/serve/handler'
import { serve } from '../../src/serve/serve'
import { columnNames } from './models'

const [kind = 'ours', path = ''] = process.argv.slice(2)

interface Body {
  readonly rows: readonly Readonly<Record<string, number>>[]
}

/** A session that is run as its documentation shows, without any check. */
async function bareModel(): Promise<(body: Body) => Promise<object>> {
  const ort = await import('onnxruntime-node')
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 })
  return async ({ rows }): Promise<object> => {
    const data = new Float32Array(rows.length * 6)
    rows.forEach((row, i) => {
      for (let j = 0; j < 6; j++) data[i * 6 + j] = row[columnNames[j] as string] as number
    })
    const { label, probabilities } = await session.run({ features: new ort.Tensor('float32', data, [rows.length, 6]) })
    const [labels, p] = [label?.data as BigInt64Array, probabilities?.data as Float32Array]
    return {
      predictions: rows.map((_, i) => ({
        prediction: Number(labels[i]),
        probabilities: { 0: p[i * 3], 1: p[i * 3 + 1], 2: p[i * 3 + 2] },
      })),
    }
  }
}

/** The least that `node:http` can do: `answer` gets the parsed body. */
async function bareServer(answer: (body: Body) => object | Promise<object>): Promise<number> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', async () => {
      const text = JSON.stringify(await answer(JSON.parse(Buffer.concat(parts).toString()) as Body))
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      response.end(text)
    })
  }
  const server = createServer(onRequest)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function fastifyServer(): Promise<number> {
  const answer = await bareModel()
  const app = fastify()
  app.post<{ Body: Body }>('/predict', ({ body }) => answer(body))
  return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
}

const constant = { prediction: 1, probabilities: { 0: 0.25, 1: 0.5, 2: 0.25 } }

/** A model that computes nothing. */
function nothing(): Predictor {
  const model = functionModel(() => ({ prediction: 1, probabilities: [0.25, 0.5, 0.25] }), {
    name: 'nothing',
    task: 'classification',
    classes: [0, 1, 2],
    signature: {
      inputs: columnNames.map((name) => ({ name, type: 'float64' as const })),
      outputs: [{ name: 'label', type: 'int32' }],
    },
  })
  return Predictor.of(model)
}

async function ours(options: { readonly batch?: object; readonly workers?: number }): Promise<Predictor> {
  const model = onnxModel(readFileSync(path), { inputs: { features: [...columnNames] }, classes: [0, 1, 2] })
  const runtime = onnxRuntime({ workers: options.workers, sessionOptions: { intraOpNumThreads: 1 } })
  return Predictor.of(await runtime.load(model.pack()), options.batch === undefined ? {} : { batch: options.batch })
}

/** A server of Bun; this program must run on it. */
function bunServer(answer: (request: Request) => Promise<Response>): number {
  const { Bun } = globalThis as unknown as { Bun: { serve(options: object): { readonly port: number } } }
  return Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer }).port
}

async function bunConstant(request: Request): Promise<Response> {
  const { rows } = (await request.json()) as Body
  return Response.json({ predictions: rows.map(() => constant) })
}

const servers: Readonly<Record<string, () => Promise<number>>> = {
  bare: async () => bareServer(await bareModel()),
  fastify: fastifyServer,
  'bare-nothing': () => bareServer(({ rows }) => ({ predictions: rows.map(() => constant) })),
  nothing: async () => (await serve(nothing(), { port: 0 })).port,
  ours: async () => (await serve(await ours({}), { port: 0 })).port,
  'bun-bare-nothing': async () => bunServer(bunConstant),
  'bun-nothing': async () => bunServer(createHandler(nothing())),
  'ours-batch': async () => (await serve(await ours({ batch: {} }), { port: 0 })).port,
  'ours-pool': async () => (await serve(await ours({ workers: 1 }), { port: 0 })).port,
  'ours-pool-batch': async () => (await serve(await ours({ workers: 1, batch: {} }), { port: 0 })).port,
}

const start = servers[kind]
if (start === undefined) throw new Error(`no server ${kind}; there are ${Object.keys(servers).join(', ')}`)
console.log(await start())
const resolution = 1
const delay = monitorEventLoopDelay({ resolution })
process.on('SIGINT', () => process.exit(0))
let isMeasuring = false
process.stdin.on('data', () => {
  // What is recorded is the time between two samples, of which the resolution is the part that is no delay.
  const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution)
  if (isMeasuring) console.log(JSON.stringify({ p99: milliseconds(delay.percentile(99)), max: milliseconds(delay.max) }))
  else console.log('{}')
  // The timer of the measurement wakes the process, so servers that do not have their turn must be without it.
  isMeasuring = !isMeasuring
  if (isMeasuring) delay.enable()
  else delay.disable()
  delay.reset()
})
