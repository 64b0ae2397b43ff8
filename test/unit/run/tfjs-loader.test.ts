import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/core/bytes'
import { tfjsLoader } from '../../../src/run'

const spec = (name: string, size: number): object => ({ name, shape: [size], dtype: 'float32' })
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
/** A model as TensorFlow.js's own savers write it: two groups, the first in two shards, one of which ends amid a number. */
const all = floats(1, 2, 3)
const manifest = [
  { paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'], weights: [spec('dense/kernel', 2), spec('dense/bias', 1)] },
  { paths: ['group2-shard1of1.bin'], weights: [spec('bn/mean', 1)] },
]
const files = {
  'model.json': utf8(JSON.stringify({ format: 'layers-model', modelTopology: { class_name: 'Sequential' }, weightsManifest: manifest })),
  'group1-shard1of2.bin': all.subarray(0, 6),
  'group1-shard2of2.bin': all.subarray(6),
  'group2-shard1of1.bin': floats(4),
}
const withModel = (model: unknown): Record<string, Uint8Array> => ({ ...files, 'model.json': utf8(JSON.stringify(model)) })

describe('tfjsLoader', () => {
  it('joins the shards of all groups in the order of the manifest', async () => {
    const { weightSpecs, weightData, ...rest } = await tfjsLoader(files).load()
    expect(weightSpecs).toEqual([...(manifest[0]?.weights ?? []), ...(manifest[1]?.weights ?? [])])
    expect([...new Float32Array(weightData as ArrayBuffer)]).toEqual([1, 2, 3, 4])
    expect(rest).toEqual({ format: 'layers-model', modelTopology: { class_name: 'Sequential' } })
  })

  it.each([
    [{ 'model.json': files['model.json'] }, 'the model of TensorFlow.js has no file "group1-shard1of2.bin"; it has "model.json"'],
    [{}, 'the model of TensorFlow.js has no file "model.json"; it has none'],
    [withModel(null), 'model.json is damaged: it must be an object, got null'],
    [withModel({}), 'model.json is damaged: `weightsManifest` must be an array, got nothing'],
    [
      withModel({ weightsManifest: [{ paths: 3 }] }),
      'model.json is damaged: `weightsManifest[0].paths` must be an array of file names, got 3',
    ],
    [
      withModel({ weightsManifest: [{ paths: [], weights: [{ name: 'a' }] }] }),
      /`weightsManifest\[0\]\.weights` must be an array of weights/,
    ],
    [undefined, /^tfjsLoader takes files by name/],
  ])('says what is wrong: %#', (given, message) => {
    expect(() => tfjsLoader(given as never)).toThrow(message)
  })
})
