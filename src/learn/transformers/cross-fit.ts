/** Which rows a cross-fitted transformer leaves out together. */
import { permutation, type Rng } from '../../core/random'

/** How rows are dealt to folds. */
export interface FoldOptions {
  readonly folds: number
  /** Shuffled rows are dealt at random; without, the folds are those of scikit-learn without `shuffle`. */
  readonly rng?: Rng | undefined
}

/** The fold of each row: neighbours together, or at random; sizes differ by at most one. As scikit-learn's `KFold`. */
export function evenFolds(rows: number, { folds, rng }: FoldOptions): Int32Array {
  const order = rng === undefined ? Int32Array.from({ length: rows }, (_, row) => row) : permutation(rows, rng)
  const larger = rows % folds
  const size = Math.floor(rows / folds)
  const result = new Int32Array(rows)
  for (let i = 0; i < rows; i++) {
    const inLarger = larger * (size + 1)
    result[order[i] as number] = i < inLarger ? Math.floor(i / (size + 1)) : larger + Math.floor((i - inLarger) / size)
  }
  return result
}

/** The fold of each row, every class evenly among the folds. As scikit-learn's `StratifiedKFold`. */
export function classFolds(codes: ArrayLike<number>, { folds, rng }: FoldOptions): Int32Array {
  const byClass = new Map<number, number[]>()
  for (let row = 0; row < codes.length; row++) {
    const rows = byClass.get(codes[row] as number)
    if (rows === undefined) byClass.set(codes[row] as number, [row])
    else rows.push(row)
  }
  const result = new Int32Array(codes.length)
  // The classes in order of appearance, laid end to end and dealt like cards: fold f gets every place f, f + folds, …
  let start = 0
  for (const rows of byClass.values()) {
    const dealt: number[] = []
    for (let fold = 0; fold < folds; fold++) {
      const first = (((fold - start) % folds) + folds) % folds
      for (let place = first; place < rows.length; place += folds) dealt.push(fold)
    }
    const order = rng === undefined ? undefined : permutation(rows.length, rng)
    rows.forEach((row, i) => {
      result[row] = dealt[order === undefined ? i : (order[i] as number)] as number
    })
    start += rows.length
  }
  return result
}
