/** Reads UBJSON (Universal Binary JSON, draft 12), as XGBoost writes it. */
import { MillwrightError } from '../../core/errors'

/** A value of a UBJSON document. Arrays of one number type are typed arrays. */
export type UbjsonValue = null | boolean | number | string | readonly UbjsonValue[] | NumberArray | { readonly [key: string]: UbjsonValue }

/** Arrays of one number type. */
export type NumberArray = Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array

/** Deeper documents are refused. */
const MOST_LEVELS = 100

/**
 * Reads a document.
 *
 * @param subject the file, for messages
 * @throws Corrupt for bytes that are no UBJSON, are cut short, or go on behind the document
 */
export function readUbjson(bytes: Uint8Array, subject: string): UbjsonValue {
  const reader = new UbjsonReader(bytes, subject)
  const value = reader.value(reader.marker(), 0)
  reader.end()
  return value
}

class UbjsonReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #subject: string
  #at = 0

  constructor(bytes: Uint8Array, subject: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#subject = subject
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#problem('it goes on behind the document')
  }

  /** The next type marker; `N` stands for nothing. */
  marker(): string {
    for (;;) {
      const marker = String.fromCharCode(this.#bytes[this.#take(1)] as number)
      if (marker !== 'N') return marker
    }
  }

  value(marker: string, level: number): UbjsonValue {
    if (level > MOST_LEVELS) throw this.#problem(`it is nested more than ${MOST_LEVELS} levels deep`)
    switch (marker) {
      case 'Z':
        return null
      case 'T':
        return true
      case 'F':
        return false
      case 'C':
        return String.fromCharCode(this.#bytes[this.#take(1)] as number)
      case 'S':
        return this.#text()
      case '[':
        return this.#array(level + 1)
      case '{':
        return this.#object(level + 1)
      default:
        return this.#number(marker)
    }
  }

  #number(marker: string): number {
    switch (marker) {
      case 'i':
        return this.#view.getInt8(this.#take(1))
      case 'U':
        return this.#view.getUint8(this.#take(1))
      case 'I':
        return this.#view.getInt16(this.#take(2))
      case 'l':
        return this.#view.getInt32(this.#take(4))
      case 'L':
        return Number(this.#view.getBigInt64(this.#take(8)))
      case 'd':
        return this.#view.getFloat32(this.#take(4))
      case 'D':
        return this.#view.getFloat64(this.#take(8))
      default:
        throw this.#problem(`there is no type ${JSON.stringify(marker)}`)
    }
  }

  #text(): string {
    const length = this.#count()
    const at = this.#take(length)
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length))
  }

  #array(level: number): readonly UbjsonValue[] | NumberArray {
    const { type, count } = this.#header()
    if (type !== undefined) return this.#typedArray(type, count as number, level)
    const items: UbjsonValue[] = []
    if (count !== undefined) for (let i = 0; i < count; i++) items.push(this.value(this.marker(), level))
    else for (let marker = this.marker(); marker !== ']'; marker = this.marker()) items.push(this.value(marker, level))
    return items
  }

  #typedArray(type: string, count: number, level: number): readonly UbjsonValue[] | NumberArray {
    const from = <A extends NumberArray>(make: new (length: number) => A, width: number): A => {
      if (count * width > this.#bytes.length - this.#at) throw this.#problem('it is cut short')
      const array = new make(count)
      for (let i = 0; i < count; i++) array[i] = this.#number(type)
      return array
    }
    switch (type) {
      case 'i':
        return from(Int8Array, 1)
      case 'U':
        return from(Uint8Array, 1)
      case 'I':
        return from(Int16Array, 2)
      case 'l':
        return from(Int32Array, 4)
      case 'L':
        return from(Float64Array, 8)
      case 'd':
        return from(Float32Array, 4)
      case 'D':
        return from(Float64Array, 8)
      default:
        return Array.from({ length: count }, () => this.value(type, level))
    }
  }

  #object(level: number): { readonly [key: string]: UbjsonValue } {
    const { type, count } = this.#header()
    const members: Record<string, UbjsonValue> = {}
    const add = (key: string): void => {
      const value = this.value(type ?? this.marker(), level)
      if (key !== '__proto__') members[key] = value
    }
    if (count !== undefined) for (let i = 0; i < count; i++) add(this.#text())
    else {
      for (;;) {
        const marker = this.marker()
        if (marker === '}') break
        this.#at--
        add(this.#text())
      }
    }
    return members
  }

  /** The type and the count that a container may begin with. */
  #header(): { readonly type?: string; readonly count?: number } {
    const type = this.#skips('$') ? this.marker() : undefined
    // Values of these types take no bytes: a count could be any number.
    if (type !== undefined && 'ZTF'.includes(type)) throw this.#problem(`an array of the type ${type} is not read`)
    if (!this.#skips('#')) {
      if (type !== undefined) throw this.#problem('a type without a count')
      return {}
    }
    const count = this.#count()
    return type === undefined ? { count } : { type, count }
  }

  #skips(character: string): boolean {
    if (this.#bytes[this.#at] !== character.charCodeAt(0)) return false
    this.#at++
    return true
  }

  /** A count: at most the bytes that are left, since every item takes one. */
  #count(): number {
    const count = this.#number(this.marker())
    if (!Number.isInteger(count) || count < 0 || count > this.#bytes.length - this.#at) throw this.#problem(`a count of ${count}`)
    return count
  }

  /** Goes on by some bytes. @returns where they begin */
  #take(length: number): number {
    const at = this.#at
    if (at + length > this.#bytes.length) throw this.#problem('it is cut short')
    this.#at = at + length
    return at
  }

  #problem(what: string): MillwrightError {
    return new MillwrightError('Corrupt', `${this.#subject} is damaged: ${what} (byte ${this.#at})`)
  }
}
