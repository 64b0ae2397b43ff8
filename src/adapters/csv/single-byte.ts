/**
 * The single-byte encodings of the Encoding Standard that some runtimes decode wrongly: Node takes windows-1252 for Latin-1
 * (nodejs/node#56542), and its ICU has different tables for the others or none. The tables here are those of the standard, so that
 * every runtime gives the same text.
 */

/** Where a byte stands for no character. */
const NONE = 0xffff

/** Bytes 80 to 9F of windows-1252; the others are Latin-1. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'
/** Bytes A0 to FF of iso-8859-16. */
const latin10 = '\xa0ĄąŁ€„Š§š©Ș«Ź\xadźŻ°±ČłŽ”¶·žčș»ŒœŸżÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚßàáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ'

/** Single bytes in which ICU's table differs from the standard's. */
const differences: Readonly<Record<string, readonly (readonly [byte: number, code: number])[]>> = {
  'koi8-u': [
    [0xae, 0x45e],
    [0xbe, 0x40e],
  ],
  'windows-874': [0xdb, 0xdc, 0xdd, 0xde, 0xfc, 0xfd, 0xfe, 0xff].map((byte) => [byte, NONE] as const),
  'windows-1253': [[0xaa, NONE]],
  'windows-1255': [[0xca, 0x5ba]],
  ibm866: [
    [0x1a, 0x1a],
    [0x1c, 0x1c],
    [0x7f, 0x7f],
  ],
}

/** A decoder of a single-byte encoding that the runtime decodes wrongly, or `undefined`. It throws on bytes without a character. */
export function singleByteDecoder(encoding: string): { decode(bytes: Uint8Array): string } | undefined {
  const table = tableOf(encoding)
  if (table === undefined) return undefined
  return {
    decode(bytes) {
      const codes = new Uint16Array(bytes.length)
      for (let i = 0; i < bytes.length; i++) {
        const code = table[bytes[i] as number] as number
        if (code === NONE) throw new TypeError(`byte ${i} is no character of ${encoding}`)
        codes[i] = code
      }
      return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(codes)
    },
  }
}

/** The character code of each byte. */
function tableOf(encoding: string): Uint16Array | undefined {
  const table = Uint16Array.from({ length: 256 }, (_, byte) => byte)
  const put = (from: number, text: string): void => void Array.from(text, (character, i) => (table[from + i] = character.charCodeAt(0)))
  if (encoding === 'windows-1252') put(0x80, windows1252)
  else if (encoding === 'iso-8859-16') put(0xa0, latin10)
  else if (encoding === 'x-user-defined') for (let byte = 0x80; byte < 0x100; byte++) table[byte] = 0xf700 + byte
  else {
    const changed = Object.hasOwn(differences, encoding) ? differences[encoding] : undefined
    if (changed === undefined) return undefined
    const native = new TextDecoder(encoding)
    for (let byte = 0x80; byte < 0x100; byte++) {
      const code = native.decode(Uint8Array.of(byte)).charCodeAt(0)
      table[byte] = code === 0xfffd ? NONE : code
    }
    for (const [byte, code] of changed) table[byte] = code
  }
  return table
}
