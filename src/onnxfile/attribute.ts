/** Attributes of ONNX nodes: made from plain values, and read. */
import { create } from '@bufbuild/protobuf'
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
