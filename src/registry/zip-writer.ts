/** Writes ZIP archives through zip.js. Load this module with `import()`: it is needed only for archives. */
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js/index-native.js'
import { MillwrightError } from '../core/errors'

/** Largest archive without ZIP64, which some tools cannot read. */
const MAX_BYTES = 0xffff_fffe
const MAX_ENTRIES = 65_534
/** Smaller files are stored without compression, which would save nothing. */
const LEAST_DEFLATED_BYTES = 65

/**
 * An archive of files: relative path → bytes, in the given order. Equal files give equal archives: all times are 1 January 1980.
 *
 * @throws Unsupported above 4 GB or 65,534 files
 */
export async function writeZip(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  const entries = Object.entries(files)
  const total = entries.reduce((sum, [, { length }]) => sum + length, 0)
  if (entries.length > MAX_ENTRIES || total > MAX_BYTES) throw tooLarge()
  const zip = new ZipWriter(new Uint8ArrayWriter(), {
    useWebWorkers: false,
    dataDescriptor: false,
    extendedTimestamp: false,
    // The earliest time of the format: 1 January 1980.
    rawLastModDate: 0x21_0000,
    unixMode: 0o100644,
    useUnicodeFileNames: true,
  })
  for (const [path, bytes] of entries) {
    const options = bytes.length < LEAST_DEFLATED_BYTES ? { level: 0 } : {}
    await zip.add(path, new Uint8ArrayReader(bytes), options)
  }
  const archive = await zip.close()
  if (archive.length > MAX_BYTES) throw tooLarge()
  return archive
}

function tooLarge(): MillwrightError {
  return new MillwrightError('Unsupported', `an archive can hold at most ${MAX_BYTES} bytes and ${MAX_ENTRIES} files`)
}
