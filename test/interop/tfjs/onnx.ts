/** `tfjsToOnnx`: every layer that it writes, with random weights, against the real TensorFlow.js. */
import assert from 'node:assert/strict'
import * as ort from 'onnxruntime-node'
import { createRng } from '../../../src/core/random'
import { tfjsToOnnx } from '../../../src/onnx'
import { loadTf, type TfModel } from './_tf'

const tf = await loadTf()
console.log(`TensorFlow.js ${tf.version.tfjs}`)
type Layers = Record<string, (options?: object) => { apply(inputs: unknown): unknown }>
const make = tf.layers as unknown as Layers
const layer = (name: string, options: object = {}): { apply(inputs: unknown): unknown } =>
  (make[name] as (options: object) => { apply(inputs: unknown): unknown })(options)

/** Every weight random; variances positive. */
function randomise(model: TfModel): TfModel {
  const random = createRng(7)
  const named = (model as unknown as { weights: readonly { name: string; shape: number[] }[] }).weights
  const values = named.map(({ name, shape }) => {
    const size = shape.reduce((product, one) => product * one, 1)
    const data = Float32Array.from({ length: size }, () => (/variance/.test(name) ? 0.5 + random.next() : random.next() * 1.6 - 0.8))
    return tf.tensor(data as never, shape)
  })
  model.setWeights(values)
  for (const value of values) value.dispose()
  return model
}

const sequence = (shape: readonly (number | null)[], ...layers: unknown[]): TfModel => {
  const x = tf.input({ shape })
  return randomise(
    tf.model({ inputs: x, outputs: layers.reduce((value, one) => (one as { apply(inputs: unknown): unknown }).apply(value), x) }),
  )
}

const image = [6, 7, 3] as const
const series = [5, 3] as const
const activations = [
  'linear',
  'relu',
  'relu6',
  'sigmoid',
  'tanh',
  'softplus',
  'softsign',
  'elu',
  'selu',
  'softmax',
  'logSoftmax',
  'hardSigmoid',
  'swish',
  'mish',
  'gelu',
]
const cases: Record<string, () => TfModel> = {
  'dense on rows': () => sequence([4], layer('dense', { units: 3 }), layer('dense', { units: 2, useBias: false })),
  'dense on rank 3, an open dimension': () => sequence([null, 4], layer('dense', { units: 3, activation: 'relu' })),
  ...Object.fromEntries(
    activations.map((activation) => [
      `activation ${activation}`,
      () => sequence([4], layer('dense', { units: 5 }), layer('activation', { activation })),
    ]),
  ),
  reLU: () => sequence([4], layer('dense', { units: 5 }), layer('reLU', { maxValue: 0.5 })),
  leakyReLU: () => sequence([4], layer('leakyReLU'), layer('leakyReLU', { alpha: 0.1 })),
  eLU: () => sequence([4], layer('elu')),
  thresholdedReLU: () => sequence([4], layer('thresholdedReLU', { theta: 0.2 })),
  pReLU: () => sequence([...image], layer('prelu', { sharedAxes: [1, 2] })),
  softmax: () => sequence([...series], layer('softmax', { axis: -1 })),
  ...Object.fromEntries(
    (['valid', 'same'] as const).flatMap((padding) =>
      [1, 2, 3].flatMap((strides) =>
        [1, 2, 3, 5].map((kernelSize) => [
          `conv2d ${padding}, stride ${strides}, kernel ${kernelSize}`,
          () => sequence([...image], layer('conv2d', { filters: 4, kernelSize, strides, padding, activation: 'tanh' })),
        ]),
      ),
    ),
  ),
  'conv2d dilated, unequal kernel': () =>
    sequence([9, 9, 2], layer('conv2d', { filters: 3, kernelSize: [2, 3], dilationRate: [2, 1], padding: 'same', useBias: false })),
  'conv2d on an open size': () => sequence([null, null, 3], layer('conv2d', { filters: 2, kernelSize: 2 })),
  depthwiseConv2d: () => sequence([...image], layer('depthwiseConv2d', { kernelSize: 3, depthMultiplier: 2, strides: 2, padding: 'same' })),
  separableConv2d: () => sequence([...image], layer('separableConv2d', { filters: 4, kernelSize: 3, padding: 'valid' })),
  ...Object.fromEntries(
    (['valid', 'same'] as const).map((padding) => [
      `conv1d ${padding}`,
      () => sequence([...series], layer('conv1d', { filters: 4, kernelSize: 3, padding })),
    ]),
  ),
  'conv1d dilated': () => sequence([8, 2], layer('conv1d', { filters: 3, kernelSize: 2, dilationRate: 3, padding: 'same' })),
  ...Object.fromEntries(
    (['valid', 'same'] as const).flatMap((padding) =>
      [2, 3].map((kernelSize) => [
        `conv2dTranspose ${padding}, kernel ${kernelSize}`,
        () => sequence([4, 5, 2], layer('conv2dTranspose', { filters: 3, kernelSize, strides: 2, padding })),
      ]),
    ),
  ),
  ...Object.fromEntries(
    ['maxPooling2d', 'averagePooling2d'].flatMap((name) =>
      ['valid', 'same'].map((padding) => [
        `${name} ${padding}`,
        () => sequence([...image], layer(name, { poolSize: 3, strides: 2, padding })),
      ]),
    ),
  ),
  ...Object.fromEntries(
    ['maxPooling1d', 'averagePooling1d'].map((name) => [name, () => sequence([...series], layer(name, { poolSize: 2, padding: 'same' }))]),
  ),
  ...Object.fromEntries(
    ['globalMaxPooling2d', 'globalAveragePooling2d'].map((name) => [name, () => sequence([...image], layer(name, {}))]),
  ),
  ...Object.fromEntries(
    ['globalMaxPooling1d', 'globalAveragePooling1d'].map((name) => [name, () => sequence([...series], layer(name, {}))]),
  ),
  batchNormalization: () =>
    sequence([...image], layer('batchNormalization'), layer('batchNormalization', { scale: false, center: false, epsilon: 0.01 })),
  layerNormalization: () =>
    sequence([...series], layer('layerNormalization'), layer('layerNormalization', { scale: false, center: false })),
  'flatten after conv': () =>
    sequence([...image], layer('conv2d', { filters: 2, kernelSize: 3 }), layer('flatten'), layer('dense', { units: 2 })),
  reshape: () => sequence([6], layer('reshape', { targetShape: [2, -1] }), layer('reshape', { targetShape: [3, 2] })),
  permute: () => sequence([...image], layer('permute', { dims: [3, 1, 2] })),
  repeatVector: () => sequence([4], layer('repeatVector', { n: 3 })),
  zeroPadding2d: () =>
    sequence(
      [...image],
      layer('zeroPadding2d', {
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
    ),
  cropping2D: () =>
    sequence(
      [...image],
      layer('cropping2D', {
        cropping: [
          [1, 0],
          [2, 1],
        ],
      }),
    ),
  'upSampling2d nearest': () => sequence([...image], layer('upSampling2d', { size: [2, 3] })),
  'upSampling2d bilinear': () => sequence([...image], layer('upSampling2d', { size: [2, 2], interpolation: 'bilinear' })),
  rescaling: () => sequence([4], layer('rescaling', { scale: 0.5, offset: 2 })),
  'dropout and noise': () =>
    sequence(
      [4],
      layer('dropout', { rate: 0.5 }),
      layer('gaussianNoise', { stddev: 1 }),
      layer('gaussianDropout', { rate: 0.5 }),
      layer('alphaDropout', { rate: 0.5 }),
      layer('dense', { units: 2 }),
    ),
  embedding: () =>
    randomise(tf.sequential({ layers: [layer('embedding', { inputDim: 5, outputDim: 3, inputLength: 4 }), layer('flatten')] })),
  ...Object.fromEntries(
    ['lstm', 'gru', 'simpleRNN'].flatMap((name) =>
      [
        ['last', {}],
        ['sequences', { returnSequences: true }],
        ['backwards', { goBackwards: true }],
        ['relu, without bias', { activation: 'relu', useBias: false }],
        ['sigmoid gates', name === 'simpleRNN' ? {} : { recurrentActivation: 'sigmoid' }],
      ].map(([title, options]) => [`${name} ${title}`, () => sequence([...series], layer(name, { units: 4, ...(options as object) }))]),
    ),
  ),
  'two recurrent layers on an open length': () =>
    sequence([null, 2], layer('lstm', { units: 3, returnSequences: true }), layer('gru', { units: 2 })),
  ...Object.fromEntries(
    ['add', 'multiply', 'average', 'maximum', 'minimum', 'concatenate'].map((name) => [
      `${name} of three`,
      () => {
        const x = tf.input({ shape: [4] })
        const parts = [1, 2, 3].map(() => layer('dense', { units: 3 }).apply(x))
        return randomise(tf.model({ inputs: x, outputs: layer(name).apply(parts) }))
      },
    ]),
  ),
  'concatenate images along the height': () => {
    const [a, b] = [tf.input({ shape: [2, 3, 1] }), tf.input({ shape: [4, 3, 1] })]
    return randomise(tf.model({ inputs: [a, b], outputs: layer('concatenate', { axis: 1 }).apply([a, b]) }))
  },
  'a shared layer, a model in a model, two outputs': () => {
    const [a, b] = [tf.input({ shape: [3] }), tf.input({ shape: [3] })]
    const shared = layer('dense', { units: 4, activation: 'tanh' })
    const inner = tf.sequential({ layers: [layer('dense', { units: 4, inputShape: [4] }), layer('dense', { units: 2 })] }) as unknown as {
      apply(inputs: unknown): unknown
    }
    const [one, two] = [shared.apply(a), shared.apply(b)]
    const sum = layer('add').apply([one, two])
    return randomise(tf.model({ inputs: [a, b], outputs: [inner.apply(sum), inner.apply(one)] }))
  },
  'a sequence without an input layer': () =>
    randomise(tf.sequential({ layers: [layer('dense', { units: 3, inputShape: [2], activation: 'softmax' })] })),
}

let worst = 0
const failed: string[] = []
const before = tf.memory().numTensors
for (const [name, build] of Object.entries(cases)) {
  const start = tf.memory().numTensors
  let model: TfModel
  try {
    model = build()
  } catch (error) {
    failed.push(`${name}, in TensorFlow.js itself: ${(error as Error).message}`)
    continue
  }
  const own = tf.memory().numTensors
  try {
    await tfjsToOnnx(model, {
      tf: tf as never,
      lib: ort as never,
      tolerance: 1e-5,
      onVerified: ({ maxDifference }) => {
        worst = Math.max(worst, maxDifference)
      },
    })
    assert.equal(tf.memory().numTensors, own, 'the verification leaves no tensor')
  } catch (error) {
    failed.push(`${name}: ${(error as Error).message}`)
  }
  model.dispose()
  if (tf.memory().numTensors > start + 60) console.log(`${name}: ${tf.memory().numTensors - start} tensors stay`)
}
console.log(
  `${Object.keys(cases).length} models, every layer with random weights: largest difference ${worst}; tensors before ${before}, after ${tf.memory().numTensors}`,
)

// What has no ONNX form is refused by the layer's name.
const refused: Record<string, readonly [() => TfModel, RegExp]> = {
  masking: [() => sequence([...series], layer('masking', { name: 'gaps' })), /the layer "gaps": Masking is not among/],
  bidirectional: [
    () => sequence([...series], layer('bidirectional', { layer: layer('lstm', { units: 2 }), mergeMode: 'concat', name: 'both' })),
    /the layer "both": Bidirectional is not among/,
  ],
  'another axis': [
    () => sequence([...image], layer('batchNormalization', { axis: 1, name: 'rows' })),
    /the layer "rows" \(BatchNormalization\): it normalises another axis/,
  ],
  causal: [
    () => sequence([...series], layer('conv1d', { filters: 2, kernelSize: 2, padding: 'causal', name: 'past' })),
    /the layer "past" \(Conv1D\): its `padding` is causal/,
  ],
  // TensorFlow.js cannot load a file with this activation, so nothing could be compared.
  'gelu by tanh': [
    () => sequence([4], layer('activation', { activation: 'gelu_new', name: 'bent' })),
    /the layer "bent" \(Activation\): its activation is "geluNew"/,
  ],
  'masked embedding': [
    () => tf.sequential({ layers: [layer('embedding', { inputDim: 5, outputDim: 3, inputLength: 4, maskZero: true, name: 'words' })] }),
    /the layer "words" \(Embedding\): `mask_zero` is set/,
  ],
}
for (const [name, [build, message]] of Object.entries(refused)) {
  await assert.rejects(tfjsToOnnx(build(), { verify: false }), (error: { code: string; message: string }) => {
    assert.equal(error.code, 'Unsupported', name)
    assert.match(error.message, message)
    return true
  })
}
// A file that answers differently is not handed out, whether or not anyone listens to the verification.
const wrong = {
  Tensor: ort.Tensor,
  InferenceSession: {
    create: async (...given: Parameters<typeof ort.InferenceSession.create>) => {
      const session = await ort.InferenceSession.create(...given)
      return {
        release: () => session.release(),
        run: async (feeds: never) =>
          Object.fromEntries(
            Object.entries(await session.run(feeds)).map(([name, { dims, data }]) => [
              name,
              { dims, data: (data as Float32Array).map((value) => value + 1) },
            ]),
          ),
      }
    },
  },
}
await assert.rejects(tfjsToOnnx(sequence([4], layer('dense', { units: 2 })), { tf: tf as never, lib: wrong as never }), {
  code: 'Internal',
})
assert.deepEqual(failed, [])
