/** Slots of a run: at most so many attempts at the same time, the earliest step of the definition first. */

/** Gives out slots. */
export interface Slots {
  /** Resolves when a slot is free; among those that wait, the lowest `order` is first. Call the result once to give the slot back. */
  acquire(order: number): Promise<() => void>
}

interface Waiting {
  readonly order: number
  readonly start: () => void
}

/** `count` slots. */
export function createSlots(count: number): Slots {
  let free = count
  // A binary heap: the waiting with the lowest order is at 0.
  const heap: Waiting[] = []
  const release = (): void => {
    const next = pop(heap)
    if (next === undefined) free++
    else next.start()
  }
  return {
    acquire(order) {
      if (free > 0) {
        free--
        return Promise.resolve(release)
      }
      return new Promise((resolve) => push(heap, { order, start: () => resolve(release) }))
    },
  }
}

function push(heap: Waiting[], item: Waiting): void {
  let at = heap.length
  while (at > 0) {
    const parent = (at - 1) >> 1
    if ((heap[parent] as Waiting).order <= item.order) break
    heap[at] = heap[parent] as Waiting
    at = parent
  }
  heap[at] = item
}

function pop(heap: Waiting[]): Waiting | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && (heap[child + 1] as Waiting).order < (heap[child] as Waiting).order) child++
    if ((heap[child] as Waiting).order >= last.order) break
    heap[at] = heap[child] as Waiting
    at = child
  }
  heap[at] = last
  return first
}
