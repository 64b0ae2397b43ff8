/** Kinds of ONNX graphs that need a decision; the models and the expected scores are made by test/fixtures/onnx/kinds/make.py. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { onnxModel, onnxRuntime } from '../../../../src/adapters/onnxruntime/onnx-runtime'
import { utf8 } from '../../../../src/core/bytes'
import { fromFloat16, toFloat16 } from '../../../../src/core/float16'
import { Predictor } from '../../../../src/predictor'
import type { Prediction } from '../../../../src/predictor/prediction'
import { columnFrom } from '../../../../src/schema/column'
import { tableOf } from '../../../../src/schema/table'
import { createHandler } from '../../../../src/serve'
import { post } from '../../serve/helpers'

const fixture = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/onnx/kinds/${name}`, import.meta.url))
const { rows, models } = JSON.parse(fixture('expected.json').toString()) as {
  rows: [number, number][]
  models: Record<string, { labels: number[]; scores: number[][] }>
}
const input = rows.map(([a, b]) => ({ X_0: a, X_1: b }))

async function open(name: string, options: Parameters<typeof onnxModel>[1] = {}): Promise<Predictor> {
  return Predictor.of(await onnxRuntime().load(onnxModel(fixture(`${name}.onnx`), options).pack()), { name })
}

/** The classes must be given where no classifier of ai.onnx.ml names them. */
const openClassifier = (name: string): Promise<Predictor> => open(name, { classes: name.includes('2') ? [0, 1] : [0, 1, 2] })

function near(got: readonly number[], wanted: readonly number[]): void {
  expect(got).toHaveLength(wanted.length)
  got.forEach((value, i) => {
    expect(Math.abs(value - (wanted[i] as number))).toBeLessThan(1e-5)
  })
}

describe('scores that are no probabilities', () => {
  it.each([
    ['svc3', 'probabilities'],
    ['svc2', 'probabilities'],
    ['nusvc3', 'probabilities'],
    ['linearsvc3', 'probabilities'],
    ['linearsvc2', 'probabilities'],
    ['ridge3', 'probabilities'],
    ['perceptron3', 'probabilities'],
    ['sgd_hinge2', 'probabilities'],
    ['logistic3_raw', 'probabilities'],
    ['boosting3_raw', 'probabilities'],
  ])('of %s stay an output of the model', async (name, output) => {
    const predictor = await openClassifier(name)
    const check = (answers: readonly Prediction[], from: number): void => {
      answers.forEach((answer, i) => {
        const { labels, scores } = models[name] as { labels: number[]; scores: number[][] }
        expect(answer.prediction).toBe(labels[from + i])
        expect(answer).not.toHaveProperty('probabilities')
        near([answer.outputs?.[output] as number[]].flat(), scores[from + i] as number[])
      })
    }
    check(await predictor.predict(input), 0)
    for (const [i, row] of input.entries()) check(await predictor.predict([row]), i)
    await predictor.close()
  })

  it.each(['svc2_probability', 'sgd_log3', 'logistic3', 'boosting3', 'forest3', 'forest2'])('but those of %s are', async (name) => {
    const predictor = await openClassifier(name)
    const { labels, scores } = models[name] as { labels: number[]; scores: number[][] }
    const answers = await predictor.predict(input)
    expect(answers.map(({ prediction }) => prediction)).toEqual(labels)
    answers.forEach(({ probabilities = {}, outputs }, i) => {
      near(Object.values(probabilities), scores[i] as number[])
      expect(outputs).toBeUndefined()
    })
    await predictor.close()
  })

  it('cannot be declared probabilities, but scores; what was stored as probabilities before is opened without', async () => {
    expect(() => onnxModel(fixture('linearsvc3.onnx'), { outputs: { probabilities: 'probabilities' } })).toThrow(
      'the output "probabilities" of the ONNX model holds decision scores, not probabilities: it is made by LinearClassifier with post_transform NONE',
    )
    const asScores = await open('linearsvc3', { outputs: { scores: 'probabilities' } })
    const softmax = Object.values((await asScores.predict(input))[0]?.probabilities ?? {})
    expect(softmax.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
    const packed = onnxModel(fixture('linearsvc3.onnx')).pack()
    const binding = utf8(JSON.stringify({ outputs: { prediction: 'label', probabilities: 'probabilities' } }))
    const old = Predictor.of(await onnxRuntime().load({ ...packed, files: { ...packed.files, 'binding.json': binding } }))
    expect((await old.predict(input))[0]).not.toHaveProperty('probabilities')
  })

  it('are told by their values where the graph does not say, row by row', async () => {
    class Tensor {
      constructor(
        readonly type: string,
        readonly data: unknown,
        readonly dims: readonly number[],
      ) {}
    }
    const session = {
      run: async () => ({
        label: new Tensor('int64', BigInt64Array.of(0n, 1n, 2n), [3]),
        probabilities: new Tensor('float32', Float32Array.of(0.5, 0.25, 0.25, -1, 1, 1, 0.2, 0.2, 0.2), [3, 3]),
      }),
      release: async () => {},
    }
    const lib = { InferenceSession: { create: async () => session }, Tensor }
    const predictor = Predictor.of(await onnxRuntime({ lib }).load(onnxModel(fixture('forest3.onnx')).pack()))
    const answers = await predictor.predict(input.slice(0, 3), { ids: ['a', 'b', 'c'] })
    expect(answers).toEqual([
      { id: 'a', prediction: 0, probabilities: { 0: 0.5, 1: 0.25, 2: 0.25 } },
      { id: 'b', prediction: 1, outputs: { probabilities: [-1, 1, 1] } },
      { id: 'c', prediction: 2, outputs: { probabilities: [0.2, 0.2, 0.2].map(Math.fround) } },
    ])
  })
})

describe('outputs whose first dimension is not the rows', () => {
  const said = (shape: string, n: string): string =>
    `the output "t" of the ONNX model has the shape [${shape}] for ${n}: its first dimension is not the rows, so it cannot be divided among them`

  it('are refused whatever the number of rows, also where it fits by chance', async () => {
    for (const [count, message] of [
      [1, said('2, 1', '1 row')],
      [2, said('2, 1', '1 row')],
      [3, said('2, 3', '3 rows')],
    ] as const) {
      const predictor = await open('transpose')
      await expect(predictor.predict(input.slice(0, count))).rejects.toMatchObject({
        code: 'Unsupported',
        message,
        hint: 'name it in `outputs: { perCall: [...] }` of onnxModel if it belongs to the call as a whole',
      })
    }
  })

  it('are told to an HTTP client by name', async () => {
    const response = await createHandler(await open('transpose'))(post('/predict', { rows: input.slice(0, 3) }))
    expect([response.status, ((await response.json()) as { detail: string }).detail]).toEqual([501, said('2, 3', '3 rows')])
  })

  it('are given whole to every row when declared, and refused when not', async () => {
    const undeclared = await open('sum_per_call')
    await expect(undeclared.predict(input)).rejects.toMatchObject({ code: 'Unsupported', message: expect.stringContaining('"total"') })
    const declared = await open('sum_per_call', { outputs: { perCall: ['total', 'means'] } })
    const rowsOf = [
      { X_0: 1, X_1: 2 },
      { X_0: 3, X_1: 6 },
    ]
    const whole = { total: 12, means: [[2, 4]] }
    expect((await declared.predict(rowsOf)).map(({ outputs }) => outputs)).toEqual([
      { ...whole, negated: [-1, -2] },
      { ...whole, negated: [-3, -6] },
    ])
    expect(() => onnxModel(fixture('sum_per_call.onnx'), { outputs: { perCall: ['sum'] } })).toThrow(
      'the ONNX model has no output "sum" that is a tensor; it has "total", "means", "negated"',
    )
  })
})

describe('element types', () => {
  it.each([
    ['int8', -128, 127],
    ['uint8', 0, 255],
    ['int16', -32768, 32767],
    ['uint16', 0, 65535],
    ['int32', -2147483647, 2147483647],
    ['uint32', 0, 4294967295],
    ['int64', -9007199254740991, 9007199254740991],
    ['uint64', 0, 9007199254740991],
  ])('%s takes %d … %d and refuses the rest with column, row and range', async (dtype, min, max) => {
    const model = await onnxRuntime().load(onnxModel(fixture(`identity_${dtype}.onnx`)).pack())
    const table = (values: number[]): ReturnType<typeof tableOf> => tableOf([columnFrom('x', 'float64', values)])
    expect((await model.run(table([min, max]))).predictions).toEqual([min, max])
    const range = dtype === 'int32' ? '-2147483648 and 2147483647' : `${min} and ${max}`
    await expect(async () => model.run(table([0, min - 2, 0, max + 1]))).rejects.toMatchObject({
      code: 'SchemaMismatch',
      issues: [1, 3].map((row) => ({
        path: [row, 'x'],
        code: 'out-of-range',
        message: `row ${row}, column "x" must lie between ${range} (${dtype})`,
      })),
    })
    await model.dispose()
    // Columns of whole numbers hold ±2,147,483,647; what the tensor cannot hold within these is refused before the model runs.
    const low = Math.max(min, -2147483647)
    const high = Math.min(max, 2147483647)
    const predictor = await open(`identity_${dtype}`)
    expect((await predictor.predict([{ x: low }, { x: high }])).map(({ prediction }) => prediction)).toEqual([low, high])
    const outside = [low - 1, high + 1].filter((x) => Math.abs(x) <= 2147483647)
    if (outside.length > 0) {
      await expect(predictor.predict(outside.map((x) => ({ x })))).rejects.toMatchObject({
        issues: outside.map((_, row) => ({
          path: [row, 'x'],
          code: 'out-of-range',
          message: `row ${row}, column "x": must lie between ${min} and ${max} (${dtype})`,
        })),
      })
    }
    await predictor.close()
  })

  it('float16 goes in and comes out as numbers; beyond its range it is refused', async () => {
    const predictor = await open('half')
    const values = [1, -0.333251953125, 65504, 6e-8, null]
    const answers = await predictor.predict(values.map((x) => ({ x })))
    expect(answers.map(({ prediction }) => prediction)).toEqual([-1, 0.333251953125, -65504, -(2 ** -24), Number.NaN])
    await expect(predictor.predict([{ x: 1 }, { x: 70_000 }])).rejects.toMatchObject({
      code: 'SchemaMismatch',
      issues: [{ path: [1, 'x'], code: 'out-of-range', message: 'row 1, column "x": must lie between -65504 and 65504 (float16)' }],
    })
    await predictor.close()
  })

  it('a number that float32 cannot hold is refused', async () => {
    const predictor = await open('logistic3')
    await expect(predictor.predict([{ X_0: 1e39, X_1: 0 }])).rejects.toMatchObject({ issues: [{ path: [0, 'X_0'], code: 'out-of-range' }] })
    await predictor.close()
  })

  it('a model of which no output can be read is refused by name', () => {
    expect(() => onnxModel(fixture('bfloat16.onnx'))).toThrow(
      expect.objectContaining({
        code: 'Unsupported',
        message: 'no output of the ONNX model can be read: "y" is no tensor of numbers or text',
      }),
    )
  })
})

describe('half precision', () => {
  it('turns every one of its 65,536 numbers into the same bits again', () => {
    const wrong: number[] = []
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromFloat16(bits)
      if (Number.isNaN(value) ? toFloat16(value) !== 0x7e00 : toFloat16(value) !== bits) wrong.push(bits)
    }
    expect(wrong).toEqual([])
  })

  it.each([
    // numpy.float16(x).view(numpy.uint16)
    [1 / 3, 0x3555],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [2049, 0x6800],
    [2051, 0x6802],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0000001, 0x0001],
    [6.1e-5, 0x03ff],
    [-1e-30, 0x8000],
  ])('rounds %d to even', (value, bits) => expect(toFloat16(value)).toBe(bits))
})
