/** Numbers distinct texts by first appearance and finds them by their bytes, so that no string is created for a repeated cell. */

/** A numbering of byte strings. */
export class ByteDictionary {
  /** Open addressing, linear probing: entry + 1, or 0 where free. */
  #slots = new Int32Array(64)
  #hashes = new Int32Array(32)
  /** The first and second four bytes of each entry: enough to distinguish most texts. */
  #low = new Int32Array(32)
  #high = new Int32Array(32)
  /** Entry i is `#arena[#offsets[i]]` … `#arena[#offsets[i + 1] - 1]`. */
  #offsets = new Int32Array(33)
  #arena = new Uint8Array(512)
  #size = 0
  /** A random seed, so that nobody can choose texts whose hashes collide. No result depends on it. */
  readonly #seed = globalThis.crypto.getRandomValues(new Int32Array(1))[0] as number

  /** How many distinct texts there are. */
  get size(): number {
    return this.#size
  }

  /** The number of the text in bytes `start` … `end - 1` of `view`; a new one gets the next number. */
  codeOf(view: DataView, start: number, end: number): number {
    const length = end - start
    const low = wordAt(view, start, length)
    const high = length > 4 ? wordAt(view, start + 4, length - 4) : 0
    const first = Math.imul(this.#seed ^ low ^ length, 0x9e3779b1)
    const hash = hashRest(view, start, end, Math.imul(first ^ (first >>> 15) ^ high, 0x85ebca6b))
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (slots[slot] as number) - 1
      if (entry < 0) return this.#insert(view, { start, end, low, high, hash })
      if (
        this.#hashes[entry] === hash &&
        this.#low[entry] === low &&
        this.#high[entry] === high &&
        this.#sameRest(entry, view, start, end)
      ) {
        return entry
      }
    }
  }

  /** The number of a text, −1 when it has none. */
  find(view: DataView, start: number, end: number): number {
    const length = end - start
    const low = wordAt(view, start, length)
    const high = length > 4 ? wordAt(view, start + 4, length - 4) : 0
    const first = Math.imul(this.#seed ^ low ^ length, 0x9e3779b1)
    const hash = hashRest(view, start, end, Math.imul(first ^ (first >>> 15) ^ high, 0x85ebca6b))
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1
      if (entry < 0) return -1
      if (
        this.#hashes[entry] === hash &&
        this.#low[entry] === low &&
        this.#high[entry] === high &&
        this.#sameRest(entry, view, start, end)
      ) {
        return entry
      }
    }
  }

  /** Whether any text holds a NUL byte. */
  hasNul(): boolean {
    return this.#arena.subarray(0, this.#offsets[this.#size]).includes(0)
  }

  /** All texts one behind the other, and where each begins; the last offset is the end. Copies. */
  packed(): { readonly bytes: Uint8Array; readonly offsets: Int32Array } {
    const offsets = this.#offsets.slice(0, this.#size + 1)
    return { bytes: this.#arena.slice(0, offsets[this.#size]), offsets }
  }

  /**
   * The texts from entry `from` on.
   *
   * @throws TypeError when the bytes are not UTF-8
   */
  texts(from: number): string[] {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const texts: string[] = []
    // Decoded some megabytes at a time and cut: much quicker than one call a text, and below the longest string.
    for (let first = from; first < this.#size; ) {
      const base = this.#offsets[first] as number
      let last = first + 1
      while (last < this.#size && (this.#offsets[last + 1] as number) - base < 4_000_000) last++
      const part = this.#arena.subarray(base, this.#offsets[last])
      const whole = decoder.decode(part)
      let at = 0
      for (let entry = first; entry < last; entry++) {
        const start = (this.#offsets[entry] as number) - base
        const end = (this.#offsets[entry + 1] as number) - base
        const length = whole.length === part.length ? end - start : utf16Length(part, start, end)
        texts.push(whole.slice(at, at + length))
        at += length
      }
      first = last
    }
    return texts
  }

  /** Whether length and bytes from the ninth on agree. */
  #sameRest(entry: number, view: DataView, start: number, end: number): boolean {
    let at = this.#offsets[entry] as number
    const length = end - start
    if ((this.#offsets[entry + 1] as number) - at !== length) return false
    if (length <= 8) return true
    const arena = this.#arena
    at += 8
    for (let p = start + 8; p < end; p++) if (arena[at++] !== view.getUint8(p)) return false
    return true
  }

  #insert(view: DataView, text: Found): number {
    const entry = this.#size++
    const from = this.#offsets[entry] as number
    const to = from + text.end - text.start
    if (to > this.#arena.length) this.#arena = grown(this.#arena, to)
    this.#arena.set(new Uint8Array(view.buffer, view.byteOffset + text.start, text.end - text.start), from)
    if (entry >= this.#hashes.length) {
      this.#hashes = grown(this.#hashes, entry + 1)
      this.#low = grown(this.#low, entry + 1)
      this.#high = grown(this.#high, entry + 1)
      this.#offsets = grown(this.#offsets, entry + 2)
    }
    this.#hashes[entry] = text.hash
    this.#low[entry] = text.low
    this.#high[entry] = text.high
    this.#offsets[entry + 1] = to
    if (this.#size * 2 > this.#slots.length) this.#rehash()
    else this.#place(entry)
    return entry
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1
    let slot = (this.#hashes[entry] as number) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = entry + 1
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 4)
    for (let entry = 0; entry < this.#size; entry++) this.#place(entry)
  }
}

/** A text with its length and hash. */
interface Found {
  readonly start: number
  readonly end: number
  readonly low: number
  readonly high: number
  readonly hash: number
}

/** Up to four bytes as a number, the first lowest; zero beyond `length`. */
function wordAt(view: DataView, p: number, length: number): number {
  if (length >= 4) return view.getInt32(p, true)
  if (p + 4 <= view.byteLength) return view.getInt32(p, true) & ((1 << (8 * length)) - 1)
  let word = 0
  for (let i = 0; i < length; i++) word |= view.getUint8(p + i) << (8 * i)
  return word
}

/** Continues a multiplicative hash from the ninth byte on, four at a time, and mixes the high bits into the low ones. */
function hashRest(view: DataView, start: number, end: number, begun: number): number {
  let hash = begun
  for (let p = start + 8; p < end; p += 4) {
    hash = Math.imul(hash ^ (hash >>> 15) ^ wordAt(view, p, end - p), 0x9e3779b1)
  }
  return hash ^ (hash >>> 16)
}

/** A dictionary that numbers `texts` in order. */
export function dictionaryOf(texts: readonly Uint8Array[]): ByteDictionary {
  const dictionary = new ByteDictionary()
  for (const text of texts) dictionary.codeOf(viewOf(text), 0, text.length)
  return dictionary
}

/** A view of the memory of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A longer copy of a typed array: at least `length`, at least twice as long. */
function grown<T extends Int32Array | Uint8Array>(values: T, length: number): T {
  const longer = new (values.constructor as new (length: number) => T)(Math.max(length, values.length * 2))
  longer.set(values)
  return longer
}

/** UTF-16 code units of valid UTF-8. */
function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  let length = 0
  for (let p = start; p < end; p++) {
    const byte = bytes[p] as number
    if (byte < 0x80 || byte >= 0xc0) length += byte >= 0xf0 ? 2 : 1
  }
  return length
}
