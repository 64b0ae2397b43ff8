/** Edges of bins of equal width. */

/** `bins` + 1 ascending edges from `from` to `to`; a range of no width is widened to one. */
export function equalWidthEdges(from: number, to: number, bins: number): number[] {
  const [low, high] = from < to ? [from, to] : [from - 0.5, from + 0.5]
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + ((high - low) * i) / bins))
}
