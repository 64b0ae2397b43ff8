/** One page of a listing, for stores that have all keys in order. */

/** The options of a page, as in `ListOptions`. */
export interface KeyQuery {
  readonly prefix: string
  readonly shallow: boolean
  readonly limit: number
  /** The last key or prefix of the page before. */
  readonly cursor: string | undefined
}

/** A page of an `ObjectListing`, with keys instead of facts. */
export interface KeyPage {
  readonly keys: readonly string[]
  readonly prefixes: readonly string[]
  readonly cursor?: string | undefined
}

/** One page of `sorted`, which must be ascending by UTF-16 code units. */
export function pageOfKeys(sorted: readonly string[], { prefix, shallow, limit, cursor }: KeyQuery): KeyPage {
  const keys: string[] = []
  const prefixes: string[] = []
  let last = cursor
  for (let i = firstAtLeast(sorted, cursor !== undefined && cursor > prefix ? cursor : prefix); i < sorted.length; i++) {
    const key = sorted[i] as string
    if (!key.startsWith(prefix)) break
    const slash = shallow ? key.indexOf('/', prefix.length) : -1
    const item = slash < 0 ? key : key.slice(0, slash + 1)
    if (last !== undefined && item <= last) continue
    if (keys.length + prefixes.length === limit) return { keys, prefixes, cursor: last }
    if (slash < 0) keys.push(key)
    else prefixes.push(item)
    last = item
  }
  return { keys, prefixes }
}

/** The index of the first item that is not less than `text`. */
export function firstAtLeast(sorted: readonly string[], text: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as string) < text) low = middle + 1
    else high = middle
  }
  return low
}
