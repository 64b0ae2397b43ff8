/** Quantiles of rows with weights. */

/** The quantile `share` of the values of some rows: of equal weights as NumPy's default, else the first value whose weights reach it. 0 of no rows. */
export function quantileOf(values: Float64Array, weights: Float64Array | undefined, rows: Int32Array, share: number): number {
  const n = rows.length
  if (n === 0) return 0
  if (weights === undefined) {
    const sorted = Float64Array.from(rows, (row) => values[row] as number).sort()
    const place = share * (n - 1)
    const below = Math.floor(place)
    const low = sorted[below] as number
    const high = sorted[Math.min(n - 1, below + 1)] as number
    return low + (high - low) * (place - below)
  }
  const order = Array.from(rows).sort((a, b) => (values[a] as number) - (values[b] as number) || a - b)
  let all = 0
  for (const row of order) all += weights[row] as number
  let reached = 0
  for (const row of order) {
    reached += weights[row] as number
    if (reached >= share * all) return values[row] as number
  }
  return values[order[n - 1] as number] as number
}
