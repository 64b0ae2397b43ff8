/** MD5 (RFC 1321), for nothing but the folder names that MLflow gives to datasets and inputs. */
import { toHex, utf8 } from '../../../core/bytes'

const shifts: readonly number[] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

/** The MD5 digest of a text's UTF-8 bytes, lower-case hexadecimal. */
export function md5Hex(text: string): string {
  const bytes = utf8(text)
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) * 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, (bytes.length << 3) >>> 0, true)
  view.setUint32(padded.length - 4, Math.floor(bytes.length / 0x20000000), true)
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476])
  for (let at = 0; at < padded.length; at += 64) addBlock(state, view, at)
  return toHex(new Uint8Array(state.buffer.slice(0)))
}

function addBlock(state: Uint32Array, view: DataView, at: number): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const round = i >> 4
    const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d)
    const word = round === 0 ? i : round === 1 ? (5 * i + 1) % 16 : round === 2 ? (3 * i + 5) % 16 : (7 * i) % 16
    // RFC 1321: the constants are the integer parts of 2³² |sin(i + 1)|.
    const constant = Math.floor(Math.abs(Math.sin(i + 1)) * 4294967296)
    const sum = (a + mixed + constant + view.getUint32(at + word * 4, true)) | 0
    const shift = shifts[round * 4 + (i % 4)] as number
    a = d
    d = c
    c = b
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
}
