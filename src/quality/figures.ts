/** Figures of the values of a column. Missing cells are left out before. */

/** What expectations compute; `null` when there are too few values. */
export const figures = { sum, mean, stdev, median, quantile } as const

/** Of nothing it is 0, as in pandas. */
function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: Float64Array): number | null {
  return values.length === 0 ? null : sum(values) / values.length
}

/** Of a sample: n − 1. */
function stdev(values: Float64Array): number | null {
  const center = mean(values)
  if (center === null || values.length < 2) return null
  return Math.sqrt(values.reduce((total, value) => total + (value - center) ** 2, 0) / (values.length - 1))
}

function median(values: Float64Array): number | null {
  if (values.length === 0) return null
  const sorted = values.slice().sort()
  const half = sorted.length >> 1
  const upper = sorted[half] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2
}

/** A quantile by the methods of `pandas.Series.quantile`; `nearest` takes the even rank of two equally near. */
function quantile(sorted: Float64Array, q: number, method: string): number {
  const position = q * (sorted.length - 1)
  if (method === 'nearest') return sorted[roundHalfEven(position)] as number
  const lower = sorted[Math.floor(position)] as number
  const upper = sorted[Math.ceil(position)] as number
  if (method === 'lower') return lower
  if (method === 'higher') return upper
  return method === 'midpoint' ? (lower + upper) / 2 : lower + (upper - lower) * (position - Math.floor(position))
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x)
  return x - low === 0.5 ? low + (low % 2) : Math.round(x)
}
