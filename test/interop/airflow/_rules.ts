/** A pipeline with what Airflow has other rules for: skips, empty lists, failures, steps that run after them, odd names, secrets, parameters. */
import * as z from 'zod'
import { Pipeline } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports/object-store'

export function rulesPipeline(storage?: ObjectStore) {
  return new Pipeline('rules', {
    storage,
    secrets: ['TOKEN'],
    onFailure: 'continue',
    params: z.object({ broken: z.boolean().default(false), word: z.string().default('a {{ ds }} "b"') }),
  })
    .step('none', () => [] as number[])
    .map('each', { over: 'none', run: ({ item }) => item })
    .step('count', { needs: ['each'], run: ({ inputs }) => inputs.each.length })
    .step('odd', { params: ['word'], secrets: ['TOKEN'], run: ({ params, secrets }) => `${params.word} ${secrets.TOKEN.length}` })
    .step('never', () => 1, { when: () => false })
    .step('afterNever', { needs: ['never'], run: () => 1 })
    .step('joins', { needs: ['never', 'count'], trigger: 'none-failed', run: ({ inputs }) => Object.keys(inputs) })
    .step('may fail', {
      params: ['broken'],
      retry: { attempts: 5, backoffMs: 10 },
      run: ({ params, attempt }) => {
        // A type error is repeated; wrong arguments are not, although four attempts are left.
        if (params.broken) throw Object.assign(new Error('broken'), { name: 'MillwrightError', code: 'InvalidArgument', retryable: false })
        return attempt
      },
    })
    .step('needs it', { needs: ['may fail'], run: () => 1 })
    .step('alert', { needs: ['needs it'], trigger: 'one-failed', run: ({ upstream }) => upstream['needs it']?.status })
    .step('clean', { needs: ['needs it', 'joins'], trigger: 'always', run: ({ upstream }) => upstream['needs it']?.status })
}
