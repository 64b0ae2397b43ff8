/** Digests through @noble/hashes: synchronous and incremental, which WebCrypto is not. */
import { md5 } from '@noble/hashes/legacy.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from './bytes'

/** An incremental hash. */
export interface Hasher {
  /** Adds bytes, or the UTF-8 bytes of a string. */
  update(data: Uint8Array | string): Hasher
  /** Lower-case hexadecimal digest; the hasher cannot be used afterwards. */
  digest(): string
}

/** A new incremental SHA-256. */
export function sha256(): Hasher {
  const hash = nobleSha256.create()
  const hasher: Hasher = {
    update(data) {
      hash.update(typeof data === 'string' ? utf8(data) : data)
      return hasher
    },
    digest: () => toHex(hash.digest()),
  }
  return hasher
}

/** SHA-256 of bytes or of the UTF-8 bytes of a string, lower-case hexadecimal. */
export function sha256Hex(data: Uint8Array | string): string {
  return sha256().update(data).digest()
}

/** MD5 of the UTF-8 bytes of a text, lower-case hexadecimal: for names and checks that other tools make by it, never for safety. */
export function md5Hex(text: string): string {
  return toHex(md5(utf8(text)))
}

/** Whether two texts are equal, in a time that does not tell where they differ: their digests are compared. */
export function constantTimeEqual(a: string, b: string): boolean {
  return sha256Hex(a) === sha256Hex(b)
}
