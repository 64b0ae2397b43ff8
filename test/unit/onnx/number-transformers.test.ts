import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { fromColumns } from '../../../src/dataset/create'
import {
  chain,
  dateParts,
  featureHasher,
  functionTransformer,
  hashingVectorizer,
  kBinsDiscretizer,
  linearRegression,
  oneHotEncoder,
  polynomialFeatures,
  powerTransformer,
  randomForestClassifier,
  simpleImputer,
  standardScaler,
} from '../../../src/learn'
import type { Transformer } from '../../../src/learn/transformer'
import { datePartNames } from '../../../src/learn/transformers/date-part-names'
import { type NumberFunction, numberFunctions } from '../../../src/learn/transformers/number-functions'
import { toOnnx } from '../../../src/onnx'
import { Features } from '../../../src/onnx/features'
import { GraphBuilder } from '../../../src/onnx/graph-builder'
import { writeTransformer } from '../../../src/onnx/transformers'
import { makeColumn, toFloat64 } from '../../../src/schema/column'
import { type Table, tableOf } from '../../../src/schema/table'

const numbers = (name: string, values: ArrayLike<number>) => makeColumn(name, { type: 'float64', values: Float64Array.from(values) })
const dates = (name: string, values: ArrayLike<number>) => makeColumn(name, { type: 'timestamp', values: Float64Array.from(values) })

/** Fits a transformer on a table, and compares every cell of another table's transformation with what the graph makes of it. */
async function furthest(transformer: Transformer, train: Table, table: Table = train): Promise<number> {
  const fitted = transformer.fit(train)
  const own = fitted.transform(table)
  const graph = new GraphBuilder()
  graph.reserve(['Y'])
  const inputs = table.columnNames.map((name) => ({
    name,
    tensor: graph.input(name, 'float64', ['N', 1]),
    index: 0,
    width: 1,
    kind: 'numbers' as const,
  }))
  const features = new Features(graph, inputs)
  writeTransformer(fitted.state(), features)
  expect(features.columns.map(({ name }) => name)).toEqual(own.columnNames)
  graph.node('Identity', [features.matrix(own.columnNames)], { output: 'Y' })
  graph.output('Y', 'float64', ['N', own.columnNames.length])
  const session = await ort.InferenceSession.create(graph.build({ name: 'transformer' }), { logSeverityLevel: 3 })
  const feeds = table.columnNames.map((name) => [
    name,
    new ort.Tensor('float64', Float64Array.from(toFloat64(table.column(name))), [table.numRows, 1]),
  ])
  const { Y } = await session.run(Object.fromEntries(feeds))
  await session.release()
  const width = own.columnNames.length
  let most = 0
  for (const [c, name] of own.columnNames.entries()) {
    for (const [row, value] of toFloat64(own.column(name)).entries()) {
      const other = Y?.data[row * width + c] as number
      const difference = Object.is(value, other) || value === other ? 0 : Math.abs(value - other) / Math.max(1, Math.abs(value))
      if (!(difference <= 1e-9)) throw new Error(`${name} of row ${row} is ${value}, in the graph ${other}`)
      most = Math.max(most, difference)
    }
  }
  return most
}

const random = createRng(4)
const spread = Array.from({ length: 60 }, (_, i) => (i % 9 === 4 ? Number.NaN : (random.next() - 0.4) * 10 ** (i % 5)))
const positive = spread.map((value) => Math.abs(value) + 1e-3)
const small = spread.map((value) => value * 1e-9)
const table = tableOf([numbers('a', spread), numbers('p', positive), numbers('s', small)])

describe('as a graph, every cell is the same of', () => {
  it.each([
    ['yeoJohnson', powerTransformer()],
    ['boxCox', powerTransformer({ method: 'boxCox', columns: ['p'], standardize: false })],
  ])('powerTransformer: %s', async (_, transformer) => {
    expect(await furthest(transformer, table)).toBeLessThan(1e-9)
  })

  it('powerTransformer where the exponent is 0 or 2', async () => {
    const state = {
      kind: 'powerTransformer',
      method: 'yeoJohnson',
      columns: ['a', 'p', 's'].map((name, i) => ({ name, lambda: [0, 2, 0.3][i], mean: 1, scale: 2 })),
    }
    const { restoreTransformer } = await import('../../../src/learn')
    const fixed = { ...powerTransformer(), fit: () => restoreTransformer(state) }
    expect(await furthest(fixed, table)).toBeLessThan(1e-9)
  })

  it.each(['onehot', 'ordinal'] as const)('kBinsDiscretizer: %s', async (encode) => {
    for (const strategy of ['quantile', 'uniform', 'kmeans'] as const) {
      const edges = tableOf([numbers('a', [1, 2, 3, 4, 5]), numbers('p', [7, 7, 7, 7, 7]), numbers('s', [0, 1, Number.NaN, 2, 9])])
      expect(await furthest(kBinsDiscretizer({ encode, strategy }), table)).toBe(0)
      expect(await furthest(kBinsDiscretizer({ encode, strategy, nBins: 2 }), edges)).toBe(0)
      expect(await furthest(kBinsDiscretizer({ encode, strategy }), table, edges)).toBe(0)
    }
  })

  it.each([
    ['degree 3', { degree: 3 }],
    ['products only', { interactionOnly: true, includeBias: false }],
    ['degrees 2 to 4 of two columns', { degree: [2, 4], columns: ['s', 'a'] }],
    ['nothing but the bias', { degree: 0 }],
  ] as const)('polynomialFeatures: %s', async (_, options) => {
    expect(await furthest(polynomialFeatures(options), table)).toBe(0)
  })

  it.each(Object.keys(numberFunctions()) as NumberFunction[])('functionTransformer: %s', async (name) => {
    const corners = numbers('c', [0, -0, 1, -1, 27, 1000, 1e300, -1e300, 1e-320, 1e-12, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    const large = name === 'sin' || name === 'cos' || name === 'cbrt'
    expect(await furthest(functionTransformer(name), table)).toBeLessThan(1e-9)
    if (!large) expect(await furthest(functionTransformer(name), tableOf([corners]))).toBeLessThan(1e-9)
  })

  it.each([false, true])('dateParts, cyclic %s', async (cyclic) => {
    const days = Array.from({ length: 800 }, (_, i) => Date.UTC(1896, 1, 20) + i * 86_400_000 * 97.3)
    const corners = [
      '2000-02-29',
      '1900-02-28',
      '2023-12-31T23:59:59.999',
      '2024-12-30',
      '2021-01-03',
      '1969-12-31T23:59:59.999',
      '0001-01-01',
      '9999-12-31',
    ]
    const stamps = [
      ...days.map(Math.floor),
      ...corners.map((text) => Date.parse(`${text.length > 10 ? text : `${text}T00:00`}Z`)),
      Number.NaN,
      -8.6e15,
      8.6e15,
    ]
    expect(await furthest(dateParts({ parts: datePartNames, cyclic }), tableOf([dates('when', stamps)]))).toBe(0)
  })
})

describe('toOnnx', () => {
  const count = 120
  const rows = {
    when: Array.from({ length: count }, (_, i) => (i % 11 === 3 ? null : new Date(Date.UTC(2024, 0, 1) + i * 86_400_000 * 3.7))),
    x: Array.from({ length: count }, (_, i) => (i % 7 === 2 ? null : random.next() * 9)),
    y: Array.from({ length: count }, () => random.next() - 0.5),
    kind: Array.from({ length: count }, (_, i) => ['a', 'b', null][i % 3] as string | null),
    late: Array.from({ length: count }, () => random.next() < 0.5),
  }
  const data = fromColumns(rows)

  it.each(['float64', 'float32'] as const)('writes chains of them, with inputs of %s', async (precision) => {
    const estimators = [
      chain([
        dateParts({ cyclic: true }),
        simpleImputer(),
        polynomialFeatures({ columns: ['x', 'y'] }),
        oneHotEncoder(),
        standardScaler(),
        randomForestClassifier({ nEstimators: 5, seed: 1 }),
      ]),
      chain([
        functionTransformer('log1p', { columns: ['x'] }),
        kBinsDiscretizer({ columns: ['x'] }),
        powerTransformer({ columns: ['y'] }),
        dateParts(),
        oneHotEncoder(),
        randomForestClassifier({ nEstimators: 5, seed: 1 }),
      ]),
    ]
    for (const estimator of estimators) {
      const found: number[] = []
      await toOnnx(estimator.fit(data, { target: 'late' }), {
        precision,
        onVerified: ({ maxDifference }) => void found.push(maxDifference),
      })
      expect(found[0]).toBeLessThan(1e-6)
    }
  })

  it('refuses hashing and functions of the user, with the reason', async () => {
    const fitted = (step: Transformer) =>
      chain([step, linearRegression()]).fit(fromColumns({ kind: ['a', 'b', 'c'], x: [1, 2, 3], y: [1, 2, 4] }), { target: 'y' })
    await expect(toOnnx(fitted(hashingVectorizer({ nFeatures: 4, columns: ['kind'] })))).rejects.toThrow(
      'toOnnx: hashingVectorizer has no ONNX form: it hashes texts',
    )
    await expect(toOnnx(fitted(featureHasher({ nFeatures: 4 })))).rejects.toThrow('toOnnx: featureHasher has no ONNX form: it hashes texts')
    const own = fitted(chainStep())
    await expect(toOnnx(own)).rejects.toThrow(
      'toOnnx: functionTransformer applies the function "same", and code cannot be written as a graph',
    )
  })
})

function chainStep(): Transformer {
  return functionTransformer(
    (input) =>
      tableOf([
        numbers('kind', new Float64Array(input.numRows)),
        ...input.columnNames.filter((name) => name !== 'kind').map((name) => input.column(name)),
      ]),
    {
      name: 'same',
      columns: ['kind', 'x'],
    },
  )
}
