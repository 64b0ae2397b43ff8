import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { signatureFromSchemas } from '../../../src/registry'

const outputs = z.object({ late: z.boolean() })

describe('signatureFromSchemas', () => {
  it('reads the columns of zod objects', () => {
    const inputs = z.object({
      delay: z.number().nullable(),
      seats: z.int32(),
      count: z.int(),
      carrier: z.enum(['UA', 'DL']),
      note: z.string().optional(),
      at: z.iso.datetime(),
    })
    expect(signatureFromSchemas({ inputs, outputs })).toEqual({
      inputs: [
        { name: 'delay', type: 'float64', required: false },
        { name: 'seats', type: 'int32', required: true },
        { name: 'count', type: 'float64', required: true },
        { name: 'carrier', type: 'string', required: true, categories: ['UA', 'DL'] },
        { name: 'note', type: 'string', required: false },
        { name: 'at', type: 'timestamp', required: true },
      ],
      outputs: [{ name: 'late', type: 'boolean', required: true }],
    })
  })

  it('says what a signature cannot hold', () => {
    const of = (inputs: unknown) => () => signatureFromSchemas({ inputs: inputs as never, outputs })
    expect(of(z.object({ a: z.object({ b: z.number() }) }))).toThrow(/column "a" is object/)
    expect(of(z.object({ a: z.union([z.number(), z.string()]) }))).toThrow(/number or string/)
    expect(of(z.array(z.number()))).toThrow(/object of columns/)
    expect(of({})).toThrow(/JSON Schema/)
  })
})
