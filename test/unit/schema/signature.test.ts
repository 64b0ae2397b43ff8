import { describe, expect, it } from 'vitest'
import { assertSignature, isTensorSide, type ModelSignature, signatureFromMlflow, signatureToMlflow } from '../../../src/schema/signature'

const columns: ModelSignature = {
  inputs: [
    { name: 'carrier', type: 'string', required: false },
    { name: 'delay', type: 'float64', required: true },
    { name: 'day', type: 'int32', required: true },
    { name: 'holiday', type: 'boolean', required: true },
    { name: 'at', type: 'timestamp', required: true },
  ],
  outputs: [{ name: 'late', type: 'boolean', required: true }],
}
const tensors: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 4] }],
  outputs: [{ name: '', dtype: 'int64', shape: [-1] }],
}

describe('signatures and MLflow', () => {
  it('go there and back', () => {
    expect(signatureFromMlflow(signatureToMlflow(columns))).toEqual(columns)
    expect(signatureFromMlflow(signatureToMlflow(tensors))).toEqual(tensors)
    expect(JSON.parse(signatureToMlflow(columns).inputs)).toEqual([
      { type: 'string', name: 'carrier', required: false },
      { type: 'double', name: 'delay', required: true },
      { type: 'integer', name: 'day', required: true },
      { type: 'boolean', name: 'holiday', required: true },
      { type: 'datetime', name: 'at', required: true },
    ])
    expect(JSON.parse(signatureToMlflow(tensors).outputs)).toEqual([{ type: 'tensor', 'tensor-spec': { dtype: 'int64', shape: [-1] } }])
  })

  it('write whole numbers that may be missing as doubles', () => {
    const { inputs } = signatureToMlflow({ inputs: [{ name: 'n', type: 'int32', required: false }], outputs: [] })
    expect(JSON.parse(inputs)).toEqual([{ type: 'double', name: 'n', required: false }])
  })

  it('read absent sides as empty and columns without a name by their position', () => {
    expect(signatureFromMlflow({ inputs: null })).toEqual({ inputs: [], outputs: [] })
    expect(signatureFromMlflow({ inputs: '[{"type":"long"}]' }).inputs).toEqual([{ name: '0', type: 'float64', required: true }])
  })

  it('refuse what they cannot read', () => {
    expect(() => signatureFromMlflow({ inputs: '[' })).toThrow('the inputs of a model signature is not valid JSON')
    expect(() => signatureFromMlflow({ outputs: '{}' })).toThrow('the outputs of a model signature must be a JSON array')
    expect(() => signatureFromMlflow({ inputs: '[{"type":"array","name":"a"}]' })).toThrow(
      'column 0 of the inputs has the type "array", which is not supported',
    )
    expect(() => signatureFromMlflow({ inputs: '[{"type":"toString","name":"a"}]' })).toThrow('not supported')
    expect(() => signatureFromMlflow({ inputs: '[null]' })).toThrow('column 0 of the inputs has the type undefined')
    expect(() => signatureFromMlflow({ inputs: '[{"type":"tensor"}]' })).toThrow('tensor 0 of the inputs has no dtype and shape')
  })
})

describe('assertSignature', () => {
  it('takes good ones', () => {
    expect(() => assertSignature(columns)).not.toThrow()
    expect(() => assertSignature({ inputs: [], outputs: [] })).not.toThrow()
    expect([isTensorSide(tensors.inputs), isTensorSide(columns.inputs), isTensorSide([])]).toEqual([true, false, false])
  })

  it.each([
    [undefined, '`inputs` of a model signature must be an array, got undefined'],
    [{ inputs: [] }, '`outputs` of a model signature must be an array, got undefined'],
    [{ inputs: [{ type: 'string' }], outputs: [] }, 'every entry of `inputs` needs a name, got undefined'],
    [
      {
        inputs: [
          { name: 'a', type: 'string' },
          { name: 'a', type: 'int32' },
        ],
        outputs: [],
      },
      '`inputs` of a model signature names "a" twice',
    ],
  ])('refuses %j', (signature, message) => {
    expect(() => assertSignature(signature as unknown as ModelSignature)).toThrow(message)
  })
})
