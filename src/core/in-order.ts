/** Work that must not overlap: for each key, one task after another. */

/** Runs tasks of one key one after another; tasks of different keys run at the same time. */
export interface InOrder {
  /** Runs `work` after all earlier work of the same key has settled. Gives its result. */
  <T>(key: string, work: () => Promise<T>): Promise<T>
  /** Resolves when all work that was passed so far has settled. */
  settled(): Promise<void>
}

/** Queues by key. A failed task does not stop the tasks behind it. */
export function inOrderByKey(): InOrder {
  const last = new Map<string, Promise<unknown>>()
  const run = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key)
    const mine = before === undefined ? work() : before.catch(() => {}).then(work)
    last.set(key, mine)
    try {
      return await mine
    } finally {
      if (last.get(key) === mine) last.delete(key)
    }
  }
  return Object.assign(run, { settled: async () => void (await Promise.allSettled(last.values())) })
}
