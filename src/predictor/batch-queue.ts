/** The queue in front of a model: requests cut into pieces that fit in a batch, first come, first served. */

/** A request from its call to its answer. */
export interface BatchRequest<W, R> {
  readonly work: W
  readonly results: R[]
  readonly queuedAt: number
  /** On the scale of `queuedAt`; `Infinity` without a deadline. */
  readonly deadlineAt: number
  readonly signal: AbortSignal | undefined
  /** Rows that have no result yet. */
  missing: number
  /** Whether a piece of it has been taken out of the queue. */
  started: boolean
  settled: boolean
  /** Answers the call with `results`, or fails it with `error`. */
  settle(failed: boolean, error?: unknown): void
}

/** A piece of a request that fits in a batch. */
export interface BatchPiece<W, R> {
  readonly work: W
  readonly size: number
  /** Index of its first row in the request. */
  readonly offset: number
  readonly request: BatchRequest<W, R>
}

/** How requests are cut and joined. */
export interface BatchQueueOptions<W> {
  /** The rows `from` … `to` − 1 of some work. */
  readonly split: (work: W, from: number, to: number) => W
  /** Whether two pieces of work may be executed together. */
  readonly mayJoin: (first: W, second: W) => boolean
  /** Most rows in a batch. */
  readonly maxSize: number
}

/** Pieces of requests that wait. */
export interface BatchQueue<W, R> {
  /** Rows waiting now. */
  readonly rows: number
  /** Pieces waiting now. */
  readonly length: number
  /** The request that has waited longest. */
  readonly oldest: BatchRequest<W, R> | undefined
  /** Adds a request of `size` rows. */
  push(request: BatchRequest<W, R>, size: number): void
  /** Takes the oldest piece and those behind it that fit in one batch with it. */
  takeBatch(): BatchPiece<W, R>[]
  /** Removes the waiting pieces of a request. */
  remove(request: BatchRequest<W, R>): void
}

/** An empty queue. */
export function createBatchQueue<W, R>({ split, mayJoin, maxSize }: BatchQueueOptions<W>): BatchQueue<W, R> {
  let pieces: BatchPiece<W, R>[] = []
  let rows = 0
  return {
    get rows() {
      return rows
    },
    get length() {
      return pieces.length
    },
    get oldest() {
      return pieces[0]?.request
    },
    push(request, size) {
      for (let offset = 0; offset < size; offset += maxSize) {
        const end = Math.min(size, offset + maxSize)
        pieces.push({ work: size <= maxSize ? request.work : split(request.work, offset, end), size: end - offset, offset, request })
      }
      rows += size
    },
    takeBatch() {
      const first = pieces[0]
      if (first === undefined) return []
      let taken = first.size
      let end = 1
      while (end < pieces.length) {
        const next = pieces[end] as BatchPiece<W, R>
        if (taken + next.size > maxSize || !mayJoin(first.work, next.work)) break
        taken += next.size
        end++
      }
      rows -= taken
      return pieces.splice(0, end)
    },
    remove(request) {
      pieces = pieces.filter((piece) => {
        if (piece.request === request) rows -= piece.size
        return piece.request !== request
      })
    },
  }
}
