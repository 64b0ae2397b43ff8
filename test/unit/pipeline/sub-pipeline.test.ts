import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { Pipeline } from '../../../src/pipeline'

const scale = () =>
  new Pipeline('scale', {
    params: z.object({ by: z.number(), note: z.string().default('') }),
    secrets: ['KEY'],
    input: (value: unknown) => {
      if (!Array.isArray(value)) throw new Error('no list')
      return value as number[]
    },
  })
    .step('list', ({ input }) => input)
    .map('times', { over: 'list', params: ['by'], cache: true, run: ({ item, params }) => item * params.by })
    .step('total', {
      needs: ['times'],
      secrets: ['KEY'],
      cache: true,
      when: ({ inputs }) => inputs.times.length > 0,
      run: ({ inputs, upstream, secrets }) => `${inputs.times.reduce((a, b) => a + b, 0)} ${upstream.times?.status} ${secrets.KEY.length}`,
    })

const outer = (storage = memoryStorage()) =>
  new Pipeline('outer', { storage, params: z.object({ rate: z.number().default(2), note: z.string().default('') }), secrets: ['KEY'] })
    .step('numbers', () => [1, 2])
    .subPipeline('sub', scale(), {
      needs: ['numbers'],
      params: ['rate', 'note'],
      input: ({ inputs }) => inputs.numbers,
      subParams: ({ params }) => ({ by: params.rate, note: params.note }),
      output: 'total',
    })
    .step('end', { needs: ['sub'], run: ({ inputs }) => `${inputs.sub}!` })
const secrets = { KEY: 'abcdefgh' }

describe('a sub-pipeline', () => {
  it('runs its steps under a prefix, with input, parameters and secrets of its own', async () => {
    const result = await outer().run({ secrets })
    expect(result.outputs.end).toBe('6 succeeded 8!')
    expect(Object.keys(result.steps)).toEqual(['numbers', 'sub.begin', 'sub.list', 'sub.times', 'sub.total', 'sub', 'end'])
    const edges = outer()
      .graph()
      .edges.map(({ from, to }) => `${from} → ${to}`)
    expect(edges).toContain('sub.times → sub.total')
    expect(edges).toContain('numbers → sub.begin')
  })

  it('is cached by the parts of the parameters that each step reads', async () => {
    const storage = memoryStorage()
    await outer(storage).run({ secrets })
    const note = await outer(storage).run({ secrets, params: { note: 'other' } })
    expect(note.steps['sub.times' as never]).toMatchObject({ status: 'cached' })
    const rate = await outer(storage).run({ secrets, params: { rate: 3 } })
    expect(rate.steps['sub.times' as never]).toMatchObject({ status: 'succeeded' })
    expect(rate.outputs.end).toBe('9 succeeded 8!')
  })

  it('gives the outputs of all its steps unless one is named, nests, and is skipped as a whole', async () => {
    const inner = new Pipeline('inner').step('a', () => 1).step('b', { needs: ['a'], run: ({ inputs }) => inputs.a + 1 })
    const middle = new Pipeline('middle').subPipeline('inner', inner)
    const pipeline = new Pipeline('p').subPipeline('x', middle, { output: 'inner' }).subPipeline('y', middle, { when: () => false })
    const result = await pipeline.run()
    expect(result.outputs.x).toEqual({ a: 1, b: 2 })
    expect(result.outputs.y).toBeUndefined()
    expect((await new Pipeline('q').subPipeline('m', middle).run()).outputs.m).toEqual({ inner: { a: 1, b: 2 } })
  })

  it('is refused with the reason', async () => {
    const loose = new Pipeline('p').step('a', () => 1) as unknown as { subPipeline(name: string, sub: unknown, options?: object): unknown }
    expect(() => loose.subPipeline('s', {})).toThrow('sub-pipeline "s" must be a Pipeline, got an empty object')
    expect(() => loose.subPipeline('a', new Pipeline('i'))).toThrow('step "a" of pipeline "p" is defined twice')
    expect(() => loose.subPipeline('s', scale())).toThrow('reads the secret "KEY", which pipeline "p" does not declare in `secrets`')
    expect(() => loose.subPipeline('s', new Pipeline('i'), { output: 'x' })).toThrow(
      '`output` of sub-pipeline "s" of pipeline "p" names "x"',
    )
    expect(() => loose.subPipeline('s', new Pipeline('i'), { outptu: 'x' })).toThrow('`outptu` is not an option of sub-pipeline "s"')
    const bad = new Pipeline('p', { secrets: ['KEY'] }).subPipeline('s', scale(), {
      input: () => 1 as unknown as number[],
      subParams: () => ({ by: 1 }),
    })
    await expect(bad.run({ secrets })).rejects.toThrow('step "s.begin" of pipeline "p" failed: no list')
  })
})
