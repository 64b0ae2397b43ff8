/** What writing and reading a ZIP archive share. */

/** The checksum of ZIP entries: CRC-32 with the polynomial 0xEDB88320 (ISO 3309). */
export function crc32(bytes: Uint8Array): number {
  const table = crcTable()
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

let kept: Uint32Array | undefined

function crcTable(): Uint32Array {
  if (kept !== undefined) return kept
  kept = new Uint32Array(256)
  for (let i = 0; i < 256; i++) {
    let value = i
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    kept[i] = value >>> 0
  }
  return kept
}
