/** The nodes of an ONNX graph, and what they say about an output: whether it holds scores that are no probabilities. */
import { attributeOf, textOf } from '../../onnxfile/attribute'
import type { NodeProto } from '../../onnxfile/onnx_pb'
import { tensorValues } from '../../onnxfile/tensor'
import type { RawScores } from '../../tensors/graph'

/** Operators that only change the type or shape of their input. */
const passing: readonly string[] = ['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Dropout', 'ArrayFeatureExtractor']
/** Operators whose result is always a score: weighted sums. */
const sums: readonly string[] = ['MatMul', 'Gemm']
/** Operators whose result is a score if their input is one. */
const combining: readonly string[] = ['Add', 'Sub', 'Mul', 'Neg', 'Concat', 'Sum', ...passing]

/** The node that makes each value. */
export function makersOf(nodes: readonly NodeProto[]): ReadonlyMap<string, NodeProto> {
  return new Map(nodes.flatMap((node) => node.output.map((output) => [output, node] as const)))
}

/**
 * Whether the value `name` holds decision scores, margins or logits in place of probabilities; `undefined` when it may hold probabilities.
 * Values that no node computes (weights and constants) do not count.
 */
export function rawScoresOf(name: string, makers: ReadonlyMap<string, NodeProto>): RawScores | undefined {
  return judge(name, makers, new Map())
}

function judge(name: string, makers: ReadonlyMap<string, NodeProto>, known: Map<string, RawScores | undefined>): RawScores | undefined {
  const node = makers.get(name)
  if (node === undefined) return undefined
  // Ends also in an invalid graph with a cycle.
  if (known.has(name) || known.size > 1000) return known.get(name)
  known.set(name, undefined)
  const found = judgeNode(node, makers, known)
  known.set(name, found)
  return found
}

function judgeNode(
  node: NodeProto,
  makers: ReadonlyMap<string, NodeProto>,
  known: Map<string, RawScores | undefined>,
): RawScores | undefined {
  const said = classifierScores(node)
  if (said !== undefined) return said
  if (sums.includes(node.opType ?? '')) return { maker: node.opType ?? '', certain: false }
  if (!combining.includes(node.opType ?? '')) return undefined
  const made = node.input.filter((input) => isComputed(input, makers))
  const kinds = made.map((input) => judge(input, makers, known))
  const first = kinds[0]
  if (first === undefined || !kinds.every((kind) => kind !== undefined)) return undefined
  return passing.includes(node.opType ?? '') ? first : { maker: first.maker, certain: false }
}

/** Whether a value has the rows first for sure: the operators of ai.onnx.ml for models answer row by row. */
export function isRowByRow(name: string, makers: ReadonlyMap<string, NodeProto>): boolean {
  let node = makers.get(name)
  for (let steps = 0; node !== undefined && steps < 100; steps++) {
    if (/^(TreeEnsemble|Linear|SVM)(Classifier|Regressor)?$/.test(node.opType ?? '')) return true
    if (!['Identity', 'Cast', 'Normalizer', 'ArrayFeatureExtractor'].includes(node.opType ?? '')) return false
    node = makers.get(node.input[0] ?? '')
  }
  return false
}

function isComputed(name: string, makers: ReadonlyMap<string, NodeProto>): boolean {
  const node = makers.get(name)
  return node !== undefined && node.opType !== 'Constant'
}

/** What the classifiers of ai.onnx.ml say of their own scores. */
function classifierScores(node: NodeProto): RawScores | undefined {
  const transform = textOf(node, 'post_transform') || 'NONE'
  const raw = (why: string): RawScores => ({ maker: `${node.opType} ${why}`, certain: true })
  switch (node.opType ?? '') {
    case 'LinearClassifier':
      if (transform === 'NONE') return raw('with post_transform NONE')
      break
    case 'SVMClassifier':
      if (transform === 'NONE' && (attributeOf(node, 'prob_a')?.floats ?? []).length === 0) return raw('without prob_a and prob_b')
      break
    case 'TreeEnsembleClassifier':
      // The leaves of a forest hold shares; only those of boosted trees are negative.
      if (transform === 'NONE' && hasNegativeWeight(node)) return raw('with post_transform NONE and negative weights')
      break
    case 'LogSoftmax':
      return { maker: 'LogSoftmax', certain: true }
    default:
      return undefined
  }
  return transform === 'LOGISTIC' && numLabels(node) > 2 ? raw('with post_transform LOGISTIC for each of several classes') : undefined
}

/** `class_weights`, or `class_weights_as_tensor`. */
function hasNegativeWeight(node: NodeProto): boolean {
  if (attributeOf(node, 'class_weights')?.floats.some((weight) => weight < 0)) return true
  const tensor = attributeOf(node, 'class_weights_as_tensor')?.t
  return tensor !== undefined && Array.from(tensorValues(tensor) as ArrayLike<number>).some((weight) => weight < 0)
}

function numLabels(node: NodeProto): number {
  return Math.max(
    ...['classlabels_strings', 'classlabels_int64s', 'classlabels_ints'].map((name) => {
      const { strings = [], ints = [] } = attributeOf(node, name) ?? {}
      return Math.max(strings.length, ints.length)
    }),
  )
}
