/** Reading a ZIP archive from somewhere else, believing nothing it says (PKWARE APPNOTE 6.3; no encryption, stored or deflated). */

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
  /** Whether it is a folder, which holds no bytes; `path` is then without the slash at its end. */
  readonly isFolder: boolean
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
 * the limits allow by what the archive says. Unpacking stops where an entry is larger than it said. Entries for folders, data descriptors,
 * extra fields and ZIP64 are fine, as tools that pack folders write them; folders are left out of what is given.
 *
 * @throws Corrupt for bytes that are no whole archive, InvalidArgument for an archive that is refused, Unsupported for encryption
 */
export async function readZip(bytes: Uint8Array, limits: ZipLimits, signal?: AbortSignal): Promise<Map<string, Uint8Array>> {
  const entries = readDirectory(bytes, limits)
  const files = new Map<string, Uint8Array>()
  for (const entry of entries) {
    throwIfAborted(signal)
    if (!entry.isFolder) files.set(entry.path, await unpack(bytes, entry))
  }
  return files
}

function readDirectory(bytes: Uint8Array, limits: ZipLimits): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { count, start, end } = endOf(view)
  if (count > limits.maxFiles) throw refused(`it holds ${count} files, at most ${limits.maxFiles} are taken`)
  const entries: Entry[] = []
  let at = start
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw corrupt('its directory is cut short')
    const [nameLength, extra, comment] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)]
    if (at + 46 + nameLength + extra + comment > end) throw corrupt('its directory is cut short')
    entries.push(entryAt(view, bytes, at, { nameLength, extra }))
    at += 46 + nameLength + extra + comment
  }
  if (at !== end) throw corrupt('its directory is longer than its entries')
  const clash = clashOf(entries.flatMap(({ path, isFolder }) => (isFolder ? [] : [path])))
  if (clash !== undefined) throw refused(`it ${clash}`)
  const folder = folderThatIsFile(entries)
  if (folder !== undefined) throw refused(`it holds ${show(folder)} as a file and as a folder`)
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

/** Where the directory of an archive begins and ends, and how many entries it has. */
interface Directory {
  readonly count: number
  readonly start: number
  readonly end: number
}

/** What the end record says, or, where one stands before it, the ZIP64 end record; they must agree as far as the first can tell. */
function endOf(view: DataView): Directory {
  const end = findEnd(view)
  const [here, count, length, start] = [
    view.getUint16(end + 8, true),
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ]
  const hasLocator = end >= 20 && view.getUint32(end - 20, true) === 0x07064b50
  if (!hasLocator) {
    if (here !== count || start + length !== end) throw corrupt('its directory is not where it says')
    return { count, start, end }
  }
  const record = uint64(view, end - 20 + 8)
  if (record + 56 > end - 20 || view.getUint32(record, true) !== 0x06064b50) throw corrupt('its ZIP64 end record is not where it says')
  const wide = {
    here: uint64(view, record + 24),
    count: uint64(view, record + 32),
    length: uint64(view, record + 40),
    start: uint64(view, record + 48),
  }
  const agree = (small: number, large: number, full: number): boolean => small === large || small === full
  if (
    wide.here !== wide.count ||
    wide.start + wide.length !== record ||
    record + 12 + uint64(view, record + 4) !== end - 20 ||
    !agree(count, wide.count, 0xffff) ||
    !agree(length, wide.length, 0xffffffff) ||
    !agree(start, wide.start, 0xffffffff)
  ) {
    throw corrupt('its directory is not where it says')
  }
  return { count: wide.count, start: wide.start, end: record }
}

function entryAt(view: DataView, bytes: Uint8Array, at: number, lengths: { readonly nameLength: number; readonly extra: number }): Entry {
  const { nameLength, extra } = lengths
  const name = nameOf(bytes.subarray(at + 46, at + 46 + nameLength))
  const isFolder = name.endsWith('/')
  const path = isFolder ? name.slice(0, -1) : name
  const flags = view.getUint16(at + 8, true)
  if (flags & 1) throw new MillwrightError('Unsupported', `the archive's file ${show(path)} is encrypted`)
  const method = view.getUint16(at + 10, true)
  if (method !== 0 && method !== 8)
    throw new MillwrightError('Unsupported', `the archive's file ${show(path)} is packed by method ${method}`)
  const kind = (view.getUint32(at + 38, true) >>> 28) & 0xf
  // Where the system that made it says what a file is, it must be a regular one (8), or a folder (4).
  if (kind !== 0 && kind !== (isFolder ? 4 : 8)) throw refused(`${show(path)} is a link or another special file`)
  try {
    assertSafeKey(path, 'a file name in an archive')
  } catch (cause) {
    throw refused((cause as Error).message)
  }
  const size = view.getUint32(at + 24, true)
  const packed = view.getUint32(at + 20, true)
  const offset = view.getUint32(at + 42, true)
  const wide = wideFields(view, at + 46 + nameLength, extra)
  // The extra field holds those that do not fit, in this order.
  const widened = (small: number): number => (small === 0xffffffff ? wide() : small)
  const entry = {
    path,
    isFolder,
    method,
    crc: view.getUint32(at + 16, true),
    size: widened(size),
    packed: widened(packed),
    offset: widened(offset),
  }
  if (isFolder && entry.size !== 0) throw corrupt(`the folder ${show(path)} holds bytes`)
  if (method === 0 && entry.size !== entry.packed) throw corrupt(`the sizes of ${show(path)} differ`)
  return entry
}

/** Gives one 64-bit number after another of the ZIP64 field among the extra fields. @throws Corrupt when there is none left */
function wideFields(view: DataView, start: number, length: number): () => number {
  let at = start + length
  let end = at
  for (let field = start; field + 4 <= start + length; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue
    at = field + 4
    end = Math.min(start + length, at + view.getUint16(field + 2, true))
    break
  }
  return () => {
    if (at + 8 > end) throw corrupt('its ZIP64 sizes are not there')
    at += 8
    return uint64(view, at - 8)
  }
}

function uint64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt('a size has more than 53 bits')
  return Number(value)
}

/** A folder whose path is also that of a file, or leads through one; where case does not count. */
function folderThatIsFile(entries: readonly Entry[]): string | undefined {
  const folded = (path: string): string => path.normalize('NFC').toLowerCase()
  const files = new Set(entries.flatMap(({ path, isFolder }) => (isFolder ? [] : [folded(path)])))
  const leadsThrough = (path: string): boolean => path.split('/').some((_, i, parts) => files.has(folded(parts.slice(0, i + 1).join('/'))))
  return entries.find(({ path, isFolder }) => isFolder && leadsThrough(path))?.path
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
    const { path, isFolder, offset, packed } = entry
    if (offset < free) throw refused(`${show(path)} shares bytes with another file`)
    if (offset + 30 > directoryStart || view.getUint32(offset, true) !== 0x04034b50) throw corrupt(`${show(path)} is not where it says`)
    next(offset)
    const data = dataStart(view, offset)
    const name = bytes.subarray(offset + 30, offset + 30 + view.getUint16(offset + 26, true))
    if (data + packed > directoryStart) throw corrupt(`${show(path)} is cut short`)
    if (nameOf(name) !== path + (isFolder ? '/' : '')) throw corrupt(`${show(path)} has two names`)
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
