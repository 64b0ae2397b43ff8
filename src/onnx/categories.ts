/** Categories in ONNX graphs: which one each cell is, and a row of numbers for each. */
import { MillwrightError } from '../core/errors'
import { int, ints, strings } from '../onnxfile/attribute'
import type { Features } from './features'

/** A category as transformers store it: text; `null` is the category of missing cells. */
export type Category = string | null

/** What each cell of a column becomes. */
export interface CategoryTable {
  readonly categories: readonly Category[]
  /** The numbers of each category, in order; rows of one length. */
  readonly rows: readonly (readonly number[])[]
  /** The numbers of a cell that is none of the categories. */
  readonly unknown: readonly number[]
  /** The numbers of a missing cell, where `null` is no category. */
  readonly missing: readonly number[]
}

/** Writes a column as rows of numbers, one row per category: a tensor of the shape [rows, width]. */
export function writeCategoryTable(features: Features, name: string, { categories, rows, unknown, missing }: CategoryTable): string {
  const { graph } = features
  const known = categories.flatMap((category, i) => (category === null ? [] : [{ category, row: rows[i] as readonly number[] }]))
  const ofMissing = rows[categories.indexOf(null)] ?? missing
  const table = features.numbers([known.length + 2, unknown.length], [...known.map(({ row }) => row), unknown, ofMissing].flat())
  const texts = known.map(({ category }) => category)
  const codes = features.column(name).kind === 'text' ? textCodes(features, name, texts) : numberCodes(features, name, texts)
  return graph.node('Gather', [table, codes], { attributes: { axis: int(0) } })
}

/** The place of each text: int64 of the shape [rows]. Behind the categories come one place for unknown texts and one for missing cells. */
function textCodes(features: Features, name: string, categories: readonly string[]): string {
  const { graph } = features
  if (categories.includes('')) {
    throw new MillwrightError('Unsupported', 'toOnnx: an empty text is a category here, but in the graph it stands for a missing cell')
  }
  const { missingText } = features.column(name)
  const unknown = categories.length
  const filled = missingText === undefined ? unknown + 1 : categories.indexOf(missingText)
  const codes = graph.node('LabelEncoder', [features.text(name)], {
    domain: 'ai.onnx.ml',
    attributes: {
      keys_strings: strings([...categories, '']),
      values_int64s: ints([...categories.keys(), filled < 0 ? unknown : filled]),
      default_int64: int(unknown),
    },
  })
  return graph.node('Squeeze', [codes, graph.constant('int64', [1], BigInt64Array.of(1n))])
}

/** The same of a number or boolean column: the place of the highest mark. */
function numberCodes(features: Features, name: string, categories: readonly string[]): string {
  const { graph } = features
  const cell = features.matrix([name])
  const missing = features.cast(graph.node('IsNaN', [cell]))
  // Between the marks of the categories, 1 or 0, and that of a missing cell: a half, or nothing where the cell is missing.
  const half = features.numbers([1, 1], [0.5])
  const unknown = graph.node('Sub', [half, graph.node('Mul', [half, missing])])
  const wanted = features.numbers([1, categories.length], categories.map(numberOf))
  const marks = categories.length === 0 ? [] : [features.cast(graph.node('Equal', [cell, wanted]))]
  const all = graph.node('Concat', [...marks, unknown, missing], { attributes: { axis: int(1) } })
  return graph.node('ArgMax', [all], { attributes: { axis: int(1), keepdims: int(0), select_last_index: int(0) } })
}

/** 1 where a text cell is missing: a tensor of the shape [rows, 1]. */
export function missingTextMark(features: Features, name: string): string {
  const mark = features.graph.node('LabelEncoder', [features.text(name)], {
    domain: 'ai.onnx.ml',
    attributes: { keys_strings: strings(['']), values_int64s: ints([1]), default_int64: int(0) },
  })
  return features.cast(mark)
}

/** The number that a category of a number or boolean column was written from. */
function numberOf(category: string): number {
  return category === 'true' ? 1 : category === 'false' ? 0 : Number(category)
}
