/** Products of tiles of four columns: the innermost loop of the Gram matrix, in WebAssembly where there is some, and in JavaScript. */
import { loadWebAssembly } from '../../core/web-assembly'

/**
 * Assembled by wabt 1.0.39 from this text (304 bytes):
 *
 *     (import "e" "m" (memory 1))
 *     (func (export "multiply") (param $left i32) (param $right i32) (param $end i32) (param $out i32)
 *       (local $b v128) (local $c v128) (local $x v128)
 *       (local $s0 v128) (local $t0 v128) (local $s1 v128) (local $t1 v128)
 *       (local $s2 v128) (local $t2 v128) (local $s3 v128) (local $t3 v128)
 *       (loop $rows
 *         (local.set $b (v128.load (local.get $right)))
 *         (local.set $c (v128.load offset=16 (local.get $right)))
 *         (local.set $x (v128.load64_splat (local.get $left)))
 *         (local.set $s0 (f64x2.add (local.get $s0) (f64x2.mul (local.get $x) (local.get $b))))
 *         (local.set $t0 (f64x2.add (local.get $t0) (f64x2.mul (local.get $x) (local.get $c))))
 *         … the last three lines again with offset=8, $s1, $t1; with offset=16, $s2, $t2; with offset=24, $s3, $t3 …
 *         (local.set $right (i32.add (local.get $right) (i32.const 32)))
 *         (local.set $left (i32.add (local.get $left) (i32.const 32)))
 *         (br_if $rows (i32.lt_u (local.get $left) (local.get $end))))
 *       (v128.store (local.get $out) (local.get $s0))
 *       (v128.store offset=16 (local.get $out) (local.get $t0))
 *       … and so on to offset=112 and $t3)
 */
const CODE =
  'AGFzbQEAAAABCAFgBH9/f38AAggBAWUBbQIAAQMCAQAHDAEIbXVsdGlwbHkAAAr/AQH8AQELewNAIAH9AAQAIQQgAf0ABBAhBSAA/QoDACEGIAcgBiAE/fIB/fABIQcg' +
  'CCAGIAX98gH98AEhCCAA/QoDCCEGIAkgBiAE/fIB/fABIQkgCiAGIAX98gH98AEhCiAA/QoDECEGIAsgBiAE/fIB/fABIQsgDCAGIAX98gH98AEhDCAA/QoDGCEGIA0gBiAE' +
  '/fIB/fABIQ0gDiAGIAX98gH98AEhDiABQSBqIQEgAEEgaiEAIAAgAkkNAAsgAyAH/QsEACADIAj9CwQQIAMgCf0LBCAgAyAK/QsEMCADIAv9CwRAIAMgDP0LBFAgAyAN/QsE' +
  'YCADIA79CwRwCw=='

/** Tiles and their products. A tile holds some rows of four columns, row by row. */
export interface TileKernel {
  /** The tiles, one after another. */
  readonly cells: Float64Array
  /** The product of two tiles: entry 4 i + j is the sum, over the rows, of column i of the left one times column j of the right one. */
  readonly product: Float64Array
  /** Writes the product of the tiles of `rows` rows that begin at cells `left` and `right`. The sums are taken in the order of the rows. */
  multiply(left: number, right: number, rows: number): void
}

/** A kernel with room for `size` cells. Without WebAssembly it takes about three times as long for the same product. */
export function tileKernel(size: number, options: { readonly wasm?: boolean } = {}): TileKernel {
  const loaded = options.wasm === false ? undefined : loadWebAssembly<{ multiply: Multiply }>(CODE, 128 + 8 * size)
  if (loaded === undefined) {
    const cells = new Float64Array(size)
    const product = new Float64Array(16)
    return { cells, product, multiply: (left, right, rows) => multiplyTiles(cells, product, left, right, rows) }
  }
  const { multiply } = loaded.exports
  return {
    cells: new Float64Array(loaded.buffer, 128, size),
    product: new Float64Array(loaded.buffer, 0, 16),
    multiply: (left, right, rows) => multiply(128 + 8 * left, 128 + 8 * right, 128 + 8 * left + 32 * rows, 0),
  }
}

/** All arguments are positions in bytes; `end` is where the left tile ends. */
type Multiply = (left: number, right: number, end: number, out: number) => void

/** The product in JavaScript: two rows of it at a time, whose eight sums and four factors fit the processor's registers. */
function multiplyTiles(cells: Float64Array, product: Float64Array, left: number, right: number, rows: number): void {
  for (let i = 0; i < 4; i += 2) {
    let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0]
    for (let row = 0, l = left + i, r = right; row < rows; row++, l += 4, r += 4) {
      const a = cells[l] as number
      const b = cells[l + 1] as number
      const x = cells[r] as number
      const y = cells[r + 1] as number
      const z = cells[r + 2] as number
      const w = cells[r + 3] as number
      a0 += a * x
      a1 += a * y
      a2 += a * z
      a3 += a * w
      b0 += b * x
      b1 += b * y
      b2 += b * z
      b3 += b * w
    }
    product.set([a0, a1, a2, a3, b0, b1, b2, b3], 4 * i)
  }
}
