/**
 * Writes a registry of files that the real MLflow then opens (`registry.py`); reads back what MLflow wrote into it.
 *
 *   node scripts/run.mjs test/interop/mlflow/registry.ts
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { utf8 } from '../../../src/core/bytes'
import type { ModelPackage } from '../../../src/ports/model'
import { ModelRegistry, metricAtLeast } from '../../../src/registry'
import { freshFolder, runPython } from '../support/mlflow'

const root = freshFolder()
const registry = new ModelRegistry({ storage: fsStorage({ root }), user: 'ada' })
await write()
console.info(`mlflow ${runPython<string>('registry.py', root)} agrees`)
await read()
console.info('what Python wrote reads here')

async function write(): Promise<void> {
  const own: ModelPackage = {
    flavor: 'millwright',
    task: 'classification',
    classes: ['no', 'yes'],
    signature: {
      inputs: [
        { name: 'dep_delay', type: 'float64', required: false },
        { name: 'carrier', type: 'string' },
        { name: 'on', type: 'timestamp', required: false },
      ],
      outputs: [{ name: 'prediction', type: 'string' }],
    },
    files: { 'model.json': utf8('{"trees":[]}') },
  }
  const description = "yes: it's größe #1\nand a second line"
  const first = await registry.register('flights', own, {
    metrics: { accuracy: 0.9 },
    tags: { team: 'ops', 'with/slash': 'ü' },
    description,
    dataset: { name: 'train', fingerprint: 'abc' },
    example: [{ dep_delay: 1.5, carrier: 'UA', on: new Date(0) }],
  })
  await registry.promote('flights', first, 'champion', { gates: [metricAtLeast('accuracy', 0.8)] })
  await registry.register('flights', own, { metrics: { accuracy: 0.7 } })
  const doomed = await registry.register('flights', own)
  await registry.deleteVersion('flights', doomed)
  await registry.setTags('flights', { owner: 'ops' })
  await registry.describe('flights', 'no')
  const model: ModelPackage = {
    flavor: 'onnx',
    task: 'regression',
    signature: {
      inputs: [{ name: 'numeric', dtype: 'float32', shape: [-1, 4] }],
      outputs: [{ name: 'probabilities', dtype: 'float32', shape: [-1, 3] }],
    },
    files: { 'model.onnx': new Uint8Array(await readFile('test/fixtures/onnx/penguins_logreg.onnx')) },
  }
  await registry.register('onnx-model', model)
  await registry.setAlias('onnx-model', 'champion', 1)
}

async function read(): Promise<void> {
  const champion = await registry.resolve('flights@champion')
  assert.equal(champion.version, '2', 'MLflow moved the alias')
  assert.deepEqual(champion.tags, { reviewed: 'by python' })
  assert.equal(champion.description, `${'a long description that PyYAML folds over lines, '.repeat(6)}with: colon`)
  assert.deepEqual(champion.metrics, { accuracy: 0.7 })
  assert.equal((await registry.rollback('flights', 'champion')).version, '1', 'rolling back a move that only MLflow knows')
  const python = await registry.resolve('from-python@challenger')
  assert.deepEqual([python.version, python.flavor, python.tags], ['1', 'python_function', { made: 'there' }])
  assert.deepEqual(
    python.signature.inputs.map(({ name }) => name),
    ['a', 'b'],
  )
  const opened = await registry.openModel('from-python@challenger')
  assert.ok(Object.keys(opened.package.files).includes('MLmodel'))
  assert.equal((await registry.listModels()).length >= 2, true)
  assert.equal((await registry.openModel('flights@1')).package.flavor, 'millwright')
  const next = await registry.register('from-python', (await registry.openModel('flights@1')).package)
  assert.equal(next.version, '2')
}
