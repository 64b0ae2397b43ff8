/** CRC-32 as in zlib (polynomial 0xEDB88320, reflected). */

let table: Uint32Array | undefined

function crcTable(): Uint32Array {
  const made = new Uint32Array(256)
  for (let n = 0; n < 256; n++) {
    let value = n
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
    made[n] = value
  }
  return made
}

/** The checksum of `bytes`; `before` is the checksum of what precedes them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  table ??= crcTable()
  let value = ~before
  for (let i = 0; i < bytes.length; i++) value = (value >>> 8) ^ (table[(value ^ (bytes[i] as number)) & 0xff] as number)
  return ~value >>> 0
}
