/** CRC-32 (ISO 3309; as in zip, PNG and zlib) through crc-32, to notice bytes that are not what was written. */
import crc from 'crc-32'

/** The checksum of bytes, a whole number from 0 to 2³² − 1; `before` is the checksum of what precedes them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return crc.buf(bytes, before) >>> 0
}
