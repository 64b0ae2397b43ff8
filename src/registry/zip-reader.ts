/** Reading a ZIP archive from somewhere else, believing nothing it says (PKWARE APPNOTE 6.3; no ZIP64, no encryption, stored or deflated). */

import { crc32 } from '../core/crc32'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { assertSafeKey } from '../core/ids'
import { throwIfAborted } from '../core/signal'
import { clashOf } from './file-names'

/** How much an archive may hold. */
export interface ZipLimits {
  /** Bytes of all files together, unpacked. */
  readonly maxBytes: number
  readonly maxFiles: number
  /** Unpacked size divided by packed size, of the whole archive. */
  readonly maxRatio: number
}

interface Entry {
  readonly path: string
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  /** Of the local header. */
  readonly offset: number
}

/** A data descriptor with its signature and 64-bit sizes. */
const DESCRIPTOR_BYTES = 24
/** Archives of fewer bytes unpacked are never bombs. */
const HARMLESS_BYTES = 1 << 20

/**
 * The files of an archive: path → bytes.
 *
 * Refused before anything is unpacked: absolute paths, `..` and whatever is no safe key; links and other special files; two files of one
 * name (also where only case tells them apart) or a file where a folder must be; entries that overlap, bytes that belong to none; more than
 * the limits allow by what the archive says. Unpacking stops where an entry is larger than it said.
 *
 * @throws Corrupt for bytes that are no whole archive, InvalidArgument for an archive that is refused, Unsupported for ZIP64 and encryption
 */
export async function readZip(bytes: Uint8Array, limits: ZipLimits, signal?: AbortSignal): Promise<Map<string, Uint8Array>> {
  const entries = readDirectory(bytes, limits)
  const files = new Map<string, Uint8Array>()
  for (const entry of entries) {
    throwIfAborted(signal)
    files.set(entry.path, await unpack(bytes, entry))
  }
  return files
}

function readDirectory(bytes: Uint8Array, limits: ZipLimits): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = findEnd(view)
  const [count, length, start] = [view.getUint16(end + 10, true), view.getUint32(end + 12, true), view.getUint32(end + 16, true)]
  if (count === 0xffff || length === 0xffffffff || start === 0xffffffff) throw new MillwrightError('Unsupported', 'the archive is ZIP64')
  if (view.getUint16(end + 8, true) !== count || start + length !== end) throw corrupt('its directory is not where it says')
  if (count > limits.maxFiles) throw refused(`it holds ${count} files, at most ${limits.maxFiles} are taken`)
  const entries: Entry[] = []
  let at = start
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw corrupt('its directory is cut short')
    const [nameLength, extra, comment] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)]
    if (at + 46 + nameLength + extra + comment > end) throw corrupt('its directory is cut short')
    entries.push(entryAt(view, bytes, at, nameLength))
    at += 46 + nameLength + extra + comment
  }
  if (at !== end) throw corrupt('its directory is longer than its entries')
  const clash = clashOf(entries.map(({ path }) => path))
  if (clash !== undefined) throw refused(`it ${clash}`)
  checkSizes(entries, bytes.length, limits)
  checkRanges(entries, view, bytes, start)
  return entries
}

/** The end record: 22 bytes and a comment that reaches the end of the file. Two of them would let two readers see two archives. */
function findEnd(view: DataView): number {
  let found: number | undefined
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) !== 0x06054b50 || at + 22 + view.getUint16(at + 20, true) !== view.byteLength) continue
    if (found !== undefined) throw refused('it has two end records')
    found = at
  }
  if (found === undefined) throw corrupt('it has no end record')
  return found
}

function entryAt(view: DataView, bytes: Uint8Array, at: number, nameLength: number): Entry {
  const path = nameOf(bytes.subarray(at + 46, at + 46 + nameLength))
  const flags = view.getUint16(at + 8, true)
  if (flags & 1) throw new MillwrightError('Unsupported', `the archive's file ${show(path)} is encrypted`)
  const method = view.getUint16(at + 10, true)
  if (method !== 0 && method !== 8)
    throw new MillwrightError('Unsupported', `the archive's file ${show(path)} is packed by method ${method}`)
  const kind = (view.getUint32(at + 38, true) >>> 28) & 0xf
  // Where the system that made it says what a file is, it must be a regular one (8).
  if (kind !== 0 && kind !== 8) throw refused(`${show(path)} is a link or another special file`)
  try {
    assertSafeKey(path, 'a file name in an archive')
  } catch (cause) {
    throw refused((cause as Error).message)
  }
  const facts = { crc: view.getUint32(at + 16, true), packed: view.getUint32(at + 20, true), size: view.getUint32(at + 24, true) }
  const entry = { path, method, ...facts, offset: view.getUint32(at + 42, true) }
  if (entry.size === 0xffffffff || entry.packed === 0xffffffff || entry.offset === 0xffffffff)
    throw new MillwrightError('Unsupported', 'the archive is ZIP64')
  if (method === 0 && entry.size !== entry.packed) throw corrupt(`the sizes of ${show(path)} differ`)
  return entry
}

function checkSizes(entries: readonly Entry[], archiveBytes: number, { maxBytes, maxRatio }: ZipLimits): void {
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  if (total > maxBytes) throw refused(`it unpacks to ${total} bytes, at most ${maxBytes} are taken`)
  if (total > HARMLESS_BYTES && total / archiveBytes > maxRatio) {
    throw refused(`it unpacks to ${Math.round(total / archiveBytes)} times its size, at most ${maxRatio} times is taken`)
  }
}

/**
 * Entries that share bytes are how small archives unpack to enormous ones; bytes that belong to none are how one file is an archive and
 * something else. Between entries only a data descriptor may stand, by which whoever writes in one go tells the sizes afterwards.
 */
function checkRanges(entries: readonly Entry[], view: DataView, bytes: Uint8Array, directoryStart: number): void {
  let free = 0
  let slack = 0
  const next = (offset: number): void => {
    if (offset > free + slack) throw refused(`${offset - free} of its bytes belong to no file`)
  }
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    const { path, offset, packed } = entry
    if (offset < free) throw refused(`${show(path)} shares bytes with another file`)
    if (offset + 30 > directoryStart || view.getUint32(offset, true) !== 0x04034b50) throw corrupt(`${show(path)} is not where it says`)
    next(offset)
    const data = dataStart(view, offset)
    const name = bytes.subarray(offset + 30, offset + 30 + view.getUint16(offset + 26, true))
    if (data + packed > directoryStart) throw corrupt(`${show(path)} is cut short`)
    if (nameOf(name) !== path) throw corrupt(`${show(path)} has two names`)
    free = data + packed
    slack = view.getUint16(offset + 6, true) & 8 ? DESCRIPTOR_BYTES : 0
  }
  next(directoryStart)
}

function dataStart(view: DataView, offset: number): number {
  return offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
}

async function unpack(bytes: Uint8Array, entry: Entry): Promise<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = dataStart(view, entry.offset)
  const packed = bytes.subarray(start, start + entry.packed)
  const data = entry.method === 0 ? packed.slice() : await inflate(packed, entry)
  if (data.length !== entry.size || crc32(data) !== entry.crc) throw corrupt(`the file ${show(entry.path)} is damaged`)
  return data
}

/** Unpacks into a buffer of the size that was said; not one byte more is kept. */
async function inflate(packed: Uint8Array, { path, size }: Entry): Promise<Uint8Array> {
  const data = new Uint8Array(size)
  let length = 0
  const reader = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return data.subarray(0, length)
      if (length + value.length > size) throw refused(`${show(path)} unpacks to more than it says`)
      data.set(value, length)
      length += value.length
    }
  } catch (error) {
    await reader.cancel().catch(() => {})
    throw error instanceof MillwrightError ? error : corrupt(`the file ${show(path)} is damaged`, error)
  }
}

function nameOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw corrupt('a file name is not UTF-8', cause)
  }
}

function corrupt(why: string, cause?: unknown): MillwrightError {
  return new MillwrightError('Corrupt', `this is no whole ZIP archive: ${why}`, { cause })
}

function refused(why: string): MillwrightError {
  return invalidArgument(`the archive is refused: ${why}`)
}
