/** The types of map steps, parameters, secrets, trigger rules and sub-pipelines. Checked by `tsc`, never run. */
import * as z from 'zod'
import { outputOf, Pipeline } from '../../src/pipeline'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

const params = z.object({ depth: z.int().default(3), rate: z.number() })

export async function check(): Promise<void> {
  const pipeline = new Pipeline('p', { params, secrets: ['TOKEN', 'KEY'] })
    .step('load', {
      params: ['depth'],
      secrets: ['TOKEN'],
      run: ({ params, secrets }) => {
        same<typeof params.depth, number>(true)
        same<typeof secrets, Readonly<Record<'TOKEN', string>>>(true)
        return ['a', 'b']
      },
    })
    .map('size', {
      over: 'load',
      params: ['rate'],
      run: ({ item, index, params }) => {
        same<typeof item, string>(true)
        return item.length * index * params.rate
      },
      fallback: ({ item }) => item.length,
      compensate: ({ output, index }) => same<typeof output, number>(index === 0 || true),
    })
    .step('sum', { needs: ['size'], run: ({ inputs }) => inputs.size.reduce((a, b) => a + b, 0) })
    .step('report', {
      needs: ['sum', 'load'],
      trigger: 'all-done',
      run: ({ inputs, upstream }) => {
        same<typeof inputs.sum, number | undefined>(true)
        return `${inputs.sum ?? upstream.sum?.status}`
      },
    })
  const result = await pipeline.run({ params: { rate: 2 }, secrets: (name) => `${name}!` })
  same<typeof result.outputs.size, readonly number[] | undefined>(true)
  const report = outputOf(result, 'report')
  same<typeof report, string>(true)

  const scaled = new Pipeline('scale', { params: z.object({ by: z.number() }), input: (value: unknown) => value as number[] })
    .step('times', { params: ['by'], run: ({ input, params }) => input.map((x) => x * params.by) })
    .step('total', { needs: ['times'], run: ({ inputs }) => inputs.times.length })
  const outer = new Pipeline('outer', { params })
    .step('numbers', () => [1, 2])
    .subPipeline('one', scaled, {
      needs: ['numbers'],
      params: ['rate'],
      input: ({ inputs }) => inputs.numbers,
      subParams: ({ params }) => ({ by: params.rate }),
      output: 'times',
    })
    .subPipeline('all', scaled, { needs: ['numbers'], input: ({ inputs }) => inputs.numbers, subParams: () => ({ by: 1 }) })
    .step('end', {
      needs: ['one', 'all'],
      run: ({ inputs }) => {
        same<typeof inputs.one, number[]>(true)
        return inputs.all.times.length + inputs.all.total
      },
    })
  await outer.run({ params: { rate: 1 } })

  // @ts-expect-error no such parameter
  pipeline.step('a', { params: ['deep'], run: () => 1 })
  // @ts-expect-error a parameter that is not listed is not given
  pipeline.step('b', { params: ['depth'], run: ({ params }) => params.rate })
  // @ts-expect-error no such secret
  pipeline.step('c', { secrets: ['PASSWORD'], run: () => 1 })
  // @ts-expect-error `sum` is no list
  pipeline.map('d', { over: 'sum', run: () => 1 })
  // @ts-expect-error an output may be missing when a step runs after a failure
  pipeline.step('e', { needs: ['sum'], trigger: 'one-failed', run: ({ inputs }) => inputs.sum.toFixed() })
  // @ts-expect-error parameters have types
  await pipeline.run({ params: { rate: 'fast' } })
  // @ts-expect-error the sub-pipeline's input has a type
  outer.subPipeline('f', scaled, { input: () => 'text' })
  // @ts-expect-error the sub-pipeline has no such step
  outer.subPipeline('g', scaled, { output: 'nothing' })
}
