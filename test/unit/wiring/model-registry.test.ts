import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8 } from '../../../src/core/bytes'
import { fromColumns } from '../../../src/dataset/create'
import { ModelRegistry, Predictor } from '../../../src/index'
import { chain, oneHotEncoder, randomForestClassifier } from '../../../src/learn'
import { inspectOnnx } from '../../../src/onnx'
import { ModelRegistry as BareModelRegistry } from '../../../src/registry'

const rows = {
  carrier: ['UA', 'AA', 'UA', 'DL', 'DL', 'AA', 'UA', 'DL'],
  delay: [1, 50, 3, null, 40, 60, 2, 1],
  on: Array.from({ length: 8 }, (_, i) => new Date(Date.UTC(2026, i, 1))),
  full: [true, false, true, null, true, false, false, true],
  seats: [100, 120, 130, 100, 90, 100, 120, 150],
  late: ['no', 'yes', 'no', 'no', 'yes', 'yes', 'no', 'no'],
}
const data = fromColumns(rows)
const fitted = chain([oneHotEncoder({ columns: ['carrier'] }), randomForestClassifier({ nEstimators: 3, seed: 1 })]).fit(data, {
  target: 'late',
})

describe('register with onnx', () => {
  it('stores an ONNX file beside the model, which MLflow loads and we do not need', async () => {
    const registry = new ModelRegistry({ storage: memoryStorage() })
    const version = await registry.register('flights', fitted, { onnx: true })
    expect(version.flavor).toBe('millwright')
    const { package: packed } = await registry.openModel('flights')
    const { inputs, outputs } = inspectOnnx(packed.files['model.onnx'] as Uint8Array)
    expect(inputs.map(({ name, type, shape }) => `${name} ${type} ${shape}`)).toEqual([
      'carrier string N',
      'delay float64 N',
      'on float64 N',
      'full float64 N',
      'seats int32 N',
    ])
    expect(outputs.map(({ name, type, shape }) => `${name} ${type} ${shape}`)).toEqual([
      'label string N',
      'probability_no float32 N',
      'probability_yes float32 N',
    ])
    const predictor = await Predictor.load(registry, 'flights')
    expect((await predictor.predict(data.toRecords())).map(({ prediction }) => prediction)).toEqual(fitted.predict(data))
    await predictor.close()
  })

  it('describes it to MLflow by the types of its inputs', async () => {
    const storage = memoryStorage()
    await new ModelRegistry({ storage }).register('flights', fitted, { onnx: { verify: false } })
    const { objects } = await storage.list()
    const { key } = objects.find((object) => object.key.endsWith('MLmodel')) as (typeof objects)[0]
    const text = fromUtf8(await storage.get(key))
    expect(text).toMatch(/loader_module: mlflow\.onnx/)
    expect(text).toMatch(/data: model\.onnx/)
    expect(text).toMatch(/\n {2}millwright:/)
    const types = [...text.matchAll(/\\?"type\\?":\\?"(\w+)\\?",\\?"name\\?":\\?"(\w+)\\?",\\?"required\\?":(\w+)/g)].map(
      ([, type, name, required]) => `${name} ${type} ${required}`,
    )
    expect(types).toEqual([
      'carrier string true',
      'delay double false',
      'on double true',
      'full double false',
      'seats integer true',
      'label string true',
      'probability_no double true',
      'probability_yes double true',
    ])
  })

  it('refuses what it cannot write, and leaves no version', async () => {
    const registry = new ModelRegistry({ storage: memoryStorage() })
    const strict = chain([oneHotEncoder({ columns: ['carrier'], handleUnknown: 'error' }), randomForestClassifier({ nEstimators: 3 })]).fit(
      data,
      { target: 'late' },
    )
    await expect(registry.register('flights', strict, { onnx: true })).rejects.toThrow(
      "toOnnx: oneHotEncoder with handleUnknown 'error' has no ONNX form",
    )
    await expect(registry.register('flights', fitted.pack(), { onnx: true })).rejects.toThrow(
      'register with `onnx` takes a model fitted by this library',
    )
    await expect(registry.register('flights', fitted, { onnx: 1 as never })).rejects.toThrow(
      '`onnx` of register must be a boolean or an object',
    )
    const bare = new BareModelRegistry({ storage: memoryStorage() })
    await expect(bare.register('flights', fitted, { onnx: true })).rejects.toMatchObject({ code: 'Unsupported' })
    expect(await registry.listModels()).toEqual([])
  })

  it('is the class of the registry room', () => {
    expect(new ModelRegistry({ storage: memoryStorage() })).toBeInstanceOf(BareModelRegistry)
    expect(() => new ModelRegistry(undefined as never)).toThrow(/ModelRegistry/)
  })
})
