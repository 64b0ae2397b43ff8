/**
 * The layout of records in a `.wandb` file: LevelDB's log format with blocks of 32,768 bytes, behind a header of W&B's own, with zlib's CRC-32
 * over type and data. Source: `wandb/sdk/internal/datastore.py` of wandb 0.29.
 */

import { crc32 } from '../../core/crc32'
import { MillwrightError } from '../../core/errors'

/** Bytes of a block; the file's header is part of the first one. */
const BLOCK = 32_768
/** Bytes before the data of each piece: checksum, length, type. */
const HEAD = 7
const types = { full: 1, first: 2, middle: 3, last: 4 } as const

/** The first seven bytes: `:W&B`, 0xBEE1, version 0. */
export function fileHeader(): Uint8Array {
  return Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0)
}

/** The bytes that add `records` to a file that has `position` bytes, its header included. */
export function frameRecords(records: readonly Uint8Array[], position: number): Uint8Array {
  let size = 0
  for (const record of records) size += record.length + HEAD * (2 + Math.ceil(record.length / (BLOCK - HEAD))) + HEAD
  const out = new Uint8Array(size)
  const view = new DataView(out.buffer)
  let at = 0
  const piece = (data: Uint8Array, type: number): void => {
    view.setUint32(at, crc32(data, crc32(Uint8Array.of(type))), true)
    view.setUint16(at + 4, data.length, true)
    out[at + 6] = type
    out.set(data, at + HEAD)
    at += HEAD + data.length
  }
  for (const record of records) {
    let left = BLOCK - ((position + at) % BLOCK)
    if (left < HEAD) {
      at += left
      left = BLOCK
    }
    let start = 0
    // With seven bytes left in a block, a first piece fits, but no data in it.
    for (let isFirst = true; ; isFirst = false) {
      const end = Math.min(record.length, start + left - HEAD)
      const isLast = end === record.length
      piece(record.subarray(start, end), isFirst ? (isLast ? types.full : types.first) : isLast ? types.last : types.middle)
      if (isLast) break
      start = end
      left = BLOCK
    }
  }
  return out.slice(0, at)
}

/** The result of a scan. */
export interface FramedRecords {
  readonly records: readonly Uint8Array[]
  /** Where an incomplete last record begins, as a killed process leaves it. */
  readonly tornAt?: number | undefined
  /** Where the first damaged record begins; nothing after it was read. */
  readonly damagedAt?: number | undefined
}

/** Every complete record up to the end of the file or the first damaged one. @throws Corrupt, Unsupported (no `.wandb` file, or another version) */
export function readFrames(bytes: Uint8Array): FramedRecords {
  checkHeader(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: Uint8Array[] = []
  let parts: Uint8Array[] = []
  let start = HEAD
  let at = HEAD
  while (at < bytes.length) {
    const left = BLOCK - (at % BLOCK)
    if (left < HEAD) {
      if (bytes.subarray(at, at + left).some((byte) => byte !== 0)) return { records, damagedAt: start }
      at += left
      if (parts.length === 0) start = at
      continue
    }
    if (at + HEAD > bytes.length) return { records, tornAt: start }
    const length = view.getUint16(at + 4, true)
    const type = bytes[at + 6] as number
    if (length > left - HEAD || type < types.full || type > types.last) return { records, damagedAt: start }
    if (at + HEAD + length > bytes.length) return { records, tornAt: start }
    const data = bytes.subarray(at + HEAD, at + HEAD + length)
    const isBegin = type === types.full || type === types.first
    if (crc32(data, crc32(Uint8Array.of(type))) !== view.getUint32(at, true) || isBegin !== (parts.length === 0)) {
      return { records, damagedAt: start }
    }
    parts.push(data)
    at += HEAD + length
    if (type === types.full || type === types.last) {
      records.push(joined(parts))
      parts = []
      start = at
    }
  }
  return parts.length > 0 ? { records, tornAt: start } : { records }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function checkHeader(bytes: Uint8Array): void {
  const header = fileHeader()
  if (bytes.length < HEAD || header.subarray(0, 6).some((byte, i) => bytes[i] !== byte)) {
    throw new MillwrightError('Corrupt', 'a .wandb file begins with ":W&B" and 0xBEE1, and these bytes do not')
  }
  if (bytes[6] !== 0) throw new MillwrightError('Unsupported', `version 0 of the .wandb format can be read, got version ${bytes[6]}`)
}
