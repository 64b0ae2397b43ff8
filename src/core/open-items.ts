/** Things under way, such as requests without an answer. */

/** What can be kept in {@link OpenItems}. */
export interface Placed {
  /** Where it is kept; -1 while it is not. Only `OpenItems` sets it. */
  place: number
}

/**
 * A collection without order, for things that are added and removed thousands of times a second.
 *
 * A `Set` is wrong for that in V8: it makes a new table after every few changes, the old table refers to the new one, and once an old table has reached the old
 * generation of the heap, all later ones, with all they ever held, are copied there too until the next full collection (decision 52).
 */
export class OpenItems<T extends Placed> {
  readonly #all: T[] = []

  get size(): number {
    return this.#all.length
  }

  /** Adds `item`, which must not be in a collection. */
  add(item: T): void {
    item.place = this.#all.length
    this.#all.push(item)
  }

  /** Removes `item`, if it is here. */
  delete(item: T): void {
    const { place } = item
    if (this.#all[place] !== item) return
    const last = this.#all.pop() as T
    item.place = -1
    if (last === item) return
    this.#all[place] = last
    last.place = place
  }

  /** A list of its own of all that are here. */
  list(): T[] {
    return this.#all.slice()
  }
}
