/** Reads the wire format of Protocol Buffers: just enough to look into a file (protobuf.dev, "Encoding"). */
import { MillwrightError } from './errors'

/** One field of a message: a varint, or the bytes of a length-delimited or fixed-width value. */
export interface ProtoField {
  readonly number: number
  /** Of varints; exact up to 2⁵³, negative numbers included. */
  readonly value: number
  /** Of length-delimited and fixed-width fields: the bytes, sharing memory. */
  readonly bytes: Uint8Array
}

const none = /* @__PURE__ */ new Uint8Array(0)

/** Every field of a message in order, or those to the first of the number `last`. @throws Corrupt when the bytes are no message */
export function protoFields(message: Uint8Array, last?: number): ProtoField[] {
  const fields: ProtoField[] = []
  let at = 0
  const varint = (): number => {
    let low = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++]
      if (byte === undefined) throw corrupt()
      // Nearly every varint is one byte.
      if (shift === 0n && byte < 0x80) return byte
      low |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, low))
    }
    throw corrupt()
  }
  while (at < message.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const wire = tag % 8
    if (number < 1) throw corrupt()
    if (wire === 0) fields.push({ number, value: varint(), bytes: none })
    else if (wire === 2) {
      const length = varint()
      if (length < 0 || at + length > message.length) throw corrupt()
      fields.push({ number, value: 0, bytes: message.subarray(at, at + length) })
      at += length
    } else if (wire === 1 || wire === 5) {
      const length = wire === 1 ? 8 : 4
      fields.push({ number, value: 0, bytes: message.subarray(at, at + length) })
      at += length
    } else throw corrupt()
    if (number === last) break
  }
  if (at > message.length) throw corrupt()
  return fields
}

/** The whole numbers of a repeated field, packed or not. */
export function protoNumbers(fields: readonly ProtoField[], number: number): number[] {
  return fields.filter((field) => field.number === number).flatMap(({ value, bytes }) => (bytes === none ? [value] : unpack(bytes)))
}

/** The floating-point numbers of a repeated field of `width` bytes each, packed (or raw data, little-endian) or not. */
export function protoFloats(fields: readonly ProtoField[], number: number, width: 4 | 8 = 4): number[] {
  return fields.flatMap((field) => {
    if (field.number !== number) return []
    const { bytes } = field
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return Array.from({ length: Math.floor(bytes.length / width) }, (_, i) =>
      width === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true),
    )
  })
}

function unpack(bytes: Uint8Array): number[] {
  // A packed list is varints one after the other; the last byte of each is below 0x80.
  const numbers: number[] = []
  let value = 0n
  let shift = 0n
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift
    shift += 7n
    if (byte >= 0x80) continue
    numbers.push(Number(BigInt.asIntN(64, value)))
    value = 0n
    shift = 0n
  }
  return numbers
}

function corrupt(): MillwrightError {
  return new MillwrightError('Corrupt', 'the bytes are not a Protocol Buffers message')
}
