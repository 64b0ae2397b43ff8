/** The objects of a store in memory: their bytes, the folders that their keys make, and the order of the keys. */
import type { Clock } from '../../core/clock'
import type { ObjectInfo } from '../../ports/object-store'
import { foldersAbove, keyBelowObject, keyOfFolder } from '../../ports/object-store-rules'
import { firstAtLeast } from '../../ports/page-of-keys'

/** An object. */
export interface StoredObject {
  readonly info: ObjectInfo
  /** At least `info.sizeBytes` long; appending uses the rest. */
  readonly buffer: Uint8Array
}

/** The objects of one store. */
export class StoredObjects {
  readonly #objects = new Map<string, StoredObject>()
  /** Folder → number of keys below it. */
  readonly #folders = new Map<string, number>()
  readonly #name: string
  readonly #clock: Clock
  /** All keys ascending, until a key is added or removed. */
  #sorted: readonly string[] | undefined
  #writes = 0

  /** @param name the store's name, for messages */
  constructor(name: string, clock: Clock) {
    this.#name = name
    this.#clock = clock
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  /** Whether keys lie below `folder` (without a slash at its end). */
  isFolder(folder: string): boolean {
    return this.#folders.has(folder)
  }

  /** All keys, ascending. */
  sortedKeys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()].sort()
    return this.#sorted
  }

  /** The names directly below a folder that ends in `/`, those of folders ending in `/`. Skips what lies deeper. */
  namesBelow(prefix: string): string[] {
    const keys = this.sortedKeys()
    const names: string[] = []
    for (let i = firstAtLeast(keys, prefix); i < keys.length && keys[i]?.startsWith(prefix); ) {
      const key = keys[i] as string
      const slash = key.indexOf('/', prefix.length)
      names.push(slash < 0 ? key.slice(prefix.length) : key.slice(prefix.length, slash + 1))
      // '0' is the character after '/'.
      i = slash < 0 ? i + 1 : firstAtLeast(keys, `${key.slice(0, slash)}0`)
    }
    return names
  }

  /** Checks that a new key is neither a folder nor below an object. @throws Conflict */
  assertFree(key: string): void {
    if (this.#folders.has(key)) throw keyOfFolder(this.#name, key)
    const parent = foldersAbove(key).find((folder) => this.#objects.has(folder))
    if (parent !== undefined) throw keyBelowObject(this.#name, key, parent)
  }

  /** Creates or replaces an object. The buffer now belongs to the store. @throws Conflict */
  set(key: string, buffer: Uint8Array, sizeBytes = buffer.length): ObjectInfo {
    if (!this.#objects.has(key)) {
      this.assertFree(key)
      this.#count(key, 1)
    }
    const info = { key, sizeBytes, etag: `m${++this.#writes}`, modifiedAt: this.#clock.now() }
    this.#objects.set(key, { info, buffer })
    return info
  }

  /** Adds bytes to the end. The buffer grows to twice its length, so that many small appends copy little. @throws Conflict */
  append(key: string, bytes: Uint8Array): void {
    const object = this.#objects.get(key)
    const length = object?.info.sizeBytes ?? 0
    let buffer = object?.buffer ?? new Uint8Array(0)
    if (buffer.length < length + bytes.length) {
      buffer = new Uint8Array(Math.max(2 * length, length + bytes.length))
      if (object !== undefined) buffer.set(object.buffer.subarray(0, length))
    }
    buffer.set(bytes, length)
    this.set(key, buffer, length + bytes.length)
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#count(key, -1)
  }

  clear(): void {
    this.#objects.clear()
    this.#folders.clear()
    this.#sorted = undefined
  }

  #count(key: string, step: 1 | -1): void {
    for (const folder of foldersAbove(key)) {
      const left = (this.#folders.get(folder) ?? 0) + step
      if (left === 0) this.#folders.delete(folder)
      else this.#folders.set(folder, left)
    }
    this.#sorted = undefined
  }
}
