/** Edges of bins of equal width. */

/** How many bins Sturges' rule gives an ascending sample: ⌈log₂ n + 1⌉, up to rounding as NumPy does it; 1 without spread. */
export function sturgesBins(sorted: Float64Array): number {
  const range = (sorted[sorted.length - 1] as number) - (sorted[0] as number)
  return range > 0 ? Math.ceil(range / (range / (Math.log2(sorted.length) + 1))) : 1
}

/** `bins` + 1 ascending edges from `from` to `to`, which are exactly the outer two; a range of no width is widened to one. */
export function equalWidthEdges(from: number, to: number, bins: number): number[] {
  const [first, last] = from < to ? [from, to] : [from - 0.5, from + 0.5]
  const width = (last - first) / bins
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? last : first + i * width))
}
