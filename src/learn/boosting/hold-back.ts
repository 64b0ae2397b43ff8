/** Rows held back from learning, on which the loss is watched. */
import { invalidArgument } from '../../core/errors'
import { permutation, type Rng } from '../../core/random'
import type { TargetVector } from '../learner'

/** Rows to learn from and rows held back, ascending. */
export interface HeldBack {
  readonly learned: Int32Array
  readonly held: Int32Array
}

/** Holds back a share of the rows, of classifiers the same share of every class. @throws InvalidArgument when that leaves too few */
export function holdBack(kind: string, target: TargetVector, share: number | undefined, rng: Rng): HeldBack {
  const n = target.values.length
  if (share === undefined) return { learned: Int32Array.from({ length: n }, (_, row) => row), held: new Int32Array(0) }
  const isHeld = new Uint8Array(n)
  const sizes = new Float64Array(Math.max(1, target.numClasses))
  for (let row = 0; row < n; row++) sizes[classOf(target, row)] = (sizes[classOf(target, row)] as number) + 1
  // Of a class with one row, that row is learned from.
  const wanted = sizes.map((size) => Math.min(size - 1, Math.round(share * size)))
  for (const row of permutation(n, rng)) {
    const label = classOf(target, row)
    if ((wanted[label] as number) <= 0) continue
    wanted[label] = (wanted[label] as number) - 1
    isHeld[row] = 1
  }
  const all = Int32Array.from({ length: n }, (_, row) => row)
  const held = all.filter((row) => isHeld[row] === 1)
  if (held.length === 0) throw invalidArgument(`\`validationFraction\` of ${kind} is ${share}, which holds back none of ${n} rows`)
  return { learned: all.filter((row) => isHeld[row] === 0), held }
}

function classOf({ numClasses, values }: TargetVector, row: number): number {
  return numClasses === 0 ? 0 : (values[row] as number)
}
