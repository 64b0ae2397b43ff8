import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { onnxModel, onnxRuntime } from '../../../../src/adapters/onnxruntime/onnx-runtime'
import type { ModelTensor } from '../../../../src/ports/model'
import { Predictor } from '../../../../src/predictor'
import { type Row, tableFromRows } from '../../../../src/schema/table'

const fixture = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/onnx/${name}`, import.meta.url))
const shared = new URL('../../../../../shared/data/', import.meta.url)
const hasShared = existsSync(new URL('onnx/mnist.onnx', shared))
const file = (name: string): Buffer => readFileSync(new URL(name, shared))
const json = (bytes: Buffer): unknown => JSON.parse(bytes.toString())

const penguinColumns = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g']
const pm25Columns = ['hour', 'DEWP', 'TEMP', 'PRES', 'Iws', 'Is', 'Ir', 'pm25_lag24']

async function open(bytes: Uint8Array, options: Parameters<typeof onnxModel>[1] = {}): Promise<Predictor> {
  return Predictor.of(await onnxRuntime().load(onnxModel(bytes, options).pack()))
}

function record(names: readonly string[], values: readonly (number | null)[]): Record<string, number | null> {
  return Object.fromEntries(names.map((name, j) => [name, values[j] ?? null]))
}

/** 512 samples of the signal that silero_vad_v5.expected.json describes. */
function voice(chunk: number): Float32Array {
  return Float32Array.from({ length: 512 }, (_, i) => {
    const t = (chunk * 512 + i) / 16000
    if (chunk < 3) return 0
    let sum = 0
    for (let h = 1; h <= 12; h++) sum += Math.sin(2 * Math.PI * 140 * h * t * (1 + 0.02 * Math.sin(2 * Math.PI * 5 * t))) / h
    return 0.25 * sum * (0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * t))
  })
}

describe('onnxModel', () => {
  it('reads signature, task and classes from the file', () => {
    const model = onnxModel(fixture('penguins_logreg.onnx'), { inputs: { numeric: penguinColumns }, target: 'species' })
    expect(model.task).toBe('classification')
    expect(model.classes).toEqual(['Adelie', 'Chinstrap', 'Gentoo'])
    expect(model.signature).toEqual({
      inputs: [
        ...penguinColumns.map((name) => ({ name, type: 'float64', required: false })),
        { name: 'island', type: 'string', required: false },
        { name: 'sex', type: 'string', required: false },
      ],
      outputs: [{ name: 'species', type: 'string' }],
    })
    const packed = model.pack()
    expect(Object.keys(packed.files)).toEqual(['model.onnx', 'binding.json'])
    expect(json(Buffer.from(packed.files['binding.json'] as Uint8Array))).toEqual({
      inputs: { numeric: penguinColumns, island: ['island'], sex: ['sex'] },
      outputs: { prediction: 'label', probabilities: 'probabilities' },
    })
  })

  it('names the columns of a matrix by the signature, or by number', () => {
    const inputs = [...pm25Columns, 'cbwd'].map((name) => ({ name, type: name === 'cbwd' ? 'string' : 'float64' }) as const)
    const signature = { inputs, outputs: [] }
    const named = JSON.parse(
      Buffer.from(onnxModel(fixture('pm25_v1.onnx'), { signature }).pack().files['binding.json'] as Uint8Array).toString(),
    )
    expect(named.inputs.numeric).toEqual(pm25Columns)
    const { signature: numbered } = onnxModel(fixture('pm25_v1.onnx'))
    expect(numbered.inputs.map(({ name }) => name)).toEqual([...pm25Columns.map((_, i) => `numeric_${i}`), 'cbwd'])
  })

  it('says what does not fit', () => {
    const bytes = fixture('penguins_logreg.onnx')
    expect(() => onnxModel(Uint8Array.of(1, 2, 3))).toThrow(/not an ONNX model/)
    expect(() => onnxModel(new Uint8Array(0))).toThrow(/holds no graph/)
    expect(() => onnxModel(bytes.subarray(0, 700))).toThrow(/not an ONNX model/)
    expect(() => onnxModel(bytes, { inputs: { numbers: ['a'] } })).toThrow(
      /no input "numbers" that is a tensor; it has "numeric", "island", "sex"/,
    )
    expect(() => onnxModel(bytes, { inputs: { numeric: ['a', 'b'] } })).toThrow(/takes 4 values per row, `inputs` names 2 columns/)
    expect(() => onnxModel(bytes, { outputs: { prediction: 'species' } })).toThrow(
      /no output "species" that is a tensor; it has "label", "probabilities"/,
    )
    expect(() => onnxModel(bytes, { input: {} } as never)).toThrow(/`input` is not an option of onnxModel/)
  })
})

describe('onnxRuntime', () => {
  it('answers every penguin as expected, missing values included', async () => {
    const { rows } = json(fixture('penguins_logreg.expected.json')) as {
      rows: { numeric: (number | null)[]; island: string; sex: string; label: string; probabilities: number[] }[]
    }
    const predictor = await open(fixture('penguins_logreg.onnx'), { inputs: { numeric: penguinColumns } })
    const input = rows.map(
      ({ numeric, island, sex }): Row => ({ ...record(penguinColumns, numeric), island, sex: sex === '' ? null : sex }),
    )
    const answers = await predictor.predict(input)
    expect(rows).toHaveLength(344)
    expect(answers.map(({ prediction }) => prediction)).toEqual(rows.map(({ label }) => label))
    answers.forEach(({ probabilities = {} }, i) => {
      expect(Object.keys(probabilities)).toEqual(['Adelie', 'Chinstrap', 'Gentoo'])
      Object.values(probabilities).forEach((p, k) => {
        expect(Math.abs(p - (rows[i]?.probabilities[k] as number))).toBeLessThan(1e-5)
      })
    })
    // A column that is not required may be left out of a row, which is the same as null.
    const { sex: _, ...withoutSex } = input[3] as Record<string, never>
    expect((await predictor.predictOne(withoutSex)).probabilities).toEqual(answers[3]?.probabilities)
    await predictor.close()
  })

  it.each(['v1', 'v2'] as const)('answers the samples of pm25_%s, with int64 labels as numbers', async (version) => {
    const { samples } = json(fixture('pm25.expected.json')) as {
      samples: Record<string, { numeric: (number | null)[]; cbwd: string; label: number; probability1: number }[]>
    }
    const predictor = await open(fixture(`pm25_${version}.onnx`), { inputs: { numeric: pm25Columns } })
    expect(predictor.classes).toEqual([0, 1])
    const list = samples[version] ?? []
    const answers = await predictor.predict(list.map(({ numeric, cbwd }) => ({ ...record(pm25Columns, numeric), cbwd })))
    expect(list.length).toBeGreaterThan(5)
    expect(answers.map(({ prediction }) => prediction)).toEqual(list.map(({ label }) => label))
    answers.forEach(({ probabilities }, i) => {
      expect(Math.abs((probabilities?.['1'] as number) - (list[i]?.probability1 as number))).toBeLessThan(1e-5)
    })
    await predictor.close()
  })

  it('refuses columns of the wrong kind, all named', async () => {
    const model = await onnxRuntime().load(onnxModel(fixture('pm25_v1.onnx'), { inputs: { numeric: pm25Columns } }).pack())
    const table = tableFromRows([{ ...record(pm25Columns, [1, 2, 3, 4, 5, 6, 7, 8]), TEMP: 'warm', cbwd: 3 }])
    await expect(async () => model.run(table)).rejects.toMatchObject({
      code: 'SchemaMismatch',
      issues: [
        { path: ['TEMP'], code: 'wrong-type' },
        { path: ['cbwd'], code: 'wrong-type' },
      ],
    })
    await model.dispose()
  })

  it('takes an engine as `lib`, and tells it what to feed and fetch', async () => {
    const calls: unknown[] = []
    class Tensor {
      constructor(
        readonly type: string,
        readonly data: unknown,
        readonly dims: readonly number[],
      ) {}
    }
    const session = {
      run: async (feeds: Record<string, Tensor>, fetches: string[]) => {
        calls.push({ feeds: Object.entries(feeds).map(([name, { type, dims }]) => [name, type, dims]), fetches })
        return {
          label: new Tensor('int64', BigInt64Array.of(1n, 2n ** 60n), [2]),
          probabilities: new Tensor('float32', Float32Array.of(0.25, 0.75, 1, 0), [2, 2]),
        }
      },
      release: async () => void calls.push('release'),
    }
    const create = async (_: Uint8Array, options?: object): Promise<typeof session> => {
      calls.push(options)
      return session
    }
    const lib = { InferenceSession: { create }, Tensor }
    const packed = onnxModel(fixture('pm25_v1.onnx')).pack()
    const model = await onnxRuntime({ lib, sessionOptions: { intraOpNumThreads: 1 } }).load(packed)
    const rows = tableFromRows(
      [1, 2].map((value) => ({
        ...record(
          pm25Columns.map((_, i) => `numeric_${i}`),
          Array(8).fill(value),
        ),
        cbwd: 'NW',
      })),
    )
    const batch = await model.run(rows)
    expect(batch.predictions).toEqual([1, '1152921504606846976'])
    expect(batch.probabilities).toEqual(Float64Array.of(0.25, 0.75, 1, 0))
    await model.dispose()
    expect(calls).toEqual([
      { intraOpNumThreads: 1 },
      {
        feeds: [
          ['numeric', 'float32', [2, 8]],
          ['cbwd', 'string', [2, 1]],
        ],
        fetches: ['label', 'probabilities'],
      },
      'release',
    ])
  })

  it('takes the module of onnxruntime as it is', async () => {
    const runtime = onnxRuntime({ lib: await import('onnxruntime-node'), sessionOptions: { intraOpNumThreads: 1 } })
    const model = await runtime.load(onnxModel(fixture('pm25_v2.onnx')).pack())
    expect(
      (
        await model.run(
          tableFromRows([
            {
              ...record(
                pm25Columns.map((_, i) => `numeric_${i}`),
                [1],
              ),
              cbwd: 'NW',
            },
          ]),
        )
      ).predictions,
    ).toHaveLength(1)
    await model.dispose()
    expect(() => onnxRuntime({ lib: {} as never })).toThrow(/`lib` of onnxRuntime must be a module/)
  })

  it('says that the engine cannot open a model', async () => {
    const packed = onnxModel(fixture('pm25_v1.onnx')).pack()
    const broken = Uint8Array.from(packed.files['model.onnx'] as Uint8Array)
    // "Imputer" becomes an operator that does not exist; the graph is still readable.
    broken.set(Buffer.from('Imputex'), Buffer.from(broken).indexOf('Imputer'))
    await expect(async () => onnxRuntime().load({ ...packed, files: { ...packed.files, 'model.onnx': broken } })).rejects.toMatchObject({
      code: 'Corrupt',
      message: expect.stringContaining('onnxruntime cannot open the model'),
    })
  })
})

describe.skipIf(!hasShared)('models of others (needs the data beside the repository)', () => {
  it('runs a random forest whose second output is a ZipMap', async () => {
    const lines = file('tabular/iris.csv').toString().trim().split('\n')
    const columns = (lines[0] as string).split(',').slice(0, 4)
    const rows = lines.slice(1).map((line) => record(columns, line.split(',').slice(0, 4).map(Number)))
    const predictor = await open(file('onnx/iris_random_forest.onnx'), { inputs: { X: columns } })
    const expected = json(file('onnx/iris_random_forest.expected.json')) as { output_label: number[] }
    const answers = await predictor.predict(rows)
    expect(answers.map(({ prediction }) => prediction)).toEqual(expected.output_label)
    for (const { prediction, probabilities = {} } of answers) {
      expect(Object.keys(probabilities)).toEqual(['0', '1', '2'])
      const values = Object.values(probabilities)
      expect(values.indexOf(Math.max(...values))).toBe(prediction)
      expect(values.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5)
    }
    await predictor.close()
  })

  it('runs a network of fixed batch size, with the softmax of its scores as probabilities', async () => {
    const { cases } = json(file('onnx/mnist.expected.json')) as {
      cases: Record<string, { rows: string[]; output?: number[]; logits?: number[]; scores?: number[] }>
    }
    const classes = Array.from({ length: 10 }, (_, i) => i)
    const predictor = await open(file('onnx/mnist.onnx'), { classes, outputs: { scores: 'Plus214_Output_0' } })
    const drawings = Object.values(cases).map(({ rows }) => {
      const pixels = rows
        .join('')
        .split('')
        .map((character) => (character === '#' ? 255 : 0))
      return record(
        pixels.map((_, i) => `Input3_${i}`),
        pixels,
      )
    })
    const answers = await predictor.predict(drawings)
    const names: Record<string, number> = { zero: 0, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, eight: 8, nine: 9 }
    expect(answers.map(({ prediction }) => prediction)).toEqual(Object.keys(cases).map((name) => names[name]))
    for (const { probabilities = {} } of answers) expect(Object.values(probabilities).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
    await predictor.close()
  })

  it('runs a graph without shapes when the columns are named', async () => {
    const bytes = file('onnx/treecl.onnx')
    expect(() => onnxModel(bytes)).toThrow(/does not say how many columns it has: name them in `inputs`/)
    const columns = Array.from({ length: 20 }, (_, i) => `f${i}`)
    const expected = json(file('onnx/treecl.expected.json')) as { label_0: number[]; proba_0: number[] }
    const predictor = await open(bytes, { inputs: { input: columns } })
    const rows = [0, 1, 2].map((row) =>
      record(
        columns,
        columns.map((_, j) => 5 * Math.sin(row * 20 + j)),
      ),
    )
    const answers = await predictor.predict(rows)
    expect(answers.map(({ prediction }) => prediction)).toEqual(expected.label_0)
    answers
      .flatMap(({ probabilities = {} }) => Object.values(probabilities))
      .forEach((p, i) => {
        expect(Math.abs(p - (expected.proba_0[i] as number))).toBeLessThan(1e-5)
      })
    await predictor.close()
  })

  it('refuses a graph that rows cannot feed', () => {
    expect(() => onnxModel(file('onnx/silero_vad_v5.onnx'), { inputs: { input: ['a'], state: ['b'] } })).toThrow(
      /"sr" of the ONNX model .*scalar/,
    )
  })

  it('runs a voice detector that carries a state from call to call', async () => {
    const { outputs } = json(file('onnx/silero_vad_v5.expected.json')) as { outputs: number[] }
    const model = await onnxRuntime().load(onnxModel(file('onnx/silero_vad_v5.onnx'), { tensors: true }).pack())
    const sr = { dtype: 'int64', shape: [], data: BigInt64Array.of(16000n) } as const
    let state: ModelTensor = { dtype: 'float32', shape: [2, 1, 128], data: new Float32Array(256) }
    for (const [chunk, expected] of outputs.entries()) {
      const input = { dtype: 'float32', shape: [1, 512], data: voice(chunk) } as const
      const answer = await model.predictTensors?.({ input, state, sr })
      expect(Math.abs(Number(answer?.output?.data[0]) - expected)).toBeLessThan(1e-3)
      state = answer?.stateN as ModelTensor
    }
    await model.dispose()
  })

  it('leaves weights listed among the inputs out of what is fed', async () => {
    const model = onnxModel(file('onnx/light_squeezenet/model.onnx'), { outputs: {} })
    expect(model.signature.inputs).toHaveLength(3 * 224 * 224)
    const loaded = await onnxRuntime().load(model.pack())
    const data = Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => (i % 255) / 255)
    const answer = await loaded.predictTensors?.({ data_0: { dtype: 'float32', shape: [1, 3, 224, 224], data } })
    const scores = Array.from((answer?.softmaxout_1?.data ?? []) as Float32Array)
    expect(scores).toHaveLength(1000)
    expect(Math.max(...scores.map((score) => Math.abs(score - 0.001)))).toBeLessThan(1e-6)
    await loaded.dispose()
  })

  it('gives the accuracy of each quarter of Beijing air, as scikit-learn measured it', async () => {
    const [head = '', ...lines] = gunzipSync(file('stream/beijing_pm25.csv.gz')).toString().trim().split(/\r?\n/)
    const names = head.split(',')
    const all = lines.map((line) => Object.fromEntries(line.split(',').map((cell, j) => [names[j] as string, cell])))
    const { byQuarter } = json(fixture('pm25.expected.json')) as { byQuarter: Record<string, { n: number; v1: { accuracy: number } }> }
    const predictor = await open(fixture('pm25_v1.onnx'), { inputs: { numeric: pm25Columns } })
    const number = (text: string | undefined): number | null => (text === undefined || text === 'NA' ? null : Number(text))
    for (const quarter of ['2010Q1', '2011Q2', '2013Q3']) {
      const rows: Row[] = []
      const truth: number[] = []
      all.forEach((row, i) => {
        if (`${row.year}Q${Math.ceil(Number(row.month) / 3)}` !== quarter || row['pm2.5'] === 'NA') return
        const features = pm25Columns.map((name) => number(name === 'pm25_lag24' ? all[i - 24]?.['pm2.5'] : row[name]))
        rows.push({ ...record(pm25Columns, features), cbwd: row.cbwd })
        truth.push(Number(row['pm2.5']) > 75 ? 1 : 0)
      })
      const answers = await predictor.predict(rows)
      const right = answers.filter(({ prediction }, i) => prediction === truth[i]).length
      expect(rows).toHaveLength(byQuarter[quarter]?.n as number)
      expect(right / rows.length).toBeCloseTo(byQuarter[quarter]?.v1.accuracy as number, 3)
    }
    await predictor.close()
  })
})
