/** Bytes of any encoding into UTF-8. */
import { utf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { codePage949Decoder } from './_code-page-949'

/**
 * Bytes as UTF-8; unchanged when they are so already (they are checked while parsing). A byte order mark of UTF-8 or UTF-16 wins over `encoding`.
 *
 * @throws InvalidArgument on an unknown encoding, Corrupt when the bytes are not in it
 */
export function toUtf8(bytes: Uint8Array, encoding: string | undefined, operation: string): Uint8Array {
  const label = markedEncoding(bytes) ?? labelOf(encoding ?? 'utf-8')
  if (/^utf-?8$/.test(label)) return bytes
  const decoder = decoderOf(label, operation)
  try {
    return utf8(decoder.decode(bytes))
  } catch (cause) {
    throw new MillwrightError('Corrupt', `${operation}: the bytes are not ${show(encoding ?? label)}`, { cause })
  }
}

function decoderOf(label: string, operation: string): { decode(bytes: Uint8Array): string } {
  try {
    if (/^(?:euc-kr|ks-c-5601(?:-1987)?|korean|windows-949)$/.test(label)) return codePage949Decoder()
    return new TextDecoder(label, { fatal: true })
  } catch (cause) {
    throw invalidArgument(`\`encoding\` of ${operation} must be a label of the WHATWG Encoding Standard, got ${show(label)}`, { cause })
  }
}

function markedEncoding(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined
}

/** Python's and Windows' names that the standard does not list. Its `euc-kr` is code page 949. */
function labelOf(encoding: string): string {
  const label = encoding.trim().toLowerCase().replace(/_/g, '-')
  if (label === 'cp949' || label === 'uhc' || label === 'ms949') return 'euc-kr'
  if (label === 'utf-8-sig') return 'utf-8'
  if (label === 'cp932' || label === 'ms932') return 'shift_jis'
  if (label === 'cp936') return 'gbk'
  if (label === 'cp950') return 'big5'
  return /^cp125\d$/.test(label) ? label.replace('cp', 'windows-') : label
}
