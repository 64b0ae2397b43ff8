/** The pipeline of the storms of killed processes: a map with effects outside, a diamond, a known result. */
import { Pipeline } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports'

export const stormItems = 12
/** The output of step `join`. */
export const stormResult = Array.from({ length: stormItems }, (_, i) => i * i).reduce((a, b) => a + b, 0) * 2

/** Each item leaves one object named by run and item, however often it runs; leases are short, so that kills are noticed soon. */
export function stormPipeline(storage: ObjectStore) {
  return new Pipeline('storm', { storage, leaseMs: 600, concurrency: 8 })
    .step('numbers', () => Array.from({ length: stormItems }, (_, i) => i))
    .map('work', {
      over: 'numbers',
      retry: { attempts: 5, backoffMs: 20 },
      run: async ({ item, runId }) => {
        await new Promise((resolve) => setTimeout(resolve, 15 + 7 * (item % 4)))
        try {
          await storage.put(`effects/${runId}/${item}`, Uint8Array.of(item), { ifAbsent: true })
        } catch (error) {
          if ((error as { code?: string }).code !== 'Conflict') throw error
        }
        return item * item
      },
    })
    .step('left', { needs: ['work'], run: ({ inputs }) => inputs.work.reduce((a, b) => a + b, 0) })
    .step('right', { needs: ['work'], run: ({ inputs }) => inputs.work.reduceRight((a, b) => a + b, 0) })
    .step('join', { needs: ['left', 'right'], run: ({ inputs }) => inputs.left + inputs.right })
}
