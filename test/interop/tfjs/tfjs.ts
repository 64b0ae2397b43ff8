/** `autolog` and `tfjsCallbacks` against the real TensorFlow.js: what is logged is what it says itself; a logged model loads and predicts the same. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { fromUtf8 } from '../../../src/core/bytes'
import {
  autolog,
  createBareTracker as createTracker,
  type Run,
  type TfjsModelLike,
  type TfjsTrainable,
  tfjsCallbacks,
  tfjsLoader,
  tfjsModel,
} from '../../../src/run'

const folder = resolve('.venvs/tfjs')

interface Tensor {
  dataSync(): Float32Array
  dispose(): void
}
interface History {
  readonly epoch: readonly number[]
  readonly history: Readonly<Record<string, readonly number[]>>
}
interface Model extends TfjsTrainable {
  compile(options: object): void
  predict(x: Tensor): Tensor
  fit(x: Tensor, y: Tensor, options: object): Promise<History>
  stopTraining: boolean
}
interface Tf {
  readonly version: { readonly tfjs: string }
  setBackend(name: string): Promise<boolean>
  sequential(options: object): Model
  readonly layers: { dense(options: object): unknown }
  readonly train: { adam(rate: number): unknown }
  readonly initializers: { glorotUniform(options: object): unknown }
  readonly callbacks: { earlyStopping(options: object): object }
  tensor2d(values: readonly (readonly number[])[]): Tensor
  loadLayersModel(handler: object): Promise<Model>
}

// The library looks for Node's own back end and says so at length.
const { log, warn } = console
console.log = console.warn = () => {}
const tf = createRequire(join(folder, 'package.json'))('@tensorflow/tfjs') as Tf
await tf.setBackend('cpu')
Object.assign(console, { log, warn })

const rows = Array.from({ length: 96 }, (_, i) => [Math.sin(i), Math.cos(i * 1.7)])
const x = tf.tensor2d(rows)
const y = tf.tensor2d(rows.map(([a = 0, b = 0]) => [a + b > 0 ? 1 : 0]))

function network(): Model {
  const { dense } = tf.layers
  const kernelInitializer = (seed: number): unknown => tf.initializers.glorotUniform({ seed })
  const model = tf.sequential({
    layers: [
      dense({ units: 8, activation: 'relu', inputShape: [2], kernelInitializer: kernelInitializer(1) }),
      dense({ units: 1, activation: 'sigmoid', kernelInitializer: kernelInitializer(2) }),
    ],
  })
  model.compile({ optimizer: tf.train.adam(0.05), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  return model
}

const tracker = createTracker({ backend: memoryTracker() })
const valuesOf = async (run: { readonly runId: string }, key: string): Promise<number[]> =>
  (await tracker.metricHistory(run.runId, key)).map(({ value }) => value)
const settings = { epochs: 4, batchSize: 32, validationSplit: 0.25, verbose: 0, shuffle: false }

/** Every number of every epoch, as TensorFlow.js itself keeps them. */
async function sameAsHistory(run: Run, { history, epoch }: History): Promise<number> {
  const names = Object.keys(history)
  for (const name of names) assert.deepEqual(await valuesOf(run, name), history[name], name)
  const steps = (await tracker.metricHistory(run.runId, names[0] as string)).map(({ step }) => step)
  assert.deepEqual(steps, epoch)
  return names.length
}

console.log(`TensorFlow.js ${tf.version.tfjs}`)

await tracker.run({}, async (run) => {
  const history = await network().fit(x, y, { ...settings, callbacks: tfjsCallbacks(run, { params: { epochs: 4 }, batches: true }) })
  const count = await sameAsHistory(run, history)
  assert.equal((await valuesOf(run, 'batch_loss')).length, 4 * 3, 'three batches an epoch')
  console.log(`tfjsCallbacks: ${count} metrics of 4 epochs equal history, and 12 batches`)
})

await tracker.run({}, async (run) => {
  const model = network()
  const logging = autolog(model, run, { modelName: 'net', batches: true })
  const seen: number[] = []
  const history = await logging.fit(x, y, { ...settings, callbacks: { onEpochEnd: (epoch: number) => void seen.push(epoch) } })
  assert.deepEqual(seen, [0, 1, 2, 3], 'callbacks of the caller are called too')
  await sameAsHistory(run, history)
  const record = await tracker.getRun(run.runId)
  const { params } = record
  assert.deepEqual(
    [params.epochs, params.batchSize, params.validationSplit, params.optimizer, params.loss, params.layers, params.weights],
    ['4', '32', '0.25', 'Adam', 'binaryCrossentropy', '2', String(model.countParams())],
  )
  assert.equal(Number(params['optimizer_config.learningRate']), 0.05)
  const summary = fromUtf8(await tracker.readArtifact(run.runId, 'model_summary.txt'))
  assert.match(summary, /dense_Dense.*\n/)
  assert.match(summary, /Total params: 33/)
  assert.equal(record.metrics.stopped_epoch, undefined)
  assert.ok((record.metrics.training_seconds?.value ?? 0) > 0)
  assert.equal(logging.layers, model.layers, 'everything else is the model itself')
  console.log(`autolog: params (Adam, 0.05, 2 layers, ${params.weights} weights), summary, epochs, batches`)

  const [output] = record.outputModels
  const modelId = output?.modelId as string
  const files = Object.fromEntries(
    await Promise.all(['model.json', 'weights.bin'].map(async (path) => [path, await tracker.readArtifact({ modelId }, path)] as const)),
  )
  const loaded = await tf.loadLayersModel(tfjsLoader(files))
  assert.deepEqual([...loaded.predict(x).dataSync()], [...model.predict(x).dataSync()])
  console.log(
    `logged model: ${files['weights.bin']?.length} bytes of weights, loaded from memory, predicts the same for ${rows.length} rows`,
  )
})

await tracker.run({}, async (run) => {
  const stopping = tf.callbacks.earlyStopping({ monitor: 'loss', patience: 0, minDelta: 10 })
  const history = await autolog(network(), run).fit(x, y, { ...settings, epochs: 50, callbacks: stopping })
  assert.ok(history.epoch.length < 50)
  await sameAsHistory(run, history)
  assert.deepEqual(await valuesOf(run, 'stopped_epoch'), [history.epoch.length - 1])
  console.log(`early stop beside an instance of tf.callbacks: after ${history.epoch.length} of 50 epochs`)
})

const own = autolog(network(), tracker, { run: { experiment: 'tfjs', name: 'by itself' } })
await own.fit(x, y, settings)
await assert.rejects(own.fit(x, tf.tensor2d([[1]]), settings), /Input Tensors should have the same number of samples/)
await assert.rejects(
  own.fit(x, y, {
    ...settings,
    callbacks: {
      onEpochEnd: () => {
        throw new Error('out of patience')
      },
    },
  }),
  /out of patience/,
)
const found = await tracker.search({ experiment: 'tfjs', orderBy: 'start_time ASC' })
assert.deepEqual(found.map(({ status }) => status).sort(), ['failed', 'failed', 'finished'])
assert.ok(found.some(({ tags }) => tags['millwright.error'] === 'Error: out of patience'))
console.log('autolog(model, tracker): each fit a run; wrong data and a throwing callback end it failed, with the reason')

await tracker.run({}, async (run) => {
  const model: TfjsModelLike = network()
  const { modelId } = await run.logModel(
    'whole',
    tfjsModel(model, { includeOptimizer: true, task: 'classification', classes: ['no', 'yes'] }),
  )
  const text = fromUtf8(await tracker.readArtifact({ modelId }, 'model.json'))
  assert.ok(JSON.parse(text).trainingConfig, 'the optimizer is there to train on')
  console.log('tfjsModel: with optimizer, in TensorFlow.js own layout')
})
await tracker.close()
