/** The types that flow through a pipeline. Checked by `tsc`, never run. */
import { outputOf, Pipeline, tableCodec } from '../../src/pipeline'
import type { Table } from '../../src/schema/table'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

export async function check(table: Table): Promise<void> {
  const pipeline = new Pipeline('p', { input: (value: unknown) => ({ month: Number(value) }) })
    .step('load', async ({ input }) => {
      same<typeof input, { month: number }>(true)
      return table
    })
    .step('train', {
      needs: ['load'],
      run: ({ inputs, input }) => {
        same<typeof inputs, { readonly load: Table }>(true)
        return { accuracy: inputs.load.numRows / input.month }
      },
      retry: 3,
      fallback: ({ inputs }) => ({ accuracy: inputs.load.numRows }),
    })
    .step('text', ({ inputs }) => inputs.train.accuracy.toFixed(2), {
      needs: ['load', 'train'],
      when: ({ inputs }) => inputs.train.accuracy > 0,
    })
  const result = await pipeline.run({ input: { month: 3 } })
  same<typeof result.outputs.train, { accuracy: number } | undefined>(true)
  const text = outputOf(result, 'text')
  same<typeof text, string>(true)
  same<keyof typeof result.steps, 'load' | 'train' | 'text'>(true)

  // @ts-expect-error no such step
  pipeline.step('a', { needs: ['lod'], run: () => 1 })
  // @ts-expect-error outputs of steps that are not needed are not there
  pipeline.step('b', { needs: ['load'], run: ({ inputs }) => inputs.train })
  // @ts-expect-error a fallback gives what the step gives
  pipeline.step('c', () => 1, { fallback: () => 'x' })
  // @ts-expect-error the input has a type
  await pipeline.run({ input: { month: 'May' } })
  // @ts-expect-error results know their steps
  result.outputs.nothing
  pipeline.step('d', () => table, { codec: tableCodec(), cache: { key: ({ input }) => input.month } })
}
