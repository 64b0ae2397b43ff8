/** Writing a ZIP archive: plain entries, deflated where the runtime can and it helps (PKWARE APPNOTE 6.3; no ZIP64, no encryption). */
import { concatBytes, utf8 } from '../core/bytes'
import { crc32 } from '../core/crc32'
import { MillwrightError } from '../core/errors'

/** Most bytes that sizes and offsets without ZIP64 can tell. */
const MAX_BYTES = 0xffff_fffe
const MAX_ENTRIES = 65_534

/**
 * An archive of files: relative path → bytes, in the order given. Equal files give equal archives (times are fixed).
 *
 * @throws Unsupported above 4 GB or 65,534 files
 */
export async function writeZip(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  const entries = Object.entries(files)
  if (entries.length > MAX_ENTRIES) throw tooLarge()
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const [path, bytes] of entries) {
    const name = utf8(path)
    const packed = bytes.length > 64 ? await deflate(bytes) : undefined
    const isPacked = packed !== undefined && packed.length < bytes.length
    const data = isPacked ? packed : bytes
    const facts = { method: isPacked ? 8 : 0, crc: crc32(bytes), packed: data.length, size: bytes.length, nameLength: name.length }
    parts.push(header(false, facts, 0), name, data)
    directory.push(header(true, facts, offset), name)
    offset += 30 + name.length + data.length
    if (offset > MAX_BYTES) throw tooLarge()
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0)
  if (offset + directoryBytes > MAX_BYTES) throw tooLarge()
  const end = new DataView(new ArrayBuffer(22))
  end.setUint32(0, 0x06054b50, true)
  end.setUint16(8, entries.length, true)
  end.setUint16(10, entries.length, true)
  end.setUint32(12, directoryBytes, true)
  end.setUint32(16, offset, true)
  return concatBytes([...parts, ...directory, new Uint8Array(end.buffer)])
}

interface EntryFacts {
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly nameLength: number
}

/** A local header (30 bytes), or the entry of the central directory (46), which holds the same fields two bytes further on. */
function header(central: boolean, { method, crc, packed, size, nameLength }: EntryFacts, offset: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(central ? 46 : 30))
  const at = central ? 2 : 0
  view.setUint32(0, central ? 0x02014b50 : 0x04034b50, true)
  // Made on Unix, which is where the kind of a file is told from.
  if (central) view.setUint16(4, (3 << 8) | 20, true)
  view.setUint16(4 + at, 20, true)
  // Names are UTF-8.
  view.setUint16(6 + at, 0x0800, true)
  view.setUint16(8 + at, method, true)
  // 1 January 1980, the earliest time there is.
  view.setUint16(12 + at, 0x21, true)
  view.setUint32(14 + at, crc, true)
  view.setUint32(18 + at, packed, true)
  view.setUint32(22 + at, size, true)
  view.setUint16(26 + at, nameLength, true)
  if (central) {
    // A regular file, rw-r--r--.
    view.setUint32(38, (0o100644 << 16) >>> 0, true)
    view.setUint32(42, offset, true)
  }
  return new Uint8Array(view.buffer)
}

async function deflate(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  if (typeof CompressionStream === 'undefined') return undefined
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

function tooLarge(): MillwrightError {
  return new MillwrightError('Unsupported', `an archive holds at most ${MAX_BYTES} bytes and ${MAX_ENTRIES} files`)
}
