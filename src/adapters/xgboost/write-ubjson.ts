/** Writes UBJSON as XGBoost does: every length and count as int64, typed arrays with their type. */
import { utf8 } from '../../core/bytes'

/** A value to write. Typed arrays are written with their type; of a `BigInt64Array` as int64. */
export type WritableValue =
  | string
  | number
  | readonly WritableValue[]
  | Float32Array
  | Int32Array
  | Uint8Array
  | BigInt64Array
  | { readonly [key: string]: WritableValue }

/** The document as bytes. Whole numbers become int64, others float32. */
export function writeUbjson(value: WritableValue): Uint8Array {
  const writer = new ByteWriter()
  write(writer, value)
  return writer.bytes()
}

function write(writer: ByteWriter, value: WritableValue): void {
  if (typeof value === 'string') {
    writer.mark('S')
    writer.text(value)
  } else if (typeof value === 'number') {
    writer.mark(Number.isInteger(value) ? 'L' : 'd')
    if (Number.isInteger(value)) writer.put(8, (view, at) => view.setBigInt64(at, BigInt(value)))
    else writer.put(4, (view, at) => view.setFloat32(at, value))
  } else if (ArrayBuffer.isView(value)) writeTyped(writer, value as Float32Array | Int32Array | Uint8Array | BigInt64Array)
  else if (Array.isArray(value)) {
    writer.mark('[#')
    writer.count(value.length)
    for (const item of value as readonly WritableValue[]) write(writer, item)
  } else {
    writer.mark('{')
    for (const [key, member] of Object.entries(value)) {
      writer.text(key)
      write(writer, member)
    }
    writer.mark('}')
  }
}

function writeTyped(writer: ByteWriter, values: Float32Array | Int32Array | Uint8Array | BigInt64Array): void {
  const type = values instanceof Float32Array ? 'd' : values instanceof Int32Array ? 'l' : values instanceof Uint8Array ? 'U' : 'L'
  writer.mark(`[$${type}#`)
  writer.count(values.length)
  writer.put(values.byteLength, (view, at) => {
    for (let i = 0; i < values.length; i++) {
      const to = at + i * values.BYTES_PER_ELEMENT
      const value = values[i] as number | bigint
      if (type === 'd') view.setFloat32(to, value as number)
      else if (type === 'l') view.setInt32(to, value as number)
      else if (type === 'U') view.setUint8(to, value as number)
      else view.setBigInt64(to, value as bigint)
    }
  })
}

/** Bytes that grow. */
class ByteWriter {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  put(size: number, set: (view: DataView, at: number) => void): void {
    if (this.#length + size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + size))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    set(this.#view, this.#length)
    this.#length += size
  }

  mark(characters: string): void {
    for (const character of characters) this.put(1, (view, at) => view.setUint8(at, character.charCodeAt(0)))
  }

  count(count: number): void {
    this.mark('L')
    this.put(8, (view, at) => view.setBigInt64(at, BigInt(count)))
  }

  text(text: string): void {
    const bytes = utf8(text)
    this.count(bytes.length)
    this.put(bytes.length, (view, at) => new Uint8Array(view.buffer).set(bytes, at))
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}
