/** Sizes and shares as people read them. */

/** `1.2 kB`: powers of 1024. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'] as const
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  const size = bytes / 1024 ** power
  return `${power === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[power]}`
}

/** `1.04 %` */
export function percentText(share: number): string {
  return `${(share * 100).toPrecision(3)} %`
}
