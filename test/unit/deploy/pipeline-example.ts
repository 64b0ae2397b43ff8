/** A pipeline with what compilers must tell apart. */
import * as z from 'zod'
import { Pipeline } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports/object-store'

export function examplePipeline(storage?: ObjectStore) {
  return new Pipeline('Nightly "train"', {
    storage,
    params: z.object({ depth: z.int().default(3), label: z.string().default('a') }),
    secrets: ['TOKEN'],
  })
    .step('list', { description: 'what to do', secrets: ['TOKEN'], run: ({ secrets }) => [secrets.TOKEN.length, 2] })
    .map('fit it', { over: 'list', params: ['depth'], cache: true, timeoutMs: 1500, run: ({ item, params }) => item * params.depth })
    .map('twice', { over: 'fit it', run: ({ item }) => item * 2 })
    .step('best', {
      needs: ['twice', 'list'],
      params: ['label'],
      retry: { attempts: 3, backoffMs: 500, factor: 3, maxMs: 4000 },
      run: ({ inputs, params, attempt }) => {
        if (attempt === 1) throw new Error('once')
        return `${params.label} ${Math.max(...inputs.twice)}`
      },
    })
    .step('spare', { fallback: () => 'spare', run: (): string => Promise.reject(new Error('down')) as never })
    .step('never', { needs: ['best'], when: () => false, run: () => 1 })
    .step('last', { needs: ['never', 'spare'], trigger: 'none-failed', run: ({ inputs }) => inputs })
}

/** One step with these options. */
export function oneStep(options: object, secrets: readonly string[] = []): Pipeline {
  const pipeline = new Pipeline('one', { secrets } as object) as unknown as { step(name: string, options: object): Pipeline }
  return pipeline.step('only', { run: () => 1, ...options })
}
