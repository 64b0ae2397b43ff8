/** `tfjsToOnnx` on files written by hand; the lane `tfjs` compares every layer with TensorFlow.js itself. */
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/core/bytes'
import { toFloat16 } from '../../../src/core/float16'
import { readWeights } from '../../../src/modelfiles/tfjs-weights'
import { tfjsToOnnx } from '../../../src/onnx'

interface Weight {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/** The files of a sequence of layers. */
function filesOf(
  layers: readonly (readonly [string, object])[],
  weights: readonly Weight[],
  format = 'layers-model',
): Record<string, Uint8Array> {
  const modelTopology = { class_name: 'Sequential', config: { layers: layers.map(([class_name, config]) => ({ class_name, config })) } }
  const specs = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }))
  const description = { format, modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: specs }] }
  const values = Float32Array.from(weights.flatMap((weight) => weight.values))
  return { 'model.json': utf8(JSON.stringify(description)), 'weights.bin': new Uint8Array(values.buffer) }
}

const dense = { name: 'net', units: 2, activation: 'relu', batch_input_shape: [null, 3] }
const weights: readonly Weight[] = [
  { name: 'net/kernel', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
  { name: 'net/bias', shape: [2], values: [0.5, -100] },
]

describe('tfjsToOnnx', () => {
  it('writes a model that runs, without TensorFlow.js when it is not verified', async () => {
    const bytes = await tfjsToOnnx(
      filesOf(
        [
          ['Dense', dense],
          ['Dropout', { name: 'out' }],
        ],
        weights,
      ),
      { verify: false, name: 'hand', metadata: { by: 'test' } },
    )
    const session = await ort.InferenceSession.create(bytes)
    expect([session.inputNames, session.outputNames]).toEqual([['net_input'], ['out']])
    const x = new ort.Tensor('float32', Float32Array.of(1, 0, 1, 0, 10, 10), [2, 3])
    const { out } = await session.run({ net_input: x })
    expect([out?.dims, Array.from(out?.data as Float32Array)]).toEqual([
      [2, 2],
      [6.5, 0, 80.5, 0],
    ])
    await session.release()
  })

  it.each([
    [
      filesOf([['Oracle', { ...dense, name: 'deep' }]], []),
      /cannot write the layer "deep": Oracle is not among .*Dense.*LSTM/,
      'Unsupported',
    ],
    [
      filesOf([['Dense', { ...dense, activation: 'magic' }]], weights),
      /the layer "net" \(Dense\): its activation is "magic"/,
      'Unsupported',
    ],
    [filesOf([['Dense', dense]], weights.slice(1)), /the layer "net" \(Dense\) has no weight "kernel"/, 'Corrupt'],
    [
      filesOf([['Dense', { ...dense, dtype: 'string' }]], weights),
      /cannot write the input "net_input": its type is "string"/,
      'Unsupported',
    ],
    [filesOf([['Dense', { ...dense, batch_input_shape: [null, -3] }]], weights), /batch_input_shape` must be a list of sizes/, 'Corrupt'],
    [
      filesOf([['Conv2D', { name: 'c', batch_input_shape: [null, 4, 4, 1], data_format: 'channelsFirst', kernel_size: 2 }]], []),
      /only channelsLast/,
      'Unsupported',
    ],
    [filesOf([['Dense', dense]], weights, 'graph-model'), /writes LayersModels, this is a GraphModel/, 'Unsupported'],
    [{ ...filesOf([['Dense', dense]], weights), 'weights.bin': new Uint8Array(3) }, /must hold 32 bytes, they hold 3/, 'Corrupt'],
    [{}, /has no file "model.json"/, 'Corrupt'],
  ])('refuses %#', async (files, message, code) => {
    await expect(tfjsToOnnx(files as never, { verify: false })).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('refuses options and values that it does not know', async () => {
    await expect(tfjsToOnnx(7 as never)).rejects.toThrow(/takes a model of TensorFlow.js or its files, got 7/)
    await expect(tfjsToOnnx(filesOf([['Dense', dense]], weights), { row: 3 } as never)).rejects.toThrow(
      /`row` is not an option of tfjsToOnnx/,
    )
  })
})

describe('readWeights', () => {
  it('reads every type that weights are stored in', () => {
    const half = new Uint8Array(Uint16Array.of(toFloat16(1.5), toFloat16(-2)).buffer)
    const weightData = Uint8Array.of(10, ...half, 20, 0, 44, 1, 7, 0, 0, 0).buffer
    const quantized = (name: string, dtype: string, shape: number[], more: object) => ({
      name,
      dtype: 'float32',
      shape,
      quantization: { dtype, ...more },
    })
    const weightSpecs = [
      quantized('a', 'uint8', [1], { scale: 0.5, min: -1 }),
      quantized('b', 'float16', [2], {}),
      quantized('c', 'uint16', [2], { scale: 2, min: 1 }),
      { name: 'd', dtype: 'int32', shape: [1] },
    ]
    const found = readWeights({ weightSpecs, weightData })
    expect([...found].map(([name, { values }]) => [name, Array.from(values)])).toEqual([
      ['a', [4]],
      ['b', [1.5, -2]],
      ['c', [41, 601]],
      ['d', [7]],
    ])
    expect(() => readWeights({ weightSpecs: [weightSpecs[0], weightSpecs[0]], weightData: new ArrayBuffer(2) })).toThrow(
      /must be named once/,
    )
    expect(() => readWeights({ weightSpecs: [{ name: 'e', dtype: 'bool', shape: [1] }], weightData: new ArrayBuffer(1) })).toThrow(
      /"e" .*is "bool"/,
    )
  })
})
