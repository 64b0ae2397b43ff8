/** `tfjsRuntime` on the real TensorFlow.js: the conformance suite, published models, and no tensor left behind. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { readTfjsModel, tfjsRuntime } from '../../../src/adapters/tfjs'
import { utf8 } from '../../../src/core/bytes'
import { createRng } from '../../../src/core/random'
import type { ModelPackage, ModelTensor } from '../../../src/ports/model'
import { Predictor } from '../../../src/predictor'
import { tfjsModel } from '../../../src/run'
import { makeColumn } from '../../../src/schema/column'
import { tableFromRows, tableOf } from '../../../src/schema/table'
import { modelRuntimeChecks } from '../../../src/testing'
import { failuresOf } from '../../support/checks'
import { loadTf } from './_tf'

const tf = await loadTf()
console.log(`TensorFlow.js ${tf.version.tfjs}`)
const runtime = tfjsRuntime({ lib: tf, backend: 'cpu' })
const random = createRng(3)
const seeded = (seed: number): unknown => tf.initializers.randomUniform({ seed, minval: -1, maxval: 1 })

function classifier(): ReturnType<typeof tf.sequential> {
  const { dense } = tf.layers as Required<typeof tf.layers>
  return tf.sequential({
    layers: [
      dense?.({ units: 6, activation: 'tanh', inputShape: [3], kernelInitializer: seeded(1), name: 'hidden' }),
      dense?.({ units: 3, activation: 'softmax', kernelInitializer: seeded(2), name: 'species' }),
    ],
  })
}

const rows = Array.from({ length: 40 }, () => ({ a: random.next() * 4 - 2, b: random.next() * 4 - 2, c: random.next() * 4 - 2 }))
const input = tableFromRows(rows)

// A classifier: registered from its files, answers with labels and probabilities equal to TensorFlow.js' own.
const model = classifier()
const { files } = await tfjsModel(model).pack()
const started = tf.memory().numTensors
const read = await readTfjsModel(files, { lib: tf, classes: ['x', 'y', 'z'], inputs: { hidden_input: ['a', 'b', 'c'] }, target: 'species' })
assert.equal(tf.memory().numTensors, started, 'reading a model leaves no tensor')
assert.deepEqual(read.signature, {
  inputs: ['a', 'b', 'c'].map((name) => ({ name, type: 'float64', required: false })),
  outputs: [{ name: 'species', type: 'string' }],
})
const packed = read.pack()
const loaded = await runtime.load(packed)
const weights = tf.memory().numTensors - started
assert.equal(weights, 4, 'a loaded model holds its weights')
const { predictions, probabilities } = await loaded.run(input)
for (let call = 0; call < 20; call++) await loaded.run(input)
assert.equal(tf.memory().numTensors, started + weights, 'calls leave no tensor')
const x = tf.tensor(rows.map(({ a, b, c }) => [a, b, c]) as never, [40, 3])
const own = model.predict(x) as ReturnType<typeof tf.tensor>
const expected = own.dataSync()
assert.ok(new Set(predictions).size > 1)
for (const [i, value] of expected.entries()) assert.ok(Math.abs(value - (probabilities?.[i] ?? Number.NaN)) < 1e-6)
x.dispose()
own.dispose()
await assert.rejects(
  (async () => loaded.predictTensors?.({ hidden_input: { dtype: 'float32', shape: [1, 2], data: new Float32Array(2) } }))(),
  {
    code: 'SchemaMismatch',
  },
)
assert.equal(tf.memory().numTensors, started + weights, 'refused tensors leave no tensor')
await loaded.dispose()
assert.equal(tf.memory().numTensors, started, 'a disposed model holds nothing')
console.log(
  `a classifier of 40 rows: equal to 1e-6; tensors before ${started}, loaded ${started + weights}, disposed ${tf.memory().numTensors}`,
)

const tensors = { hidden_input: { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, -1, 0, 1) } } as const
const failures = await failuresOf(modelRuntimeChecks(), { make: () => ({ runtime, model: packed, input, tensors, expected: predictions }) })
assert.deepEqual(failures, [])
assert.equal(tf.memory().numTensors, started, 'the conformance suite leaves no tensor')
console.log(`conformance: ${modelRuntimeChecks().length} checks`)

// A model as `tfjsModel` logs it has a signature of tensors, and takes columns named after its input.
const logged = await runtime.load(await tfjsModel(model, { task: 'classification', classes: ['x', 'y', 'z'] }).pack())
const numbered = tableFromRows(rows.map(({ a, b, c }) => ({ hidden_input_0: a, hidden_input_1: b, hidden_input_2: c })))
assert.deepEqual((await logged.run(numbered)).predictions, predictions)
await logged.dispose()

// Two inputs, one of them whole numbers; two outputs. Rank 3 with an open dimension. A stateful layer.
{
  const { dense, embedding, flatten, concatenate, lstm } = tf.layers as Record<
    string,
    (options?: object) => { apply(inputs: unknown): unknown }
  >
  const word = tf.input({ shape: [2], dtype: 'int32', name: 'word' })
  const size = tf.input({ shape: [1], name: 'size' })
  const flat = flatten?.().apply(embedding?.({ inputDim: 5, outputDim: 3, embeddingsInitializer: seeded(4) }).apply(word))
  const joined = concatenate?.().apply([flat, size])
  const outputs = [
    dense?.({ units: 1, name: 'price', kernelInitializer: seeded(5) }).apply(joined),
    dense?.({ units: 4, name: 'parts', kernelInitializer: seeded(6) }).apply(joined),
  ]
  const two = await tfjsModel(tf.model({ inputs: [word, size], outputs })).pack()
  const options = { lib: tf, inputs: { word: ['first', 'second'] }, outputs: { prediction: 'price' } }
  const opened = await runtime.load((await readTfjsModel(two.files, options)).pack())
  const answer = await opened.run(
    tableFromRows([
      { first: 0, second: 4, size: 1.5 },
      { first: 1, second: 1, size: 0 },
    ]),
  )
  assert.equal(answer.predictions.length, 2)
  assert.equal((answer.outputs?.parts?.[1] as unknown[] | undefined)?.length, 4)
  await assert.rejects((async () => opened.run(tableFromRows([{ first: 0.5, second: 4, size: 1.5 }])))(), { code: 'SchemaMismatch' })
  await opened.dispose()

  const series = tf.sequential({ layers: [lstm?.({ units: 2, stateful: true, batchInputShape: [2, null, 1], name: 'memory' })] })
  const stateful = await tfjsModel(series).pack()
  await assert.rejects(readTfjsModel(stateful.files, { lib: tf }), /so say which in `rowShapes`/)
  const shaped = await readTfjsModel(stateful.files, { lib: tf, rowShapes: { memory_input: [3, 1] } })
  const recurrent = await runtime.load(shaped.pack())
  const table = tableFromRows([{ memory_input_0: 1, memory_input_1: 2, memory_input_2: 3 }])
  assert.deepEqual(await recurrent.run(table), await recurrent.run(table), 'no call remembers the one before')
  await recurrent.dispose()
  console.log('two inputs and outputs, whole numbers, an open dimension, a stateful layer')
}

// Damage.
const damagedAs = async (changed: Readonly<Record<string, Uint8Array>>, message: RegExp, leaves = 0): Promise<void> => {
  const before = tf.memory().numTensors
  await assert.rejects(
    (async () => runtime.load({ ...packed, files: { ...packed.files, ...changed } } as ModelPackage))(),
    (error: { code: string; message: string }) => {
      assert.equal(error.code, 'Corrupt')
      assert.match(error.message, message)
      return true
    },
  )
  assert.equal(tf.memory().numTensors, before + leaves, `tensors left behind: ${message}`)
}
const description = JSON.parse(Buffer.from(files['model.json'] as Uint8Array).toString())
await damagedAs({ 'weights.bin': new Uint8Array(3) }, /must hold 180 bytes, they hold 3/)
await damagedAs({ 'model.json': utf8('[]') }, /weightsManifest/)
await damagedAs({ 'model.json': utf8(JSON.stringify({ ...description, modelTopology: { class_name: 'Tree', config: {} } })) }, /got "Tree"/)
const layers = description.modelTopology.config.layers as readonly { readonly config: object }[]
const withLayers = (changed: readonly object[]): Uint8Array =>
  utf8(JSON.stringify({ ...description, modelTopology: { class_name: 'Sequential', config: { layers: changed } } }))
await damagedAs(
  { 'model.json': withLayers(layers.map((layer) => ({ ...layer, class_name: 'Oracle' }))) },
  /cannot open the model: Unknown layer: Oracle/,
)
await damagedAs(
  { 'model.json': withLayers(layers.map((layer) => ({ ...layer, config: { ...layer.config, units: 5 } }))) },
  /cannot open the model/,
  // TensorFlow.js forgets the tensors of a model whose weights do not fit its layers.
  8,
)
console.log('damaged files: Corrupt')

// Published models.
const data = process.env.MILLWRIGHT_DATA ?? ['../shared/data', '../../shared/data'].find((path) => existsSync(path))
if (data === undefined || !existsSync(join(data, 'tfjs')))
  console.log('left out: abalone_layers and prefetch_graph, because ../shared/data is not there')
else {
  const before = tf.memory().numTensors
  const expectedOf = (name: string) => JSON.parse(readFileSync(join(data, 'tfjs', name, 'expected.json'), 'utf8'))
  const store = fsStorage({ root: join(data, 'tfjs') })
  const abalone = expectedOf('abalone_layers')
  const rings = await Predictor.of(
    await runtime.load((await readTfjsModel({ store, key: 'abalone_layers/model.json' }, { lib: tf, target: 'rings' })).pack()),
  )
  const row = (values: readonly number[]): Record<string, number> =>
    Object.fromEntries(values.map((value, i) => [`dense_Dense1_input_${i}`, value]))
  const csv = parseCsv(readFileSync(join(data, 'tabular', 'abalone.csv'), 'utf8'))
  const columns = csv.columnNames.map((name) => csv.column(name).toArray())
  const sexes = ['F', 'M', 'I']
  const all = Array.from({ length: csv.numRows }, (_, i) =>
    row(columns.slice(0, 8).map((column, j) => (j === 0 ? sexes.indexOf(String(column[i])) : Number(column[i])))),
  )
  const answers = (await rings.predict([row(abalone.fixedInput), ...all])).map(({ prediction }) => Number(prediction))
  assert.ok(Math.abs((answers[0] as number) - abalone.fixedOutput) < abalone.tolerance)
  for (const [i, value] of abalone.first10.entries()) assert.ok(Math.abs((answers[i + 1] as number) - value) < abalone.tolerance)
  const truth = (columns.at(-1) as readonly unknown[]).map(Number)
  const mae = truth.reduce((sum, value, i) => sum + Math.abs(value - (answers[i + 1] as number)), 0) / truth.length
  assert.ok(Math.abs(mae - abalone.mae) < 1e-4)
  await rings.close()

  const prefetch = expectedOf('prefetch_graph')
  const copy = memoryStorage()
  for (const file of ['model.json', 'group1-shard1of1.bin'])
    await copy.put(`p/${file}`, readFileSync(join(data, 'tfjs', 'prefetch_graph', file)))
  const graph = await readTfjsModel({ store: copy, key: 'p/model.json' }, { lib: tf })
  const pages = await runtime.load(graph.pack())
  const names = Object.keys(prefetch.inputs)
  const table = tableOf(names.map((name) => makeColumn(name, { type: 'int32', values: Int32Array.from(prefetch.inputs[name]) })))
  const { outputs } = await pages.run(table)
  const scores = Object.values(outputs ?? {})[0] as number[][]
  assert.deepEqual(
    scores.map((list) => list.indexOf(Math.max(...list))),
    prefetch.argmax,
  )
  for (const [i, value] of prefetch.first5.entries()) assert.ok(Math.abs((scores[0]?.[i] as number) - value) < prefetch.tolerance)
  const tensors = Object.fromEntries(
    names.map((name) => [name, { dtype: 'int32', shape: [2], data: Int32Array.from(prefetch.inputs[name]) } as ModelTensor]),
  )
  const raw = Object.values((await pages.predictTensors?.(tensors)) ?? {})[0]
  assert.deepEqual(raw?.shape, prefetch.shape)
  await pages.dispose()
  assert.equal(tf.memory().numTensors, before)
  console.log(
    `abalone_layers: ${truth.length} rows, MAE ${mae.toFixed(4)}; prefetch_graph: ${raw?.shape.join(' × ')} scores as published; no tensor left`,
  )
}
