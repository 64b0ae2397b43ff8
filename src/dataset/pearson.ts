/** Pearson's coefficients of many columns, read once for all pairs. */
import { type Column, isMissingAt, MISSING_INT32, toFloat64 } from '../schema/column'

/** The coefficient of two columns, by their numbers: `j` ≤ `i`. */
export type CoefficientOf = (i: number, j: number) => number

/** A coefficient of the rows in which both have a value; `NaN` of fewer than `minRows`. */
export type Coefficient = (a: Float64Array, b: Float64Array, minRows: number) => number

/** Sums over the rows in which both have a value, of values from which something near the mean of their column was taken. */
interface PairSums {
  n: number
  a: number
  b: number
  aa: number
  bb: number
  ab: number
}

/**
 * Pearson's coefficients. Most rows of most tables have every value: their sums are taken column by column, and only their products pair by
 * pair, in blocks that stay in the processor's cache. The other rows are added for each pair.
 */
export function pearsonOf(columns: readonly Column[], minRows: number): CoefficientOf {
  for (const column of columns) if (column.type === 'string') toFloat64(column) // says why not
  const length = columns[0]?.length ?? 0
  const sums: WholeSums = {
    count: 0,
    sums: new Float64Array(columns.length),
    crossed: columns.map(() => new Float64Array(columns.length)),
    rest: columns.map(() => []),
  }
  const work: BlockWork = {
    columns,
    shifts: columns.map(shiftOf),
    block: columns.map(() => new Float64Array(BLOCK)),
    marks: new Uint8Array(BLOCK),
  }
  for (let from = 0; from < length; from += BLOCK) addBlock(work, sums, from, Math.min(BLOCK, length - from))
  const numbers = columns.map((): Float64Array | undefined => undefined)
  const numbersOf = (i: number): Float64Array => (numbers[i] ??= toFloat64(columns[i] as Column))
  return (i, j) => {
    const pair: PairSums = {
      ...{ n: sums.count, a: sums.sums[i] as number, b: sums.sums[j] as number },
      aa: sums.crossed[i]?.[i] as number,
      bb: sums.crossed[j]?.[j] as number,
      ab: sums.crossed[i]?.[j] as number,
    }
    addPairs(pair, sums.rest[i] as number[], sums.rest[j] as number[])
    if (pair.n < minRows) return Number.NaN
    const varianceA = pair.aa - pair.a ** 2 / pair.n
    const varianceB = pair.bb - pair.b ** 2 / pair.n
    // The rows of this pair lie so far from the mean of a column that digits cancel out.
    if (!(varianceA > CANCELLED * pair.aa && varianceB > CANCELLED * pair.bb)) {
      return pearson(numbersOf(i), numbersOf(j), minRows)
    }
    const covariance = pair.ab - (pair.a * pair.b) / pair.n
    return Math.max(-1, Math.min(1, covariance / (Math.sqrt(varianceA) * Math.sqrt(varianceB))))
  }
}

/** Rows in a block. */
const BLOCK = 2048
/** A variance that is this share of its sum of squares, or less, is computed from the values themselves. */
const CANCELLED = 0.5

/** So many cells tell where the mean is about. */
const SAMPLED = 1000

/** Something near the mean of a column. */
function shiftOf(column: Column): number {
  const step = Math.max(1, Math.floor(column.length / SAMPLED))
  let n = 0
  let sum = 0
  for (let row = 0; row < column.length; row += step) {
    if (isMissingAt(column, row)) continue
    n++
    sum += column.storage[row] as number
  }
  return n === 0 ? 0 : sum / n
}

/** Reads cells as numbers, less the shift. */
function readBlock(
  column: Column,
  from: number,
  block: Float64Array,
  { rows, shift }: { readonly rows: number; readonly shift: number },
): void {
  const { storage } = column
  if (storage instanceof Float64Array) for (let row = 0; row < rows; row++) block[row] = (storage[from + row] as number) - shift
  else if (storage instanceof Int32Array) readWhole(storage, from, block, { rows, shift })
  else {
    for (let row = 0; row < rows; row++) {
      block[row] = isMissingAt(column, from + row) ? Number.NaN : (storage[from + row] as number) - shift
    }
  }
}

function readWhole(
  storage: Int32Array,
  from: number,
  block: Float64Array,
  { rows, shift }: { readonly rows: number; readonly shift: number },
): void {
  for (let row = 0; row < rows; row++) {
    const value = storage[from + row] as number
    block[row] = value === MISSING_INT32 ? Number.NaN : value - shift
  }
}

function markMissing(values: Float64Array, marks: Uint8Array): void {
  for (let row = 0; row < marks.length; row++) marks[row] = (marks[row] as number) & (values[row] === values[row] ? 1 : 0)
}

/** Moves the cells of whole rows together, and those of the others to `rest`. @returns how many rows are whole */
function compact(values: Float64Array, marks: Uint8Array, rows: number, rest: number[]): number {
  let count = 0
  for (let row = 0; row < rows; row++) {
    const value = values[row] as number
    if (marks[row] === 0) rest.push(value)
    values[count] = value
    count += marks[row] as number
  }
  return count
}

/** Sums over the rows that have every value: of each column, and of the products of each pair. */
interface WholeSums {
  count: number
  readonly sums: Float64Array
  readonly crossed: readonly Float64Array[]
  /** The cells of the other rows. */
  readonly rest: readonly number[][]
}

/** What is read, and room for a block of it. */
interface BlockWork {
  readonly columns: readonly Column[]
  readonly shifts: readonly number[]
  readonly block: readonly Float64Array[]
  readonly marks: Uint8Array
}

/** Adds the rows of a block. */
function addBlock({ columns, shifts, block, marks }: BlockWork, sums: WholeSums, from: number, rows: number): void {
  for (let i = 0; i < columns.length; i++) {
    readBlock(columns[i] as Column, from, block[i] as Float64Array, { rows, shift: shifts[i] as number })
  }
  marks.fill(1)
  for (let i = 0; i < columns.length; i++) markMissing(block[i] as Float64Array, marks)
  let count = 0
  for (let i = 0; i < columns.length; i++) count = compact(block[i] as Float64Array, marks, rows, sums.rest[i] as number[])
  sums.count += count
  addProducts(block, count, sums)
}

function addProducts(block: readonly Float64Array[], count: number, { sums, crossed }: WholeSums): void {
  for (let i = 0; i < block.length; i++) {
    const a = block[i] as Float64Array
    const row = crossed[i] as Float64Array
    sums[i] = (sums[i] as number) + total(a, count)
    for (let j = 0; j <= i; j++) row[j] = (row[j] as number) + products(a, block[j] as Float64Array, count)
  }
}

function total(values: Float64Array, count: number): number {
  let sum = 0
  for (let row = 0; row < count; row++) sum += values[row] as number
  return sum
}

/** The sum of the first products; four sums at a time, so that none waits for the one before. */
function products(a: Float64Array, b: Float64Array, count: number): number {
  // Each by itself: set by one pattern, they would be three times slower.
  let first = 0
  let second = 0
  let third = 0
  let fourth = 0
  let row = 0
  for (; row + 3 < count; row += 4) {
    first += (a[row] as number) * (b[row] as number)
    second += (a[row + 1] as number) * (b[row + 1] as number)
    third += (a[row + 2] as number) * (b[row + 2] as number)
    fourth += (a[row + 3] as number) * (b[row + 3] as number)
  }
  for (; row < count; row++) first += (a[row] as number) * (b[row] as number)
  return first + second + (third + fourth)
}

function addPairs(total: PairSums, a: readonly number[], b: readonly number[]): void {
  // Each by itself, as above.
  let n = 0
  let sumA = 0
  let sumB = 0
  let aa = 0
  let bb = 0
  let ab = 0
  for (let row = 0; row < a.length; row++) {
    const x = a[row] as number
    const y = b[row] as number
    if (x !== x || y !== y) continue
    n++
    sumA += x
    sumB += y
    aa += x * x
    bb += y * y
    ab += x * y
  }
  total.n += n
  total.a += sumA
  total.b += sumB
  total.aa += aa
  total.bb += bb
  total.ab += ab
}

/** Of one pair, in two passes. */
export const pearson: Coefficient = (a, b, minRows) => {
  let n = 0
  let meanA = 0
  let meanB = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number
    const y = b[i] as number
    if (x !== x || y !== y) continue
    n++
    meanA += x
    meanB += y
  }
  if (n < minRows) return Number.NaN
  meanA /= n
  meanB /= n
  let aa = 0
  let bb = 0
  let ab = 0
  for (let i = 0; i < a.length; i++) {
    const x = (a[i] as number) - meanA
    const y = (b[i] as number) - meanB
    if (x !== x || y !== y) continue
    aa += x * x
    bb += y * y
    ab += x * y
  }
  return aa === 0 || bb === 0 ? Number.NaN : Math.max(-1, Math.min(1, ab / (Math.sqrt(aa) * Math.sqrt(bb))))
}
