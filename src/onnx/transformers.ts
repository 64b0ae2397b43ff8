/** ONNX for the transformers of `learn/`: each is written from the state that it would be stored with. */
import { MillwrightError, show } from '../core/errors'
import type { TransformerState } from '../learn/transformer'
import type { StateOf, StoredTransformer } from '../learn/transformers/stored-transformers'
import { missingTextMark, writeCategoryTable } from './categories'
import { columnsOfTensor, Features, type TensorColumn } from './features'
import { dateParts, functionTransformer, kBinsDiscretizer, polynomialFeatures, powerTransformer, together } from './number-transformers'

type Writer<K extends StoredTransformer['kind']> = (state: StateOf<K>, features: Features) => void

/** Writes one transformer. @throws Unsupported for a transformer, or a setting of it, that ONNX cannot express */
export function writeTransformer(state: TransformerState, features: Features): void {
  const writer = Object.hasOwn(writers, state.kind) ? writers[state.kind] : undefined
  if (writer === undefined) throw new MillwrightError('Unsupported', `toOnnx: there is no ONNX form of the transformer ${show(state.kind)}`)
  writer(state as never, features)
}

const simpleImputer: Writer<'simpleImputer'> = ({ columns }, features) => {
  const { graph } = features
  const replaced = new Map<string, readonly TensorColumn[]>()
  const marks = new Map<string, TensorColumn>()
  const numbers = columns.filter(({ name }) => features.column(name).kind === 'numbers')
  if (numbers.length > 0) {
    const names = numbers.map(({ name }) => name)
    const before = features.matrix(names)
    const missing = graph.node('IsNaN', [before])
    const fills = numbers.map(({ fill }) => Number(fill))
    const filled = graph.node('Where', [missing, features.numbers([1, names.length], fills), before])
    for (const column of columnsOfTensor(filled, names)) replaced.set(column.name, [column])
    if (numbers.some(({ indicator }) => indicator))
      for (const mark of columnsOfTensor(features.cast(missing), names)) marks.set(mark.name, mark)
  }
  for (const { name, fill, indicator } of columns) {
    const column = features.column(name)
    if (column.kind === 'numbers') continue
    replaced.set(name, [{ ...column, missingText: String(fill) }])
    if (indicator) for (const mark of columnsOfTensor(missingTextMark(features, name), [name])) marks.set(name, mark)
  }
  const added = columns.flatMap(({ name, indicator }) => {
    const mark = marks.get(name)
    return !indicator || mark === undefined ? [] : [{ ...mark, name: indicator === true ? `${name}_missing` : indicator }]
  })
  features.replace(replaced, added)
}

const standardScaler: Writer<'standardScaler'> = ({ columns }, features) => scale(features, columns, ({ mean }) => mean)

const robustScaler: Writer<'robustScaler'> = ({ columns }, features) => scale(features, columns, ({ center }) => center)

function scale<C extends { readonly name: string; readonly scale: number }>(
  features: Features,
  columns: readonly C[],
  centerOf: (column: C) => number,
): void {
  const { graph } = features
  const names = columns.map(({ name }) => name)
  together(features, names, (matrix, row) =>
    graph.node('Div', [graph.node('Sub', [matrix, row(columns.map(centerOf))]), row(columns.map((column) => column.scale))]),
  )
}

const minMaxScaler: Writer<'minMaxScaler'> = ({ columns, clip }, features) => {
  const { graph } = features
  const names = columns.map(({ name }) => name)
  together(features, names, (matrix, row) => {
    const product = graph.node('Mul', [matrix, row(columns.map((column) => column.scale))])
    const scaled = graph.node('Add', [product, row(columns.map(({ shift }) => shift))])
    return clip === undefined ? scaled : graph.node('Clip', [scaled, features.numbers([], [clip[0]]), features.numbers([], [clip[1]])])
  })
}

const oneHotEncoder: Writer<'oneHotEncoder'> = ({ columns, handleUnknown, handleMissing = 'zeros' }, features) => {
  refuseErrors('oneHotEncoder', handleUnknown)
  const replaced = new Map<string, readonly TensorColumn[]>()
  for (const {
    name,
    categories,
    outputs = categories.map((category) => `${name}=${category}`),
    infrequent = [],
    dropped = [],
  } of columns) {
    if (outputs.length === 0) {
      replaced.set(name, [])
      continue
    }
    const width = outputs.length
    const mark = (place: number): number[] => Array.from({ length: width }, (_, i) => (i === place ? 1 : 0))
    const rare = width > categories.length ? categories.length : -1
    const others = typeof dropped === 'string' ? [dropped] : dropped
    const unknown = mark(handleUnknown === 'infrequentIfExist' ? rare : -1)
    const tensor = writeCategoryTable(features, name, {
      categories: [...categories, ...infrequent, ...others],
      rows: [...categories.map((_, i) => mark(i)), ...infrequent.map(() => mark(rare)), ...others.map(() => mark(-1))],
      unknown,
      missing: handleMissing === 'zeros' ? mark(-1) : unknown,
    })
    replaced.set(name, columnsOfTensor(tensor, outputs))
  }
  features.replace(replaced)
}

const ordinalEncoder: Writer<'ordinalEncoder'> = ({ columns, handleUnknown, ...values }, features) => {
  refuseErrors('ordinalEncoder', handleUnknown)
  const { unknownValue = Number.NaN, encodedMissingValue = Number.NaN } = values
  const replaced = new Map<string, readonly TensorColumn[]>()
  for (const { name, categories, infrequent = [] } of columns) {
    const tensor = writeCategoryTable(features, name, {
      categories: [...categories, ...infrequent],
      rows: [...categories.map((_, i) => [i]), ...infrequent.map(() => [categories.length])],
      unknown: [unknownValue],
      missing: [encodedMissingValue],
    })
    replaced.set(name, columnsOfTensor(tensor, [name]))
  }
  features.replace(replaced)
}

const targetEncoder: Writer<'targetEncoder'> = ({ columns, targetMean }, features) => {
  const replaced = new Map<string, readonly TensorColumn[]>()
  for (const { name, categories, outputs, encodings } of columns) {
    const rows = categories.map((_, i) => encodings.map((list) => list[i] as number))
    const tensor = writeCategoryTable(features, name, { categories, rows, unknown: targetMean, missing: targetMean })
    replaced.set(name, columnsOfTensor(tensor, outputs))
  }
  features.replace(replaced)
}

const columns: Writer<'columns'> = ({ routes }, features) => {
  const all = routes.flatMap(({ columns: names, steps, prefix }) => {
    const part = new Features(
      features.graph,
      names.map((name) => features.column(name)),
    )
    for (const step of steps) writeTransformer(step as TransformerState, part)
    return part.columns.map((column) => ({ ...column, name: `${prefix}${column.name}` }))
  })
  features.keep(all)
}

const selectColumns: Writer<'selectColumns'> = ({ names }, features) => features.keep(names.map((name) => features.column(name)))

function refuseErrors(kind: string, handleUnknown: string): void {
  if (handleUnknown !== 'error') return
  throw new MillwrightError(
    'Unsupported',
    `toOnnx: ${kind} with handleUnknown 'error' has no ONNX form: a graph cannot refuse a category`,
    {
      hint: 'fit with another handleUnknown',
    },
  )
}

function refuseHashing(kind: string): never {
  throw new MillwrightError(
    'Unsupported',
    `toOnnx: ${kind} has no ONNX form: it hashes texts (MurmurHash3), and no operator of ONNX does`,
    {
      hint: 'encode the column with oneHotEncoder or targetEncoder, or leave the model as it is',
    },
  )
}

const writers: Readonly<Record<string, (state: never, features: Features) => void>> = {
  simpleImputer,
  standardScaler,
  robustScaler,
  minMaxScaler,
  oneHotEncoder,
  ordinalEncoder,
  targetEncoder,
  columns,
  selectColumns,
  powerTransformer,
  kBinsDiscretizer,
  polynomialFeatures,
  functionTransformer,
  dateParts,
  hashingVectorizer: () => refuseHashing('hashingVectorizer'),
  featureHasher: () => refuseHashing('featureHasher'),
}
