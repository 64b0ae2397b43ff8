/** Writes the wire format of Protocol Buffers (protobuf.dev, "Encoding"). */
import { utf8 } from './bytes'

/**
 * Encoded bytes as a string of the characters 0 to 255: joining short strings is many times faster than joining short arrays, and a message
 * consists of dozens of them.
 */
export type ByteText = string

/** A message of the given fields; `undefined` is a field that is left out. */
export function protoMessage(...parts: readonly (ByteText | undefined | readonly (ByteText | undefined)[])[]): ByteText {
  let whole = ''
  for (const part of parts) {
    if (typeof part === 'string') whole += part
    else if (part !== undefined) for (const inner of part) whole += inner ?? ''
  }
  return whole
}

/** A string field; left out for `undefined`. An empty string is written, since it may be the chosen field of a `oneof`. */
export function protoText(number: number, value: string | undefined): ByteText | undefined {
  return value === undefined ? undefined : protoNested(number, utf8Text(value))
}

/** A message field. */
export function protoNested(number: number, body: ByteText): ByteText {
  return varint(number * 8 + 2) + varint(body.length) + body
}

/** A whole number or boolean field; left out for 0 and false, which are the defaults. */
export function protoWhole(number: number, value: number | boolean | undefined): ByteText | undefined {
  return value ? varint(number * 8) + varint(Number(value)) : undefined
}

/** The encoded bytes. */
export function protoBytes(encoded: ByteText): Uint8Array {
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
