/** Work that must not overlap: for each key, one task after the other. */

/** Runs `work` after all earlier work of the same key has settled, and gives its result. */
export type InOrder = <T>(key: string, work: () => Promise<T>) => Promise<T>

/** Queues by key. A failed task does not stop the ones behind it. */
export function inOrderByKey(): InOrder {
  const last = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const before = last.get(key)
    const mine = before === undefined ? work() : before.catch(() => {}).then(work)
    last.set(key, mine)
    try {
      return await mine
    } finally {
      if (last.get(key) === mine) last.delete(key)
    }
  }
}
