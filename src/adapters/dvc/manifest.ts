/** The `.dir` manifests of DVC: which files a tracked folder holds, byte for byte as Python's `json.dumps` writes them. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { MillwrightError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { md5Of } from './hashes'
import { unsafePathReason } from './paths'

/** One file of a tracked folder. */
export interface ManifestEntry {
  /** Path below the folder, with `/`. */
  readonly path: string
  /** MD5 of the content. */
  readonly md5: string
  /** Bytes, where known: DVC's manifests do not say it. */
  readonly size?: number | undefined
}

/** The bytes of a manifest and its hash, which ends in `.dir`. */
export function writeManifest(entries: readonly ManifestEntry[]): { readonly bytes: Uint8Array; readonly hash: string } {
  // Without surrogates and what comes behind them, JavaScript's order is that of code points.
  const compare = entries.some(({ path }) => /[\ud800-\uffff]/.test(path)) ? compareCodePoints : compareUnits
  const sorted = [...entries].sort((a, b) => compare(a.path, b.path))
  const bytes = utf8(`[${sorted.map(({ md5, path }) => `{"md5": "${md5}", "relpath": ${pythonString(path)}}`).join(', ')}]`)
  return { bytes, hash: `${md5Of(bytes)}.dir` }
}

/**
 * The files of a manifest.
 *
 * @param subject the manifest, for messages
 * @throws Corrupt when it is not a manifest, names a file twice, or a path leads out of the folder or into `.git` or `.dvc`
 */
export function readManifest(bytes: Uint8Array, subject: string): readonly ManifestEntry[] {
  const items = parseJson(fromUtf8(bytes), subject)
  if (!Array.isArray(items)) throw new MillwrightError('Corrupt', `${subject} must be a JSON array, got ${show(items)}`)
  return checkEntries(
    items.map((item: { relpath?: unknown; md5?: unknown; size?: unknown } | null) => ({
      path: item?.relpath,
      md5: item?.md5,
      size: item?.size,
    })),
    subject,
  )
}

/** Checks the files of a folder as they were read. @throws Corrupt */
export function checkEntries(
  items: readonly { readonly path: unknown; readonly md5: unknown; readonly size?: unknown }[],
  subject: string,
): readonly ManifestEntry[] {
  const seen = new Set<string>()
  const entries = items.map(({ path, md5, size }, index): ManifestEntry => {
    if (typeof path !== 'string') throw new MillwrightError('Corrupt', `${subject}: entry ${index} has no \`relpath\`, got ${show(path)}`)
    const reason = seen.has(path) ? 'it is there twice' : unsafePathReason(path)
    if (reason !== undefined)
      throw new MillwrightError('Corrupt', `${subject}: the path ${show(path)} is refused: ${reason}`, { details: { path } })
    if (typeof md5 !== 'string' || !/^[0-9a-f]{32}$/.test(md5)) {
      throw new MillwrightError('Corrupt', `${subject}: \`md5\` of ${show(path)} must be 32 hexadecimal digits, got ${show(md5)}`)
    }
    seen.add(path)
    const bytesOf = typeof size === 'number' ? size : typeof size === 'string' && /^\d+$/.test(size) ? Number(size) : undefined
    return { path, md5, ...(bytesOf === undefined ? {} : { size: bytesOf }) }
  })
  for (const { path } of entries) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const above = path.slice(0, slash)
      if (seen.has(above)) throw new MillwrightError('Corrupt', `${subject}: ${show(above)} is both a file and a folder`)
    }
  }
  return entries
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** As Python writes a string in JSON: ASCII only, DEL escaped too. */
function pythonString(text: string): string {
  // Most names: nothing in them to escape.
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Order of Unicode code points, as Python sorts; JavaScript's own compares UTF-16 units and puts emoji before U+E000. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Moves surrogates behind all other units. */
function rank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit
}
