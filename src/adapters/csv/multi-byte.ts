/**
 * The multi-byte encodings of the Encoding Standard. Node decodes them with ICU's tables, which differ from the standard; each
 * difference is corrected here if the runtime has it. docs/decisions/0006-legacy-encodings.md says what was compared.
 */
import { MillwrightError } from '../../core/errors'

/** A decoder that throws on bytes without a character. */
export interface Decoder {
  decode(bytes: Uint8Array): string
}

/** A decoder of the encoding of this (canonical) name, or `undefined` when the runtime's own is right. */
export function multiByteDecoder(encoding: string): Decoder | undefined {
  // The standard decodes gbk by the decoder of gb18030; ICU's gbk has private characters in its place.
  if (encoding === 'gbk') return new TextDecoder('gb18030', { fatal: true })
  if (encoding === 'euc-kr') return codePage949Decoder()
  if (encoding === 'euc-jp') return { decode: decodeEucJp }
  if (encoding === 'shift_jis') return { decode: decodeShiftJis }
  return encoding === 'big5' ? { decode: decodeBig5 } : undefined
}

/** ICU takes stray bytes 80 to 9F, half-width characters beyond DF, and 21 characters of JIS X 0212 that the standard does not have. */
function decodeEucJp(bytes: Uint8Array): string {
  const text = new TextDecoder('euc-jp', { fatal: true }).decode(bytes)
  if (/[\u0080-\u009f]/.test(text)) throw new TypeError('a byte begins no character of euc-jp')
  for (let p = 0; p < bytes.length; p++) {
    const lead = bytes[p] as number
    if (lead < 0x80) continue
    const second = bytes[p + 1] as number
    const third = bytes[p + 2] as number
    if ((lead === 0x8e && second > 0xdf) || (lead === 0x8f && second === 0xf3 && (third <= 0xb4 || third === 0xb7))) {
      throw new TypeError(`byte ${p} begins no character of euc-jp`)
    }
    p += lead === 0x8f ? 2 : 1
  }
  return text
}

/** ICU exchanges three control characters and refuses the byte 80, which the standard takes for U+0080. */
function decodeShiftJis(bytes: Uint8Array): string {
  const native = new TextDecoder('shift_jis', { fatal: true })
  const exchanged = native.decode(Uint8Array.of(0x1a)) !== '\x1a'
  const parts: string[] = []
  let start = 0
  for (let p = 0; p < bytes.length; p++) {
    const lead = bytes[p] as number
    if (lead !== 0x80) {
      if (lead > 0x80 && (lead < 0xa0 || lead >= 0xe0)) p++
      continue
    }
    parts.push(native.decode(bytes.subarray(start, p)), '\x80')
    start = p + 1
  }
  parts.push(native.decode(bytes.subarray(start)))
  const text = parts.join('')
  return exchanged ? Array.from(text, (character) => exchange[character] ?? character).join('') : text
}

const exchange: Readonly<Record<string, string | undefined>> = { '\x1c': '\x1a', '\x7f': '\x1c', '\x1a': '\x7f' }

/**
 * ICU lacks the Hong Kong supplement, for which it gives private characters; guessing would be silently wrong. It has another
 * character at F9FE and lacks the control pictures at A3C0 to A3E0.
 */
function decodeBig5(bytes: Uint8Array): string {
  const native = new TextDecoder('big5', { fatal: true })
  const parts: string[] = []
  let start = 0
  for (let p = 0; p < bytes.length; p++) {
    const lead = bytes[p] as number
    if (lead < 0x80) continue
    const own = big5Difference(lead, bytes[p + 1] as number)
    if (own !== undefined) {
      parts.push(native.decode(bytes.subarray(start, p)), own)
      start = p + 2
    }
    p++
  }
  parts.push(native.decode(bytes.subarray(start)))
  const text = parts.join('')
  if (/[\u0080-\u009f\ue000-\uf8ff]/.test(text)) {
    throw new MillwrightError('Unsupported', 'this runtime cannot decode the Hong Kong supplement (HKSCS) of big5', {
      hint: 'convert the file to UTF-8 first: iconv -f BIG5-HKSCS -t UTF-8',
    })
  }
  return text
}

function big5Difference(lead: number, trail: number): string | undefined {
  if (lead === 0xf9 && trail === 0xfe) return '\uffed'
  if (lead === 0xa3 && trail >= 0xc0 && trail <= 0xe0) return String.fromCharCode(trail === 0xe0 ? 0x2421 : 0x2340 + trail)
  if (lead === 0x80 || lead === 0xff) throw new TypeError('a byte begins no character of big5')
  return undefined
}

/**
 * Code page 949 (Unified Hangul Code), which is the standard's `euc-kr`. ICU knows only KS X 1001 and silently garbles the 8,822
 * syllables that Microsoft added.
 */
function codePage949Decoder(): Decoder {
  ownDecoder949 ??= makeCodePage949Decoder()
  return ownDecoder949
}

/** Made on first use: it takes some milliseconds. */
let ownDecoder949: Decoder | undefined

function makeCodePage949Decoder(): Decoder {
  const native = new TextDecoder('euc-kr', { fatal: true })
  return works(native) ? native : { decode: ownDecoder(native) }
}

function works(decoder: TextDecoder): boolean {
  try {
    return decoder.decode(Uint8Array.of(0x8c, 0x63)) === '똠'
  } catch {
    return false
  }
}

/**
 * The added syllables are those of Unicode's 11,172 that KS X 1001 lacks, in order; they fill lead bytes 81 to C6 with trail bytes 41–5A, 61–7A and
 * 81–FE (up to A0 from lead byte A1 on, where KS X 1001 begins).
 */
function ownDecoder(native: TextDecoder): (bytes: Uint8Array) => string {
  const standard = new Map<number, string>()
  for (let lead = 0xa1; lead <= 0xfe; lead++) {
    for (let trail = 0xa1; trail <= 0xfe; trail++) {
      try {
        const character = native.decode(Uint8Array.of(lead, trail))
        if (!/[\ue000-\uf8ff]/.test(character)) standard.set(lead * 256 + trail, character)
      } catch {
        // Not assigned.
      }
    }
  }
  standard.set(0xa2e6, '€').set(0xa2e7, '®')
  const known = new Set(standard.values())
  const added = Array.from({ length: 11_172 }, (_, i) => String.fromCharCode(0xac00 + i)).filter((syllable) => !known.has(syllable))
  const extension = new Map<number, string>()
  let next = 0
  for (let lead = 0x81; lead <= 0xc6; lead++) {
    for (let trail = 0x41; trail <= (lead <= 0xa0 ? 0xfe : 0xa0) && next < added.length; trail++) {
      if ((trail > 0x5a && trail < 0x61) || (trail > 0x7a && trail < 0x81)) continue
      extension.set(lead * 256 + trail, added[next++] as string)
    }
  }
  return (bytes) => {
    const parts: string[] = []
    for (let p = 0; p < bytes.length; p++) {
      const lead = bytes[p] as number
      if (lead < 0x80) {
        parts.push(String.fromCharCode(lead))
        continue
      }
      const code = lead * 256 + (bytes[++p] ?? 0)
      const character = standard.get(code) ?? extension.get(code)
      if (character === undefined) throw new TypeError(`byte ${p - 1} begins no character of code page 949`)
      parts.push(character)
    }
    return parts.join('')
  }
}
