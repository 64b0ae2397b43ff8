/** Protocol Buffers, as much of it as W&B's records need (protobuf.dev, "Encoding"). */
import { utf8 } from '../../core/bytes'
import { MillwrightError } from '../../core/errors'

/**
 * Encoded bytes as a text of the characters 0 to 255: joining short texts is many times faster than joining short arrays, and a row of
 * the history is dozens of them.
 */
export type ByteText = string

/** A message of the given fields; `undefined` stands for one that is left out. */
export function message(...parts: readonly (ByteText | undefined | readonly (ByteText | undefined)[])[]): ByteText {
  let whole = ''
  for (const part of parts) {
    if (typeof part === 'string') whole += part
    else if (part !== undefined) for (const inner of part) whole += inner ?? ''
  }
  return whole
}

/** A string field. Nothing for `undefined`; an empty one is written, since it may be the chosen one of a `oneof`. */
export function text(number: number, value: string | undefined): ByteText | undefined {
  return value === undefined ? undefined : nested(number, utf8Text(value))
}

/** A message field. */
export function nested(number: number, body: ByteText): ByteText {
  return varint(number * 8 + 2) + varint(body.length) + body
}

/** A whole number or boolean field; 0 and false are the default and left out. */
export function whole(number: number, value: number | boolean | undefined): ByteText | undefined {
  return value ? varint(number * 8) + varint(Number(value)) : undefined
}

/** `google.protobuf.Timestamp` of epoch milliseconds. */
export function timestamp(ms: number): ByteText {
  const seconds = Math.floor(ms / 1000)
  return message(whole(1, seconds), whole(2, Math.round((ms - seconds * 1000) * 1e6)))
}

/** The bytes themselves. */
export function toBytes(encoded: ByteText): Uint8Array {
  const bytes = new Uint8Array(encoded.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = encoded.charCodeAt(i)
  return bytes
}

function utf8Text(value: string): ByteText {
  if (/^[\0-\x7f]*$/.test(value)) return value
  let encoded = ''
  const bytes = utf8(value)
  for (let i = 0; i < bytes.length; i += 8192) encoded += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return encoded
}

function varint(value: number): ByteText {
  if (value >= 0 && value < 128) return String.fromCharCode(value)
  if (value > 0 && value <= 0x7fffffff) {
    return value < 16384
      ? String.fromCharCode((value & 127) | 128, value >> 7)
      : String.fromCharCode((value & 127) | 128) + varint(value >> 7)
  }
  let encoded = ''
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) encoded += String.fromCharCode(Number(rest & 127n) | 128)
  return encoded + String.fromCharCode(Number(rest))
}

/** One field as read: a number, or the bytes of a length-delimited value, sharing memory. */
export interface ProtoField {
  readonly number: number
  /** Of varints (as signed 64 bits) and of fixed-width values (as floats). */
  readonly value: number
  readonly bytes: Uint8Array
}

/** Every field in order. @throws Corrupt when the bytes are no message */
export function fieldsOf(bytes: Uint8Array): ProtoField[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const none = new Uint8Array(0)
  const fields: ProtoField[] = []
  let at = 0
  const take = (length: number): number => {
    if (length < 0 || at + length > bytes.length) throw corrupt()
    at += length
    return at - length
  }
  const next = (): number => {
    let whole = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[take(1)] as number
      if (shift === 0n && byte < 128) return byte
      whole |= BigInt(byte & 127) << shift
      if (byte < 128) return Number(BigInt.asIntN(64, whole))
    }
    throw corrupt()
  }
  while (at < bytes.length) {
    const tag = next()
    const [number, wire] = [Math.floor(tag / 8), tag % 8]
    if (number < 1) throw corrupt()
    if (wire === 0) fields.push({ number, value: next(), bytes: none })
    else if (wire === 1) fields.push({ number, value: view.getFloat64(take(8), true), bytes: none })
    else if (wire === 5) fields.push({ number, value: view.getFloat32(take(4), true), bytes: none })
    else if (wire === 2) {
      const length = next()
      const start = take(length)
      fields.push({ number, value: 0, bytes: bytes.subarray(start, start + length) })
    } else throw corrupt()
  }
  return fields
}

function corrupt(): MillwrightError {
  return new MillwrightError('Corrupt', 'a record of the .wandb file is not a Protocol Buffers message')
}
