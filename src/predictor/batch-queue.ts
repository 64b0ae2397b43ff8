/** The queue in front of a model: requests cut into pieces that fit in a batch, first come, first served. */

import type { Placed } from '../core/open-items'
import type { CancelSignal } from '../core/signal'

/** What a request is made of. */
export interface RequestInit<W, R> {
  readonly work: W
  readonly size: number
  readonly queuedAt: number
  /** On the scale of `queuedAt`; `Infinity` without a deadline. */
  readonly deadlineAt: number
  readonly signal: CancelSignal | undefined
  /** Called once, with the results or with the error. */
  readonly onEnd: (request: BatchRequest<W, R>, results: readonly R[] | undefined, error: unknown) => void
}

/** A request from its call to its answer. */
export class BatchRequest<W, R> implements Placed {
  readonly work: W
  readonly size: number
  readonly queuedAt: number
  readonly deadlineAt: number
  readonly signal: CancelSignal | undefined
  /** Listens to `signal`. */
  onAbort: (() => void) | undefined
  /** Whether a piece of it has been taken out of the queue. */
  started = false
  settled = false
  place = -1
  readonly #onEnd: RequestInit<W, R>['onEnd']
  #results: R[] | undefined
  /** Rows that have no result yet. */
  #missing: number

  constructor({ work, size, queuedAt, deadlineAt, signal, onEnd }: RequestInit<W, R>) {
    this.work = work
    this.size = size
    this.queuedAt = queuedAt
    this.deadlineAt = deadlineAt
    this.signal = signal
    this.#onEnd = onEnd
    this.#missing = size
  }

  /** Takes the results of its rows from `offset` on, which are `results` from `from` on. Ends with the last of them. */
  take(results: readonly R[], from: number, { offset, size }: { readonly offset: number; readonly size: number }): void {
    if (this.settled) return
    if (size === this.size && size === results.length) {
      this.#end(results, undefined)
      return
    }
    this.#results ??= new Array<R>(this.size)
    for (let i = 0; i < size; i++) this.#results[offset + i] = results[from + i] as R
    this.#missing -= size
    if (this.#missing === 0) this.#end(this.#results, undefined)
  }

  /** Ends with an error. */
  fail(error: unknown): void {
    if (!this.settled) this.#end(undefined, error)
  }

  #end(results: readonly R[] | undefined, error: unknown): void {
    this.settled = true
    if (this.onAbort !== undefined) this.signal?.removeEventListener('abort', this.onAbort)
    this.#onEnd(this, results, error)
  }
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
  /** Adds a request. */
  push(request: BatchRequest<W, R>): void
  /** Takes the oldest piece and those behind it that fit in one batch with it. */
  takeBatch(): BatchPiece<W, R>[]
  /** Removes the waiting pieces of a request. */
  remove(request: BatchRequest<W, R>): void
}

/** An empty queue. */
export function createBatchQueue<W, R>({ split, mayJoin, maxSize }: BatchQueueOptions<W>): BatchQueue<W, R> {
  /** Pieces that were taken are replaced by `undefined`: what they refer to must not live as long as the queue is not empty. */
  let pieces: (BatchPiece<W, R> | undefined)[] = []
  /** Pieces before it are taken; they are cut off from time to time, for cutting moves all others. */
  let head = 0
  let rows = 0
  return {
    get rows() {
      return rows
    },
    get length() {
      return pieces.length - head
    },
    get oldest() {
      return pieces[head]?.request
    },
    push(request) {
      const { size } = request
      for (let offset = 0; offset < size; offset += maxSize) {
        const end = Math.min(size, offset + maxSize)
        pieces.push({ work: size <= maxSize ? request.work : split(request.work, offset, end), size: end - offset, offset, request })
      }
      rows += size
    },
    takeBatch() {
      const first = pieces[head]
      if (first === undefined) return []
      let taken = first.size
      let end = head + 1
      while (end < pieces.length) {
        const next = pieces[end] as BatchPiece<W, R>
        if (taken + next.size > maxSize || !mayJoin(first.work, next.work)) break
        taken += next.size
        end++
      }
      rows -= taken
      const batch = pieces.slice(head, end) as BatchPiece<W, R>[]
      pieces.fill(undefined, head, end)
      head = end
      if (head === pieces.length) {
        pieces = []
        head = 0
      } else if (head > 1000 && head * 2 > pieces.length) {
        pieces = pieces.slice(head)
        head = 0
      }
      return batch
    },
    remove(request) {
      if (head === pieces.length) return
      pieces = pieces.slice(head)
      head = 0
      pieces = pieces.filter((piece) => {
        const isIts = piece?.request === request
        if (isIts) rows -= piece.size
        return !isIts
      })
    },
  }
}
