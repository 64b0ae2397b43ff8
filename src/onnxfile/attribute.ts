/** Attributes of ONNX nodes: made from plain values, and read. */
import { create } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { fromUtf8, utf8 } from '../core/bytes'
import { type AttributeProto, AttributeProtoSchema, type NodeProto, type TensorProto } from './onnx_pb'
import { attributeTypes } from './types'

/** An attribute without its name. */
export type AttributeValue = (name: string) => AttributeProto

/** A float. */
export const float =
  (f: number): AttributeValue =>
  (name) =>
    create(AttributeProtoSchema, { name, f, type: attributeTypes.float })

/** A whole number. */
export const int =
  (i: number): AttributeValue =>
  (name) =>
    create(AttributeProtoSchema, { name, i: BigInt(i), type: attributeTypes.int })

/** A text. */
export const string =
  (text: string): AttributeValue =>
  (name) =>
    create(AttributeProtoSchema, { name, s: utf8(text), type: attributeTypes.string })

/** A tensor. */
export const tensor =
  (t: TensorProto): AttributeValue =>
  (name) =>
    create(AttributeProtoSchema, { name, t, type: attributeTypes.tensor })

/** Floats. */
export const floats =
  (values: ArrayLike<number>): AttributeValue =>
  (name) =>
    create(AttributeProtoSchema, { name, floats: Array.from(values), type: attributeTypes.floats })

/** Whole numbers. */
export const ints =
  (values: ArrayLike<number>): AttributeValue =>
  (name) =>
    create(AttributeProtoSchema, { name, ints: Array.from(values, BigInt), type: attributeTypes.ints })

/**
 * Many whole numbers ≥ 0, as a packed list. Its bytes are written here: the list of a forest has 100,000 numbers, and a BigInt for each, which the
 * generated code needs, takes most of the time of an export. Every reader of protocol buffers takes packed lists.
 */
export const packedInts =
  (values: Int32Array): AttributeValue =>
  (name) => {
    const bytes = new Uint8Array(values.length * 5)
    let at = 0
    for (const value of values) at = putVarint(bytes, at, value)
    return withField(name, { no: 8, type: attributeTypes.ints, data: [lengthOf(at), bytes.subarray(0, at)] })
  }

/** Many texts out of few: `texts[places[0]]`, `texts[places[1]]`, … */
export const pickedStrings =
  (texts: readonly string[], places: Uint8Array): AttributeValue =>
  (name) => {
    const tag = (9 << 3) | WireType.LengthDelimited
    const entries = texts.map((text) => Uint8Array.of(tag, ...lengthOf(utf8(text).length), ...utf8(text)))
    const bytes = new Uint8Array(places.reduce((sum, place) => sum + (entries[place] as Uint8Array).length, 0))
    let at = 0
    for (const place of places) {
      const entry = entries[place] as Uint8Array
      bytes.set(entry, at)
      at += entry.length
    }
    // The first tag is written with the field.
    return withField(name, { no: 9, type: attributeTypes.strings, data: [bytes.subarray(1)] })
  }

/** An attribute with the bytes of one field, of any length. */
function withField(name: string, { no, type, data }: { no: number; type: number; data: readonly Uint8Array[] }): AttributeProto {
  const attribute = create(AttributeProtoSchema, { name, type })
  if (data.at(-1)?.length === 0) return attribute
  const whole = new Uint8Array(data.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of data) {
    whole.set(part, at)
    at += part.length
  }
  attribute.$unknown = [{ no, wireType: WireType.LengthDelimited, data: whole }]
  return attribute
}

function lengthOf(count: number): Uint8Array {
  const bytes = new Uint8Array(5)
  return bytes.subarray(0, putVarint(bytes, 0, count))
}

/** Writes a whole number ≥ 0 seven bits at a time; gives the place behind it. */
function putVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
  bytes[at++] = rest
  return at
}

/** Texts; equal ones share their bytes. */
export const strings =
  (values: readonly string[]): AttributeValue =>
  (name) => {
    const known = new Map<string, Uint8Array>()
    const bytesOf = (text: string): Uint8Array => {
      const bytes = known.get(text) ?? utf8(text)
      known.set(text, bytes)
      return bytes
    }
    return create(AttributeProtoSchema, { name, strings: values.map(bytesOf), type: attributeTypes.strings })
  }

/** The attribute of a node. */
export function attributeOf(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((attribute) => attribute.name === name)
}

/** A text attribute; `undefined` when the node has none of this name. */
export function textOf(node: NodeProto, name: string): string | undefined {
  const bytes = attributeOf(node, name)?.s
  return bytes === undefined ? undefined : fromUtf8(bytes)
}

/** A whole-number attribute. */
export function intOf(node: NodeProto, name: string, otherwise: number): number {
  const value = attributeOf(node, name)?.i
  return value === undefined ? otherwise : Number(value)
}
