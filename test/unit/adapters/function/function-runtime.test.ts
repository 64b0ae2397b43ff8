import { describe, expect, it } from 'vitest'
import { functionModel, functionRuntime } from '../../../../src/adapters/function/function-runtime'
import type { ModelSignature } from '../../../../src/schema/signature'
import { tableFromRows } from '../../../../src/schema/table'

const signature: ModelSignature = { inputs: [{ name: 'x', type: 'float64', required: false }], outputs: [{ name: 'y', type: 'float64' }] }
const table = tableFromRows([
  { x: 1, other: 'a' },
  { x: null, other: 'b' },
])

describe('functionModel', () => {
  it('calls the function with the columns of the signature only, row by row', async () => {
    const rows: unknown[] = []
    const model = functionModel(async (row) => rows.push(row), { name: 'count', signature })
    expect(await model.run(table)).toEqual({ predictions: [1, 2] })
    expect(rows).toEqual([{ x: 1 }, { x: null }])
    expect([model.task, model.classes]).toEqual(['regression', undefined])
  })

  it('puts probabilities in the order of the classes and gathers outputs', async () => {
    const answers = [
      { prediction: 'b', probabilities: { b: 0.9 }, outputs: { why: 1 } },
      { prediction: 'a', probabilities: [0.75, 0.25] },
    ]
    const model = functionModel(() => answers.shift() ?? null, { name: 'f', signature, classes: ['a', 'b'] })
    expect(await model.run(table)).toEqual({
      predictions: ['b', 'a'],
      probabilities: Float64Array.of(0, 0.9, 0.75, 0.25),
      classes: ['a', 'b'],
      outputs: { why: [1, undefined] },
    })
    const wrong = functionModel(() => ({ prediction: 'a', probabilities: [1] }), { name: 'f', signature, classes: ['a', 'b'] })
    await expect(async () => wrong.run(table)).rejects.toThrow('the function gave 1 probabilities for 2 classes')
  })

  it('stops between rows when its signal is aborted', async () => {
    const controller = new AbortController()
    let calls = 0
    const model = functionModel(
      () => {
        calls++
        controller.abort(new Error('stop'))
        return 1
      },
      { name: 'f', signature },
    )
    await expect(async () => model.run(table, { signal: controller.signal })).rejects.toThrow('stop')
    expect(calls).toBe(1)
  })

  it('packs its name, signature and task', () => {
    function priceOf(): number {
      return 1
    }
    const packed = functionModel(priceOf, { signature, target: 'price', metadata: { by: 'hand' } }).pack()
    expect(packed).toMatchObject({
      flavor: 'function',
      signature,
      task: 'regression',
      target: 'price',
      metadata: { function: 'priceOf', by: 'hand' },
    })
    expect(new TextDecoder().decode(packed.files['function.json'])).toBe('{"name":"priceOf"}')
  })

  it('says what does not fit', () => {
    expect(() => functionModel(() => 1, { signature })).toThrow('functionModel needs a `name` for a function that has none')
    expect(() => functionModel(3 as never, { signature })).toThrow('functionModel needs a function, got 3')
    const tensors: ModelSignature = { inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 2] }], outputs: [] }
    expect(() => functionModel(() => 1, { name: 'f', signature: tensors })).toThrow(/must be columns, not tensors/)
    expect(() => functionModel(() => 1, { name: 'f', signature, tasks: 1 } as never)).toThrow(/`tasks` is not an option/)
  })
})

describe('functionRuntime', () => {
  it('refuses a package it cannot open', async () => {
    const runtime = functionRuntime({ functions: { f: () => 1 } })
    const packed = functionModel(() => 1, { name: 'g', signature }).pack()
    await expect(async () => runtime.load(packed)).rejects.toMatchObject({
      code: 'NotFound',
      message: 'functionRuntime has no function "g"; it has f',
    })
    const nameless = { ...packed, files: { 'function.json': new TextEncoder().encode('{}') } }
    await expect(async () => runtime.load(nameless)).rejects.toMatchObject({ code: 'Corrupt' })
    expect(() => functionRuntime({ f: () => 1 } as never)).toThrow(/`f` is not an option of functionRuntime; it has functions/)
  })
})
