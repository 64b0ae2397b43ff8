/**
 * Where a sequence is cut into chunks: at places that its own content chooses, so that what is inserted, removed or appended moves only the
 * chunks around it. A gear hash over the last 32 items decides, as in FastCDC (Xia et al., 2016), here over 32 bits.
 */

/** How long chunks are, in items. */
export interface ChunkLength {
  /** Chunks are this long on average, for content that varies; rounded to a power of two. */
  readonly mean: number
}

/** Items that the hash looks back at: each shift by one bit moves older ones out of 32 bits. */
const WINDOW = 32

/**
 * The ends of the chunks, ascending; the last one is `length`. No chunk is longer than four times the mean, and none but the last is shorter
 * than a quarter of it.
 *
 * @param hashAt a well-mixed 32-bit hash of an item
 */
export function chunkEnds(length: number, hashAt: (index: number) => number, { mean }: ChunkLength): readonly number[] {
  const bits = Math.max(2, Math.round(Math.log2(mean)))
  const [shift, least, most] = [32 - bits, 2 ** (bits - 2), 2 ** (bits + 2)]
  const ends: number[] = []
  for (let start = 0; start < length; ) {
    const last = Math.min(length, start + most)
    let end = last
    let hash = 0
    for (let i = Math.max(start, start + least - WINDOW); i < last; i++) {
      hash = ((hash << 1) + hashAt(i)) | 0
      if (hash >>> shift === 0 && i + 1 - start >= least) {
        end = i + 1
        break
      }
    }
    ends.push(end)
    start = end
  }
  return ends
}

/** Mixes 32 bits well (the finalizer of MurmurHash3). */
export function mixed(value: number): number {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** A hash of each byte value. */
let gears: Int32Array | undefined

/** The ends of the chunks of bytes. */
export function byteChunkEnds(bytes: Uint8Array, length: ChunkLength): readonly number[] {
  gears ??= Int32Array.from({ length: 256 }, (_, byte) => mixed((byte + 1) * 0x9e3779b1))
  const table = gears
  return chunkEnds(bytes.length, (i) => table[bytes[i] as number] as number, length)
}
