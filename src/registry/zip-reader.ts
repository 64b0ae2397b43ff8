/**
 * Reads ZIP archives of unknown origin through zip.js, within limits. zip.js parses strictly, compares both headers of each entry and verifies
 * checksums; names, kinds of files, sizes and ranges are checked here. Load this module with `import()`: it is needed only for archives.
 */
import {
  type Entry as ArchiveEntry,
  ERR_AMBIGUOUS_ARCHIVE,
  ERR_INVALID_UNCOMPRESSED_SIZE,
  ERR_OVERLAPPING_ENTRY,
  type FileEntry,
  Uint8ArrayReader,
  WARNING_DUPLICATE_FILENAME,
  ZipReader,
} from '@zip.js/zip.js/index-native.js'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { assertSafeKey } from '../core/ids'
import { throwIfAborted } from '../core/signal'
import { clashOf, foldedPath } from './file-names'

/** The limits of an archive. */
export interface ZipLimits {
  /** Uncompressed bytes of all files together. */
  readonly maxBytes: number
  readonly maxFiles: number
  /** Uncompressed size divided by the size of the archive. */
  readonly maxRatio: number
}

interface Entry {
  readonly path: string
  /** A folder holds no bytes; its `path` is without the slash at the end. */
  readonly isFolder: boolean
  readonly source: ArchiveEntry
}

/** The ratio is not checked below this uncompressed size. */
const HARMLESS_BYTES = 1 << 20
/** Compression methods that are read: stored and deflated. */
const METHODS: readonly number[] = [0, 8]
/** Bytes of a local header without name and extra field. */
const LOCAL_HEADER_BYTES = 30

/**
 * The files of an archive: path → bytes.
 *
 * Refused before anything is inflated: absolute paths, `..` and other unsafe keys; links and special files; two files of one name (also names
 * that differ only by case or composition of letters); a path that is a file and a folder; overlapping entries; more files or bytes than the
 * limits. Inflating stops when an entry is larger than the size in its header. Also refused: bytes that belong to no entry, and local headers
 * that differ from the directory. Folder entries, data descriptors, extra fields and ZIP64 are accepted; folders are
 * left out of the result.
 *
 * @throws Corrupt for bytes that are no complete archive, InvalidArgument for an archive that is refused, Unsupported for encryption
 */
export async function readZip(bytes: Uint8Array, limits: ZipLimits, signal?: AbortSignal): Promise<Map<string, Uint8Array>> {
  const zip = new ZipReader(new Uint8ArrayReader(bytes), { strictness: 'strict', filenameValidation: 'tolerant', useWebWorkers: false })
  const entries = await readDirectory(zip, limits).catch((error: unknown) => {
    throw translated(error)
  })
  checkNames(entries)
  checkSizes(entries, bytes.length, limits)
  checkOverlaps(entries)
  const files = new Map<string, Uint8Array>()
  for (const entry of entries) {
    throwIfAborted(signal)
    const data = await unpack(entry)
    if (!entry.isFolder) files.set(entry.path, data)
  }
  checkGaps(entries, zip.directoryOffset ?? 0)
  return files
}

async function readDirectory(zip: ZipReader<unknown>, { maxFiles }: ZipLimits): Promise<Entry[]> {
  const entries: Entry[] = []
  let count = 0
  const onprogress = async (_: number, total: number): Promise<void> => {
    count = total
  }
  for await (const source of zip.getEntriesGenerator({ onprogress })) {
    if (count > maxFiles) throw refused(`it holds ${count} files, at most ${maxFiles} are taken`)
    entries.push(checkedEntry(source))
  }
  return entries
}

/** The entry, when its name, kind and compression are accepted. */
function checkedEntry(source: ArchiveEntry): Entry {
  // `source.filename` may come from an extra field, which other tools ignore.
  const name = nameOf(source.rawFilename)
  const isFolder = name.endsWith('/')
  const path = isFolder ? name.slice(0, -1) : name
  if (source.encrypted) throw new MillwrightError('Unsupported', `the archive's file ${show(path)} is encrypted`)
  if (!METHODS.includes(source.compressionMethod)) {
    throw new MillwrightError('Unsupported', `the archive's file ${show(path)} has compression method ${source.compressionMethod}`)
  }
  // The upper bits are a Unix file type, 0 when unknown: only regular files (8) and folders (4) are accepted.
  const kind = source.externalFileAttributes >>> 28
  if (kind !== 0 && kind !== (isFolder ? 4 : 8)) throw refused(`${show(path)} is a link or another special file`)
  try {
    assertSafeKey(path, 'a file name in an archive')
  } catch (cause) {
    throw refused((cause as Error).message)
  }
  if (isFolder && source.uncompressedSize !== 0) throw corrupt(`the folder ${show(path)} holds bytes`)
  return { path, isFolder, source }
}

function checkNames(entries: readonly Entry[]): void {
  const files = entries.filter(({ isFolder }) => !isFolder).map(({ path }) => path)
  const clash = clashOf(files)
  if (clash !== undefined) throw refused(`it ${clash}`)
  const folded = new Set(files.map(foldedPath))
  const isBelowFile = (path: string): boolean => {
    const parts = foldedPath(path).split('/')
    return parts.some((_, i) => folded.has(parts.slice(0, i + 1).join('/')))
  }
  const folder = entries.find(({ path, isFolder }) => isFolder && isBelowFile(path))
  if (folder !== undefined) throw refused(`it holds ${show(folder.path)} as a file and as a folder`)
}

function checkSizes(entries: readonly Entry[], archiveBytes: number, { maxBytes, maxRatio }: ZipLimits): void {
  const total = entries.reduce((sum, { source }) => sum + source.uncompressedSize, 0)
  if (total > maxBytes) throw refused(`it unpacks to ${total} bytes, at most ${maxBytes} are allowed`)
  if (total > HARMLESS_BYTES && total / archiveBytes > maxRatio) {
    throw refused(`it unpacks to ${Math.round(total / archiveBytes)} times its size, at most ${maxRatio} times are allowed`)
  }
}

/** Refuses overlapping entries: with them a small archive could unpack to a very large one. */
function checkOverlaps(entries: readonly Entry[]): void {
  let end = 0
  for (const { path, source } of byOffset(entries)) {
    if (source.offset < end) throw sharesBytes(path)
    end = source.offset + LOCAL_HEADER_BYTES + source.rawFilename.length + source.compressedSize
  }
}

/** Refuses bytes between entries, which could make one file valid in two formats. The ranges are known after all entries were read. */
function checkGaps(entries: readonly Entry[], directoryOffset: number): void {
  let end = 0
  for (const { source } of byOffset(entries)) {
    if (source.offset > end) throw strayBytes(source.offset - end)
    const descriptor = source.localDirectory?.dataDescriptor
    const descriptorBytes = descriptor === undefined ? 0 : (descriptor.signature ? 4 : 0) + 4 + (descriptor.zip64 ? 16 : 8)
    end = (source.localDirectory?.dataOffset ?? source.offset) + source.compressedSize + descriptorBytes
  }
  if (directoryOffset > end) throw strayBytes(directoryOffset - end)
}

function byOffset(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => a.source.offset - b.source.offset)
}

/** Inflates into a buffer of the declared size; zip.js stops where there is more. */
async function unpack({ path, source }: Entry): Promise<Uint8Array> {
  const data = new Uint8Array(source.uncompressedSize)
  // Headers are checked even for an entry without data.
  const isEmpty = data.length === 0 && source.compressedSize === 0 && source.crc32 === 0
  let length = 0
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      data.set(chunk, length)
      length += chunk.length
    },
  })
  try {
    // zip.js declares getData() for files only; folders have it too.
    await (source as FileEntry).getData(sink, {
      checkCrc32: true,
      checkOverlappingEntry: true,
      checkOverlappingEntryOnly: isEmpty,
    })
  } catch (error) {
    if ((error as Error).message === ERR_INVALID_UNCOMPRESSED_SIZE)
      throw refused(`${show(path)} unpacks to another size than its header says`)
    throw translated(error, path)
  }
  return data
}

function nameOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw corrupt('a file name is not UTF-8', cause)
  }
}

/** The error of the library that an error of zip.js means. @param path the file that was being read */
function translated(error: unknown, path?: string): MillwrightError {
  if (error instanceof MillwrightError) return error
  const { message, reason } = error as { readonly message?: string; readonly reason?: string }
  if (message === ERR_OVERLAPPING_ENTRY && path !== undefined) return sharesBytes(path)
  if (message === ERR_AMBIGUOUS_ARCHIVE && reason === WARNING_DUPLICATE_FILENAME) return refused('it holds a file twice')
  const reasonText = `${message}${reason === undefined ? '' : `: ${reason}`}`
  return corrupt(path === undefined ? reasonText : `the file ${show(path)} is damaged: ${reasonText}`, error)
}

function corrupt(why: string, cause?: unknown): MillwrightError {
  return new MillwrightError('Corrupt', `this is not a complete ZIP archive: ${why}`, { cause })
}

function refused(why: string): MillwrightError {
  return invalidArgument(`the archive is refused: ${why}`)
}

function sharesBytes(path: string): MillwrightError {
  return refused(`${show(path)} shares bytes with another file`)
}

function strayBytes(count: number): MillwrightError {
  return refused(`${count} of its bytes belong to no file`)
}
