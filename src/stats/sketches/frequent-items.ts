/** Frequent items of a stream in constant memory, with a bound on the error of every count; mergeable. */
import { MillwrightError, show } from '../../core/errors'
import { checkOptions, wholeNumber } from '../../core/options'

/** Options of {@link FrequentItems}. */
export interface FrequentItemsOptions {
  /** Items kept between two clearings; up to twice as many in between. @default 1000 */
  readonly capacity?: number | undefined
}

/** An item and about how often it came. */
export interface FrequentItem {
  readonly item: string
  /** At most its true count. */
  readonly lowerBound: number
  /** At least its true count. */
  readonly upperBound: number
}

/** A sketch as plain JSON. */
export interface FrequentItemsState {
  readonly capacity: number
  /** Occurrences of all items. */
  readonly total: number
  /** What every count may be too low by. */
  readonly error: number
  readonly items: readonly string[]
  readonly counts: readonly number[]
}

/**
 * Counts texts. Exact while there are at most twice `capacity` different ones; beyond, each count is too low by at most `error`, which is at most the total
 * divided by `capacity`. Equal streams give equal sketches.
 *
 * Source: J. Misra and D. Gries, Finding Repeated Elements, 1982; clearing by the median as in D. Anderson et al., A High-Performance Algorithm for Identifying Frequent Items in Data Streams, IMC 2017.
 */
export class FrequentItems {
  readonly #capacity: number
  #counts = new Map<string, number>()
  #total = 0
  #error = 0

  /** @throws InvalidArgument on an unknown option or a value out of range */
  constructor(options: FrequentItemsOptions = {}) {
    checkOptions('FrequentItems', options, { capacity: wholeNumber(1, 10_000_000) })
    this.#capacity = options.capacity ?? 1000
  }

  /** A sketch from {@link FrequentItems.state}, also after JSON. @throws Corrupt */
  static fromState(state: FrequentItemsState): FrequentItems {
    const { capacity, total, error, items, counts } = state ?? {}
    const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
    const isGood =
      isCount(capacity) &&
      isCount(total) &&
      isCount(error) &&
      Array.isArray(items) &&
      items.every((item) => typeof item === 'string') &&
      Array.isArray(counts) &&
      counts.length === items.length &&
      counts.every(isCount)
    if (!isGood || capacity < 1) throw new MillwrightError('Corrupt', `this is no state of FrequentItems: ${show(state)}`)
    const sketch = new FrequentItems({ capacity })
    items.forEach((item, i) => {
      sketch.#counts.set(item, counts[i] as number)
    })
    sketch.#total = total
    sketch.#error = error
    return sketch
  }

  /** The sketch as plain JSON, the most frequent items first. */
  state(): FrequentItemsState {
    const ordered = this.#ordered()
    return {
      capacity: this.#capacity,
      total: this.#total,
      error: this.#error,
      items: ordered.map(([item]) => item),
      counts: ordered.map(([, count]) => count),
    }
  }

  /** Occurrences of all items. */
  get total(): number {
    return this.#total
  }

  /** What every count may be too low by; 0 while counts are exact. */
  get error(): number {
    return this.#error
  }

  /** Counts an item. */
  add(item: string, count = 1): void {
    this.#total += count
    this.#counts.set(item, (this.#counts.get(item) ?? 0) + count)
    if (this.#counts.size > 2 * this.#capacity) this.#clear()
  }

  /** Takes in what another sketch has seen; errors add up. The other is only read. */
  merge(other: FrequentItems): void {
    for (const [item, count] of other.#counts) this.#counts.set(item, (this.#counts.get(item) ?? 0) + count)
    this.#total += other.#total
    this.#error += other.#error
    if (this.#counts.size > 2 * this.#capacity) this.#clear()
  }

  /** The items that are kept, the most frequent first. */
  items(): readonly FrequentItem[] {
    return this.#ordered().map(([item, count]) => ({ item, lowerBound: count, upperBound: count + this.#error }))
  }

  /** Takes the count that `capacity` items exceed off every item, and lets those go that have none left. */
  #clear(): void {
    const counts = Float64Array.from(this.#counts.values()).sort()
    const cut = counts[counts.length - 1 - this.#capacity] as number
    for (const [item, count] of this.#counts) {
      if (count <= cut) this.#counts.delete(item)
      else this.#counts.set(item, count - cut)
    }
    this.#error += cut
  }

  #ordered(): (readonly [string, number])[] {
    return [...this.#counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  }
}
