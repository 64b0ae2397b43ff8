/** Tensors as bytes: the binary tensor data extension. Little-endian, row-major, without padding; texts have their length before them. */
import { concatBytes, utf8 } from '../../core/bytes'
import { toFloat16 } from '../../core/float16'
import type { TensorData } from '../../ports/model'
import { tensorArrays } from '../../schema/tensor-arrays'
import { HttpProblem } from '../problem'
import { type Datatype, tensorTypeOf } from './datatypes'

let decoder: TextDecoder | undefined

/**
 * The values of a tensor of `count` elements: a typed array of its own, or texts.
 *
 * @throws HttpProblem 400 when the bytes are not those of so many elements
 */
export function readBinary(bytes: Uint8Array, datatype: Datatype, count: number, name: string): TensorData {
  if (datatype === 'BYTES') return readTexts(bytes, count, name)
  const type = tensorTypeOf[datatype] as Exclude<(typeof tensorTypeOf)[Datatype], 'str'>
  const make = tensorArrays[type]
  const width = (make as unknown as { readonly BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT
  if (bytes.length !== count * width)
    throw malformed(name, `of ${datatype} must have ${count * width} bytes for its ${count} elements, it has ${bytes.length}`)
  // A copy: the bytes need not lie at a multiple of the width, and they belong to the connection.
  const copy = new Uint8Array(bytes)
  if (width > 1 && !isLittleEndian()) swap(copy, width)
  if (datatype === 'BOOL' && copy.some((value) => value > 1)) throw malformed(name, 'of BOOL must hold only the bytes 0 and 1')
  return new make(copy.buffer) as TensorData
}

function readTexts(bytes: Uint8Array, count: number, name: string): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: string[] = []
  let at = 0
  decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  while (at + 4 <= bytes.length && texts.length < count) {
    const end = at + 4 + view.getUint32(at, true)
    if (end > bytes.length) break
    try {
      texts.push(decoder.decode(bytes.subarray(at + 4, end)))
    } catch {
      throw malformed(name, `has at element ${texts.length} bytes that are not UTF-8`)
    }
    at = end
  }
  if (texts.length !== count || at !== bytes.length)
    throw malformed(name, `of BYTES must hold ${count} elements, each after its length in 4 bytes, and nothing else`)
  return texts
}

/** The bytes of a tensor. `null` and `undefined` are NaN, 0 or an empty text. */
export function writeBinary(values: ArrayLike<unknown>, datatype: Datatype): Uint8Array {
  if (datatype === 'BYTES') {
    return concatBytes(
      Array.from(values).flatMap((value) => {
        const text = utf8(value === null || value === undefined ? '' : String(value))
        const length = new Uint8Array(4)
        new DataView(length.buffer).setUint32(0, text.length, true)
        return [length, text]
      }),
    )
  }
  const type = tensorTypeOf[datatype] as Exclude<(typeof tensorTypeOf)[Datatype], 'str'>
  const array = new tensorArrays[type](values.length)
  const isBig = datatype === 'INT64' || datatype === 'UINT64'
  const missing = datatype.startsWith('FP') ? Number.NaN : 0
  for (let i = 0; i < values.length; i++) {
    const value = (values[i] ?? missing) as number | bigint
    ;(array as unknown as (number | bigint)[])[i] = isBig
      ? BigInt(value)
      : datatype === 'FP16' && !ArrayBuffer.isView(values)
        ? toFloat16(Number(value))
        : Number(value)
  }
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  if (array.BYTES_PER_ELEMENT > 1 && !isLittleEndian()) swap(bytes, array.BYTES_PER_ELEMENT)
  return bytes
}

function isLittleEndian(): boolean {
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
}

/** Reverses the bytes of each element. */
function swap(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse()
}

/** The problem of an input that is not as the protocol says. */
export function malformed(name: string, what: string): HttpProblem {
  return new HttpProblem(400, 'malformed-tensor', `the input ${JSON.stringify(name)} ${what}`)
}
