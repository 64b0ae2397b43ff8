/** The mean target of each category, shrunk towards the mean of all rows. */
import { mean as meanOf } from '../../stats/elementary'

/** What is learned of one column for one output. */
export interface Means {
  /** One per category. */
  readonly encodings: Float64Array
  /** The mean target of all rows, for unknown categories. */
  readonly mean: number
}

/**
 * Means of a target by category.
 *
 * @param positions the category of each row, −1 for none
 * @param rows the rows to learn from
 * @param smooth how many rows of the overall mean are mixed in; `auto` takes the empirical Bayes estimate of it
 *
 * Source: Micci-Barreca 2001, equations 3 to 6, as scikit-learn's `TargetEncoder`.
 */
export function categoryMeans(
  { positions, target, rows }: { readonly positions: Int32Array; readonly target: Float64Array; readonly rows: Int32Array },
  categories: number,
  smooth: number | 'auto',
): Means {
  const own = Float64Array.from(rows, (row) => target[row] as number)
  const mean = meanOf(own)
  const sums = new Float64Array(categories)
  const counts = new Float64Array(categories)
  rows.forEach((row, i) => {
    const place = positions[row] as number
    if (place < 0) return
    sums[place] = (sums[place] as number) + (own[i] as number)
    counts[place] = (counts[place] as number) + 1
  })
  if (smooth !== 'auto') {
    const encodings = sums.map((sum, place) => {
      const weight = (counts[place] as number) + smooth
      return weight === 0 ? mean : (sum + smooth * mean) / weight
    })
    return { encodings, mean }
  }
  const variance = meanOf(own.map((value) => (value - mean) ** 2))
  const means = sums.map((sum, place) => sum / (counts[place] as number))
  const squares = new Float64Array(categories)
  rows.forEach((row, i) => {
    const place = positions[row] as number
    if (place >= 0) squares[place] = (squares[place] as number) + ((own[i] as number) - (means[place] as number)) ** 2
  })
  const encodings = means.map((ofCategory, place) => {
    const between = variance * (counts[place] as number)
    const share = between / (between + (squares[place] as number) / (counts[place] as number))
    // A category without rows, or a target that is the same everywhere.
    return share === share ? share * ofCategory + (1 - share) * mean : mean
  })
  return { encodings, mean }
}
