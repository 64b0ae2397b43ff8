/** CRC-32 (ISO 3309; as in zip, PNG and zlib), to notice bytes that are not what was written. */

let table: Uint32Array | undefined

/** The checksum of bytes, a whole number from 0 to 2³² − 1; `before` is the checksum of what precedes them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  table ??= makeTable()
  let crc = ~before
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[i] as number)) & 0xff] as number)
  return ~crc >>> 0
}

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
    return value
  })
}
