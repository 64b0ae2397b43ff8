/** Work that a run has begun and must have done before it is written out: reading a Blob, drawing a canvas. */

/** What is still to come. */
export interface Later {
  /** Adds work; what it throws goes to `onError` and is kept for {@link Later.takeFailure}. */
  add(work: Promise<unknown>): void
  /** Resolves when everything added so far is done, one way or the other. */
  settle(): Promise<void>
  /** The first failure since the last call. */
  takeFailure(): { readonly error: unknown } | undefined
}

/** Nothing to come. @param onError must not throw */
export function createLater(onError: (error: unknown) => void): Later {
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
