/** A k-d tree (Bentley 1975): the nearest of many points, without a look at most of them. */

/** How far apart two points are. `minkowski` is the root of the sum of powers. */
export type DistanceMetric = 'euclidean' | 'manhattan' | 'chebyshev' | 'minkowski'

/** A metric with its power. */
export interface Distance {
  readonly metric: DistanceMetric
  /** Of `minkowski`. */
  readonly p: number
}

/** The nearest points of a query: numbers of points and their distances, nearest first, of equally near ones the lower number first. */
export interface Nearest {
  readonly points: Int32Array
  readonly distances: Float64Array
}

/** Points that can be searched. */
export interface KdTree {
  /** Writes the `points.length` nearest points of the row of numbers that begins at `at`. Never more than there are. */
  nearest(rows: Float64Array, at: number, nearest: Nearest): void
}

/** Points of a leaf, which are compared one after another. */
const LEAF_POINTS = 24

/**
 * A tree over points. A node splits its points at the median of the feature that spreads most; ties lie where the order of the points puts them.
 *
 * @param points row-major, points × `width`
 */
export function kdTree(points: Float64Array, width: number, distance: Distance): KdTree {
  const count = points.length / width
  const order = Int32Array.from({ length: count }, (_, i) => i)
  /** By node: the feature split, −1 in leaves; the value; where its points begin and end; its right child. The left one follows it. */
  const nodes: { readonly feature: number; readonly value: number; readonly start: number; readonly end: number; right: number }[] = []
  const build = (start: number, end: number): void => {
    const feature = end - start > LEAF_POINTS ? widest(points, width, order, start, end) : -1
    if (feature < 0) {
      nodes.push({ feature, value: 0, start, end, right: 0 })
      return
    }
    const middle = (start + end) >> 1
    selectMiddle(order, { start, end, middle }, (i) => points[i * width + feature] as number)
    const node = { feature, value: points[(order[middle] as number) * width + feature] as number, start, end, right: 0 }
    nodes.push(node)
    build(start, middle)
    node.right = nodes.length
    build(middle, end)
  }
  build(0, count)
  // The points in the order of the leaves, so that those of a leaf are read one behind the other.
  const laid = new Float64Array(points.length)
  order.forEach((point, place) => {
    laid.set(points.subarray(point * width, (point + 1) * width), place * width)
  })
  return { nearest: searcher({ nodes, laid, order, width }, distance) }
}

/** Puts the points with smaller values before `middle`, and those with greater ones behind it; of equal values the lower number first (Hoare 1961). */
function selectMiddle(
  order: Int32Array,
  { start, end, middle }: { readonly start: number; readonly end: number; readonly middle: number },
  keyOf: (point: number) => number,
): void {
  let low = start
  let high = end - 1
  while (low < high) {
    const pivot = order[(low + high) >> 1] as number
    const value = keyOf(pivot)
    const side = (place: number): number => {
      const point = order[place] as number
      return keyOf(point) - value || point - pivot
    }
    let left = low
    let right = high
    while (left <= right) {
      while (side(left) < 0) left++
      while (side(right) > 0) right--
      if (left > right) break
      const swapped = order[left] as number
      order[left++] = order[right] as number
      order[right--] = swapped
    }
    if (middle <= right) high = right
    else if (middle >= left) low = left
    else return
  }
}

/** The feature whose values lie farthest apart; −1 when all points are the same. */
function widest(points: Float64Array, width: number, order: Int32Array, start: number, end: number): number {
  let best = -1
  let most = 0
  for (let f = 0; f < width; f++) {
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (let i = start; i < end; i++) {
      const value = points[(order[i] as number) * width + f] as number
      if (value < low) low = value
      if (value > high) high = value
    }
    if (high - low > most) {
      most = high - low
      best = f
    }
  }
  return best
}

interface BuiltTree {
  readonly nodes: readonly {
    readonly feature: number
    readonly value: number
    readonly start: number
    readonly end: number
    readonly right: number
  }[]
  readonly laid: Float64Array
  readonly order: Int32Array
  readonly width: number
}

/** Distances are compared as powers (squares), whose root is taken at the end. */
function searcher({ nodes, laid, order, width }: BuiltTree, { metric, p }: Distance): KdTree['nearest'] {
  const power = metric === 'euclidean' ? 2 : metric === 'minkowski' ? p : 1
  const term = (difference: number): number =>
    power === 2 ? difference * difference : power === 1 ? Math.abs(difference) : Math.abs(difference) ** power
  const isLargest = metric === 'chebyshev'
  const root = (sum: number): number => (power === 2 ? Math.sqrt(sum) : power === 1 ? sum : sum ** (1 / power))
  /** By feature: how far the query lies outside of the current node, as a term of the distance. */
  const outside = new Float64Array(width)

  return (rows, at, { points, distances }) => {
    const size = points.length
    let found = 0
    outside.fill(0)
    const between = (place: number): number => {
      let sum = 0
      for (let f = 0, from = place * width; f < width; f++) {
        const part = term((rows[at + f] as number) - (laid[from + f] as number))
        if (!isLargest) sum += part
        else if (part > sum) sum = part
      }
      return sum
    }
    const take = (place: number): void => {
      const sum = between(place)
      const point = order[place] as number
      if (found === size && !isBefore(sum, point, distances[size - 1] as number, points[size - 1] as number)) return
      let to = found < size ? found++ : size - 1
      while (to > 0 && isBefore(sum, point, distances[to - 1] as number, points[to - 1] as number)) {
        distances[to] = distances[to - 1] as number
        points[to] = points[to - 1] as number
        to--
      }
      distances[to] = sum
      points[to] = point
    }
    /** `least`: no point of the node is nearer. */
    const visit = (number: number, least: number): void => {
      const node = nodes[number] as BuiltTree['nodes'][number]
      if (node.feature < 0) {
        for (let place = node.start; place < node.end; place++) take(place)
        return
      }
      const difference = (rows[at + node.feature] as number) - node.value
      const [near, far] = difference < 0 ? [number + 1, node.right] : [node.right, number + 1]
      visit(near, least)
      const before = outside[node.feature] as number
      const own = Math.max(before, term(difference))
      const beyond = isLargest ? Math.max(least, own) : least - before + own
      // A point that is as far may have a lower number. Sums of differences are off in the last digits.
      if (found === size && beyond > (distances[size - 1] as number) * (1 + 1e-12)) return
      outside[node.feature] = own
      visit(far, beyond)
      outside[node.feature] = before
    }
    visit(0, 0)
    for (let i = 0; i < size; i++) distances[i] = root(distances[i] as number)
  }
}

function isBefore(distance: number, point: number, otherDistance: number, otherPoint: number): boolean {
  return distance < otherDistance || (distance === otherDistance && point < otherPoint)
}
