/** The weights of a TensorFlow.js model by name, read from its weight files. */
import { damaged } from '../core/damage'
import { MillwrightError, show } from '../core/errors'
import { fromFloat16 } from '../core/float16'
import { assertWeightBytes, type TfjsArtifacts, type WeightSpec } from './tfjs-artifacts'

/** A weight. */
export interface TfjsWeight {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/**
 * Reads every weight, quantized ones as the numbers that they stand for.
 *
 * @throws Corrupt when the files hold fewer or more bytes than they should; Unsupported for types that no layer has
 */
export function readWeights(artifacts: TfjsArtifacts): ReadonlyMap<string, TfjsWeight> {
  assertWeightBytes(artifacts)
  const data = artifacts.weightData as ArrayBuffer
  const weights = new Map<string, TfjsWeight>()
  let at = 0
  for (const spec of (artifacts.weightSpecs ?? []) as readonly WeightSpec[]) {
    if (weights.has(spec.name)) throw damaged('model.json', ['weightsManifest', spec.name], 'named once', spec.name)
    const count = spec.shape.reduce((product, size) => product * size, 1)
    const { values, bytes } = valuesAt(data, at, count, spec)
    weights.set(spec.name, { shape: spec.shape, values })
    at += bytes
  }
  return weights
}

interface Read {
  readonly values: Float32Array
  readonly bytes: number
}

function valuesAt(data: ArrayBuffer, at: number, count: number, { name, dtype, quantization }: WeightSpec): Read {
  const stored = quantization?.dtype ?? dtype
  // The values of a file are little-endian and need not begin at a multiple of their size.
  const view = new DataView(data)
  const from = (width: number, valueAt: (offset: number) => number): Read => ({
    values: Float32Array.from({ length: count }, (_, i) => valueAt(at + i * width)),
    bytes: count * width,
  })
  const { scale = 1, min = 0 } = quantization ?? {}
  if (stored === 'float32') return from(4, (offset) => view.getFloat32(offset, true))
  if (stored === 'int32') return from(4, (offset) => view.getInt32(offset, true))
  if (stored === 'float16') return from(2, (offset) => fromFloat16(view.getUint16(offset, true)))
  if (stored === 'uint8' && quantization !== undefined) return from(1, (offset) => view.getUint8(offset) * scale + min)
  if (stored === 'uint16' && quantization !== undefined) return from(2, (offset) => view.getUint16(offset, true) * scale + min)
  throw new MillwrightError(
    'Unsupported',
    `the weight ${show(name)} of the TensorFlow.js model is ${show(stored)}: float32, int32, float16, and quantized uint8 and uint16 are read`,
  )
}
