/** ONNX for the transformers of `learn/`: each is written from the state that it would be stored with. */
import { MillwrightError, show } from '../core/errors'
import type { StateOf, StoredTransformer } from '../learn/stored-parts'
import type { TransformerState } from '../learn/transformer'
import { float, floats, int, ints, strings } from '../onnxfile/attribute'
import { columnsOfTensor, type Features, type TensorColumn } from './features'

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
  const added: TensorColumn[] = []
  const numbers = columns.filter(({ name }) => features.column(name).kind === 'numbers')
  if (numbers.length > 0) {
    const names = numbers.map(({ name }) => name)
    const before = features.matrix(names)
    const missing = graph.node('IsNaN', [before])
    const fills = features.numbers(
      [1, names.length],
      numbers.map(({ fill }) => Number(fill)),
    )
    const filled = graph.node('Where', [missing, fills, before])
    for (const column of columnsOfTensor(filled, names)) replaced.set(column.name, [column])
    const marks = columnsOfTensor(features.cast(missing), names)
    added.push(...marks.map((mark) => ({ ...mark, name: `${mark.name}_missing` })).filter((_, i) => numbers[i]?.indicator === true))
  }
  for (const { name, fill, indicator } of columns) {
    const column = features.column(name)
    if (column.kind === 'numbers') continue
    replaced.set(name, [{ ...column, missingText: String(fill) }])
    if (indicator) added.push(...columnsOfTensor(missingMark(features, name), [`${name}_missing`]))
  }
  // Indicators stand in the order of their columns.
  const order = new Map(columns.map(({ name }, i) => [`${name}_missing`, i]))
  features.replace(
    replaced,
    added.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0)),
  )
}

/** 1 where a text cell is missing. */
function missingMark(features: Features, name: string): string {
  const mark = features.graph.node('LabelEncoder', [features.text(name)], {
    domain: 'ai.onnx.ml',
    attributes: { keys_strings: strings(['']), values_int64s: ints([1]), default_int64: int(0) },
  })
  return features.cast(mark)
}

const standardScaler: Writer<'standardScaler'> = ({ columns }, features) => {
  if (columns.length === 0) return
  const { graph } = features
  const names = columns.map(({ name }) => name)
  const vector = (values: number[]): string => features.numbers([1, values.length], values)
  const centred = graph.node('Sub', [features.matrix(names), vector(columns.map(({ mean }) => mean))])
  const scaled = graph.node('Div', [centred, vector(columns.map(({ scale }) => scale))])
  features.replace(new Map(columnsOfTensor(scaled, names).map((column) => [column.name, [column]])))
}

const oneHotEncoder: Writer<'oneHotEncoder'> = ({ columns, handleUnknown }, features) => {
  refuseErrors('oneHotEncoder', handleUnknown)
  const { graph } = features
  const replaced = new Map<string, readonly TensorColumn[]>()
  for (const { name, categories } of columns) {
    if (categories.length === 0) {
      replaced.set(name, [])
      continue
    }
    const { kind } = features.column(name)
    const codes = kind === 'text' ? codesOf(features, name, categories) : features.matrix([name])
    const wanted =
      kind === 'text'
        ? graph.constant(
            'int64',
            [1, categories.length],
            BigInt64Array.from(categories, (_, i) => BigInt(i)),
          )
        : features.numbers([1, categories.length], categories.map(numberOf))
    const marks = features.cast(graph.node('Equal', [codes, wanted]))
    replaced.set(
      name,
      columnsOfTensor(
        marks,
        categories.map((category) => `${name}=${category}`),
      ),
    )
  }
  features.replace(replaced)
}

const ordinalEncoder: Writer<'ordinalEncoder'> = ({ columns, handleUnknown }, features) => {
  refuseErrors('ordinalEncoder', handleUnknown)
  const { graph } = features
  const replaced = new Map<string, readonly TensorColumn[]>()
  for (const { name, categories } of columns) {
    const { kind, missingText } = features.column(name)
    const values = categories.map((_, i) => i)
    let codes: string
    if (kind === 'text') {
      const keys = withMissing(categories, missingText)
      codes = graph.node('LabelEncoder', [features.text(name)], {
        domain: 'ai.onnx.ml',
        attributes: {
          keys_strings: strings(keys.map(({ key }) => key)),
          values_floats: floats(keys.map(({ code }) => code)),
          default_float: float(Number.NaN),
        },
      })
    } else {
      // A number is its category's place when it equals it, and missing when it equals none.
      const cell = features.matrix([name])
      codes = features.numbers([1, 1], [Number.NaN])
      for (const [i, category] of categories.entries()) {
        const equal = graph.node('Equal', [cell, features.numbers([1, 1], [numberOf(category)])])
        codes = graph.node('Where', [equal, features.numbers([1, 1], [values[i] as number]), codes])
      }
    }
    replaced.set(name, columnsOfTensor(kind === 'text' ? features.cast(codes) : codes, [name]))
  }
  features.replace(replaced)
}

const selectColumns: Writer<'selectColumns'> = ({ names }, features) => features.select(names.filter((name) => has(features, name)))

function has(features: Features, name: string): boolean {
  return features.columns.some((column) => column.name === name)
}

/** The place of each text among the categories, −1 for another: int64 of the shape [rows, 1]. */
function codesOf(features: Features, name: string, categories: readonly string[]): string {
  const keys = withMissing(categories, features.column(name).missingText)
  return features.graph.node('LabelEncoder', [features.text(name)], {
    domain: 'ai.onnx.ml',
    attributes: {
      keys_strings: strings(keys.map(({ key }) => key)),
      values_int64s: ints(keys.map(({ code }) => code)),
      default_int64: int(-1),
    },
  })
}

/** The categories with their places; an empty text has the place of the text that fills missing cells. */
function withMissing(categories: readonly string[], missingText: string | undefined): { key: string; code: number }[] {
  if (categories.includes('')) {
    throw new MillwrightError('Unsupported', 'toOnnx: an empty text is a category here, but in the graph it stands for a missing cell')
  }
  const keys = categories.map((key, code) => ({ key, code }))
  const fill = missingText === undefined ? -1 : categories.indexOf(missingText)
  return fill < 0 ? keys : [...keys, { key: '', code: fill }]
}

/** The number that a category of a number or boolean column was written from. */
function numberOf(category: string): number {
  return category === 'true' ? 1 : category === 'false' ? 0 : Number(category)
}

function refuseErrors(kind: string, handleUnknown: string): void {
  if (handleUnknown !== 'error') return
  throw new MillwrightError(
    'Unsupported',
    `toOnnx: ${kind} with handleUnknown 'error' has no ONNX form: a graph cannot refuse a category`,
    {
      hint: `fit with another handleUnknown`,
    },
  )
}

const writers: Readonly<Record<string, (state: never, features: Features) => void>> = {
  simpleImputer,
  standardScaler,
  oneHotEncoder,
  ordinalEncoder,
  selectColumns,
}
