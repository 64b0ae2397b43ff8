/** Gini impurity and entropy of the two sides of a split. */

/** The impurity of a split, kept up to date while samples move from the right side to the left. */
export interface SplitImpurity {
  /** Starts from the copies of each class on the left; the rest of `total` is on the right. */
  start(left: Int32Array, total: Int32Array, weights: Float64Array | undefined): void
  /** Moves `copies` of class `label` from right to left. */
  move(label: number, copies: number): void
  /** Weighted impurity of both sides: half of Σ w·gini, or Σ w·entropy in nats. */
  loss(): number
}

/** The impurity of splits of `k` classes by `criterion`. */
export function createSplitImpurity(k: number, criterion: 'gini' | 'entropy'): SplitImpurity {
  const left = new Float64Array(k)
  const right = new Float64Array(k)
  let weights: Float64Array | undefined
  let leftSum = 0
  let rightSum = 0
  // Gini: Σ w². Entropy: Σ w ln w.
  let leftTerm = 0
  let rightTerm = 0
  const term = criterion === 'gini' ? (w: number) => w * w : (w: number) => (w > 0 ? w * Math.log(w) : 0)
  return {
    start(leftNow, total, given) {
      weights = given
      leftSum = rightSum = leftTerm = rightTerm = 0
      for (let c = 0; c < k; c++) {
        const weight = given === undefined ? 1 : (given[c] as number)
        left[c] = (leftNow[c] as number) * weight
        right[c] = ((total[c] as number) - (leftNow[c] as number)) * weight
        leftSum += left[c] as number
        rightSum += right[c] as number
        leftTerm += term(left[c] as number)
        rightTerm += term(right[c] as number)
      }
    },
    move(label, copies) {
      const weight = weights === undefined ? copies : copies * (weights[label] as number)
      const l = left[label] as number
      const r = right[label] as number
      leftTerm += term(l + weight) - term(l)
      rightTerm += term(Math.max(0, r - weight)) - term(r)
      left[label] = l + weight
      right[label] = Math.max(0, r - weight)
      leftSum += weight
      rightSum -= weight
    },
    loss() {
      if (criterion === 'gini') {
        return (leftSum > 0 ? leftSum - leftTerm / leftSum : 0) / 2 + (rightSum > 0 ? rightSum - rightTerm / rightSum : 0) / 2
      }
      return term(leftSum) - leftTerm + term(rightSum) - rightTerm
    },
  }
}
