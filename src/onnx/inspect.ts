/** Tells what is in an ONNX file. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { readOnnxFile } from '../onnxfile/model-file'
import type { GraphProto, ValueInfoProto } from '../onnxfile/onnx_pb'
import { graphsWithin } from '../onnxfile/walk'
import { bytesOf, countOf, elementName, shapeOf, typeName } from './describe'
import { bytesText } from './text'

/** An input or output of a model. */
export interface OnnxValue {
  readonly name: string
  /** The element type, such as `float32` or `string`; `sequence of …` and `map of …` for what is no tensor. */
  readonly type: string
  /** Sizes: numbers, names of sizes known when the model runs, `null` where the file says nothing; absent where the rank is not known. */
  readonly shape?: readonly (number | string | null)[]
}

/** A constant of a model. */
export interface OnnxConstant {
  readonly name: string
  readonly type: string
  readonly shape: readonly number[]
  readonly bytes: number
}

/** What {@link inspectOnnx} tells. */
export interface OnnxInspection {
  /** The size of the file. */
  readonly bytes: number
  readonly name: string
  readonly doc: string
  readonly irVersion: number
  /** Who wrote it, with the version. */
  readonly producer: string
  readonly opsets: readonly { readonly domain: string; readonly version: number }[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** How many nodes there are of each operator, those of graphs within the graph included; most frequent first. `domain` is `ai.onnx` for standard ones. */
  readonly ops: readonly { readonly op: string; readonly domain: string; readonly count: number }[]
  /** The initializers, largest first. */
  readonly constants: readonly OnnxConstant[]
  /** Numbers and texts in initializers and in tensors of nodes. */
  readonly parameters: number
  /** The texts stored beside the graph. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Tells what is in an ONNX file, without running it: inputs and outputs, operators, constants, sizes, versions, metadata. Shown in a console or
 * notebook it is a table.
 *
 * @throws Corrupt when the bytes are no ONNX model
 *
 * @example
 * console.log(inspectOnnx(await readFile('model.onnx')))
 */
export function inspectOnnx(bytes: Uint8Array): OnnxInspection {
  if (!(bytes instanceof Uint8Array)) throw invalidArgument(`inspectOnnx needs the bytes of a file, got ${show(bytes)}`)
  const { graph, irVersion, producerName = '', producerVersion = '', opsetImport, metadataProps, docString = '' } = readOnnxFile(bytes)
  const graphs = graphsWithin(graph)
  const constants = graphs.flatMap(({ initializer }) => initializer)
  const names = new Set(graph.initializer.map(({ name }) => name))
  const inNodes = graphs.flatMap(({ node }) =>
    node.flatMap(({ attribute }) => attribute.flatMap(({ t, tensors }) => (t ? [t, ...tensors] : tensors))),
  )
  return displayed({
    bytes: bytes.length,
    name: graph.name ?? '',
    doc: docString || (graph.docString ?? ''),
    irVersion: Number(irVersion ?? 0n),
    producer: `${producerName} ${producerVersion}`.trim(),
    opsets: opsetImport.map(({ domain, version }) => ({ domain: domain || 'ai.onnx', version: Number(version ?? 0n) })),
    inputs: graph.input.filter(({ name }) => !names.has(name)).map(valueInfo),
    outputs: graph.output.map(valueInfo),
    ops: countOps(graphs),
    constants: constants
      .map((tensor) => ({
        name: tensor.name ?? '',
        type: elementName(tensor.dataType) ?? 'unknown',
        shape: tensor.dims.map(Number),
        bytes: bytesOf(tensor),
      }))
      .sort((a, b) => b.bytes - a.bytes),
    parameters: [...constants, ...inNodes].reduce((sum, tensor) => sum + countOf(tensor), 0),
    metadata: Object.fromEntries(metadataProps.map(({ key = '', value = '' }) => [key, value])),
  })
}

function valueInfo({ name = '', type }: ValueInfoProto): OnnxValue {
  const shape = shapeOf(type)
  return { name, type: typeName(type), ...(shape === undefined ? {} : { shape }) }
}

function countOps(graphs: readonly GraphProto[]): OnnxInspection['ops'] {
  const counts = new Map<string, { op: string; domain: string; count: number }>()
  for (const { opType: op = '', domain } of graphs.flatMap(({ node }) => node)) {
    const key = `${domain ?? ''} ${op}`
    const entry = counts.get(key) ?? { op, domain: domain || 'ai.onnx', count: 0 }
    entry.count++
    counts.set(key, entry)
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)
}

function displayed(inspection: OnnxInspection): OnnxInspection {
  const { name, bytes, inputs, outputs, ops, opsets, parameters, producer, irVersion, metadata, constants } = inspection
  const nodes = ops.reduce((sum, { count }) => sum + count, 0)
  const line = `ONNX model ${name}: ${bytesText(bytes)}, ${nodes} nodes, ${parameters.toLocaleString('en')} parameters`
  const sets = opsets.map(({ domain, version }) => `${domain} ${version}`).join(', ')
  const facts = [
    `IR ${irVersion}, ${sets}${producer && `, by ${producer}`}`,
    `operators: ${ops.map(({ op, count }) => `${op} × ${count}`).join(', ')}`,
    ...Object.entries(metadata).map(([key, value]) => `${key}: ${value}`),
  ]
  const shapeText = (shape: readonly unknown[] | undefined): string =>
    shape === undefined ? '' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`
  const values = [
    ...inputs.map((value) => ['input', value.name, value.type, shapeText(value.shape), '']),
    ...outputs.map((value) => ['output', value.name, value.type, shapeText(value.shape), '']),
    ...constants.slice(0, 8).map((value) => ['constant', value.name, value.type, shapeText(value.shape), bytesText(value.bytes)]),
  ]
  const header = ['', 'name', 'type', 'shape', 'size']
  return attachDisplay(inspection, {
    text: () => [line, ...facts, textTable(header, values)].join('\n'),
    markdown: () => [line, ...facts.map((fact) => `- ${fact}`), '', markdownTable(header, values)].join('\n'),
  })
}
