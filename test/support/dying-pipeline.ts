/** A pipeline whose step ends its process or thread as often as the input says. */
import { Pipeline } from '../../src/pipeline'
import type { ObjectStore } from '../../src/ports'

/** The output of step `die` is how often it was started. */
export function dyingPipeline(storage: ObjectStore) {
  return new Pipeline<{ readonly deaths: number }>('dying', { storage, input: (value) => value as { deaths: number } }).step(
    'die',
    async ({ input, runId }) => {
      let starts = 1
      while ((await storage.head(`starts/${runId}/${starts}`)) !== undefined) starts += 1
      await storage.put(`starts/${runId}/${starts}`, Uint8Array.of(1))
      if (starts <= input.deaths) process.exit(1)
      return starts
    },
  )
}
