/** Encodes the outputs of steps as bytes and decodes them. */
import { fromBase64, fromUtf8, toBase64, utf8 } from '../core/bytes'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import type { Json } from '../core/json'

/** Turns values of one type into bytes and back. `decode(encode(value))` must be as good as `value`; equal values should give equal bytes. */
export interface Codec<T> {
  encode(value: T): Uint8Array | Promise<Uint8Array>
  decode(bytes: Uint8Array): T | Promise<T>
}

/** Deepest nesting that {@link valueCodec} writes. */
const MAX_DEPTH = 200

/**
 * The default codec: JSON that also keeps typed arrays, dates, big integers, `undefined`, `NaN`, `±Infinity` and −0.
 *
 * Plain objects keep the order of their keys. Anything else (functions, class instances, Map, Set) is refused.
 *
 * @throws InvalidArgument from `encode`, naming the place; Corrupt from `decode`
 */
export function valueCodec(): Codec<unknown> {
  return {
    encode: (value) => utf8(JSON.stringify(pack(value, '', 0))),
    decode(bytes) {
      try {
        return unpack(JSON.parse(fromUtf8(bytes)))
      } catch (cause) {
        throw new MillwrightError('Corrupt', 'a stored value cannot be read', { cause })
      }
    },
  }
}

/** A value as plain JSON, as {@link valueCodec} writes it. @throws InvalidArgument naming the place */
export function packValue(value: unknown): Json {
  return pack(value, '', 0) as Json
}

/** The value of {@link packValue}'s JSON. @throws Corrupt */
export function unpackValue(json: unknown): unknown {
  return unpack(json)
}

/** A value that JSON cannot represent is written as `{ "$": kind, "v": text }`. */
function pack(value: unknown, path: string, depth: number): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $: 'number', v: Object.is(value, -0) ? '-0' : String(value) }
  }
  if (value === undefined) return { $: 'undefined' }
  if (typeof value === 'bigint') return { $: 'bigint', v: String(value) }
  if (typeof value !== 'object') throw notStorable(value, path)
  if (depth > MAX_DEPTH) throw invalidArgument(`it nests more than ${MAX_DEPTH} deep, or in a circle`)
  if (value instanceof Date) return { $: 'date', v: value.getTime() }
  if (ArrayBuffer.isView(value) && Object.hasOwn(arrayKinds(), tagOf(value))) {
    return { $: tagOf(value), v: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) }
  }
  if (Array.isArray(value)) return Array.from(value, (item, index) => pack(item, `${path}[${index}]`, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) throw notStorable(value, path)
  const entries = Object.entries(value).map(([key, member]) => [key, pack(member, `${path}.${key}`, depth + 1)] as const)
  const ambiguous = Object.hasOwn(value, '$') || Object.hasOwn(value, '__proto__')
  return ambiguous ? { $: 'object', v: entries } : Object.fromEntries(entries)
}

function unpack(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unpack)
  const { $: kind, v } = value as { $?: string; v?: unknown }
  if (kind === undefined) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unpack(member)]))
  if (kind === 'number') return Number(v)
  if (kind === 'undefined') return undefined
  if (kind === 'bigint') return BigInt(v as string)
  if (kind === 'date') return new Date(v === null ? Number.NaN : (v as number))
  // fromEntries defines members, so that a key called __proto__ stays a plain one.
  if (kind === 'object') return Object.fromEntries((v as [string, unknown][]).map(([key, member]) => [key, unpack(member)]))
  const Kind = arrayKinds()[kind]
  if (Kind === undefined) throw new MillwrightError('Corrupt', `a stored value has the unknown kind ${show(kind)}`)
  return new Kind(fromBase64(v as string).buffer as ArrayBuffer)
}

function tagOf(value: object): string {
  return (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? ''
}

function arrayKinds(): Readonly<Record<string, new (buffer: ArrayBuffer) => object>> {
  return {
    Uint8Array,
    Int8Array,
    Uint8ClampedArray,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  }
}

function notStorable(value: unknown, path: string): MillwrightError {
  const name = typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : typeof value
  return invalidArgument(`${path === '' ? 'it' : `its member ${path.replace(/^\./, '')}`} is a ${name}`)
}
