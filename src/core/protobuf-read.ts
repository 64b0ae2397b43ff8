/** Reads the wire format of Protocol Buffers, without a schema (protobuf.dev, "Encoding"). */
import { MillwrightError } from './errors'

/** One field of a message. */
export interface ProtoField {
  readonly number: number
  /** Of varints: the number as a signed 64-bit integer, exact up to 2⁵³. Of fixed-width fields: the float or double. Otherwise 0. */
  readonly value: number
  /** Of length-delimited and fixed-width fields: the bytes, sharing memory with the message. Otherwise empty. */
  readonly bytes: Uint8Array
}

/** How much of a message is read, and how it is called in messages. */
export interface ProtoReadOptions {
  /** Stop after the first field with this number. @default read all fields */
  readonly last?: number | undefined
  /** What the bytes are, for the error. @default 'the bytes' */
  readonly subject?: string | undefined
}

const none = /* @__PURE__ */ new Uint8Array(0)

/** The fields of a message in order. @throws Corrupt when the bytes are not a message */
export function protoFields(message: Uint8Array, { last, subject = 'the bytes' }: ProtoReadOptions = {}): ProtoField[] {
  const corrupt = (): MillwrightError => new MillwrightError('Corrupt', `${subject} are not a Protocol Buffers message`)
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const fields: ProtoField[] = []
  let at = 0
  /** Moves past the next `length` bytes; gives where they begin. */
  const take = (length: number): number => {
    if (length < 0 || at + length > message.length) throw corrupt()
    at += length
    return at - length
  }
  const varint = (): number => {
    let whole = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[take(1)] as number
      // Nearly every varint is one byte.
      if (shift === 0n && byte < 0x80) return byte
      whole |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, whole))
    }
    throw corrupt()
  }
  while (at < message.length) {
    const tag = varint()
    const [number, wireType] = [Math.floor(tag / 8), tag % 8]
    if (number < 1) throw corrupt()
    if (wireType === 0) fields.push({ number, value: varint(), bytes: none })
    else if (wireType === 1 || wireType === 5) {
      const length = wireType === 1 ? 8 : 4
      const start = take(length)
      const value = wireType === 1 ? view.getFloat64(start, true) : view.getFloat32(start, true)
      fields.push({ number, value, bytes: message.subarray(start, start + length) })
    } else if (wireType === 2) {
      const length = varint()
      const start = take(length)
      fields.push({ number, value: 0, bytes: message.subarray(start, start + length) })
    } else throw corrupt()
    if (number === last) break
  }
  return fields
}
