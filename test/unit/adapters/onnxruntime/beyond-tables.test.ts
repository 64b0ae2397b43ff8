/** What ONNX models need beyond a table of columns: ZipMap, row shapes, tensors. */
import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { onnxModel, onnxRuntime } from '../../../../src/adapters/onnxruntime/onnx-runtime'
import { GraphBuilder } from '../../../../src/onnx/graph-builder'
import { floats, int, ints, string, strings } from '../../../../src/onnxfile/attribute'
import { readOnnxFile, writeOnnxFile } from '../../../../src/onnxfile/model-file'
import { ValueInfoProtoSchema } from '../../../../src/onnxfile/onnx_pb'
import type { LoadedModel, ModelTensor } from '../../../../src/ports/model'
import { tableFromRows } from '../../../../src/schema/table'

const file = { name: 'test' }

/** A logistic regression of three classes as skl2onnx writes it: label, and a list of maps from label to probability. */
function zipMapped(labels: 'texts' | 'numbers'): Uint8Array {
  const graph = new GraphBuilder()
  graph.reserve(['label', 'maps', 'scores'])
  graph.input('X', 'float32', ['N', 2])
  const classes = labels === 'texts' ? strings(['a', 'b', 'c']) : ints([5, 7, 9])
  graph.node('LinearClassifier', ['X'], {
    domain: 'ai.onnx.ml',
    output: 'label',
    attributes: {
      coefficients: floats([1, 0, 0, 1, -1, -1]),
      intercepts: floats([0, 0, 0]),
      post_transform: string('SOFTMAX'),
      [labels === 'texts' ? 'classlabels_strings' : 'classlabels_ints']: classes,
    },
  })
  graph.node('ZipMap', ['scores'], {
    domain: 'ai.onnx.ml',
    output: 'maps',
    attributes: { [labels === 'texts' ? 'classlabels_strings' : 'classlabels_int64s']: classes },
  })
  graph.output('label', labels === 'texts' ? 'str' : 'int64', ['N'])
  const model = readOnnxFile(graph.build(file))
  model.graph.node[0]?.output.push('scores')
  const key = labels === 'texts' ? 8 : 7
  const float = { value: { case: 'tensorType' as const, value: { elemType: 1 } } }
  const map = { value: { case: 'mapType' as const, value: { keyType: key, valueType: float } } }
  const type = { value: { case: 'sequenceType' as const, value: { elemType: map } } }
  model.graph.output.push(create(ValueInfoProtoSchema, { name: 'maps', type }))
  // Classical converters import ai.onnx.ml alone where nothing else is used.
  model.opsetImport = model.opsetImport.filter(({ domain }) => domain === 'ai.onnx.ml')
  return writeOnnxFile(model)
}

/** y = x + 1 and the sum of each row, for images of any size. */
function images(): Uint8Array {
  const graph = new GraphBuilder()
  graph.reserve(['plus', 'sum'])
  graph.input('image', 'float32', ['N', 'height', 'width', 1])
  graph.node('Add', ['image', graph.constant('float32', [], Float32Array.of(1))], { output: 'plus' })
  const axes = graph.constant('int64', [3], BigInt64Array.of(1n, 2n, 3n))
  graph.node('ReduceSum', ['plus', axes], { output: 'sum', attributes: { keepdims: int(0) } })
  graph.output('plus', 'float32', ['N', 'height', 'width', 1])
  graph.output('sum', 'float32', ['N'])
  return graph.build(file)
}

/** A running total: a state that goes from call to call, a scalar, and a text. */
function stateful(): Uint8Array {
  const graph = new GraphBuilder()
  graph.reserve(['next', 'echo'])
  graph.input('state', 'int64', [2])
  graph.input('step', 'int64', [])
  graph.input('name', 'str', ['N'])
  graph.node('Add', ['state', 'step'], { output: 'next' })
  graph.node('Identity', ['name'], { output: 'echo' })
  graph.output('next', 'int64', [2])
  graph.output('echo', 'str', ['N'])
  return graph.build(file)
}

const open = async (...given: Parameters<typeof onnxModel>): Promise<LoadedModel> => onnxRuntime().load(onnxModel(...given).pack())

describe('a ZipMap', () => {
  it.each(['texts', 'numbers'] as const)('gives probabilities, by labels that are %s', async (labels) => {
    const bytes = zipMapped(labels)
    const copy = bytes.slice()
    const model = onnxModel(bytes, { inputs: { X: ['p', 'q'] } })
    const classes = labels === 'texts' ? ['a', 'b', 'c'] : [5, 7, 9]
    expect([model.classes, model.task]).toEqual([classes, 'classification'])
    expect(model.pack().files['model.onnx']).toBe(bytes)
    const loaded = await onnxRuntime().load(model.pack())
    const { predictions, probabilities, outputs } = await loaded.run(
      tableFromRows([
        { p: 2, q: 0 },
        { p: -3, q: -1 },
      ]),
    )
    expect(predictions).toEqual([classes[0], classes[2]])
    const [a, b, c] = [2, 0, -2].map(Math.exp) as [number, number, number]
    const expected = [a, b, c].map((value) => value / (a + b + c))
    for (let k = 0; k < 3; k++) expect(probabilities?.[k]).toBeCloseTo(expected[k] as number, 6)
    expect(outputs).toBeUndefined()
    expect(bytes).toEqual(copy)
    await loaded.dispose()
  })
})

describe('row shapes', () => {
  it('say how columns fill an input of several open dimensions', async () => {
    expect(() => onnxModel(images())).toThrow(
      /the input "image" of the ONNX model has the shape \[-1, -1, -1, 1\]: rows can have several shapes, so say which in `rowShapes`/,
    )
    const loaded = await open(images(), { rowShapes: { image: [2, 3, 1] }, outputs: { prediction: 'sum' } })
    const names = Array.from({ length: 6 }, (_, i) => `image_${i}`)
    expect(loaded.signature.inputs.map(({ name }) => name)).toEqual(names)
    const row = (from: number): Record<string, number> => Object.fromEntries(names.map((name, i) => [name, from + i]))
    const { predictions, outputs } = await loaded.run(tableFromRows([row(0), row(10)]))
    expect(predictions).toEqual([21, 81])
    expect(outputs).toEqual({
      plus: [
        [1, 2, 3, 4, 5, 6],
        [11, 12, 13, 14, 15, 16],
      ],
    })
    await loaded.dispose()
  })

  it('must fit the input', () => {
    const shape =
      (...sizes: number[]) =>
      () =>
        onnxModel(images(), { rowShapes: { image: sizes } })
    expect(shape(2, 3)).toThrow(
      /`rowShapes` gives \[2, 3\] for the input "image" of the ONNX model, whose rows have the shape \[any, any, 1\]/,
    )
    expect(shape(2, 3, 4)).toThrow(/whose rows have the shape \[any, any, 1\]/)
    expect(shape(2, 0, 1)).toThrow(/`rowShapes` gives \[2, 0, 1\]/)
    expect(() => onnxModel(images(), { rowShapes: { picture: [2, 3, 1] } })).toThrow(/no input "picture"/)
    expect(() => onnxModel(images(), { rowShapes: { image: [2, 3, 1] }, inputs: { image: ['a'] } })).toThrow(/takes 6 values per row/)
  })
})

describe('predictTensors', () => {
  const step: ModelTensor = { dtype: 'int64', shape: [], data: BigInt64Array.of(3n) }
  const name: ModelTensor = { dtype: 'str', shape: [2], data: ['one', ''] }

  it('runs what rows cannot feed: scalars, texts, a state', async () => {
    expect(() => onnxModel(stateful())).toThrow(/cannot be fed from rows/)
    const model = onnxModel(stateful(), { tensors: true })
    expect(model.signature.inputs).toEqual([
      { name: 'state', dtype: 'int64', shape: [2] },
      { name: 'step', dtype: 'int64', shape: [] },
      { name: 'name', dtype: 'str', shape: [-1] },
    ])
    const loaded = await onnxRuntime().load(model.pack())
    let state: ModelTensor = { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, -9007199254740993n) }
    for (let call = 0; call < 2; call++) {
      const answer = await loaded.predictTensors?.({ state, step, name })
      expect(answer?.echo).toEqual(name)
      state = answer?.next as ModelTensor
    }
    expect(state).toEqual({ dtype: 'int64', shape: [2], data: BigInt64Array.of(7n, -9007199254740987n) })
    expect(Object.keys((await loaded.predictTensors?.({ state, step, name }, { outputs: ['next'] })) ?? {})).toEqual(['next'])
    await expect((async () => loaded.run(tableFromRows([{ step: 1 }])))()).rejects.toMatchObject({
      code: 'Unsupported',
      message: 'the ONNX model takes tensors, not rows',
    })
    await loaded.dispose()
    await expect((async () => loaded.predictTensors?.({ state, step, name }))()).rejects.toMatchObject({ code: 'InvalidState' })
  })

  it('refuses tensors that do not fit, all named, before anything runs', async () => {
    const loaded = await open(stateful(), { tensors: true })
    const call = async (inputs: object, options = {}): Promise<unknown> => loaded.predictTensors?.(inputs as never, options)
    const state = { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, 2n) }
    await expect(call({ state: { ...state, dtype: 'int32' }, other: step })).rejects.toMatchObject({
      code: 'SchemaMismatch',
      issues: [
        { path: ['other'], code: 'unknown' },
        { path: ['state'], code: 'wrong-type' },
        { path: ['step'], code: 'missing' },
        { path: ['name'], code: 'missing' },
      ],
    })
    const codeOf = (inputs: object) => call({ state, step, name, ...inputs }).catch((error) => error.issues?.[0].code)
    expect(await codeOf({ state: { ...state, shape: [1, 2] } })).toBe('wrong-shape')
    expect(await codeOf({ state: { ...state, shape: [-2] } })).toBe('wrong-shape')
    expect(await codeOf({ state: { ...state, data: [1, 2] } })).toBe('wrong-type')
    expect(await codeOf({ name: { ...name, data: ['a'] } })).toBe('wrong-length')
    expect(await codeOf({ name: { ...name, data: ['a', 1] } })).toBe('wrong-type')
    expect(await codeOf({ state: null })).toBe('wrong-type')
    await expect(call({ state, step, name }, { outputs: ['past'] })).rejects.toThrow(
      /no output "past" that is a tensor; it has "next", "echo"/,
    )
    await expect(call({ state, step, name }, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
    await loaded.dispose()
  })

  it('is there for models of rows too, and copies nothing of the caller’s into later answers', async () => {
    const loaded = await open(images(), { rowShapes: { image: [2, 3, 1] } })
    const data = new Float32Array(8).fill(2)
    const first = await loaded.predictTensors?.({ image: { dtype: 'float32', shape: [1, 4, 2, 1], data } })
    expect(first?.sum?.data).toEqual(Float32Array.of(24))
    expect(data).toEqual(new Float32Array(8).fill(2))
    await loaded.dispose()
  })

  it('excludes the options of rows', () => {
    expect(() => onnxModel(stateful(), { tensors: true, inputs: {} })).toThrow(/has no `inputs`/)
    expect(() => onnxModel(stateful(), { tensors: true, signature: { inputs: [{ name: 'a', type: 'float64' }], outputs: [] } })).toThrow(
      /needs a signature whose inputs are tensors/,
    )
  })
})
