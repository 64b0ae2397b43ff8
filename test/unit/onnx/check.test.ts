import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { onnxModel } from '../../../src/adapters/onnxruntime/onnx-runtime'
import { isMillwrightError } from '../../../src/core/errors'
import { createRng } from '../../../src/core/random'
import { checkOnnx, inspectOnnx, quantizeDynamic, toFloat16 } from '../../../src/onnx'
import { int } from '../../../src/onnxfile/attribute'
import { type OnnxFile, readOnnxFile, writeOnnxFile } from '../../../src/onnxfile/model-file'
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  type TypeProto,
  TypeProtoSchema,
} from '../../../src/onnxfile/onnx_pb'
import { tensorProto } from '../../../src/onnxfile/tensor'
import { root } from '../../package/source-graph'
import { propertySeed, times } from '../../support/effort'

const folder = join(root, 'test/fixtures/onnx')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.onnx'))
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))

/** The mlp model, changed. */
function changed(change: (model: OnnxFile) => void): Uint8Array {
  const model = readOnnxFile(read('quantize/mlp.onnx'))
  change(model)
  return writeOnnxFile(model)
}
/** Sets members of a message. */
const set = <T extends object>(message: T | undefined, members: Partial<T>): void => void Object.assign(message as T, members)
const messages = (bytes: Uint8Array): string[] =>
  checkOnnx(bytes).problems.map(({ message, node }) => (node === undefined ? message : `${node}: ${message}`))

describe('inspectOnnx', () => {
  it('tells inputs, outputs, operators and sizes', () => {
    const { inputs, outputs, ops, opsets, irVersion, constants, parameters } = inspectOnnx(read('penguins_logreg.onnx'))
    expect(inputs.map(({ name, type }) => [name, type])).toEqual([
      ['numeric', 'float32'],
      ['island', 'string'],
      ['sex', 'string'],
    ])
    expect(outputs[0]).toMatchObject({ name: 'label', type: 'string' })
    expect(ops.slice(0, 2).map(({ op, domain, count }) => `${domain} ${op} ${count}`)).toEqual([
      'ai.onnx.ml OneHotEncoder 2',
      'ai.onnx Reshape 2',
    ])
    expect(irVersion).toBe(8)
    expect(opsets).toEqual([
      { domain: 'ai.onnx', version: 15 },
      { domain: 'ai.onnx.ml', version: 2 },
    ])
    expect(constants).toHaveLength(2)
    expect(parameters).toBe(constants.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0))
  })

  it('looks into branches, and prints', () => {
    const inspection = inspectOnnx(read('quantize/mixed.onnx'))
    expect(inspection.ops.map(({ op }) => op)).toEqual(expect.arrayContaining(['If', 'Mul', 'Scaler']))
    expect(String(inspection)).toBe('ONNX model mixed: 924 B, 10 nodes, 69 parameters')
    const shown = (inspection as never)[Symbol.for('nodejs.util.inspect.custom')] as () => string
    expect(shown()).toContain('input     X')
    expect(shown()).toContain('float32  [N, 10]')
  })
})

describe('checkOnnx', () => {
  it.each(files)('has nothing against %s', (name) => {
    expect(messages(read(name))).toEqual([])
  })

  const cases: Readonly<Record<string, readonly [(model: OnnxFile) => void, string]>> = {
    'a graph without a name': [(model) => set(model.graph, { name: '' }), 'the graph has no name'],
    'a version of the future': [(model) => set(model, { irVersion: 14n }), 'no runtime loads IR version 14; the newest is 13'],
    'no operator set': [(model) => set(model, { opsetImport: [] }), 'the file imports no operator set'],
    'a new operator set': [
      ({ opsetImport }) => set(opsetImport[0], { version: 28n }),
      'no runtime loads version 28 of the operator set "ai.onnx"; the newest is 26',
    ],
    'nodes in the wrong order': [({ graph }) => void graph.node.reverse(), 'third: the input "s" is made by no node before this one'],
    'a foreign operator': [({ graph }) => set(graph.node[1], { domain: 'acme' }), 'relu: the operator set "acme" is not imported'],
    'a name for two values': [
      ({ graph }) => set(graph.node[1], { output: ['h'] }),
      'relu: an output has the name "h", which another value has',
    ],
    'an output that nothing makes': [({ graph }) => set(graph.output[0], { name: 'Z' }), 'no node makes the output "Z"'],
    'an attribute given twice': [
      ({ graph }) => void graph.node[0]?.attribute.push(int(1)('transB')),
      'first: the attribute "transB" is given twice',
    ],
    'an attribute of another type': [
      ({ graph }) => void graph.node[0]?.attribute.push(create(AttributeProtoSchema, { name: 'alpha', i: 1n, type: 1 })),
      'first: the attribute "alpha" says float and has int',
    ],
    'too few weights': [
      ({ graph }) => void graph.initializer.splice(1, 1, tensorProto('b1', 'float32', [17], new Float32Array(16))),
      'the constant "b1" must hold 68 bytes by its sizes, it holds 64',
    ],
    'an input without a type': [({ graph }) => void delete (graph.input[0] as { type?: TypeProto }).type, 'the input "X" has no type'],
  }
  it.each(Object.keys(cases))('finds %s', (name) => {
    const [change, message] = cases[name] as (typeof cases)[string]
    const check = checkOnnx(changed(change))
    expect(check.ok).toBe(false)
    expect(messages(changed(change))).toContain(message)
  })

  it('prints', () => {
    expect(String(checkOnnx(read('quantize/mlp.onnx')))).toBe('ONNX check: no problem found')
    expect(String(checkOnnx(changed((model) => set(model, { irVersion: 14n }))))).toBe('ONNX check: 1 problem')
  })
})

/** Bytes that read as a length, and what is there instead. */
const oddities = [0x00, 0x7f, 0x80, 0xff]

/** A file with some bytes changed, left out, doubled, or cut off. */
function mutated(bytes: Uint8Array, seed: number): Uint8Array {
  const random = createRng(seed)
  let result = bytes.slice()
  for (let i = 0; i <= random.int(4); i++) {
    const at = random.int(result.length)
    const kind = random.int(5)
    if (kind === 0) result[at] = random.int(256)
    else if (kind === 1) result[at] = oddities[random.int(4)] as number
    else if (kind === 2) result = result.slice(0, Math.max(1, at))
    else {
      const end = Math.min(result.length, at + 1 + random.int(40))
      const [head, part, tail] = [result.subarray(0, at), result.subarray(at, end), result.subarray(kind === 3 ? end : at)]
      result = Uint8Array.from([...head, ...(kind === 3 ? [] : part), ...tail])
    }
  }
  return result
}

const packed = (bytes: Uint8Array): number => Object.keys(onnxModel(bytes).pack().files).length

describe('damaged files', () => {
  it('give a result or a MillwrightError', () => {
    const sources = files.filter((name) => read(name).length < 3000).map(read)
    const count = times(400, 20_000)
    for (let i = 0; i < count; i++) {
      const bytes = mutated(sources[i % sources.length] as Uint8Array, propertySeed * 1e6 + i)
      // The last one takes out a ZipMap, and reads the graph's inputs and outputs.
      for (const use of [inspectOnnx, checkOnnx, quantizeDynamic, toFloat16, packed]) {
        try {
          String(use(bytes))
        } catch (error) {
          if (!isMillwrightError(error)) throw new Error(`seed ${i}: ${(error as Error).stack}`)
        }
      }
    }
  })

  it('of deep nesting are Corrupt', () => {
    const nested = (depth: number): ModelProto => {
      let graph = create(GraphProtoSchema, { name: 'inner' })
      for (let i = 0; i < depth; i++) {
        const attribute = create(AttributeProtoSchema, { name: 'then_branch', type: 5, g: graph })
        graph = create(GraphProtoSchema, { name: 'outer', node: [create(NodeProtoSchema, { opType: 'If', attribute: [attribute] })] })
      }
      return create(ModelProtoSchema, { graph })
    }
    for (const use of [inspectOnnx, checkOnnx, quantizeDynamic, toFloat16]) {
      expect(() => use(toBinary(ModelProtoSchema, nested(200)))).toThrow('the file is not an ONNX model')
    }
    expect(inspectOnnx(toBinary(ModelProtoSchema, nested(25))).ops).toEqual([{ op: 'If', domain: 'ai.onnx', count: 25 }])
    let type = create(TypeProtoSchema, {})
    for (let i = 0; i < 100; i++) type = create(TypeProtoSchema, { value: { case: 'sequenceType', value: { elemType: type } } })
    expect(() => inspectOnnx(changed(({ graph }) => set(graph.input[0], { type })))).toThrow('the file is not an ONNX model')
    // A thousand times what the stack holds, written by hand: graph, node, attribute, graph, … without an end.
    let bytes: Uint8Array = new Uint8Array(0)
    const within = (tag: number[], inner: Uint8Array): Uint8Array => {
      const size: number[] = []
      for (let rest = inner.length; size.length === 0 || rest > 0; rest >>>= 7) size.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
      return Uint8Array.from([...tag, ...size, ...inner])
    }
    for (let depth = 0; depth < 1500; depth++) bytes = within([0x0a], within([0x2a], within([0x32], bytes)))
    expect(() => inspectOnnx(within([0x3a], bytes))).toThrow('the file is not an ONNX model')
  })

  it('of oversized lengths are Corrupt', () => {
    for (const bytes of [
      [0x3a, 0xff, 0xff, 0xff, 0xff, 0x07],
      [0x3a, 0x05, 0x2a, 0xff, 0xff, 0xff, 0x7f],
    ])
      expect(() => inspectOnnx(Uint8Array.from(bytes))).toThrow(/^the file is not an ONNX model/)
    const huge = changed(
      ({ graph }) => void graph.initializer.splice(0, 1, tensorProto('W1', 'float32', [2 ** 40, 2 ** 20], new Float32Array(1))),
    )
    expect(messages(huge)[0]).toBe('the constant "W1" must hold 4611686018427388000 bytes by its sizes, it holds 4')
    expect(() => quantizeDynamic(huge)).toThrow('the tensor "W1" must hold 1152921504606847000 values, it holds 1')
  })
})
