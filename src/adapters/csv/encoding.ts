/** Bytes of any encoding into UTF-8. */
// Browsers decode as the Encoding Standard says; Node does not, and gets the package's own tables (docs/decisions/0006-legacy-encodings.md).
import { TextDecoder } from '@exodus/bytes/encoding-browser.js'
import { utf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'

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
    const text = decoder.decode(bytes)
    return utf8(decoder.encoding === 'big5' ? mendBig5(text) : text)
  } catch (cause) {
    throw new MillwrightError('Corrupt', `${operation}: the bytes are not ${show(encoding ?? label)}`, { cause })
  }
}

/**
 * Four sequences of big5 stand for a letter and a combining mark each. Chromium 156 writes half a surrogate pair in their place, which no right
 * text contains.
 */
export function mendBig5(text: string): string {
  return text.replace(
    /[\x93\xb3][\udf04\udf0c]/g,
    ([letter, mark]) => (letter === '\x93' ? 'Ê' : 'ê') + (mark === '\udf04' ? '\u0304' : '\u030c'),
  )
}

function decoderOf(label: string, operation: string): InstanceType<typeof TextDecoder> {
  try {
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

/** Labels as they are, and Python's and Windows' names that the standard does not list. Its `euc-kr` is code page 949. */
function labelOf(encoding: string): string {
  const label = encoding.trim().toLowerCase()
  return aliases[label.replace(/_/g, '-')] ?? label
}

const aliases: Readonly<Record<string, string | undefined>> = {
  cp949: 'euc-kr',
  uhc: 'euc-kr',
  ms949: 'euc-kr',
  cp874: 'windows-874',
  cp932: 'shift_jis',
  ms932: 'shift_jis',
  cp936: 'gbk',
  cp950: 'big5',
  'utf-8-sig': 'utf-8',
  'latin-1': 'latin1',
  'mac-roman': 'macintosh',
  'euc-jp': 'euc-jp',
  'euc-kr': 'euc-kr',
  'shift-jis': 'shift_jis',
}
