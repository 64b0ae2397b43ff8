/** The real TensorFlow.js of this lane, on plain JavaScript. */
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type { TfjsLib } from '../../../src/adapters/tfjs'
import type { TfjsModelLike } from '../../../src/run'

/** The members of TensorFlow.js that the programs use. */
export interface Tf extends TfjsLib {
  readonly version: { readonly tfjs: string }
  readonly layers: Readonly<Record<string, (options?: object) => TfLayer>>
  readonly initializers: { randomUniform(options: object): unknown }
  sequential(options: object): TfModel
  input(options: object): unknown
  model(options: object): TfModel
  memory(): { readonly numTensors: number }
  tensor(values: never, shape: number[], dtype?: never): TfTensor
  setBackend(name: string): Promise<boolean>
}

/** A layer. */
export interface TfLayer {
  readonly name: string
  apply(inputs: unknown): unknown
}

/** A tensor. */
export interface TfTensor {
  readonly dtype: string
  readonly shape: number[]
  data(): Promise<Float32Array>
  dataSync(): Float32Array
  dispose(): void
}

/** A LayersModel. */
export interface TfModel extends TfjsModelLike {
  predict(inputs: unknown): TfTensor | TfTensor[]
  getWeights(): TfTensor[]
  setWeights(weights: readonly TfTensor[]): void
  dispose(): void
}

/** Loads it. It looks for Node's own back end and says so at length. */
export async function loadTf(): Promise<Tf> {
  const { log, warn } = console
  console.log = console.warn = () => {}
  const tf = createRequire(join(resolve('.venvs/tfjs'), 'package.json'))('@tensorflow/tfjs') as Tf
  await tf.setBackend('cpu')
  Object.assign(console, { log, warn })
  return tf
}
