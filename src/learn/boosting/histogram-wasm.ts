/** The counting of histograms in WebAssembly: 290 bytes. */
import { loadWebAssembly } from '../../core/web-assembly'

/**
 * Assembled by wabt 1.0.39 from this text, twice: as `add16`, and as `add32` with `i32.load` and 4 bytes per cell.
 *
 *     (import "e" "m" (memory 1))
 *     (func (export "add16") (param $histogram i32) (param $cells i32) (param $width i32) (param $derivatives i32) (param $row i32) (param $end i32)
 *       (local $number i32) (local $at i32) (local $stop i32) (local $both v128) (local $cell i32)
 *       (block $done (loop $rows
 *         (br_if $done (i32.ge_u (local.get $row) (local.get $end)))
 *         (local.set $number (i32.load (local.get $row)))
 *         (local.set $both (v128.load (i32.add (local.get $derivatives) (i32.shl (local.get $number) (i32.const 4)))))
 *         (local.set $at (i32.add (local.get $cells) (i32.mul (local.get $number) (local.get $width))))
 *         (local.set $stop (i32.add (local.get $at) (local.get $width)))
 *         (loop $features
 *           (local.set $cell (i32.add (local.get $histogram) (i32.shl (i32.load16_u (local.get $at)) (i32.const 4))))
 *           (v128.store (local.get $cell) (f64x2.add (v128.load (local.get $cell)) (local.get $both)))
 *           (local.set $at (i32.add (local.get $at) (i32.const 2)))
 *           (br_if $features (i32.lt_u (local.get $at) (local.get $stop))))
 *         (local.set $row (i32.add (local.get $row) (i32.const 4)))
 *         (br $rows))))
 */
const CODE =
  'AGFzbQEAAAABCgFgBn9/f39/fwACCAEBZQFtAgABAwMCAAAHEQIFYWRkMTYAAAVhZGQzMgABCukBAnMDA38BewF/AkADQCAEIAVPDQEgBCgCACEGIAMgBkEEdGr9AAQA' +
  'IQkgASAGIAJsaiEHIAcgAmohCANAIAAgBy8BAEEEdGohCiAKIAr9AAQAIAn98AH9CwQAIAdBAmohByAHIAhJDQALIARBBGohBAwACwsLcwMDfwF7AX8CQANAIAQgBU8N' +
  'ASAEKAIAIQYgAyAGQQR0av0ABAAhCSABIAYgAmxqIQcgByACaiEIA0AgACAHKAIAQQR0aiEKIAogCv0ABAAgCf3wAf0LBAAgB0EEaiEHIAcgCEkNAAsgBEEEaiEEDAAL' +
  'Cws='

/** Adds rows to a histogram; all arguments are positions in bytes, `width` the bytes of a row's cells. */
export type AddRows = (histogram: number, cells: number, width: number, derivatives: number, row: number, end: number) => void

/** A memory and what counts in it. */
export interface HistogramWasm {
  readonly buffer: ArrayBuffer
  readonly add16: AddRows
  readonly add32: AddRows
}

/** A memory of at least `bytes`, or `undefined` where WebAssembly cannot be had. */
export function loadHistogramWasm(bytes: number): HistogramWasm | undefined {
  const loaded = loadWebAssembly<Pick<HistogramWasm, 'add16' | 'add32'>>(CODE, bytes)
  return loaded === undefined ? undefined : { buffer: loaded.buffer, add16: loaded.exports.add16, add32: loaded.exports.add32 }
}
