/** The models that every engine runs, and how one is run: this file is bundled for the page too. */
import { type OnnxLib, type OnnxModelOptions, onnxModel, onnxRuntime } from '../../../src/adapters/onnxruntime/onnx-runtime'
import type { ModelTensor } from '../../../src/ports/model'
import { type Row, tableFromRows } from '../../../src/schema/table'
import { modelRuntimeChecks } from '../../../src/testing'
import { failuresOf } from '../../support/checks'

/** A tensor as JSON. */
export interface PlainTensor {
  readonly dtype: 'float32' | 'int64'
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

/** A model and what it is asked. */
export interface Case {
  readonly name: string
  /** The file, in base64. */
  readonly model: string
  readonly options: OnnxModelOptions
  /** Rows for `run`. */
  readonly rows?: readonly Row[]
  /** Tensors for each call of `predictTensors`. The outputs that `carry` names (output → input) are inputs of the next call. */
  readonly calls?: readonly Readonly<Record<string, PlainTensor>>[]
  readonly carry?: Readonly<Record<string, string>>
}

/** The answers as lists of labels and numbers. */
export interface Answers {
  readonly labels: readonly unknown[]
  readonly numbers: readonly number[]
}

/** Runs a model on an engine. @param sessionOptions such as its execution providers */
export async function runCase(
  { model, options, rows, calls = [], carry = {} }: Case,
  lib: OnnxLib | undefined,
  sessionOptions?: Readonly<Record<string, unknown>>,
): Promise<Answers> {
  const bytes = Uint8Array.from(atob(model), (character) => character.charCodeAt(0))
  const loaded = await onnxRuntime({ lib, sessionOptions }).load(onnxModel(bytes, options).pack())
  const labels: unknown[] = []
  const numbers: number[] = []
  if (rows !== undefined) {
    const types = Object.fromEntries(
      Object.keys(rows[0] ?? {}).map((name) => [name, rows.some((row) => typeof row[name] === 'string') ? 'string' : 'float64'] as const),
    )
    const { predictions, probabilities, outputs } = await loaded.run(tableFromRows(rows, types))
    labels.push(...predictions)
    numbers.push(...(probabilities ?? []), ...(Object.values(outputs ?? {}).flat(2) as number[]))
  }
  let carried: Record<string, ModelTensor> = {}
  for (const call of calls) {
    const given = Object.fromEntries(Object.entries(call).map(([name, tensor]) => [name, tensorOf(tensor)]))
    const answer = (await loaded.predictTensors?.({ ...given, ...carried })) ?? {}
    for (const { data } of Object.values(answer)) numbers.push(...Array.from(data as ArrayLike<number>, Number))
    carried = Object.fromEntries(Object.entries(carry).map(([output, input]) => [input, answer[output] as ModelTensor]))
  }
  await loaded.dispose()
  return { labels, numbers }
}

function tensorOf({ dtype, shape, data }: PlainTensor): ModelTensor {
  return { dtype, shape, data: dtype === 'int64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data) }
}

/** The conformance suite of model runtimes on an engine. @returns how many checks there are, and what failed */
export async function conformance(
  { model, options, rows = [] }: Case,
  expected: readonly string[],
  lib: OnnxLib,
): Promise<{ readonly checks: number; readonly failures: readonly string[] }> {
  const bytes = Uint8Array.from(atob(model), (character) => character.charCodeAt(0))
  const texts = (data: string[]): ModelTensor => ({ dtype: 'str', shape: [2, 1], data })
  const tensors = {
    numeric: { dtype: 'float32', shape: [2, 4], data: Float32Array.of(39, 18, 181, 3750, 50, 15, 220, 5000) } as const,
    island: texts(['Torgersen', 'Biscoe']),
    sex: texts(['male', '']),
  }
  const input = tableFromRows(rows, { bill_length_mm: 'float64', sex: 'string' })
  const make = () => ({ runtime: onnxRuntime({ lib }), model: onnxModel(bytes, options).pack(), input, tensors, expected })
  const checks = modelRuntimeChecks()
  return { checks: checks.length, failures: await failuresOf(checks, { make }) }
}
