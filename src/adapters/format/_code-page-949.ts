/**
 * Code page 949 (Unified Hangul Code) in full. The Encoding Standard's `euc-kr` is this code page, but Node's decoder knows only
 * KS X 1001 and silently garbles the 8,822 syllables that Microsoft added.
 */

/** A decoder that throws on bytes that are not code page 949. */
export function codePage949Decoder(): { decode(bytes: Uint8Array): string } {
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
        standard.set(lead * 256 + trail, native.decode(Uint8Array.of(lead, trail)))
      } catch {
        // Not assigned.
      }
    }
  }
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
