/** A pipeline with a map over a map, an empty list, a condition, parameters of every type and a secret. */
import * as z from 'zod'
import { Pipeline } from '../../../src/pipeline'

export function chainedPipeline(options: ConstructorParameters<typeof Pipeline>[1] = {}) {
  return new Pipeline('Chained one', {
    storage: options.storage,
    secrets: ['TOKEN'],
    params: z.object({
      from: z.int(),
      rate: z.number(),
      word: z.string(),
      loud: z.boolean(),
      list: z.array(z.string()),
      deep: z.object({ a: z.number() }),
    }),
  })
    .step('list', { params: ['from'], run: ({ params }) => [params.from, params.from + 1, params.from + 2] })
    .map('half', { over: 'list', params: ['rate'], run: ({ item, params }) => Float64Array.of(item * params.rate) })
    .map('text', { over: 'half', params: ['word'], run: ({ item, params, index }) => `${params.word} ${item[0]} ${index}` })
    .step('join it', {
      needs: ['text', 'half'],
      params: ['loud', 'list', 'deep'],
      secrets: ['TOKEN'],
      run: ({ inputs, params, secrets }) => [
        ...inputs.text,
        inputs.half.length,
        params.loud,
        ...params.list,
        params.deep.a,
        secrets.TOKEN.length,
      ],
    })
    .step('quiet', { params: ['loud'], when: ({ params }) => !params.loud, run: () => 1 })
    .step('after quiet', { needs: ['quiet', 'join it'], trigger: 'none-failed', run: ({ inputs }) => Object.keys(inputs) })
}
