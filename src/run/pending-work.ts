/** Asynchronous work that a run has begun and must finish before it is flushed, such as reading a Blob or drawing a canvas. */

/** The work under way. */
export interface PendingWork {
  /** Adds work. Its failure is passed to `onError` and kept for {@link PendingWork.takeFailure}. */
  add(work: Promise<unknown>): void
  /** Resolves when all work added so far has succeeded or failed. */
  settle(): Promise<void>
  /** Returns the first failure since the last call. */
  takeFailure(): { readonly error: unknown } | undefined
}

/** Starts with no work. @param onError must not throw */
export function createPendingWork(onError: (error: unknown) => void): PendingWork {
  const pending = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  return {
    add(work) {
      const done: Promise<void> = work
        .then(
          () => {},
          (error: unknown) => {
            failure ??= { error }
            onError(error)
          },
        )
        .finally(() => pending.delete(done))
      pending.add(done)
    },
    async settle() {
      await Promise.all(pending)
    },
    takeFailure() {
      const first = failure
      failure = undefined
      return first
    },
  }
}
