/** The server that the clients of this lane ask: a classifier of columns, an ONNX model of tensors, a registered model, a canary, every protocol. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { functionModel } from '../../../src/adapters/function/function-runtime'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { onnxModel, onnxRuntime } from '../../../src/adapters/onnxruntime/onnx-runtime'
import { chain, linearRegression, oneHotEncoder, randomForestClassifier } from '../../../src/learn'
import { GraphBuilder } from '../../../src/onnx/graph-builder'
import type { NodeServer } from '../../../src/serve/node-server'
import type { ServeOptions } from '../../../src/serve/serve'
import { type Canary, createCanary } from '../../../src/traffic'
import { ModelRegistry } from '../../../src/wiring/model-registry'
import { Predictor } from '../../../src/wiring/predictor'
import { serve } from '../../../src/wiring/serve'

export const python = '.venvs/clients/bin/python'
export const adminToken = 'token-of-the-clients-lane'

/** Two numbers, a text and a truth value; the label is a text. */
export const table = parseCsv(
  `length,depth,island,tagged,species\n${Array.from({ length: 60 }, (_, i) => {
    const isLong = i % 3 === 0
    return [
      30 + (i % 20) + (isLong ? 15 : 0),
      15 + (i % 7) / 2,
      i % 2 === 0 ? 'Biscoe' : 'Dream',
      i % 5 === 0,
      isLong ? 'Gentoo' : 'Adelie',
    ].join(',')
  }).join('\n')}\n`,
)

/** Adds one to a matrix of 64-bit integers, and halves one of half-precision numbers. */
function tensorModel(): Uint8Array {
  const graph = new GraphBuilder()
  graph.reserve(['sum', 'half', 'upper'])
  const x = graph.input('x', 'int64', ['n', 3])
  graph.node('Add', [x, graph.constant('int64', [1], BigInt64Array.of(1n))], { output: 'sum' })
  const h = graph.input('h', 'float32', ['n', 2])
  graph.node('Mul', [h, graph.constant('float32', [1], Float32Array.of(0.5))], { output: 'half' })
  const text = graph.input('text', 'str', ['n'])
  graph.node('Identity', [text], { output: 'upper' })
  graph.output('sum', 'int64', ['n', 3])
  graph.output('half', 'float32', ['n', 2])
  graph.output('upper', 'str', ['n'])
  return graph.build({ name: 'tensors' })
}

/** A canary between two models of numbers, half and half, that nothing but a person moves. */
function flights(): Promise<Canary> {
  const signature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'y', type: 'float64' }] } as const
  const model = (factor: number) => functionModel(({ x }) => factor * Number(x), { name: 'flights', signature })
  const labels = { stable: 'flights@1', candidate: 'flights@2' }
  return createCanary({
    ...{ name: 'flights', stable: model(1), candidate: model(2), labels, key: 'user' },
    steps: [{ weight: 0.5, minRows: 1e9 }],
  })
}

/** Starts it. */
export async function startServer(options: ServeOptions = {}): Promise<NodeServer> {
  const forest = Predictor.of(
    chain([oneHotEncoder(), randomForestClassifier({ nEstimators: 10, seed: 1 })]).fit(table, { target: 'species' }),
    {
      name: 'penguins',
      version: '7',
    },
  )
  const tensors = Predictor.of(await onnxRuntime().load(onnxModel(tensorModel(), { tensors: true }).pack()), {
    name: 'tensors',
    version: '2',
  })
  const registry = new ModelRegistry({ storage: memoryStorage() })
  for (const factor of [2, 3])
    await registry.register('line', linearRegression().fit(parseCsv(`x,y\n1,${factor}\n2,${2 * factor}\n`), { target: 'y' }))
  await registry.promote('line', 1, 'champion')
  const line = await Predictor.load(registry, 'line@champion')
  const canary = await flights()
  const models = { penguins: forest, tensors, line, flights: Predictor.of(canary, { name: 'flights', version: '1+2' }) }
  return serve(
    { models },
    {
      ...{ port: 0, admin: { token: adminToken, registry, canaries: { flights: canary } } },
      ...{ jobs: { storage: memoryStorage() }, compress: true, ...options },
    },
  )
}

/** Runs a Python program while the server answers, in `folder` if it writes into where it runs. @throws Error with what it printed */
export async function runPython(arguments_: readonly string[], folder?: string): Promise<void> {
  const child = spawn(resolve(python), arguments_, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  const status = await new Promise((done) => child.once('close', done))
  if (status !== 0) throw new Error(`${arguments_[0]} ended with ${status}`)
}
