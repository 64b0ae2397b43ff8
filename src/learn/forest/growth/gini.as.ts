/** The best cut of a feature between any number of classes with weights, by Gini impurity. */
import { counts, found, missing, numClasses } from './classes.as'
import { real, setReal, word } from './rows.as'

let total: usize = 0
let weights: usize = 0
let left: usize = 0
let right: usize = 0

/** Where the copies of each class at the node, their weights, and room for the weights on both sides of a cut begin. */
export function placeGini(totalAt: usize, weightsAt: usize, leftAt: usize, rightAt: usize): void {
  total = totalAt
  weights = weightsAt
  left = leftAt
  right = rightAt
}

// Of both sides: the sum of the weights, and that of their squares by class.
let leftSum: f64 = 0
let rightSum: f64 = 0
let leftSquares: f64 = 0
let rightSquares: f64 = 0

/** Puts the missing values on the left, if they go there, and all others on the right. @returns copies on the left */
function start(missingLeft: i32): i32 {
  leftSum = rightSum = leftSquares = rightSquares = 0
  let samples = 0
  for (let c = 0; c < numClasses; c++) {
    const copies = missingLeft ? word(missing, c) : 0
    samples += copies
    const weight = real(weights, c)
    const l = <f64>copies * weight
    const r = <f64>(word(total, c) - copies) * weight
    setReal(left, c, l)
    setReal(right, c, r)
    leftSum += l
    rightSum += r
    leftSquares += l * l
    rightSquares += r * r
  }
  return samples
}

@inline
function move(c: i32, copies: i32): void {
  const weight = <f64>copies * real(weights, c)
  const l = real(left, c)
  const r = real(right, c)
  const rest = max<f64>(0, r - weight)
  leftSquares += (l + weight) * (l + weight) - l * l
  rightSquares += rest * rest - r * r
  setReal(left, c, l + weight)
  setReal(right, c, rest)
  leftSum += weight
  rightSum -= weight
}

@inline
function loss(): f64 {
  return (leftSum > 0 ? leftSum - leftSquares / leftSum : 0) / 2 + (rightSum > 0 ? rightSum - rightSquares / rightSum : 0) / 2
}

/**
 * Tries a cut after each of the first `last` groups counted last. Writes the impurity of the best one behind the first six words of `found`.
 *
 * @returns the position of the last group that goes left; −1 when no cut is better than `limit`
 */
export function scanGini(samples: i32, minSamplesLeaf: i32, missingLeft: i32, last: i32, limit: f64): i32 {
  let samplesLeft = start(missingLeft)
  let best = limit
  let at = -1
  for (let g = 0, cell = counts; g < last; g++) {
    for (let c = 0; c < numClasses; c++, cell += 4) {
      const moved = load<i32>(cell)
      if (moved === 0) continue
      samplesLeft += moved
      move(c, moved)
    }
    if (samplesLeft < minSamplesLeaf) continue
    if (samples - samplesLeft < minSamplesLeaf) break
    const value = loss()
    if (value < best) {
      best = value
      at = g
    }
  }
  store<f64>(found, best, 24)
  return at
}
