/** k-means on a line: the centers of groups of numbers. */
import { meanAndDeviation } from './numbers'

/**
 * Lloyd's algorithm on numbers, from given centers, as scikit-learn's `KMeans` on one column (at most 300 rounds; ends when no number
 * changes its group, or the centers moved less than 1e-4 of the variance). A group that loses all of its numbers takes the one that is
 * farthest from its center.
 *
 * @returns the centers, ascending
 */
export function kMeansLine(values: Float64Array, start: readonly number[]): number[] {
  const { mean, deviation } = meanAndDeviation(values)
  // Distances are computed around the mean, in scikit-learn's order of operations: ties between centers then fall the same way.
  const points = values.map((value) => value - mean)
  const tolerance = 1e-4 * deviation ** 2
  let centers: Float64Array = Float64Array.from(start, (center) => center - mean)
  let groups: Int32Array = new Int32Array(points.length).fill(-1)
  for (let round = 0; round < 300; round++) {
    const next = nearestCenters(points, centers)
    const moved = centersOf(points, next, centers)
    const shift = moved.reduce((sum, center, k) => sum + (center - (centers[k] as number)) ** 2, 0)
    centers = moved
    const same = next.every((group, i) => group === groups[i])
    groups = next
    if (same || shift <= tolerance) break
  }
  return Array.from(centers, (center) => center + mean).sort((a, b) => a - b)
}

function nearestCenters(points: Float64Array, centers: Float64Array): Int32Array {
  const squares = centers.map((center) => center * center)
  return Int32Array.from(points, (point) => {
    let nearest = 0
    let least = Number.POSITIVE_INFINITY
    for (let k = 0; k < centers.length; k++) {
      const distance = (squares[k] as number) - 2 * (point * (centers[k] as number))
      if (distance < least) {
        least = distance
        nearest = k
      }
    }
    return nearest
  })
}

/** The mean of each group, after groups without numbers took the farthest ones. */
function centersOf(points: Float64Array, groups: Int32Array, before: Float64Array): Float64Array {
  const sums = new Float64Array(before.length)
  const counts = new Float64Array(before.length)
  for (let i = 0; i < points.length; i++) {
    const group = groups[i] as number
    sums[group] = (sums[group] as number) + (points[i] as number)
    counts[group] = (counts[group] as number) + 1
  }
  const empty = Array.from(counts.keys()).filter((group) => counts[group] === 0)
  if (empty.length > 0) fillEmpty(empty, { points, groups, before, sums, counts })
  const largest = counts.indexOf(Math.max(...counts))
  // In place and in order, as scikit-learn: a group that is still empty takes what stands at the largest group, be it sum or mean.
  for (let group = 0; group < sums.length; group++) {
    const count = counts[group] as number
    sums[group] = count === 0 ? (sums[largest] as number) : (sums[group] as number) * (1 / count)
  }
  return sums
}

function fillEmpty(
  empty: readonly number[],
  grouping: {
    readonly points: Float64Array
    readonly groups: Int32Array
    readonly before: Float64Array
    readonly sums: Float64Array
    readonly counts: Float64Array
  },
): void {
  const { points, groups, before, sums, counts } = grouping
  const distances = points.map((point, i) => (point - (before[groups[i] as number] as number)) ** 2)
  const farthest = farthestOf(distances, empty.length)
  if (distances[farthest[0] as number] === 0) return
  empty.forEach((group, i) => {
    const taken = farthest[i] as number
    const old = groups[taken] as number
    sums[old] = (sums[old] as number) - (points[taken] as number)
    counts[old] = (counts[old] as number) - 1
    sums[group] = points[taken] as number
    counts[group] = 1
  })
}

/** The rows of the `count` largest distances, largest first. */
function farthestOf(distances: Float64Array, count: number): number[] {
  const rows: number[] = []
  for (let row = 0; row < distances.length; row++) {
    const distance = distances[row] as number
    if (rows.length === count && distance <= (distances[rows[count - 1] as number] as number)) continue
    let at = rows.length
    while (at > 0 && (distances[rows[at - 1] as number] as number) < distance) at--
    rows.splice(at, 0, row)
    if (rows.length > count) rows.pop()
  }
  return rows
}
