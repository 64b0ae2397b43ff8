/** Some work at the same time, bounded. */

/** Does `work` for each item, `jobs` at a time; the first failure ends it, after those under way. @throws the first failure */
export async function forEach<T>(items: readonly T[], jobs: number, work: (item: T, index: number) => Promise<void>): Promise<void> {
  await pool(items, jobs, 'stop', work)
}

/** The results of `work` for each item, `jobs` at a time. All calls are made, also after a failure. @throws the first failure */
export async function mapAll<T, R>(items: readonly T[], jobs: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length)
  await pool(items, jobs, 'finish', async (item, index) => {
    results[index] = await work(item, index)
  })
  return results
}

async function pool<T>(
  items: readonly T[],
  jobs: number,
  afterFailure: 'stop' | 'finish',
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  let failure: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    while (next < items.length && (failure === undefined || afterFailure === 'finish')) {
      const index = next++
      try {
        await work(items[index] as T, index)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, worker))
  if (failure !== undefined) throw failure.error
}
