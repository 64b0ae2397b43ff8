/**
 * A chain of imputer, one-hot encoder and a forest of 100 trees, trained on real flights with columns of text, as one ONNX file: on onnxruntime-node,
 * onnxruntime-web in Node and in Chromium, and Python's onnxruntime, every one of 10,000 rows gives what the model itself gives, to 1e-6. A forest has no
 * weights to make smaller; the network of the penguins is quantized and halved, and gives the same on every engine.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCsv, toCsv } from '../../../src/adapters/csv/csv'
import { type Dataset, drop, dropMissing, select, withColumn } from '../../../src/dataset'
import { chain, oneHotEncoder, randomForestClassifier, simpleImputer } from '../../../src/learn'
import { quantizeDynamic, toFloat16, toOnnx } from '../../../src/onnx'
import type { Answers, Case } from './_cases'
import { assertClose, startEngines } from './_engines'

const python = '.venvs/onnx-web-python/bin/python'
const folder = mkdtempSync(join(tmpdir(), 'millwright-chain-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

function run(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(python, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}`)
  return stdout
}

function flights(file: string, rows: number, seed: number): Dataset {
  run('test/interop/onnx/flights.py', join(folder, file), String(rows), String(seed))
  return drop(parseCsv(readFileSync(join(folder, file), 'utf8')), ['arr_delay'])
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** The table with cells taken away, of text and of numbers. */
function withHoles(table: Dataset): Dataset {
  const distance = table
    .column('distance')
    .toArray()
    .map((cell, row) => (row % 13 === 0 ? null : cell))
  const carrier = table
    .column('carrier')
    .toArray()
    .map((cell, row) => (row % 29 === 0 ? null : cell))
  return withColumn(withColumn(table, 'distance', distance), 'carrier', carrier)
}

const train = withHoles(flights('train.csv', 40_000, 1))
const unseen = withHoles(flights('unseen.csv', 10_300, 2).head(10_000))
writeFileSync(join(folder, 'unseen.csv'), toCsv(unseen))
const model = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 100, maxDepth: 12, seed: 1 })])
const fitted = model.fit(train, { target: 'late' })
const bytes = await toOnnx(fitted)
writeFileSync(join(folder, 'chain.onnx'), bytes)
const { values } = fitted.predictProba(unseen)
const own: Answers = { labels: fitted.predict(unseen), numbers: [...values] }
assert.equal(unseen.numRows, 10_000)
console.log(
  `${unseen.numRows} rows, ${fitted.features.map(({ name }) => name).join(', ')}; a file of ${(bytes.length / 1024).toFixed(0)} kB`,
)

const names = { node: 'onnxruntime-node', web: 'onnxruntime-web in Node', page: 'onnxruntime-web in Chromium' } as const
const engines = await startEngines()
try {
  const asked: Case = { name: 'chain', model: base64(bytes), options: {}, rows: drop(unseen, ['late']).toRecords() }
  for (const name of ['node', 'web', 'page'] as const) {
    const answers = await engines[name](asked)
    assertClose(answers, own, 1e-6, `the chain on ${name}`)
    console.log(`the chain on ${names[name]}: ${answers.labels.length} labels equal, largest difference ${furthest(answers, own)}`)
  }
  checkInPython()
  await checkNetwork()
} finally {
  await engines.close()
}

/** The largest difference of two lists of numbers. */
function furthest(a: Answers, b: Answers): number {
  return a.numbers.reduce((most, number, i) => Math.max(most, Math.abs(number - (b.numbers[i] as number))), 0)
}

function checkInPython(): void {
  const k = fitted.classes?.length ?? 1
  const scores = unseen
    .column('late')
    .toArray()
    .map((_, row) => own.numbers.slice(row * k, row * k + k))
  const asked = { name: 'chain', model: 'chain.onnx', rows: 'unseen.csv', labels: own.labels, scores }
  writeFileSync(join(folder, 'cases.json'), JSON.stringify([asked]))
  const [versions = '', line = ''] = run('test/interop/onnx/check.py', folder).trim().split('\n')
  const { rows, difference, labels } = JSON.parse(line) as { rows: number; difference: number; labels: number }
  assert.equal(rows, 10_000)
  assert.ok(difference <= 1e-6 && labels === 0, line)
  console.log(`the chain in Python, ${versions}: ${rows} labels equal, largest difference ${difference}`)
}

/** int8 and float16 of a network on each engine. */
async function checkNetwork(): Promise<void> {
  const network = new Uint8Array(readFileSync('examples/data/penguins_mlp.onnx'))
  const penguins = parseCsv(readFileSync('examples/data/penguins.csv'))
  const measures = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g'] as const
  const rows = dropMissing(select(penguins, measures)).toRecords()
  const files = { float32: network, int8: quantizeDynamic(network, { perChannel: true }), float16: toFloat16(network) }
  for (const [name, file] of Object.entries(files)) {
    const asked: Case = { name, model: base64(file), options: { inputs: { measures } }, rows }
    const first = await engines.node(asked)
    for (const engine of ['web', 'page'] as const) {
      const answers = await engines[engine](asked)
      const difference = furthest(answers, first)
      console.log(`the network of the penguins, ${name}, on ${names[engine]}: ${rows.length} rows, largest difference ${difference}`)
      assert.ok(difference <= 1e-6, `${name} on ${engine}`)
    }
  }
}
